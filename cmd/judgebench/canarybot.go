package main

import (
	"math"

	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

// silentScrapes is after how many scrapes without the canary's series, while stable's exist, it is rolled back.
const silentScrapes = 4

// canarybotJudge is the trial, fed as production feeds it.
type canarybotJudge struct {
	options trial.Options
	state   trial.State
	early   bool
	silent  int
	starts  trial.Starts
	beyond  [trial.Bounds]float64 // shares of stable's requests beyond each bound
	step    float64               // requests of the canary since the weight was set
	recent  [2]trial.Arm          // what the canary did lately, in two halves, of which the newer one fills
	filled  int
}

// young is the age of pods, in seconds, from which they are compared with warm ones where it is not known how
// pods of the service start: production's default.
const young = 180

// newCanarybot returns the judge as production configures it: with what an earlier rollout showed of how pods start,
// unless this is the first.
func newCanarybot(x trace, first, early bool) *canarybotJudge {
	o := &canarybotJudge{options: trial.Defaults(3 * perStep), early: early}
	o.options.Slow, o.options.Bounds = limitBound, len(compared)
	o.options.MemoryLimit, o.options.MemoryNoise = limitMiB, 3
	errors, slow := x.history()
	o.options.ErrorSpread = trial.Spread(errors)
	for b := range compared {
		o.options.SlowSpread[b] = trial.Spread(slow[b])
		o.beyond[b] = beyond(bounds[compared[b]], 1)
	}
	o.options.MemoryFrom = young
	if first {
		o.options.Young = young
	} else {
		o.starts = x.earlierStarts()
	}
	return o
}

// earlierStarts is how pods started in a rollout of a fine version before this one.
func (x trace) earlierStarts() (s trial.Starts) {
	fine := x.fine()
	for n := range 3 * perStep {
		did := fine.at(n, weights[n/perStep], n/perStep*perStep)
		arm := trialArm(did.canary)
		size := float64(arm.Pods)
		arm.Requests, arm.Errors, arm.Timed = arm.Requests/size, arm.Errors/size, arm.Timed/size
		for b := range arm.Slow {
			arm.Slow[b] /= size
		}
		for range arm.Pods {
			s.Add(did.age-interval/2, arm, trialArm(did.stable), n%perStep == 0)
		}
	}
	return s
}

// fine is another rollout of the same service, in which nothing happens.
func (x trace) fine() trace {
	x.scenario.errors, x.latency, x.second, x.leak, x.silent, x.incident, x.healthy = nil, 0, 0, 0, false, false, true
	x.seed ^= 0x9E3779B97F4A7C15
	return x
}

// slack is by how much margins are wider for pods of an age.
func (o *canarybotJudge) slack(age float64) trial.Slack {
	if o.starts.Known() {
		return o.starts.Slack(age-interval/2, o.options.Spread)
	}
	return trial.GuessedSlack(age, o.beyond)
}

// history is stable's past before the rollout, pod by scrape: errors, and requests beyond each compared bound.
func (x trace) history() (errors [][]bet.Counts, slow [trial.Bounds][][]bet.Counts) {
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

func (o *canarybotJudge) judge(s scrape, inStep int) decision {
	if !s.canary.there && s.stable.there {
		if o.silent++; o.silent >= silentScrapes {
			return rollback
		}
		return hold
	}
	o.silent = 0
	in := trial.Scrape{Weight: s.weight, Age: s.age, Canary: trialArm(s.canary), Stable: trialArm(s.stable)}
	in.Memory, in.Slack = s.canary.memory, o.slack(s.age)
	v := o.state.Add(&o.options, in)
	o.count(in.Canary)
	switch {
	case v.Rejected:
		return rollback
	case v.SharedErrors || v.SharedSlow || o.undecided():
		return hold
	case o.early && v.Proved, inStep >= perStep && v.LogOdds < math.Log(3):
		o.state.Advance()
		o.step, o.recent, o.filled = 0, [2]trial.Arm{}, 0
		return promote
	}
	return hold
}

// count adds what the canary did, as production keeps it for a verdict.
func (o *canarybotJudge) count(did trial.Arm) {
	const shown = 10 // scrapes in each part
	o.step += did.Requests
	if o.filled++; o.filled > shown {
		o.recent[0], o.recent[1], o.filled = o.recent[1], trial.Arm{}, 1
	}
	to := &o.recent[1]
	to.Requests, to.Errors = to.Requests+did.Requests, to.Errors+did.Errors
	to.Slow[limitBound] += did.Slow[limitBound]
}

// undecided reports whether the counts do not suffice to pass, whatever the bets say: too few requests, or a share
// beyond the service's own limit.
func (o *canarybotJudge) undecided() bool {
	const least = 50
	requests := o.recent[0].Requests + o.recent[1].Requests
	errors, slow := o.recent[0].Errors+o.recent[1].Errors, o.recent[0].Slow[limitBound]+o.recent[1].Slow[limitBound]
	return o.step < least || errors >= requests*o.options.ErrorLimit || slow >= requests*o.options.SlowLimit
}

func trialArm(a arm) trial.Arm {
	out := trial.Arm{Requests: a.requests, Errors: a.errors, Timed: a.requests, Pods: a.pods}
	for b, i := range compared {
		out.Slow[b] = a.slower[i]
	}
	return out
}
