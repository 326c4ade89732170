package world

import (
	"math"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/judge/trial"
)

// horizon is after how long a rollout that has not ended counts as held for ever, in seconds.
const horizon = 3600

// Outcome is how one rollout went.
type Outcome struct {
	RolledBack bool
	After      float64 // seconds from the onset to the rollback; negative: before it
	Weight     float64 // the canary's then
	Why        rollout.Why
	Check      string
	Asked      float64 // seconds from the onset until people were asked first since; +Inf: never
	AskedWhy   rollout.Why
	Completed  float64                 // seconds to the end of the last step; 0: never
	Held       map[rollout.Why]float64 // seconds in which no verdict passed, by the reason of the worst
	Harmed     float64                 // requests that the fault failed or slowed until the plan would have been over
}

// Trace, where it is set, is called with each verdict.
type Trace func(t float64, weight float64, v rollout.Verdict)

// Options are how a judge plays a world. The zero value is a service's first rollout.
type Options struct {
	State rollout.JudgeState // what an earlier rollout left, see Warm
	Early bool               // a step ends on proof
	Off   trial.RuleSet      // rules of the judge that do not apply
	Trace Trace
}

// dwell is how long a step lasts at least that proof ends, in seconds.
const dwell = 180

// Run plays a rollout under Canarybot's judge, which begins with what an earlier rollout left (the zero state: nothing).
func Run(w World, warm rollout.JudgeState, trace Trace) Outcome {
	return Play(w, Options{State: warm, Trace: trace})
}

// Play plays a rollout under Canarybot's judge.
func Play(w World, o Options) Outcome {
	f := newFleet(w)
	c := newCase(f.World)
	c.State = o.State
	out := Outcome{Asked: math.Inf(1), Held: map[rollout.Why]float64{}}
	out.Completed = f.play(&c, o, func(now float64, v rollout.Verdict, passed float64) (stop bool) {
		if o.Trace != nil {
			o.Trace(now, f.weight, v)
		}
		worst, bad := v.Worst()
		if bad {
			out.Held[worst.Why] += passed
		}
		if e, asks := v.Asks(); asks && math.IsInf(out.Asked, 1) && now >= f.onset() {
			out.Asked, out.AskedWhy = now-f.onset(), e.Why
		}
		if v.Result == rollout.Fail {
			out.RolledBack, out.After, out.Weight, out.Why, out.Check = true, now-f.onset(), f.weight, worst.Why, worst.Check
		}
		return out.RolledBack
	})
	if !out.RolledBack {
		f.rest()
	}
	out.Harmed = f.harmed
	return out
}

// onset is when the fault began; +Inf: not yet.
func (f *fleet) onset() float64 {
	if len(f.Faults) == 0 {
		return f.Onset
	}
	return f.struck
}

// rest simulates what a fault does until the plan would have been over.
func (f *fleet) rest() {
	if len(f.Faults) > 0 {
		f.advance(f.planned)
	}
}

// judge is the judge of these options.
func (o Options) judge() judge.Judge { return judge.Judge{Off: o.Off} }

// Warm returns what a rollout of the world would find of an earlier one.
func Warm(w World, starts []Effect) rollout.JudgeState {
	f := newFleet(w.Fine(starts))
	c := newCase(f.World)
	f.play(&c, Options{}, func(float64, rollout.Verdict, float64) bool { return false })
	return judge.Judge{}.WarmStart(c.State)
}

// play runs a rollout step by step until it is over or stopped. It returns when the last step ended; 0: it did not.
func (f *fleet) play(c *rollout.Case, o Options, saw func(now float64, v rollout.Verdict, passed float64) (stop bool)) float64 {
	f.advance(0)
	now, j := 0.0, o.judge()
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
			c.Raw = f.answer(j.Want(*c), now)
			var v rollout.Verdict
			v, c.State = j.Judge(*c)
			if saw(now, v, now-last) {
				return 0
			}
			if v.Result == rollout.Pass {
				baked += now - last
			}
			if o.Early && v.Proved && baked >= dwell {
				break
			}
			last = now
			now = max(seconds(j.Want(*c).At), now+1)
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
	if w.labelled() {
		signals.By = "handler"
	}
	if w.InFlight && !w.Proxy {
		signals.InFlight = "i"
	}
	if w.Restarts && !w.Proxy {
		signals.Restarts = "c"
	}
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
			Alpha: 0.01, ErrorRatio: 1.5, ErrorSlack: 0.001, LatencyRatio: 1.25, LatencySlack: 0.002, Interval: 15 * time.Second, Young: 3 * time.Minute,
		},
		Limits: rollout.Limits{Interval: interval},
		Plan:   plan,
		Checks: []rollout.Check{check("error_rate", rollout.ErrorSignal, w.ErrorLimit, rollout.Ratio), latency, memory},
	}}
}
