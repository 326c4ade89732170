package judge

import (
	"cmp"
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

// options returns what the trial is judged by.
func (b *baseline) options(spec rollout.Spec, interval time.Duration) trial.Options {
	o := trial.Defaults(plannedScrapes(spec.Plan, interval))
	o.Interval = interval.Seconds()
	j := spec.Judging
	o.Alpha = cmp.Or(j.Alpha, o.Alpha)
	if share, _ := sharesOfBudget(spec.Checks); share > 0 {
		o.Alpha *= share // the rest is for checks whose own queries are compared (compared.go)
	}
	if j.ErrorRatio > 0 {
		o.Errors = bet.Margin{Ratio: j.ErrorRatio, Slack: j.ErrorSlack}
	}
	if j.LatencyRatio > 0 {
		o.Latency = bet.Margin{Ratio: j.LatencyRatio, Slack: j.LatencySlack}
		o.Acted = bet.Margin{Ratio: max(o.Acted.Ratio, j.LatencyRatio), Slack: max(o.Acted.Slack, j.LatencySlack)}
	}
	o.Dwell = max(o.Dwell, int(math.Ceil(float64(j.Dwell)/float64(interval))))
	o.ErrorSpread, o.SlowSpread, o.Slow = b.ErrorSpread, b.SlowSpread, b.Slow
	o.Bounds = len(b.Bounds)
	o.MemoryFrom = j.Young.Seconds()
	if !b.Known { // by how much stable's pods differ is not known yet
		o.CompareFrom = math.Inf(1)
	}
	if !b.Starts.Known() {
		o.Young = j.Young.Seconds()
	}
	o.Weights = weights(spec.Checks)
	weighBeside(spec, &o.Weights)
	if len(b.Bounds) == 0 {
		o.Weights[trial.Latency], o.Weights[trial.SlowLimit] = 0, 0
	}
	b.setLimits(spec.Checks, &o)
	return o
}

// plannedScrapes is how many scrapes the whole rollout is to have.
func plannedScrapes(p rollout.Plan, interval time.Duration) int {
	total := time.Duration(0)
	for _, step := range p.Steps {
		total += max(step.Bake, time.Minute)
	}
	return max(8, int(total/interval))
}

// weights are those of the bets. A bet weighs nothing unless a check asks for it that decides.
func weights(checks []rollout.Check) (weights [trial.Checks]float64) {
	defaults := trial.Defaults(1).Weights
	for _, check := range checks {
		if check.DryRun {
			continue
		}
		for _, bet := range betsOn(check.Signal) {
			weights[bet] = defaults[bet]
			if bet != trial.Memory {
				weights[trial.Share] = defaults[trial.Share]
			}
		}
	}
	return weights
}

// weighBeside weighs the bets on signals that no check asks about. Those on requests weigh where requests are judged.
func weighBeside(spec rollout.Spec, weights *[trial.Checks]float64) {
	defaults, signals := trial.Defaults(1).Weights, spec.Signals
	requests, anything := weights[trial.Share] > 0, slices.Max(weights[:]) > 0
	weigh := func(c trial.Check, has bool) {
		if weights[c] = 0; has {
			weights[c] = defaults[c]
		}
	}
	weigh(trial.Strata, signals.By != "" && weights[trial.Errors] > 0)
	weigh(trial.Hangs, signals.InFlight != "" && requests)
	weigh(trial.Restarts, signals.Restarts != "" && anything)
	weigh(trial.ClientErrors, signals.ClientErrors != "" && weights[trial.Errors] > 0)
}

// setLimits sets the service's own limits.
func (b *baseline) setLimits(checks []rollout.Check, o *trial.Options) {
	o.ErrorLimit, o.SlowLimit = errorLimit(checks), 0
	for _, check := range checks {
		switch check.Signal {
		case rollout.LatencySignal:
			o.SlowLimit = check.Share
		case rollout.MemorySignal:
			o.MemoryLimit, o.MemoryNoise = check.Threshold, cmp.Or(b.MemoryNoise, check.Threshold/200)
		case rollout.ErrorSignal, rollout.SuccessSignal, rollout.NoSignal:
		}
	}
}

// errorLimit is the limit of errors; 0: none. Of several, the strictest of those that decide counts, or else the first.
func errorLimit(checks []rollout.Check) (limit float64) {
	decided := false
	for _, check := range checks {
		l := check.Threshold
		switch check.Signal {
		case rollout.ErrorSignal:
		case rollout.SuccessSignal:
			l = 1 - check.Threshold
		case rollout.LatencySignal, rollout.MemorySignal, rollout.NoSignal:
			continue
		}
		if decides := !check.DryRun; limit == 0 || decides && (!decided || l < limit) {
			limit = l
		}
		decided = decided || !check.DryRun
	}
	return limit
}
