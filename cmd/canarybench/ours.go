package main

import (
	"math"

	"canarybot.io/rollout/analysis/bet"
	"canarybot.io/rollout/analysis/trial"
)

// gone is after how many scrapes without the canary's series, while stable's are there, it is taken back.
const gone = 4

// ours is the trial, fed as production feeds it.
type ours struct {
	options trial.Options
	state   trial.State
	early   bool
	silent  int
}

func newOurs(x trace, early bool) *ours {
	o := &ours{options: trial.Defaults(3 * perStep), early: early}
	o.options.Slow = limitBound
	o.options.MemoryLimit, o.options.MemoryNoise = limitMiB, 3
	errors, slow := x.past()
	o.options.ErrorSpread = trial.Spread(errors)
	var usual [trial.Bounds]float64
	for b := range compared {
		o.options.SlowSpread[b] = trial.Spread(slow[b])
		usual[b] = beyond(bounds[compared[b]], 1)
	}
	o.options.WarmUp = trial.DefaultWarmUp(usual)
	return o
}

// past is stable's history before the rollout, pod by scrape: errors, and requests beyond each compared bound.
func (x trace) past() (errors [][]bet.Counts, slow [trial.Bounds][][]bet.Counts) {
	errors = make([][]bet.Counts, pods)
	for b := range slow {
		slow[b] = make([][]bet.Counts, pods)
	}
	for i := range uint64(pods) {
		for k := range uint64(history) {
			d := newDraws(x.seed, 505, i, k)
			e, l := x.pod(i, k)
			n := d.poisson(x.rps * interval / pods)
			errors[i] = append(errors[i], bet.Counts{N: n, Bad: d.binomial(n, math.Min(1, base*e+x.burst(i, k)))})
			for b := range compared {
				slow[b][i] = append(slow[b][i], bet.Counts{N: n, Bad: d.binomial(n, beyond(bounds[compared[b]], l))})
			}
		}
	}
	return errors, slow
}

func (o *ours) see(s scrape, inStep int) decision {
	if !s.canary.there && s.stable.there {
		if o.silent++; o.silent >= gone {
			return rollback
		}
		return stay
	}
	o.silent = 0
	in := trial.Scrape{Weight: s.weight, Age: s.age, Canary: reduced(s.canary), Stable: reduced(s.stable)}
	in.Memory = s.canary.memory
	v := o.state.Add(&o.options, in)
	switch {
	case v.Against:
		return rollback
	case v.Shared:
		return stay
	case o.early && v.Proved, inStep >= perStep && v.Log < math.Log(3):
		o.state.Advance()
		return onward
	}
	return stay
}

func reduced(a arm) trial.Arm {
	out := trial.Arm{Requests: a.requests, Errors: a.errors, Timed: a.requests, Pods: a.pods}
	for b, i := range compared {
		out.Slow[b] = a.slower[i]
	}
	return out
}
