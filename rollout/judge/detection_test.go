package judge_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// detectionPower lets the judge read stable's past before a rollout.
func detectionPower(f *fleet, c rollout.Case) rollout.DetectionPower {
	c.Now = since
	for range 5 {
		w := judge.Judge{}.Want(c)
		c.Raw = f.ask(w, since)
		if !w.Buckets && !w.History {
			break
		}
		_, c.State = judge.Judge{}.Judge(c)
	}
	return judge.Judge{}.DetectionPower(c)
}

// stableOnly is a fleet without a canary, as before a rollout.
func stableOnly(requests float64) *fleet {
	return newFleet(8, before, before, func(canary bool, _, _ int) does {
		return change(func(d *does) { d.gone, d.requests = canary, requests })
	})
}

// What is computed is what happens: a fault that is to be detected at a step is found there, in about that time.
func TestDetectionPowerComesTrue(t *testing.T) {
	t.Parallel()
	c := signalCase()
	c.Spec.Plan = rollout.Plan{Steps: []rollout.Step{{Weight: 33, Bake: 10 * time.Minute}, {Weight: 50, Bake: 10 * time.Minute}}}
	f := detectionPower(stableOnly(100), c)
	if f.Requests < 20 || f.Requests > 33 || len(f.Detections) != 3 || len(f.Checks) != 0 || f.Coarse != nil {
		t.Fatalf("%+v", f)
	}
	for _, s := range f.Detections[:2] {
		fl := newFleet(9, before+after, before, only(change(func(d *does) { d.errors = s.Share }), 0))
		_, _, at := fl.run(t, c, since.Add(40*interval))
		if took := at.Sub(since); s.Step != 0 || took > 2*s.After+2*interval || 3*took < s.After {
			t.Errorf("%v errors were to be seen at step %d after %s, and were found after %s", s.Share, s.Step, s.After, took)
		}
	}
	if last := f.Detections[2]; last.After <= f.Detections[1].After && last.Step == 0 {
		t.Errorf("half a percent is seen as soon as two: %+v", f.Detections)
	}
}

func TestLittleTrafficDetectsLittle(t *testing.T) {
	t.Parallel()
	f := detectionPower(stableOnly(1), signalCase())
	if last := f.Detections[2]; last.Step != -1 {
		t.Errorf("at a request every few seconds half a percent is seen: %+v", f)
	}
}

// What the judge cannot judge is known before a start.
func TestWhatCannotBeJudged(t *testing.T) {
	t.Parallel()
	c := signalCase()
	c.Spec.Checks[1].Bound = 5 // the histogram ends at 1 s
	f := detectionPower(stableOnly(100), c)
	if len(f.Checks) != 1 || f.Checks[0].Check != "latency_p99" || f.Checks[0].Why != rollout.WhyCoarse {
		t.Errorf("no bucket at the limit: %+v", f.Checks)
	}
	c.Spec.Checks[1].Bound = 0.4
	f = detectionPower(stableOnly(100), c)
	if f.Coarse == nil || *f.Coarse != (rollout.Coarse{Limit: 0.4, Below: 0.25, Above: 0.5}) || len(f.Checks) != 0 {
		t.Errorf("a limit between two buckets: %+v, %+v", f.Coarse, f.Checks)
	}
	same := stableOnly(100)
	for _, p := range same.pods {
		p.series[0].Labels = p.name
	}
	c.Now = since
	c.Raw.Stable = same.ask(rollout.Want{Since: since.Add(-time.Minute)}, since).Stable
	c.Raw.Canary = c.Raw.Stable
	_, c.State = judge.Judge{}.Judge(c)
	f = judge.Judge{}.DetectionPower(c)
	if len(f.Checks) != 3 || f.Checks[0].Why != rollout.WhySameSeries {
		t.Errorf("the same series on both sides: %+v", f.Checks)
	}
}

// A rollout that succeeded teaches the next one how pods start; what it leaves is small.
func TestWarmStart(t *testing.T) {
	t.Parallel()
	fl := newFleet(10, before+after, before, func(canary bool, pod, scrape int) does {
		return change(func(d *does) {
			d.gone = canary && scrape < pod // the second pod comes a scrape later
			if canary && scrape < 8 {
				d.errors = 0.02
			}
		})
	})
	c := signalCase()
	c.Spec.Judging.Young = 3 * time.Minute
	_, state, _ := fl.run(t, c, since.Add(30*interval))
	left := judge.Judge{}.WarmStart(state)
	if n := len(left.Bytes()); n == 0 || n > 2000 {
		t.Fatalf("%d bytes are left", n)
	}
	if again := (judge.Judge{}).WarmStart(left); again.IsZero() {
		t.Error("a rollout that was never judged loses its own warm start")
	}
	if got := (judge.Judge{}).WarmStart(rollout.StoredJudgeState([]byte("}"))); !got.IsZero() {
		t.Errorf("from a state that cannot be read %q is left", got.Bytes())
	}
}
