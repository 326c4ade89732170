package judge

import (
	"math"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// DetectionPower returns what the judge will be able to detect in a rollout that begins now. State and Raw are those of a
// judge whose wants about stable's past were met.
func (Judge) DetectionPower(c rollout.Case) rollout.DetectionPower {
	s := readState(c.State)
	if s.Signals == nil {
		return rollout.DetectionPower{}
	}
	b := &s.Signals.Baseline
	w := normalise(c, b)
	f := rollout.DetectionPower{Requests: b.Rate, Checks: unjudgeable(w, b)}
	for _, check := range w.checks {
		if b.Coarse && check.Signal == rollout.LatencySignal {
			f.Coarse = &rollout.Coarse{Limit: check.Bound, Below: b.Below, Above: b.Seconds[b.Slow]}
		}
	}
	if b.Rate <= 0 || !asks(w.checks, rollout.ErrorSignal, rollout.SuccessSignal) {
		return f
	}
	f.Errorless = b.NoErrors
	for _, share := range []float64{0.05, 0.02, 0.005} {
		f.Detections = append(f.Detections, b.detection(c.Spec.Plan, &w.options, share))
	}
	return f
}

// detection is when a share of errors would be detected.
func (b *baseline) detection(p rollout.Plan, o *trial.Options, share float64) rollout.Detection {
	needed := o.Needed(trial.Errors)
	all := b.Rate * o.Interval
	for i, step := range p.Steps {
		canary := all * float64(step.Weight) / 100
		pods := max(1, int(math.Ceil(float64(b.Pods)*float64(step.Weight)/100)))
		gain := o.Gain(
			trial.Arm{Requests: canary, Errors: canary * share, Pods: pods},
			trial.Arm{Requests: all - canary, Errors: (all - canary) * b.ErrorShare, Pods: b.Pods}, b.ErrorShare)
		scrapes := max(math.Ceil(needed/max(gain, 1e-9)), trial.LastingScrapes)
		wait := min(o.CompareFrom, step.Bake.Seconds()) // until its pods are compared
		if after := wait + scrapes*o.Interval; gain > 0 && after <= step.Bake.Seconds() {
			return rollout.Detection{Share: share, Step: i, After: time.Duration(after * float64(time.Second))}
		}
		needed -= max(gain, 0) * (step.Bake.Seconds() - wait) / o.Interval
	}
	return rollout.Detection{Share: share, Step: -1}
}

// unjudgeable lists the checks that could judge no canary.
func unjudgeable(w *window, b *baseline) []rollout.Evidence {
	var all []rollout.Evidence
	for _, check := range w.checks {
		if check.DryRun {
			continue
		}
		for _, e := range obstacles(w, b, check.Signal) {
			e.Check, e.Result = check.Name, rollout.Unknown
			e.Threshold, e.Comparison, e.Unit = check.Threshold, check.Comparison, check.Unit
			all = append(all, e)
		}
	}
	return all
}

// obstacles are why a signal cannot be judged: evidence with a reason and a detail.
func obstacles(w *window, b *baseline, signal rollout.Signal) (all []rollout.Evidence) {
	canary, stable := w.arms[canaryArm], w.arms[stableArm]
	large := false
	var of [2]rollout.Reading // the arms' readings of the signal
	switch signal {
	case rollout.LatencySignal:
		of = [2]rollout.Reading{canary.Latency, stable.Latency}
		large = stable.Latency.Why == rollout.WhyTooLarge
	case rollout.MemorySignal:
		of = [2]rollout.Reading{canary.Memory, stable.Memory}
		large = stable.Memory.Why == rollout.WhyTooLarge
	case rollout.ErrorSignal, rollout.SuccessSignal:
		of = [2]rollout.Reading{canary.Requests, stable.Requests}
		large = tooLarge(rollout.Read{Requests: stable.Requests, Errors: stable.Errors, Success: stable.Success})
	case rollout.NoSignal:
		return nil
	}
	if large {
		return []rollout.Evidence{{Why: rollout.WhyTooLarge}}
	}
	if signal == rollout.LatencySignal && b.NoBound {
		all = append(all, rollout.Evidence{Why: rollout.WhyCoarse})
	}
	if labels, ok := sharedSeries(of[canaryArm], of[stableArm]); ok {
		all = append(all, rollout.Evidence{Why: rollout.WhySameSeries, Detail: labels})
	}
	return all
}
