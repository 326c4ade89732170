package world

import (
	"math"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// horizon is after how long a rollout that has not ended counts as held for ever, in seconds.
const horizon = 3600

// Outcome is how one rollout went.
type Outcome struct {
	RolledBack bool
	After      float64 // seconds from the onset to the rollback
	Weight     float64 // the canary's then
	Why        rollout.Why
	Check      string
	Asked      float64 // seconds from the onset until people were asked; +Inf: never
	AskedWhy   rollout.Why
	Completed  float64                 // seconds to the end of the last step; 0: never
	Held       map[rollout.Why]float64 // seconds in which no verdict passed, by the reason of the worst
}

// Trace, where it is set, is called with each verdict.
type Trace func(t float64, weight float64, v rollout.Verdict)

// Run plays a rollout under Canarybot's judge, which begins with what an earlier rollout left (nil: nothing).
func Run(w World, warm []byte, trace Trace) Outcome {
	f := newFleet(w)
	c := newCase(f.World)
	c.State = warm
	out := Outcome{Asked: math.Inf(1), Held: map[rollout.Why]float64{}}
	out.Completed = f.play(&c, func(now float64, v rollout.Verdict, passed float64) (stop bool) {
		if trace != nil {
			trace(now, f.weight, v)
		}
		worst, bad := v.Worst()
		if bad {
			out.Held[worst.Why] += passed
		}
		if e, asks := v.Asks(); asks && math.IsInf(out.Asked, 1) {
			out.Asked, out.AskedWhy = now-f.Onset, e.Why
		}
		if v.Result == rollout.Fail {
			out.RolledBack, out.After, out.Weight, out.Why, out.Check = true, now-f.Onset, f.weight, worst.Why, worst.Check
		}
		return out.RolledBack
	})
	return out
}

// Warm returns what a rollout of the world would find of an earlier one.
func Warm(w World, starts []Effect) []byte {
	f := newFleet(w.Fine(starts))
	c := newCase(f.World)
	f.play(&c, func(float64, rollout.Verdict, float64) bool { return false })
	return judge.Judge{}.WarmStart(c.State)
}

// play runs a rollout step by step until it is over or stopped. It returns when the last step ended; 0: it did not.
func (f *fleet) play(c *rollout.Case, saw func(now float64, v rollout.Verdict, passed float64) (stop bool)) float64 {
	f.advance(0)
	now := 0.0
	for step := range f.Steps {
		f.shift(f.Steps[step].Weight)
		c.Step, c.Since = step, at(now)
		baked, last := 0.0, now
		for baked < f.Steps[step].Bake {
			if now > horizon {
				return 0
			}
			f.advance(now)
			c.Now = at(now)
			c.Raw = f.answer(judge.Judge{}.Want(*c), now)
			var v rollout.Verdict
			v, c.State = judge.Judge{}.Judge(*c)
			if saw(now, v, now-last) {
				return 0
			}
			if v.Result == rollout.Pass {
				baked += now - last
			}
			last = now
			now = max(seconds(judge.Judge{}.Want(*c).At), now+1)
		}
	}
	return now
}

// newCase is a rollout in a world.
func newCase(w World) rollout.Case {
	interval := time.Duration(w.Interval * float64(time.Second))
	check := func(name string, s rollout.Signal, limit float64, unit rollout.Unit) rollout.Check {
		return rollout.Check{
			Name: name, Signal: s, Comparison: rollout.LessThan, Threshold: limit, Unit: unit, MinRequests: 50, Interval: interval,
		}
	}
	latency := check("latency_p99", rollout.LatencySignal, w.SlowLimit, rollout.Seconds)
	latency.Bound, latency.Share = w.SlowLimit, 0.01
	memory := check("memory", rollout.MemorySignal, w.MemoryLimit, rollout.Bytes)
	memory.MinRequests = 0
	signals := rollout.Signals{Requests: "r", Errors: "e", Latency: "l", Memory: "m", Scrape: interval}
	if w.Successes {
		signals.Errors, signals.Success = "", "s"
	}
	var plan rollout.Plan
	for _, s := range w.Steps {
		plan.Steps = append(plan.Steps, rollout.Step{
			Weight: rollout.Weight(math.Round(100 * s.Weight)), Bake: time.Duration(s.Bake) * time.Second, Gate: rollout.Auto,
		})
	}
	return rollout.Case{Spec: rollout.Spec{
		Signals: signals,
		Judging: rollout.Judging{
			Alpha: 0.01, ErrorRatio: 1.5, ErrorSlack: 0.001, LatencyRatio: 1.25, LatencySlack: 0.002, Young: 3 * time.Minute,
		},
		Limits: rollout.Limits{Interval: interval},
		Plan:   plan,
		Checks: []rollout.Check{check("error_rate", rollout.ErrorSignal, w.ErrorLimit, rollout.Ratio), latency, memory},
	}}
}
