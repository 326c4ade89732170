package judge_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// The tests in this file are of counters that fall though nothing was restarted, and of those that were.

// spoil gives the n-th sample of a target's counter another value, given its samples up to there.
type spoil func(s rollout.Series, points []rollout.Point, scrape int) float64

// spoiled has every answer show other counters of some pods.
func (f *fleet) spoiled(pods func(canary bool) bool, how spoil) {
	f.odd = func(raw *rollout.Raw, _ time.Time) {
		for arm, r := range map[bool][]*rollout.Read{true: {&raw.Canary}, false: {&raw.Stable, &raw.History}} {
			if !pods(arm) {
				continue
			}
			for _, read := range r {
				for _, reading := range []*rollout.Reading{&read.Requests, &read.Errors, &read.Latency} {
					reading.Series = slices.Clone(reading.Series)
					for i, s := range reading.Series {
						points := slices.Clone(s.Points)
						for n := 2; n < len(points); n++ {
							points[n].Value = how(s, s.Points[:n+1], int(s.Points[n].At.Sub(since)/interval)+1000)
						}
						reading.Series[i].Points = points
					}
				}
			}
		}
	}
}

// A fine canary is promoted, and a bad one found, whichever side's counters dip in whatever way.
func TestDipsAreNoRestarts(t *testing.T) {
	t.Parallel()
	kinds := map[string]spoil{
		"the whole histogram is one too low": func(s rollout.Series, p []rollout.Point, scrape int) float64 {
			if n := len(p); math.IsInf(s.Bound, 1) && scrape%7 == 3 {
				return p[n-2].Value - 1
			}
			return p[len(p)-1].Value
		},
		"requests and histogram are one too low": func(s rollout.Series, p []rollout.Point, scrape int) float64 {
			if n := len(p); (math.IsInf(s.Bound, 1) || s.Bound == 0 && s.Labels == "") && scrape%7 == 3 {
				return p[n-2].Value - 1
			}
			return p[len(p)-1].Value
		},
		"one bucket is lower": func(s rollout.Series, p []rollout.Point, scrape int) float64 {
			if n := len(p); s.Bound == 0.5 && scrape%7 == 3 {
				return p[n-2].Value - 9
			}
			return p[len(p)-1].Value
		},
		"another copy now and then": func(_ rollout.Series, p []rollout.Point, scrape int) float64 {
			if scrape%5 == 2 {
				return p[len(p)-3].Value
			}
			return p[len(p)-1].Value
		},
		"two copies in turn": func(_ rollout.Series, p []rollout.Point, scrape int) float64 {
			if scrape%2 == 1 {
				return p[len(p)-3].Value
			}
			return p[len(p)-1].Value
		},
		"an old copy for three scrapes": func(_ rollout.Series, p []rollout.Point, scrape int) float64 {
			if n := len(p); scrape%11 >= 8 {
				return p[max(0, n-2-scrape%11+7)].Value * 0.999
			}
			return p[len(p)-1].Value
		},
	}
	for kind, how := range kinds {
		for who, pods := range map[string]func(bool) bool{
			"the canary's": func(canary bool) bool { return canary }, "stable's": func(canary bool) bool { return !canary }, "all": func(bool) bool { return true },
		} {
			for health, does := range map[string]does{"fine": well, "errors": change(func(d *does) { d.errors = 0.05 }), "slow": change(func(d *does) { d.slow = 0.05 })} {
				t.Run(fmt.Sprint(kind, ", ", who, ", ", health), func(t *testing.T) {
					t.Parallel()
					f := newFleet(91, before+after, before, only(does, 8))
					f.spoiled(pods, how)
					v, _, at := f.run(t, signalCase(), since.Add(40*interval))
					if scrapes := int(at.Sub(since) / interval); v.Result == rollout.Fail != (health != "fine") || health != "fine" && scrapes > 17 {
						t.Errorf("%s after %d scrapes: %+v", v.Result, scrapes, v.Evidence)
					}
					if health == "fine" && v.Result != rollout.Pass {
						t.Errorf("it ends as %s: %+v", v.Result, v.Evidence)
					}
				})
			}
		}
	}
}

// A canary whose process starts again each few scrapes is found by the errors that it has since, and no fine one is
// wronged for it.
func TestRestartsLoseNoErrors(t *testing.T) {
	t.Parallel()
	for health, does := range map[string]does{"fine": well, "errors": change(func(d *does) { d.errors = 0.05 })} {
		for _, every := range []int{3, 7} {
			t.Run(fmt.Sprint(health, ", each ", every), func(t *testing.T) {
				t.Parallel()
				f := newFleet(92, before+after, before, only(does, 8))
				for _, p := range f.pods {
					for j := range p.series {
						if j == 2 || !p.canary {
							continue
						}
						from := 0.0 // what its process did not count
						for n := range p.series[j].Points {
							total := p.series[j].Points[n].Value
							p.series[j].Points[n].Value -= from
							if n%every == 0 {
								from = total
							}
						}
					}
				}
				v, _, at := f.run(t, signalCase(), since.Add(40*interval))
				if v.Result == rollout.Fail != (health != "fine") || health != "fine" && at.After(since.Add(16*interval)) {
					t.Errorf("%s after %s: %+v", v.Result, at.Sub(since), v.Evidence)
				}
			})
		}
	}
}
