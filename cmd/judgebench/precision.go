package main

import (
	"canarybot.io/cmd/judgebench/report"
)

// badShare is how many of all rollouts have a fault, where precision and recall are told.
const badShare = 0.1

// rates are how often an algorithm is right over the whole draw: healthy families alike, and the faults that have to be
// found.
type rates struct {
	wronged share // healthy rollouts that were rolled back
	found   share // bad rollouts that were
	noticed share // bad rollouts that were, or that people were asked about
	passed  share // bad rollouts that everybody got
}

// ratesOf counts them for the i-th contender, in all worlds or in those of 20 requests a second and more.
func ratesOf(results []played, i int, busy bool) (r rates) {
	count := func(to *share, is bool) {
		to.n++
		if is {
			to.x++
		}
	}
	for _, p := range results {
		for _, one := range p.runs[i] {
			switch {
			case busy && !one.busy:
			case p.family.Kind == report.Healthy:
				count(&r.wronged, one.RolledBack)
			case p.family.Kind == report.Faulty && one.severe:
				count(&r.found, one.RolledBack)
				count(&r.noticed, one.RolledBack || noticed(one) < horizon)
				count(&r.passed, one.Completed > 0)
			}
		}
	}
	return r
}

// horizon is beyond every moment of a rollout, in seconds.
const horizon = 1e9

// precision is which share of the rollouts that are rolled back are bad ones, with its 95 % interval.
func (r rates) precision() (p, low, high float64) {
	of := func(found, wronged float64) float64 {
		if found+wronged == 0 {
			return 0
		}
		return badShare * found / (badShare*found + (1-badShare)*wronged)
	}
	foundLow, foundHigh := r.found.interval()
	wrongedLow, wrongedHigh := r.wronged.interval()
	return of(r.found.part(), r.wronged.part()), of(foundLow, wrongedHigh), of(foundHigh, wrongedLow)
}
