package trial_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

const planned = 60

// side is an arm with these shares of errors and of requests beyond every bound, without chance.
func side(requests, errors, slow float64) trial.Arm {
	a := trial.Arm{Requests: requests, Errors: requests * errors, Timed: requests, Pods: 2}
	for b := range a.Slow {
		a.Slow[b] = requests * slow
	}
	return a
}

func both(canary, stable trial.Arm) trial.Scrape {
	return trial.Scrape{Canary: canary, Stable: stable, Age: 600,
		Weight: (canary.Requests + 1e-9) / (canary.Requests + stable.Requests + 2e-9),
		Least:  (canary.Requests + 1e-9) / (canary.Requests + stable.Requests + 2e-9) / 2}
}

// What each check says of a canary that goes on like this, and after how many scrapes at the latest.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	fine := side(10_000, 0.001, 0.002)
	for name, tt := range map[string]struct {
		in     trial.Scrape
		within int
		worst  trial.Check
	}{
		"errors":                    {both(side(1000, 0.02, 0.002), fine), 6, trial.Errors},
		"few errors, many requests": {both(side(100_000, 0.005, 0.002), side(1e6, 0.001, 0.002)), 4, trial.Errors},
		"slower":                    {both(side(1000, 0.001, 0.03), fine), 4, trial.Latency},
		"nobody to compare with":    {both(side(1000, 0.05, 0.002), side(0, 0, 0)), 16, trial.ErrorLimit},
		"slow beside nobody":        {both(side(1000, 0, 0.05), side(0, 0, 0)), 16, trial.SlowLimit},
		"everything fails":          {both(side(50, 1, 0), fine), 1, trial.Errors},
		"the traffic goes past it":  {trial.Scrape{Canary: side(0, 0, 0), Stable: fine, Weight: 0.05, Least: 0.025, Age: 600}, 3, trial.Share},
	} {
		o := trial.Defaults(planned)
		var s trial.State
		var v trial.Verdict
		at := 0
		for at < planned && !v.Rejected {
			v = s.Add(&o, tt.in)
			at++
		}
		if !v.Rejected || at > tt.within || v.Worst != tt.worst || v.Proved {
			t.Errorf("%s: after %d scrapes %+v; it should be found within %d, by %s", name, at, v, tt.within, tt.worst)
		}
	}
}

// Memory that will reach its limit within the hour is found long before; what comes and goes, or grows as every process
// does at first, is not taken for that.
func TestMemoryThatGrows(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for name, tt := range map[string]struct {
		use  func(scrape int) float64
		want bool
	}{
		"it leaks":                  {func(s int) float64 { return (200 + 4*float64(s)) * mib }, true},
		"it goes up and down":       {func(s int) float64 { return (200 + 40*float64(s%3)) * mib }, false},
		"it jumps once":             {func(s int) float64 { return (200 + 150*float64(min(s/20, 1))) * mib }, false},
		"it grows, and not too far": {func(s int) float64 { return (200 + 0.1*float64(s)) * mib }, false},
		"nobody knows":              {func(int) float64 { return 0 }, false},
	} {
		o := trial.Defaults(planned)
		o.MemoryLimit, o.MemoryNoise = 512*mib, mib
		var s trial.State
		against := 0
		for at := 1; at <= planned && against == 0; at++ {
			in := both(side(1000, 0.001, 0.002), side(10_000, 0.001, 0.002))
			in.Memory = tt.use(at)
			if v := s.Add(&o, in); v.Rejected {
				against = at
				if v.Worst != trial.Memory || tt.use(at) > 400*mib {
					t.Errorf("%s: %+v at %v MiB", name, v, tt.use(at)/mib)
				}
			}
		}
		if against > 0 != tt.want {
			t.Errorf("%s: found at scrape %d", name, against)
		}
	}
}

// A fine canary is proved so, not before the step has lasted, and for each step anew.
func TestHealthIsProvedInEachStep(t *testing.T) {
	t.Parallel()
	o := trial.Defaults(planned)
	var s trial.State
	for step := range 3 {
		for at := 1; at <= o.Dwell+12; at++ {
			v := s.Add(&o, both(side(5000, 0.001, 0.002), side(50_000, 0.001, 0.002)))
			if v.Rejected || v.SharedErrors || v.SharedSlow {
				t.Fatalf("step %d, scrape %d: %+v", step, at, v)
			}
			if v.Proved != (at >= o.Dwell) {
				t.Errorf("step %d, scrape %d: proved is %v with a dwell of %d", step, at, v.Proved, o.Dwell)
			}
		}
		s.Advance()
	}
}

// Little traffic proves nothing and condemns nobody.
func TestLittleTrafficSaysNothing(t *testing.T) {
	t.Parallel()
	o := trial.Defaults(planned)
	var s trial.State
	for range planned {
		if v := s.Add(&o, both(side(2, 0, 0), side(20, 0, 0))); v.Rejected || v.Proved {
			t.Fatalf("%+v", v)
		}
	}
	one := side(2, 0, 0)
	one.Errors = 1
	if v := s.Add(&o, both(one, side(20, 0, 0))); v.Rejected {
		t.Errorf("one error of two requests condemned: %+v", v)
	}
}

// An incident of both sides condemns nobody and lets nobody on.
func TestSharedIncident(t *testing.T) {
	t.Parallel()
	o := trial.Defaults(planned)
	var s trial.State
	for at := range planned {
		v := s.Add(&o, both(side(1000, 0.05, 0.002), side(10_000, 0.05, 0.002)))
		if v.Rejected || v.Proved || !v.SharedErrors {
			t.Fatalf("scrape %d: %+v", at, v)
		}
	}
}

// One scrape alone condemns nobody, however many requests it had, unless half of them were bad.
func TestOneScrapeIsCapped(t *testing.T) {
	t.Parallel()
	fine := both(side(100_000, 0.001, 0.002), side(1e6, 0.001, 0.002))
	for bad, want := range map[float64]bool{0.1: false, 0.49: false, 0.5: true, 1: true} {
		o := trial.Defaults(planned)
		var s trial.State
		for range 10 {
			s.Add(&o, fine)
		}
		burst := fine
		burst.Canary.Errors = burst.Canary.Requests * bad
		if v := s.Add(&o, burst); v.Rejected != want {
			t.Errorf("%v of a scrape's requests failed: %+v, want against %v", bad, v, want)
		}
		for range 20 {
			if v := s.Add(&o, fine); !want && v.Rejected {
				t.Fatalf("condemned after the burst of %v: %+v", bad, v)
			}
		}
	}
}

// coins draws what a side does whose requests are independent.
func coins(r *rand.Rand, requests int, errors, slow float64) trial.Arm {
	a := trial.Arm{Requests: float64(requests), Timed: float64(requests), Pods: 2}
	for range requests {
		if r.Float64() < errors {
			a.Errors++
		}
		if r.Float64() < slow {
			for b := range a.Slow {
				a.Slow[b]++
			}
		}
	}
	return a
}

// The budget: of canaries that are exactly as bad as they may be in everything at once, at most a share alpha is taken
// back, though they are looked at after every scrape.
func TestBudget(t *testing.T) {
	t.Parallel()
	const rollouts, alpha = 400, 0.1
	r := rand.New(rand.NewPCG(1, 2))
	o := trial.Defaults(planned)
	o.Alpha, o.Cap = alpha, 0
	o.ErrorLimit, o.SlowLimit = o.Errors.Bound(0.02), o.Latency.Bound(0.02)
	back := 0
	for range rollouts {
		var s trial.State
		for range planned {
			in := both(coins(r, 30, o.Errors.Bound(0.02), o.Latency.Bound(0.02)), coins(r, 90, 0.02, 0.02))
			if s.Add(&o, in).Rejected {
				back++
				break
			}
		}
	}
	if limit := alpha * rollouts; float64(back) > limit {
		t.Errorf("%d of %d were rolled back; the budget is %v", back, rollouts, limit)
	}
}

// What is stored goes on to the same numbers.
func TestStateIsStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := trial.Defaults(planned)
		var s trial.State
		for range rapid.IntRange(1, 20).Draw(t, "before") {
			s.Add(&o, anything(t))
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 12288 {
			t.Fatalf("%d bytes to store", len(b))
		}
		var again trial.State
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		next := anything(t)
		if want, got := s.Add(&o, next), again.Add(&o, next); got != want || s != again {
			t.Fatalf("after the store %+v, without it %+v", got, want)
		}
	})
}

// anything draws a scrape that a Prometheus could show.
func anything(t *rapid.T) trial.Scrape {
	arm := func(name string) trial.Arm {
		n := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 10), rapid.Float64Range(0, 1e7)).Draw(t, name)
		share := func() float64 {
			return rapid.OneOf(rapid.Just(0.0), rapid.Just(1.0), rapid.Float64Range(0, 1)).Draw(t, name+"'s share")
		}
		a := trial.Arm{Requests: n, Timed: n, Errors: n * share(), Pods: rapid.IntRange(0, 50).Draw(t, "pods")}
		left := n
		for b := range a.Slow {
			left *= share()
			a.Slow[b] = left
		}
		return a
	}
	return trial.Scrape{Canary: arm("canary"), Stable: arm("stable"), Weight: rapid.Float64Range(0, 1).Draw(t, "weight"),
		Age: rapid.Float64Range(0, 1e5).Draw(t, "age"), Memory: rapid.Float64Range(0, 1e10).Draw(t, "memory")}
}

// Whatever Prometheus shows, a verdict is made of numbers.
func TestVerdictsAreNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := trial.Defaults(planned)
		o.MemoryLimit, o.MemoryNoise = 1e9, 1e6
		o.ErrorSpread = rapid.Float64Range(0, 1).Draw(t, "spread")
		var s trial.State
		for range rapid.IntRange(1, 3*planned).Draw(t, "scrapes") {
			in := anything(t)
			in.Slack = trial.GuessedSlack(in.Age, [trial.Bounds]float64{.25, .08, .02, .01})
			v := s.Add(&o, in)
			if math.IsNaN(v.LogOdds) || math.IsInf(v.LogOdds, 0) || v.Rejected && v.Proved {
				t.Fatalf("%+v", v)
			}
			for c := range trial.Checks {
				if l := s.LogOdds(c); math.IsNaN(l) || math.IsInf(l, 0) {
					t.Fatalf("%s: %v", c, l)
				}
			}
		}
	})
}

func TestSpread(t *testing.T) {
	t.Parallel()
	const pods, scrapes, requests = 10, 60, 200
	history := func(share func(r *rand.Rand, pod, scrape int) float64) [][]bet.Counts {
		r := rand.New(rand.NewPCG(3, 4))
		all := make([][]bet.Counts, pods)
		for p := range all {
			for s := range scrapes {
				a := coins(r, requests, share(r, p, s), 0)
				all[p] = append(all[p], bet.Counts{N: a.Requests, Bad: a.Errors})
			}
		}
		return all
	}
	swings := func(_ *rand.Rand, _, scrape int) float64 { return 0.02 * (1 + 0.9*math.Sin(float64(scrape))) }
	for name, tt := range map[string]struct {
		share func(r *rand.Rand, pod, scrape int) float64
		more  bool
	}{
		"coins":                      {func(*rand.Rand, int, int) float64 { return 0.02 }, false},
		"all pods swing together":    {swings, false},
		"pods differ for ever":       {func(_ *rand.Rand, pod, _ int) float64 { return 0.01 * float64(1+pod%3) }, true},
		"each scrape is of its own":  {func(r *rand.Rand, _, _ int) float64 { return 0.04 * r.Float64() * r.Float64() }, true},
		"nothing was ever requested": {func(*rand.Rand, int, int) float64 { return 0 }, false},
	} {
		if got := trial.Spread(history(tt.share)); got > 0 != tt.more || got < 0 || got > 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := trial.Spread(nil); got != 0 {
		t.Errorf("no pods: %v", got)
	}
}

// A scrape is judged without allocating, so that a bot may watch as many services as it likes.
func TestNothingIsAllocated(t *testing.T) {
	o := trial.Defaults(planned)
	var s trial.State
	in := both(side(1000, 0.001, 0.002), side(10_000, 0.001, 0.002))
	in.Slack = trial.GuessedSlack(30, [trial.Bounds]float64{.25, .08, .02, .01})
	if n := testing.AllocsPerRun(100, func() { s.Add(&o, in) }); n != 0 {
		t.Errorf("%v allocations for a scrape", n)
	}
}

func BenchmarkScrape(b *testing.B) {
	o := trial.Defaults(planned)
	var s trial.State
	in := both(side(1000, 0.001, 0.002), side(10_000, 0.001, 0.002))
	b.ReportAllocs()
	for b.Loop() {
		s.Add(&o, in)
	}
}
