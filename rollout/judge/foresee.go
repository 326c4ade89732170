package judge

import (
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// foreseen are the shares of errors whose detection is foretold.
var foreseen = []float64{0.05, 0.02, 0.005}

// DetectionPower returns what the judge will be able to see of a rollout that begins now. State and Raw are those of a judge
// whose wants about stable's past were met.
func (Judge) DetectionPower(c rollout.Case) rollout.DetectionPower {
	var s state
	s.read(c.State)
	if s.Signals == nil {
		return rollout.DetectionPower{}
	}
	set := &s.Signals.Setup
	c = s.Signals.paced(c)
	f := rollout.DetectionPower{Requests: set.Rate, Checks: cannot(c, set)}
	if set.Coarse {
		for _, check := range c.Spec.Checks {
			if check.Signal == rollout.LatencySignal {
				f.Coarse = &rollout.Coarse{Limit: check.Bound, Below: set.Below, Above: set.Seconds[set.Slow]}
			}
		}
	}
	if set.Rate <= 0 || !asks(c, rollout.ErrorSignal, rollout.SuccessSignal) {
		return f
	}
	f.Errorless = set.Errorless
	o := set.options(c)
	for _, share := range foreseen {
		f.Detections = append(f.Detections, set.sight(c, &o, share))
	}
	return f
}

// sight is when a share of errors would be found.
func (s *setup) sight(c rollout.Case, o *trial.Options, share float64) rollout.Detection {
	needed := o.Needed(trial.Errors)
	for i, step := range c.Spec.Plan.Steps {
		canary := s.Rate * o.Interval * float64(step.Weight) / 100
		pods := max(1, int(math.Ceil(float64(s.Pods)*float64(step.Weight)/100)))
		gain := o.Gain(trial.Arm{Requests: canary, Errors: canary * share, Pods: pods},
			trial.Arm{Requests: s.Rate*o.Interval - canary, Errors: (s.Rate*o.Interval - canary) * s.ErrorShare, Pods: s.Pods}, s.ErrorShare)
		scrapes := math.Ceil(needed / max(gain, 1e-9))
		wait := min(o.CompareFrom, step.Bake.Seconds()) // until its pods are compared
		if after := wait + scrapes*o.Interval; gain > 0 && after <= step.Bake.Seconds() {
			return rollout.Detection{Share: share, Step: i, After: time.Duration(after * float64(time.Second))}
		}
		needed -= max(gain, 0) * (step.Bake.Seconds() - wait) / o.Interval
	}
	return rollout.Detection{Share: share, Step: -1}
}

// cannot lists the checks that could judge no canary.
func cannot(c rollout.Case, s *setup) []rollout.Evidence {
	var all []rollout.Evidence
	add := func(check rollout.Check, why rollout.Why, detail string) {
		all = append(all, rollout.Evidence{
			Check: check.Name, Result: rollout.Unknown, Why: why, Detail: detail,
			Threshold: check.Threshold, Comparison: check.Comparison, Unit: check.Unit,
		})
	}
	large := map[rollout.Signal]bool{
		rollout.LatencySignal: c.Raw.Stable.Latency.Why == rollout.WhyTooLarge, rollout.MemorySignal: c.Raw.Stable.Memory.Why == rollout.WhyTooLarge,
		rollout.ErrorSignal: tooLarge(rollout.Read{Requests: c.Raw.Stable.Requests, Errors: c.Raw.Stable.Errors, Success: c.Raw.Stable.Success}),
	}
	large[rollout.SuccessSignal] = large[rollout.ErrorSignal]
	for _, check := range c.Spec.Checks {
		if check.DryRun {
			continue
		}
		if large[check.Signal] {
			add(check, rollout.WhyTooLarge, "")
			continue
		}
		switch check.Signal {
		case rollout.LatencySignal:
			if s.Nothing {
				add(check, rollout.WhyCoarse, "")
			}
			if label, same := both(c.Raw.Canary.Latency, c.Raw.Stable.Latency); same {
				add(check, rollout.WhySameSeries, label)
			}
		case rollout.ErrorSignal, rollout.SuccessSignal:
			if label, same := both(c.Raw.Canary.Requests, c.Raw.Stable.Requests); same {
				add(check, rollout.WhySameSeries, label)
			}
		case rollout.MemorySignal:
			if label, same := both(c.Raw.Canary.Memory, c.Raw.Stable.Memory); same {
				add(check, rollout.WhySameSeries, label)
			}
		case rollout.NoSignal:
		}
	}
	return all
}

// both returns a series that both arms have.
func both(canary, stable rollout.Reading) (labels string, same bool) {
	for _, s := range canary.Series {
		if slices.ContainsFunc(stable.Series, func(t rollout.Series) bool { return t.Labels == s.Labels }) {
			return s.Labels, true
		}
	}
	return "", false
}
