package judge_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// The tests in this file are of bugs that were fixed.

// A canary that waited for approval for hours is found as soon as any other when it turns bad.
func TestALongWaitKeepsTheJudgeSensitive(t *testing.T) {
	t.Parallel()
	busy := change(func(d *does) { d.requests = 2000 })
	f := newFleet(20, before+400, before, func(canary bool, _, scrape int) does {
		d := busy
		if canary && scrape >= 300 {
			d.errors = 0.05
		}
		return d
	})
	v, _, at := f.run(t, signalCase(), since.Add(380*interval))
	if scrapes := int(at.Sub(since) / interval); v.Result != rollout.Fail || scrapes > 304 {
		t.Errorf("%s after %d scrapes, odds %v", v.Result, scrapes, v.Odds)
	}
}

// Dry runs bet nothing, and their results are stored all the same.
func TestDryRuns(t *testing.T) {
	t.Parallel()
	c := signalCase()
	for i := range c.Spec.Checks {
		c.Spec.Checks[i].DryRun = true
	}
	f := newFleet(21, before+after, before, only(change(func(d *does) { d.errors = 0.05 }), 0))
	v, state, _ := f.run(t, c, since.Add(20*interval))
	if v.Result != rollout.Unknown || len(state.Bytes()) == 0 || math.IsInf(v.Odds, 0) || v.Evidence[0].Result != rollout.Fail {
		t.Errorf("%s, odds %v, %d bytes, %+v", v.Result, v.Odds, len(state.Bytes()), v.Evidence[0])
	}
	// One that informs neither blocks the others nor speaks for the canary.
	c = signalCase()
	c.Spec.Checks[1].DryRun = true
	f = newFleet(22, before+after, before, func(bool, int, int) does { return change(func(d *does) { d.slow = 0.02 }) })
	if v, _, _ = f.run(t, c, since.Add(20*interval)); v.Result != rollout.Pass {
		t.Errorf("slow on both sides, which only informs: %s, %+v", v.Result, v.Evidence)
	}
	c = signalCase()
	c.Spec.Checks[0].DryRun = true
	f = newFleet(23, before+after, before, only(change(func(d *does) { d.gone = true }), 5))
	if v, _, _ = f.run(t, c, since.Add(20*interval)); v.Result != rollout.Fail {
		t.Errorf("gone, with errors that only inform: %s, %+v", v.Result, v.Evidence)
	}
}

// Samples that are stored only seconds after their scrape is judged are not silence, whichever arm's they are.
func TestSamplesThatAreAlwaysLate(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{5 * time.Second, 8 * time.Second, 14 * time.Second} {
		for name, whose := range map[string]func(pod int) bool{
			"all": func(int) bool { return true }, "the canary's": func(p int) bool { return p < 2 }, "one pod's": func(p int) bool { return p == 1 },
		} {
			f := newFleet(24, before+after, before, only(well, 0))
			for _, p := range f.pods {
				for j := range p.seen { // scraped at the end of each interval of the judge's grid
					shift := 14*time.Second - p.offset
					p.seen[j] = p.seen[j].Add(shift)
					for k := range p.series {
						p.series[k].Points[j].At = p.series[k].Points[j].At.Add(shift)
					}
				}
			}
			f.late = func(pod, _ int) time.Duration {
				if whose(pod) {
					return late
				}
				return 0
			}
			if v, _, at := f.run(t, signalCase(), since.Add(30*interval)); v.Result != rollout.Pass {
				t.Errorf("%s are late by %s: %s after %s, %+v", name, late, v.Result, at.Sub(since), v.Evidence[0])
			}
		}
	}
}

// A memory gauge that is scraped more rarely than the counters still passes, and still fails.
func TestMemoryThatIsScrapedRarely(t *testing.T) {
	t.Parallel()
	for _, every := range []int{2, 4} {
		for use, want := range map[float64]rollout.Result{200: rollout.Pass, 600: rollout.Fail} {
			f := newFleet(25, before+after, before, only(change(func(d *does) { d.memory = use * (1 << 20) }), 0))
			for _, p := range f.pods {
				kept := p.series[2].Points[:0:0]
				for i, point := range p.series[2].Points {
					if i%every == 0 {
						kept = append(kept, point)
					}
				}
				p.rare = kept
			}
			v, _, _ := f.run(t, signalCase(), since.Add(30*interval))
			if v.Result != want {
				t.Errorf("every %d scrapes, %v MiB: %s, want %s: %+v", every, use, v.Result, want, v.Evidence[2])
			}
		}
	}
}

// At weight 100 stable need not report: limits hold without it.
func TestLimitsHoldWithoutStable(t *testing.T) {
	t.Parallel()
	c := signalCase()
	c.Spec.Plan.Steps[0].Weight = 100
	f := newFleet(26, before+after, before, func(canary bool, _, scrape int) does {
		return change(func(d *does) {
			d.gone = !canary && scrape >= 3
			if canary && scrape >= 12 {
				d.errors = 0.5
			}
		})
	})
	if v, _, _ := f.run(t, c, since.Add(11*interval)); v.Result != rollout.Pass {
		t.Errorf("fine without stable: %s, %+v", v.Result, v.Evidence[0])
	}
	if v, _, at := f.run(t, c, since.Add(30*interval)); v.Result != rollout.Fail || at.Sub(since) > 16*interval {
		t.Errorf("bad without stable: %s after %s, %+v", v.Result, at.Sub(since), v.Evidence[0])
	}
}

// A version whose histogram has other buckets is not slow for it.
func TestOtherBuckets(t *testing.T) {
	t.Parallel()
	f := newFleet(27, before+after, before, only(well, 0))
	for _, p := range f.pods {
		if p.canary {
			p.series[3+2].Bound = 0.7 // in place of 0.5
		}
	}
	v, _, _ := f.run(t, signalCase(), since.Add(20*interval))
	if e := v.Evidence[1]; v.Result != rollout.Unknown || e.Why != rollout.WhyCoarse {
		t.Errorf("%s, %+v", v.Result, e)
	}
}

// However rarely Prometheus scrapes, and however long nobody judged, no request counts twice.
func TestNothingCountsTwice(t *testing.T) {
	t.Parallel()
	f := newFleet(28, before+200, before, only(well, 0))
	f.outage = func(scrape int) bool { return scrape%8 != 0 } // every two minutes
	v, state, now := f.run(t, signalCase(), since.Add(120*interval))
	now = now.Add(9 * time.Minute)
	v, _ = f.judge(signalCase(), state, now)
	served := 0.0
	for _, p := range f.pods[:2] {
		for i, point := range p.series[0].Points[1:] {
			if point.At.After(since) && !point.At.After(now) {
				served += point.Value - p.series[0].Points[i].Value
			}
		}
	}
	if got := *v.Evidence[0].Requests; got > served {
		t.Errorf("%v requests were judged, and there were %v", got, served)
	}
}

// Behind a proxy, pods are as young as the weight.
func TestPodsBehindAProxyAreYoung(t *testing.T) {
	t.Parallel()
	f := newFleet(29, before+after, before, func(canary bool, _, scrape int) does {
		return change(func(d *does) {
			if canary && scrape < 2 {
				d.errors = 0.03
			}
		})
	})
	for _, p := range f.pods {
		for i := range p.series {
			p.series[i].Target = "proxy"
			p.series[i].Labels += p.name
		}
	}
	c := signalCase()
	c.Spec.Judging.Young = 3 * time.Minute
	if v, _, _ := f.run(t, c, since.Add(30*interval)); v.Result == rollout.Fail {
		t.Errorf("a cold start behind a proxy: %+v", v.Evidence[0])
	}
}

// A weight that somebody else set says nothing of the share that the plan wanted.
func TestNoShareWhileAdrift(t *testing.T) {
	t.Parallel()
	f := newFleet(30, before+after, before, func(canary bool, _, _ int) does {
		return change(func(d *does) {
			if canary {
				d.requests = 10
			}
		})
	})
	for name, edit := range map[string]func(*rollout.Case){
		"adrift": func(c *rollout.Case) { c.Adrift = true }, "left out": func(c *rollout.Case) { c.Spec.Judging.NoShare = true },
	} {
		c := signalCase()
		c.Spec.Plan.Steps[0].Weight = 50
		edit(&c)
		if v, _, _ := f.run(t, c, since.Add(20*interval)); v.Result != rollout.Pass {
			t.Errorf("%s: %s, %+v", name, v.Result, v.Evidence[0])
		}
	}
}

// An answer that is too large is known before a start.
func TestTooLargeIsKnownBeforeAStart(t *testing.T) {
	t.Parallel()
	c := signalCase()
	c.Now = since
	c.Raw.Stable.Requests = rollout.Reading{Why: rollout.WhyTooLarge}
	_, c.State = judge.Judge{}.Judge(c)
	var told []string
	for _, e := range (judge.Judge{}).DetectionPower(c).Checks {
		told = append(told, e.Check+" "+string(e.Why))
	}
	if slices.Sort(told); strings.Join(told, ", ") != "error_rate too_large" {
		t.Errorf("told %v", told)
	}
}

// Bets that suffice only together condemn, whichever of a check's bets is the largest.
func TestBetsThatSufficeTogether(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		f := newFleet(40+seed, before+after, before, only(change(func(d *does) { d.errors = 0.02 }), 0))
		var state rollout.JudgeState
		for at := range 40 {
			var v rollout.Verdict
			v, state = f.judge(signalCase(), state, since.Add(time.Duration(at)*interval+4*time.Second))
			acts := v.Odds >= v.Limit && v.Evidence[0].Doubt == rollout.NoDoubt
			if (v.Result == rollout.Fail) != acts {
				t.Fatalf("fleet %d, scrape %d: %s at odds %v of %v: %+v", seed, at, v.Result, v.Odds, v.Limit, v.Evidence[0])
			}
			if v.Result == rollout.Fail {
				break
			}
		}
	}
}
