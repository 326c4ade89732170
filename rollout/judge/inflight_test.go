package judge_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// inFlight adds successes as a counter of its own, which counts a request some time after it began: so many are on their
// way in a scrape.
func inFlight(f *fleet, onTheirWay func(scrape int) float64) func(*rollout.Raw, time.Time) {
	return func(r *rollout.Raw, _ time.Time) {
		succeeded(r)
		for _, arm := range []*rollout.Read{&r.Canary, &r.Stable, &r.History} {
			for _, s := range arm.Success.Series {
				for i := range s.Points {
					s.Points[i].Value = max(0, s.Points[i].Value-onTheirWay(int(s.Points[i].At.Sub(f.from)/interval)))
				}
			}
			arm.Errors = rollout.Reading{}
		}
	}
}

// Where errors are the requests that did not succeed, those on their way are none, however many they are and however that
// swings. A canary of which requests do fail is found.
func TestRequestsOnTheirWayAreNoErrors(t *testing.T) {
	t.Parallel()
	for swings, onTheirWay := range map[string]func(int) float64{
		"none":            func(int) float64 { return 0 },
		"always as many":  func(int) float64 { return 30 },
		"up and down":     func(s int) float64 { return float64(s%3) * 9 },
		"a slow swing":    func(s int) float64 { return 25 + 20*math.Sin(float64(s)/3) },
		"now and then":    func(s int) float64 { return float64(s * 7919 % 13) },
		"a tenth of them": func(s int) float64 { return float64(10 + s*31%11) },
	} {
		for errors, want := range map[float64]rollout.Result{0: rollout.Pass, 0.1: rollout.Fail} {
			t.Run(fmt.Sprint(swings, ", errors ", errors), func(t *testing.T) {
				t.Parallel()
				f := newFleet(95, before+after, before, func(canary bool, _, scrape int) does {
					return change(func(d *does) {
						if d.errors = 0; canary && scrape >= 0 {
							d.errors = errors
						}
					})
				})
				f.odd = inFlight(f, onTheirWay)
				c := signalCase()
				c.Spec.Signals.Errors, c.Spec.Signals.Success = "", "s"
				v, state, _ := f.run(t, c, since.Add(40*interval))
				if v.Result != want {
					t.Errorf("%s, want %s: %+v", v.Result, want, v.Evidence[0])
				}
				if step := counts(t, state); errors == 0 && !slices.Contains([]any{nil, 0.0}, step[0]["errors"]) && step[0]["errors"].(float64) > 2*45 {
					t.Errorf("%v errors were counted, more than are on their way to both pods at most", step[0]["errors"])
				}
			})
		}
	}
}

// A histogram that lacks a compared bucket says nothing of its target: not that everything is slow.
func TestOnePodLacksABucket(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"canary", "stable"} {
		f := newFleet(96, before+after, before, only(well, 0))
		f.odd = func(r *rollout.Raw, _ time.Time) {
			latency := &r.Canary.Latency
			target := "pod-1"
			if side == "stable" {
				latency, target = &r.Stable.Latency, "pod-4"
			}
			without(latency, func(s rollout.Series) bool { return s.Target == target && s.Bound == 0.5 })
		}
		c := signalCase()
		v, _, _ := f.run(t, c, since.Add(30*interval))
		want := map[string]rollout.Why{"canary": rollout.WhyCoarse, "stable": rollout.WhyNone}[side]
		if e := v.Evidence[1]; v.Result == rollout.Fail || e.Why != want {
			t.Errorf("%s: %s because of %q, want %q", side, e.Result, e.Why, want)
		}
	}
}

// What stable has is no number: there is nothing to compare with, and nobody shares it.
func TestStableIsNoNumber(t *testing.T) {
	t.Parallel()
	f := newFleet(97, before+after, before, only(well, 0))
	f.odd = func(r *rollout.Raw, now time.Time) {
		for i := range r.Stable.Requests.Series {
			malformations["NaN"](&r.Stable.Requests.Series[i], now)
		}
	}
	v, _, _ := f.run(t, signalCase(), since.Add(20*interval))
	if worst, _ := v.Worst(); v.Result != rollout.Unknown || worst.Why != rollout.WhyNoData {
		t.Errorf("%s because of %q: %+v", v.Result, worst.Why, worst)
	}
}

// Of a histogram only the count of everything fell: what it shows then is left out, and is neither slow nor negative.
func TestOnlyTheCountOfAHistogramFalls(t *testing.T) {
	t.Parallel()
	f := newFleet(98, before+after, before, only(well, 0))
	f.odd = func(r *rollout.Raw, _ time.Time) {
		for i, s := range r.Canary.Latency.Series {
			if !math.IsInf(s.Bound, 1) {
				continue
			}
			points := slices.Clone(s.Points)
			for k := range points {
				if points[k].At.After(since.Add(12 * interval)) {
					points[k].Value = max(0, points[k].Value-400)
				}
			}
			r.Canary.Latency.Series[i].Points = points
		}
	}
	v, state, _ := f.run(t, signalCase(), since.Add(30*interval))
	step := counts(t, state)[0]
	if timed, all := step["timed"].(float64), step["requests"].(float64); v.Result != rollout.Pass || timed > all || timed < all/2 {
		t.Errorf("%s, %v of %v requests timed: %+v", v.Result, timed, all, v.Evidence[1])
	}
}
