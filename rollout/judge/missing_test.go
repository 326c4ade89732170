package judge_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// The tests in this file are of data that is missing.

// A metric that cannot be read leaves its own check unknown, with the reason, and the others alone.
func TestOneUnreadMetricLeavesTheOthers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit  func(*rollout.Raw)
		check int
		why   rollout.Why
	}{
		"memory is refused":    {func(r *rollout.Raw) { r.Canary.Memory = rollout.Reading{Why: rollout.WhyQueryError} }, 2, rollout.WhyQueryError},
		"latency is too large": {func(r *rollout.Raw) { r.Stable.Latency = rollout.Reading{Why: rollout.WhyTooLarge} }, 1, rollout.WhyTooLarge},
		"stable has no histogram": {func(r *rollout.Raw) {
			r.Buckets, r.Canary.Latency, r.Stable.Latency = rollout.Reading{}, rollout.Reading{}, rollout.Reading{}
		}, 1, rollout.WhyNoData},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(1, before+after, before, only(change(func(d *does) { d.errors = 0.008 }), 2)) // below the limit: compared only
			f.odd = func(r *rollout.Raw, _ time.Time) { tt.edit(r) }
			v, _, at := f.run(t, signalCase(), since.Add(40*interval))
			if took := at.Sub(since); v.Evidence[0].Result != rollout.Fail || took > 9*time.Minute {
				t.Errorf("%s after %s: %+v", v.Result, took, v.Evidence[0])
			}
			if e := v.Evidence[tt.check]; e.Result != rollout.Unknown || e.Why != tt.why {
				t.Errorf("what cannot be read is %s for %q, want unknown for %q", e.Result, e.Why, tt.why)
			}
		})
	}
}

// Latency that could not be read for a while counts nothing twice, and is judged again afterwards.
func TestLatencyComesBack(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]float64{"fine": 0.001, "slow since": 0.1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(2, before+after, before, only(change(func(d *does) { d.slow = slow }), 25))
			f.odd = func(r *rollout.Raw, now time.Time) {
				if s := now.Sub(since); s > 5*interval && s < 20*interval {
					r.Canary.Latency = rollout.Reading{Why: rollout.WhyTimeout}
				}
			}
			v, _, at := f.run(t, signalCase(), since.Add(44*interval))
			if v.Result == rollout.Fail != (slow > 0.01) || at.Before(since.Add(25*interval)) {
				t.Errorf("%s after %s: %+v", v.Result, at.Sub(since), v.Evidence[1])
			}
		})
	}
}

// A pod of the previous rollout that was rolled back for its memory says nothing about the fix.
func TestMemoryOfThePodsBefore(t *testing.T) {
	t.Parallel()
	f := newFleet(3, before+after, before, only(well, 0))
	dead := rollout.Series{Target: "old-pod", Labels: "old"}
	for i := range 4 {
		dead.Points = append(dead.Points, rollout.Point{At: since.Add(-40*time.Second - time.Duration(3-i)*interval), Value: 600 << 20})
	}
	f.odd = func(r *rollout.Raw, _ time.Time) { r.Canary.Memory.Series = append(r.Canary.Memory.Series, dead) }
	if v, _, at := f.run(t, signalCase(), since.Add(20*interval)); v.Result != rollout.Pass {
		t.Errorf("%s after %s: %+v", v.Result, at.Sub(since), v.Evidence[2])
	}
}

// Growth is measured by the time that it takes, however rarely memory is scraped.
func TestGrowthOfMemoryThatIsScrapedRarely(t *testing.T) {
	t.Parallel()
	for _, every := range []int{1, 2, 4} {
		for mib, want := range map[float64]bool{0.05: false, 0.4: true} { // a second: 100 and 13 minutes to the limit
			t.Run(fmt.Sprint(mib, " MiB/s, each scrape number ", every), func(t *testing.T) {
				t.Parallel()
				f := newFleet(4, before+90, before, func(canary bool, _, s int) does {
					return change(func(d *does) {
						if d.memory = 200 << 20; canary {
							d.memory += mib * (1 << 20) * 15 * float64(max(0, s))
						}
					})
				})
				for _, p := range f.pods {
					for i, point := range p.series[2].Points {
						if i%every == 0 {
							p.rare = append(p.rare, point)
						}
					}
				}
				if v, _, at := f.run(t, signalCase(), since.Add(75*interval)); v.Result == rollout.Fail != want {
					t.Errorf("%s after %s: %+v", v.Result, at.Sub(since), v.Evidence[2])
				}
			})
		}
	}
}

// A canary that dies in the middle of a step is gone a minute after its last scrape that could have been.
func TestACanaryThatDiesInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFleet(5, before+after, before, only(change(func(d *does) { d.gone = true }), 10))
	v, _, at := f.run(t, signalCase(), since.Add(40*interval))
	if took := at.Sub(since.Add(10 * interval)); v.Evidence[0].Why != rollout.WhySilent || took > 4*interval+5*time.Second {
		t.Errorf("%s after %s: %+v", v.Result, took, v.Evidence[0])
	}
}

// Nothing is proved by memory alone, nor while a check is judged by its limit.
func TestWhatProvesNothing(t *testing.T) {
	t.Parallel()
	memory := signalCase()
	memory.Spec.Checks = memory.Spec.Checks[2:]
	mixed := signalCase()
	mixed.Spec.Checks = append(mixed.Spec.Checks, rollout.Check{Name: "own", Query: "up", Threshold: 1, Comparison: rollout.GreaterThan, DryRun: true})
	informs := mixed
	informs.Spec.Checks = append(informs.Spec.Checks[:3:3], informs.Spec.Checks[3])
	mixed.Spec.Checks = append(mixed.Spec.Checks[:3:3], mixed.Spec.Checks[3])
	mixed.Spec.Checks[3].DryRun = false
	two := 2.0
	for name, tt := range map[string]struct {
		c    rollout.Case
		want bool
	}{"all by evidence": {signalCase(), true}, "memory alone": {memory, false}, "one by its limit": {mixed, false}, "one that only informs": {informs, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(6, before+after, before, func(bool, int, int) does { return change(func(d *does) { d.requests = 2000 }) })
			proved := false
			var state rollout.JudgeState
			for s := range 40 {
				c := tt.c
				c.Samples = []rollout.Sample{{Check: "own", At: since.Add(time.Duration(s) * interval), Canary: &two}}
				var v rollout.Verdict
				v, state = f.judge(c, state, since.Add(time.Duration(s)*interval+4*time.Second))
				proved = proved || v.Proved
			}
			if proved != tt.want {
				t.Errorf("proved %t, want %t", proved, tt.want)
			}
		})
	}
}

// A proxy is not a pod: that it shows more errors than another one says nothing about a node.
func TestAProxyIsNotAPod(t *testing.T) {
	t.Parallel()
	for seed := uint64(8); seed < 12; seed++ {
		f := newFleet(seed, before+after, before, func(canary bool, pod, _ int) does {
			return change(func(d *does) {
				if canary {
					d.errors, d.requests = 0.05, []float64{200, 8}[pod]
				}
			})
		})
		for i, p := range f.pods {
			for j := range p.series {
				p.series[j].Target = fmt.Sprint("job/10.0.0.", i%2, "/ingress/traefik-", i%2)
				p.series[j].Labels += p.name
			}
		}
		if v, _, at := f.run(t, signalCase(), since.Add(40*interval)); v.Result != rollout.Fail || at.After(since.Add(2*time.Minute)) || v.Evidence[0].Why == rollout.WhyOnePod {
			t.Errorf("seed %d: %s after %s: %+v", seed, v.Result, at.Sub(since), v.Evidence[0])
		}
	}
}

// A series that ended, with a container that was started again, does not hold up the rest of its pod's histogram.
func TestASeriesThatEndedHoldsNothingUp(t *testing.T) {
	t.Parallel()
	f := newFleet(13, before+after, before, only(change(func(d *does) { d.slow = 0.1 }), 12))
	f.odd = func(r *rollout.Raw, now time.Time) {
		if len(r.Canary.Latency.Series) == 0 {
			return
		}
		for i, target := range []string{"pod-0", "pod-1"} {
			for _, b := range append(bounds, math.Inf(1)) {
				s := rollout.Series{Target: target, Labels: "route=rare" + label(b), Bound: b}
				for k := -4; k < 12; k++ {
					if p := since.Add(time.Duration(k)*interval + time.Duration(1+2*i)*time.Second); !p.After(now) {
						s.Points = append(s.Points, rollout.Point{At: p, Value: 3})
					}
				}
				r.Canary.Latency.Series = append(r.Canary.Latency.Series, s)
			}
		}
	}
	if v, _, at := f.run(t, signalCase(), since.Add(40*interval)); v.Result != rollout.Fail || at.After(since.Add(18*interval)) {
		t.Errorf("%s after %s: %+v", v.Result, at.Sub(since), v.Evidence[1])
	}
}

// How pods start is learned also of those that were scraped while they got ready, and of each once.
func TestSlowStartersAreLearned(t *testing.T) {
	t.Parallel()
	for _, first := range []int{0, -1, -3} {
		f := newFleet(41, before+after, before, func(canary bool, _, s int) does {
			return change(func(d *does) {
				if d.gone = canary && s < first; canary && s < 0 {
					d.requests = 0
				}
			})
		})
		_, state, _ := f.run(t, signalCase(), since.Add(40*interval))
		if left := plain(judge.Judge{}.WarmStart(state)); !strings.Contains(left, `"pods":2}`) {
			t.Errorf("first scraped %d scrapes from the weight on: %s", first, left)
		}
	}
}

// Samples that always come late, as behind a remote write, are judged late and not never.
func TestSamplesThatAlwaysComeLate(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{16 * time.Second, 30 * time.Second, 45 * time.Second, 90 * time.Second} {
		f := newFleet(61, before+after, before, only(change(func(d *does) { d.errors = 1 }), 3))
		f.late = func(int, int) time.Duration { return late }
		if v, _, at := f.run(t, signalCase(), since.Add(40*interval)); v.Result != rollout.Fail || at.Sub(since) > 80*time.Second+late {
			t.Errorf("late by %s: %s after %s", late, v.Result, at.Sub(since))
		}
	}
}

// Where both arms show the same series they cannot be told apart, and nothing passes.
func TestTheSameSeriesInBothArms(t *testing.T) {
	t.Parallel()
	f := newFleet(31, before+after, before, only(well, 0))
	for _, p := range f.pods {
		p.series[0].Labels = "requests of " + p.name
	}
	f.odd = func(r *rollout.Raw, _ time.Time) {
		r.Stable.Requests.Series = append(r.Stable.Requests.Series, r.Canary.Requests.Series...)
	}
	v, _, _ := f.run(t, signalCase(), since.Add(10*interval))
	if v.Result != rollout.Unknown || v.Evidence[0].Why != rollout.WhySameSeries || v.Evidence[0].Detail != "requests of pod-0" {
		t.Errorf("%s: %+v", v.Result, v.Evidence[0])
	}
}

// A past of which a part could not be read is asked for again, and then pods are taken to differ.
func TestAPastThatIsReadInPart(t *testing.T) {
	t.Parallel()
	for name, times := range map[string]int{"once": 1, "always": 1000} {
		f := newFleet(34, before+after, before, func(_ bool, pod, _ int) does {
			return change(func(d *does) { d.requests, d.errors = 300, 0.002*float64(1+3*(pod%3)) })
		})
		left := times
		f.odd = func(r *rollout.Raw, _ time.Time) {
			if len(r.History.Requests.Series) > 0 && left > 0 {
				left--
				r.History.Errors = rollout.Reading{Why: rollout.WhyTimeout}
			}
		}
		_, state, _ := f.run(t, signalCase(), since.Add(10*interval))
		if s := plain(state); !strings.Contains(s, `"known":true`) || strings.Contains(s, `"error_spread":0.02,`) != (times > 1) || !strings.Contains(s, `"error_spread"`) {
			t.Errorf("unread %s: %.400s", name, s)
		}
	}
}

// Behind a proxy it is learned how a canary starts with its weight.
func TestStartsBehindAProxyAreLearned(t *testing.T) {
	t.Parallel()
	f := newFleet(42, before+after, before, only(well, 0))
	for _, p := range f.pods {
		for j := range p.series {
			p.series[j].Target = "job/10.0.0.1/ingress/traefik"
			p.series[j].Labels += p.name
		}
	}
	_, state, _ := f.run(t, signalCase(), since.Add(40*interval))
	if left := plain(judge.Judge{}.WarmStart(state)); !strings.Contains(left, `"pods":1}`) {
		t.Errorf("left is %s", left)
	}
}
