package judge_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// handlers are how a fleet's requests spread over the values of a label.
type handlers struct {
	many   int
	weight func(handler int) float64                           // of the requests
	errors func(canary bool, pod, handler, scrape int) float64 // the share that fails
}

// byHandler counts a fleet's requests and errors by handler too, beginning so many scrapes before the weight. Whoever
// asks which are the busiest gets those of stable.
func (f *fleet) byHandler(h handlers, scrapes, before int, what func(canary bool, pod, scrape int) does) {
	type counted struct{ requests, errors []float64 }
	all, sum := make([][]counted, len(f.pods)), 0.0
	for i := range h.many {
		sum += h.weight(i)
	}
	for i, p := range f.pods {
		all[i] = make([]counted, h.many)
		for g := range all[i] {
			var c counted
			requests, errors := 0.0, 0.0
			for s := range scrapes {
				d := what(p.canary, i, s-before)
				n := f.poisson(d.requests * h.weight(g) / sum)
				requests, errors = requests+n, errors+f.coins(n, h.errors(p.canary, i, g, s-before))
				c.requests, c.errors = append(c.requests, requests), append(c.errors, errors)
			}
			all[i][g] = c
		}
	}
	split := func(r rollout.Reading, of func(counted) []float64) (out rollout.Reading) {
		for _, s := range r.Series {
			for i, p := range f.pods {
				if p.name != s.Target {
					continue
				}
				for g := range all[i] {
					one := rollout.Series{Target: s.Target, Group: fmt.Sprint("/", g), Labels: fmt.Sprint(s.Target, s.Labels, "/", g)}
					for _, point := range s.Points {
						k := int(point.At.Sub(f.from.Add(p.offset)) / f.scrape)
						if v := of(all[i][g])[k]; v > 0 {
							one.Points = append(one.Points, rollout.Point{At: point.At, Value: v})
						}
					}
					if len(one.Points) > 0 {
						out.Series = append(out.Series, one)
					}
				}
			}
		}
		return out
	}
	f.odd = func(raw *rollout.Raw, now time.Time) {
		for _, arm := range []*rollout.Read{&raw.Canary, &raw.Stable} {
			arm.Errors = split(arm.Requests, func(c counted) []float64 { return c.errors })
			arm.Requests = split(arm.Requests, func(c counted) []float64 { return c.requests })
		}
		for g := range min(h.many, rollout.Groups) {
			raw.Groups.Series = append(raw.Groups.Series, rollout.Series{Group: fmt.Sprint("/", g), Points: []rollout.Point{{At: now, Value: h.weight(g)}}})
		}
	}
}

// twenty handlers whose requests differ by an order of magnitude, each with so many errors.
func twenty(errors func(canary bool, pod, handler, scrape int) float64) handlers {
	return handlers{many: 20, weight: func(g int) float64 { return 1 / float64(1+g/2) }, errors: errors}
}

// five is a rollout at 5 % of 100 requests a second, with a label to look by.
func five() (rollout.Case, func(canary bool, pod, scrape int) does) {
	c := signalCase()
	c.Spec.Signals.By = "handler"
	c.Spec.Plan.Steps[0].Weight = 5
	return c, func(canary bool, _, _ int) does {
		return change(func(d *does) {
			if d.requests = 356; canary {
				d.requests = 37
			}
		})
	}
}

func handled(seed uint64, h handlers) (*fleet, rollout.Case) {
	c, what := five()
	f := newFleet(seed, before+after, before, what)
	f.byHandler(h, before+after, before, what)
	return f, c
}

// One endpoint of twenty that fails is found and named, though all together have hardly more errors.
func TestOneHandlerOfTwenty(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		handler int
		share   float64
		within  time.Duration // for nine of ten
	}{
		"a busy one fails 30 %":        {1, 0.3, 65 * time.Second},
		"one in the middle fails 30 %": {10, 0.3, 5 * time.Minute},
		"one in the middle fails all":  {10, 1, 110 * time.Second},
		"a rare one fails all":         {19, 1, 140 * time.Second},
	} {
		found, named := 0, 0
		const runs = 20
		for seed := range uint64(runs) {
			f, c := handled(seed, twenty(func(canary bool, _, g, scrape int) float64 {
				if canary && g == tt.handler && scrape >= 8 {
					return tt.share
				}
				return 0.001
			}))
			v, _, at := f.run(t, c, since.Add(40*interval))
			if v.Result == rollout.Fail && at.Sub(since.Add(8*interval)) <= tt.within {
				found++
			}
			if e, _ := v.Worst(); e.Part != nil && *e.Part == (rollout.Part{Label: "handler", Value: fmt.Sprint("/", tt.handler)}) && *e.Canary > 4**e.Stable {
				named++
			}
		}
		if found < runs*9/10 || named < runs*9/10 {
			t.Errorf("%s: %d of %d within %s, %d named", name, found, runs, tt.within, named)
		}
	}
}

// Healthy canaries through the whole judge, however different their handlers are, and where a burst of one reaches both
// sides a scrape or two apart. TestHealthyStrata has more seeds.
func TestHealthyHandlers(t *testing.T) {
	t.Parallel()
	base := []float64{0.001, 0.05, 0, 0.02, 0.3}
	for late := range 3 {
		wronged := 0
		const runs = 12
		for seed := range uint64(runs) {
			f, c := handled(1000+seed, twenty(func(canary bool, _, g, scrape int) float64 {
				if canary {
					scrape += late
				}
				if g == 10 && scrape >= 15 && scrape < 18 {
					return 0.3
				}
				return base[g%len(base)]
			}))
			if v, _, _ := f.run(t, c, since.Add(25*interval)); v.Result == rollout.Fail {
				wronged++
			}
		}
		if wronged > 1 {
			t.Errorf("a burst that reaches stable %d scrapes later: %d of %d wronged", late, wronged, runs)
		}
	}
}

// However many values the label has and however long they are, what is stored stays small.
func TestStrataAreSmall(t *testing.T) {
	t.Parallel()
	f, c := handled(7, handlers{many: 60, weight: func(int) float64 { return 1 }, errors: func(bool, int, int, int) float64 { return 0.01 }})
	_, with, _ := f.run(t, c, since.Add(30*interval))
	c.Spec.Signals.By = ""
	_, without, _ := f.run(t, c, since.Add(30*interval))
	if more := len(with.Bytes()) - len(without.Bytes()); more > 3000 || more < 500 {
		t.Errorf("%d bytes with, %d without", len(with.Bytes()), len(without.Bytes()))
	}
}

// A judge changes no state that it returned: whoever keeps it goes on from it again.
func TestStrataOfAStateStay(t *testing.T) {
	t.Parallel()
	f, c := handled(8, twenty(func(bool, int, int, int) float64 { return 0.1 }))
	_, state, at := f.run(t, c, since.Add(10*interval))
	before := string(state.Bytes())
	_, next := f.judge(c, state, at.Add(interval))
	if string(state.Bytes()) != before || string(next.Bytes()) == before {
		t.Error("it changed, or nothing was judged")
	}
	again, fromStored := f.judge(c, rollout.StoredJudgeState([]byte(before)), at.Add(interval))
	if string(fromStored.Bytes()) != string(next.Bytes()) || again.Odds == 0 {
		t.Error("going on from what was stored comes to another state")
	}
}

// Without the label in the store nothing is asked for ever, and the rest is judged.
func TestALabelThatNobodyHas(t *testing.T) {
	t.Parallel()
	c, _ := five()
	c.Spec.Plan.Steps[0].Weight = 33
	f := newFleet(3, before+after, before, only(change(func(d *does) { d.errors = 0.1 }), 10))
	asked := 0
	f.odd = func(*rollout.Raw, time.Time) { asked++ }
	v, state, _ := f.run(t, c, since.Add(30*interval))
	c.State, c.Now = state, since.Add(31*interval)
	if v.Result != rollout.Fail || math.IsNaN(v.Odds) || (judge.Judge{}).Want(c).Groups {
		t.Errorf("%s, odds %v, after %d questions %+v", v.Result, v.Odds, asked, judge.Judge{}.Want(c))
	}
}
