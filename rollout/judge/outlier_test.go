package judge_test

import (
	"strings"
	"testing"

	"canarybot.io/rollout"
)

// onePod is a fleet of which one of the canary's two pods errs, from a scrape on and until another, from which on it is
// gone.
func onePod(from, until int) *fleet {
	return newFleet(12, before+after, before, func(_ bool, pod, scrape int) does {
		return change(func(d *does) {
			if pod == 1 && scrape >= from {
				d.errors = 0.3
			}
			d.gone = pod == 1 && scrape >= until
		})
	})
}

func TestOneBadPodIsHeldForAWhile(t *testing.T) {
	t.Parallel()
	f := onePod(5, 99)
	v, state, now := f.run(t, signalCase(), since.Add(11*interval))
	worst, _ := v.Worst()
	if v.Result != rollout.Unknown || worst.Why != rollout.WhyOnePod || !strings.Contains(worst.Detail, "pod-1") {
		t.Errorf("with a bad pod: %s, %+v", v.Result, worst)
	}
	for range 20 {
		now = now.Add(interval)
		if v, state = f.judge(signalCase(), state, now); v.Result == rollout.Fail {
			break
		}
	}
	worst, _ = v.Worst()
	if scrapes := int(now.Sub(since) / interval); v.Result != rollout.Fail || worst.Why != rollout.WhyOnePod || scrapes > 18 {
		t.Errorf("a bad pod that stays: %s after %d scrapes, %+v", v.Result, scrapes, worst)
	}
}

func TestABadPodThatGoesTakesItsEvidenceAlong(t *testing.T) {
	t.Parallel()
	v, _, _ := onePod(5, 12).run(t, signalCase(), since.Add(30*interval))
	if v.Result != rollout.Pass || v.Odds > 1 {
		t.Errorf("after the bad pod went: %s, odds %v, %+v", v.Result, v.Odds, v.Evidence[0])
	}
}

// What is bad in all pods is the version's.
func TestAllPodsBadIsNotOnePod(t *testing.T) {
	t.Parallel()
	f := newFleet(13, before+after, before, only(change(func(d *does) { d.errors = 0.05 }), 3))
	v, _, _ := f.run(t, signalCase(), since.Add(30*interval))
	if worst, _ := v.Worst(); v.Result != rollout.Fail || worst.Why == rollout.WhyOnePod {
		t.Errorf("%s, %+v", v.Result, worst)
	}
}
