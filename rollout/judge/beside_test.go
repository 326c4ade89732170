package judge_test

import (
	"math"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// besideCase is a rollout at 5 % of 100 requests a second, whose signals have everything.
func besideCase() rollout.Case {
	c, _ := five()
	c.Spec.Signals.By = ""
	c.Spec.Signals.InFlight, c.Spec.Signals.Restarts, c.Spec.Signals.ClientErrors = "i", "k", "c"
	return c
}

// besides are what a pod shows beside its requests, by the number of its sample: from the first one read, a negative
// number is before the weight.
type besides struct {
	inFlight, restarts, refused func(canary bool, pod, scrape int) float64 // refused counts up
}

// shows adds what pods show beside their requests to each answer.
func (f *fleet) shows(b besides) {
	add := func(r *rollout.Read, canary bool) {
		of := func(what func(bool, int, int) float64) (out rollout.Reading) {
			for _, s := range r.Requests.Series {
				for i, p := range f.pods {
					if p.name != s.Target || what == nil {
						continue
					}
					one := rollout.Series{Target: s.Target, Labels: s.Target + "beside"}
					for _, point := range s.Points {
						n := int(math.Floor(point.At.Sub(since).Seconds() / interval.Seconds()))
						one.Points = append(one.Points, rollout.Point{At: point.At, Value: what(canary, i, n)})
					}
					out.Series = append(out.Series, one)
				}
			}
			return out
		}
		r.InFlight, r.Restarts, r.ClientErrors = of(b.inFlight), of(b.restarts), of(b.refused)
	}
	f.odd = func(raw *rollout.Raw, _ time.Time) {
		add(&raw.Canary, true)
		add(&raw.Stable, false)
		add(&raw.History, false)
	}
}

// running is a Poisson count that is the same whenever it is asked for.
func (f *fleet) running(mean func(canary bool, pod, scrape int) float64) func(bool, int, int) float64 {
	known := map[[2]int]float64{}
	return func(canary bool, pod, scrape int) float64 {
		key := [2]int{pod, scrape}
		if _, ok := known[key]; !ok {
			known[key] = f.poisson(mean(canary, pod, scrape))
		}
		return known[key]
	}
}

// adding is a counter that grows by such counts.
func (f *fleet) adding(mean func(canary bool, pod, scrape int) float64) func(bool, int, int) float64 {
	known := map[int][]float64{} // by pod, from the first scrape on
	return func(canary bool, pod, scrape int) float64 {
		sums := known[pod]
		for n := len(sums) - before; n <= scrape; n++ {
			sums = append(sums, f.poisson(mean(canary, pod, n))+last(sums))
		}
		known[pod] = sums
		return sums[max(scrape+before, 0)]
	}
}

func last(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1]
}

// hanging is a fleet of which so many of the canary's requests never end from a scrape on; each of the others takes so
// long.
func hanging(seed uint64, share float64, from int, each time.Duration) *fleet {
	_, what := five()
	did := func(canary bool, pod, scrape int) does {
		d := what(canary, pod, scrape)
		if canary && scrape >= from {
			d.requests *= 1 - share
		}
		return d
	}
	f := newFleet(seed, before+after, before, did)
	left := f.adding(func(canary bool, pod, scrape int) float64 {
		if canary && scrape >= from {
			return what(canary, pod, scrape).requests * share
		}
		return 0
	})
	served := f.running(func(canary bool, pod, scrape int) float64 {
		return did(canary, pod, scrape).requests / interval.Seconds() * each.Seconds()
	})
	f.shows(besides{inFlight: func(canary bool, pod, scrape int) float64 {
		return left(canary, pod, scrape) + served(canary, pod, scrape)
	}})
	return f
}

// worsts judges so many seeds, and returns how many failed for a reason, for another, within which time nine of ten did,
// and how many asked for it at some time.
func worsts(t *testing.T, runs int, why rollout.Why, until time.Duration, world func(seed uint64) *fleet) (found, others, asked int, ninth time.Duration) {
	t.Helper()
	var took []time.Duration
	for seed := range uint64(runs) {
		f := world(seed)
		v, at, askedFor := f.watched(t, besideCase(), since.Add(until), why)
		if askedFor {
			asked++
		}
		if v.Result != rollout.Fail {
			continue
		}
		if e, _ := v.Worst(); e.Why == why {
			found++
			took = append(took, at.Sub(since))
		} else {
			others++
		}
	}
	return found, others, asked, ninthOf(took)
}

func ninthOf(took []time.Duration) (longest time.Duration) {
	for i := range took {
		for j := i + 1; j < len(took); j++ {
			if took[j] < took[i] {
				took[i], took[j] = took[j], took[i]
			}
		}
	}
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*9/10]
}

// watched is run, and notes whether somebody is asked for a reason.
func (f *fleet) watched(t *testing.T, c rollout.Case, until time.Time, why rollout.Why) (v rollout.Verdict, now time.Time, asked bool) {
	t.Helper()
	var state rollout.JudgeState
	for now = since.Add(4 * time.Second); now.Before(until); now = now.Add(interval) {
		v, state = f.judge(c, state, now)
		if e, ok := v.Asks(); ok && e.Why == why {
			asked = true
		}
		if v.Result == rollout.Fail {
			break
		}
	}
	return v, now, asked
}

// Requests that never end are found by what is under way.
func TestHangs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		share  float64
		from   int
		within time.Duration
	}{
		"60 %":                            {0.6, 0, 2 * time.Minute},
		"30 %":                            {0.3, 0, 2 * time.Minute},
		"15 %":                            {0.15, 0, 4 * time.Minute},
		"30 %, from the middle of a step": {0.3, 20, 5*time.Minute + 2*time.Minute},
	} {
		const runs = 12
		found, others, _, ninth := worsts(t, runs, rollout.WhyHangs, 9*time.Minute, func(seed uint64) *fleet {
			return hanging(seed, tt.share, tt.from, 60*time.Millisecond)
		})
		if found+others < runs*95/100 || found < runs*8/10 || ninth > tt.within {
			t.Errorf("%s: %d of %d found, %d by others, nine of ten within %s", name, found, runs, others, ninth)
		}
	}
}

// What is under way where all is well: much or little of it, slow starts, and a wave that reaches both sides a scrape apart.
func TestNothingHangs(t *testing.T) {
	t.Parallel()
	_, what := five()
	level := func(each func(canary bool, scrape int) time.Duration) func(seed uint64) *fleet {
		return func(seed uint64) *fleet {
			f := newFleet(1000+seed, before+after, before, what)
			f.shows(besides{inFlight: f.running(func(canary bool, pod, scrape int) float64 {
				return what(canary, pod, scrape).requests / interval.Seconds() * each(canary, scrape).Seconds()
			})})
			return f
		}
	}
	for name, world := range map[string]func(seed uint64) *fleet{
		"quick": level(func(bool, int) time.Duration { return 60 * time.Millisecond }),
		"slow":  level(func(bool, int) time.Duration { return 20 * time.Second }),
		"twice as slow at first": level(func(canary bool, scrape int) time.Duration {
			if canary {
				return 5*time.Second + time.Duration(5*math.Exp(-float64(scrape)/4)*float64(time.Second))
			}
			return 5 * time.Second
		}),
		"a wave": level(func(canary bool, scrape int) time.Duration {
			if canary {
				scrape++
			}
			if scrape >= 15 && scrape < 18 {
				return 30 * time.Second
			}
			return time.Second
		}),
	} {
		const runs = 8
		if found, others, asked, _ := worsts(t, runs, rollout.WhyHangs, 7*time.Minute, world); found+others+asked > 0 {
			t.Errorf("%s: %d of %d, %d by others, asked %d", name, found, runs, others, asked)
		}
	}
}

// restarting is a fleet whose canary's pods restart each so often in the mean, and stable's.
func restarting(seed uint64, canary, stable time.Duration) *fleet {
	_, what := five()
	f := newFleet(seed, before+2*after, before, what)
	f.shows(besides{restarts: f.adding(func(is bool, _, _ int) float64 {
		if is {
			return interval.Seconds() / canary.Seconds()
		}
		return interval.Seconds() / stable.Seconds()
	})})
	return f
}

// Restarts are found, and asked about before that; those that stable has too are not.
func TestRestarts(t *testing.T) {
	t.Parallel()
	// TestHealthyRestarts has more seeds.
	const never = 1000 * time.Hour
	for name, tt := range map[string]struct {
		canary, stable time.Duration
		runs           int
		found          [2]int // in a hundred, at least and at most
		asked          [2]int
	}{
		"each three minutes":        {3 * time.Minute, never, 12, [2]int{80, 100}, [2]int{90, 100}},
		"each ten minutes":          {10 * time.Minute, never, 12, [2]int{0, 60}, [2]int{20, 100}},
		"never":                     {never, never, 6, [2]int{0, 0}, [2]int{0, 0}},
		"now and then, as stable's": {time.Hour, time.Hour, 6, [2]int{0, 0}, [2]int{0, 0}},
		"often, as stable's":        {10 * time.Minute, 10 * time.Minute, 6, [2]int{0, 0}, [2]int{0, 0}},
		"all the time, as stable's": {2 * time.Minute, 2 * time.Minute, 6, [2]int{0, 0}, [2]int{0, 0}},
	} {
		found, others, asked, ninth := worsts(t, tt.runs, rollout.WhyRestarts, 18*time.Minute, func(seed uint64) *fleet { return restarting(seed, tt.canary, tt.stable) })
		in := func(n int, limits [2]int) bool { return n*100 >= limits[0]*tt.runs && n*100 <= limits[1]*tt.runs }
		if !in(found, tt.found) || !in(asked, tt.asked) || others > 0 {
			t.Errorf("%s: %d of %d found, %d asked, %d by others; nine of ten within %s", name, found, tt.runs, asked, others, ninth)
		}
	}
}

// refusing is a fleet whose sides answer so many requests with a 4xx.
func refusing(seed uint64, share func(canary bool, scrape int) float64) *fleet {
	_, what := five()
	f := newFleet(seed, before+after, before, what)
	f.shows(besides{refused: f.adding(func(canary bool, pod, scrape int) float64 {
		return what(canary, pod, scrape).requests * share(canary, scrape)
	})})
	return f
}

// A version that refuses more than stable is asked about; one that refuses far more is rolled back.
func TestRefusals(t *testing.T) {
	t.Parallel()
	shares := func(canary, stable float64) func(bool, int) float64 {
		return func(is bool, _ int) float64 {
			if is {
				return canary
			}
			return stable
		}
	}
	for name, tt := range map[string]struct {
		share func(canary bool, scrape int) float64
		runs  int
		found [2]int
		asked [2]int
	}{
		"half instead of 3 %": {shares(0.5, 0.03), 12, [2]int{95, 100}, [2]int{0, 100}},
		"12 % instead of 3 %": {shares(0.12, 0.03), 12, [2]int{0, 0}, [2]int{90, 100}},
		"a little more":       {shares(0.04, 0.03), 6, [2]int{0, 0}, [2]int{0, 0}},
		"as many, and many":   {shares(0.4, 0.4), 6, [2]int{0, 0}, [2]int{0, 0}},
		"fewer":               {shares(0.01, 0.3), 6, [2]int{0, 0}, [2]int{0, 0}},
		"a crawler, the canary first": {func(canary bool, scrape int) float64 {
			if canary {
				scrape++
			}
			if scrape >= 15 && scrape < 19 {
				return 0.4
			}
			return 0.02
		}, 6, [2]int{0, 0}, [2]int{0, 0}},
	} {
		found, others, asked, ninth := worsts(t, tt.runs, rollout.WhyRefused, 9*time.Minute, func(seed uint64) *fleet { return refusing(seed, tt.share) })
		in := func(n int, limits [2]int) bool { return n*100 >= limits[0]*tt.runs && n*100 <= limits[1]*tt.runs }
		if !in(found, tt.found) || !in(asked, tt.asked) || others > 0 {
			t.Errorf("%s: %d of %d found, %d asked, %d by others; nine of ten within %s", name, found, tt.runs, asked, others, ninth)
		}
	}
}
