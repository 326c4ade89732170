package judge_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// BenchmarkScrape judges one more scrape in the middle of a step: what production does for each service every quarter of
// a minute. There are three checks, and 10 pods of the canary beside 20 of stable.
func BenchmarkScrape(b *testing.B) {
	c := look(b)
	b.ReportAllocs()
	for b.Loop() {
		judge.Judge{}.Judge(c)
	}
}

// BenchmarkStore makes the bytes that are stored of a state: what happens with each commit, about once a minute.
func BenchmarkStore(b *testing.B) {
	_, state := judge.Judge{}.Judge(look(b))
	b.ReportAllocs()
	for b.Loop() {
		state.Bytes()
	}
}

// look is a case with one more scrape of 10 and 20 pods to be judged, whose state is one between two commits.
func look(t testing.TB) rollout.Case {
	f := many(31, 10, 20, func(bool, int, int) does { return change(func(d *does) { d.errors, d.slow = 0.004, 0.02 }) })
	c := signalCase()
	var state rollout.JudgeState
	for scrape := range 25 {
		_, state = judgeScrape(f, c, state, scrape)
	}
	c.State, c.Now = state, since.Add(25*interval+4*time.Second)
	c.Raw = f.ask(judge.Judge{}.Want(c), c.Now)
	return c
}

// A look at 10 and 20 pods takes few allocations, for it happens for every service all the time.
func TestALookAllocatesLittle(t *testing.T) {
	c := look(t)
	if n := testing.AllocsPerRun(100, func() { judge.Judge{}.Judge(c) }); n > 50 {
		t.Errorf("%v allocations", n)
	}
}

// What is stored of a rollout with 10 and 20 pods takes 4 KiB at most, whatever its canary is like, and is what the judge goes
// on from as if it had never been stored.
func TestTheStateIsSmall(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]does{
		"fine": well, "failing": change(func(d *does) { d.errors = 0.02 }), "slow": change(func(d *does) { d.slow = 0.1 }),
		"idle": change(func(d *does) { d.requests = 0 }), "busy": change(func(d *does) { d.requests, d.errors = 900, 0.004 }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := many(33, 10, 20, only(what, 12))
			c := signalCase()
			var state rollout.JudgeState
			most := 0
			for scrape := range 40 {
				if scrape == 30 {
					c.Since = since.Add(30 * interval)
				}
				v, next := judgeScrape(f, c, state, scrape)
				stored := next.Bytes()
				most = max(most, len(stored))
				same, again := judgeScrape(f, c, rollout.StoredJudgeState(state.Bytes()), scrape)
				if diff := cmp.Diff(v, same); diff != "" || !next.Equal(again) {
					t.Fatalf("scrape %d differs where the state was stored:\n%s", scrape, diff)
				}
				state = next
			}
			if most > 4096 {
				t.Errorf("%d bytes are stored", most)
			}
		})
	}
}

// Nobody changes what was remembered: whoever goes on from it twice comes to the same.
func TestAStateIsNeverChanged(t *testing.T) {
	t.Parallel()
	f := newFleet(34, before+after, before, only(change(func(d *does) { d.errors = 0.01 }), 8))
	c := signalCase()
	own := 2.0
	c.Spec.Checks = append(c.Spec.Checks, rollout.Check{Name: "own", Query: "up", Threshold: 1, Comparison: rollout.LessThan, Interval: interval})
	var state rollout.JudgeState
	for scrape := range 40 {
		c.Samples = []rollout.Sample{{Check: "own", At: since.Add(time.Duration(scrape) * interval), Canary: &own}}
		before := plain(state)
		_, first := judgeScrape(f, c, state, scrape)
		kept := plain(first)
		_, second := judgeScrape(f, c, state, scrape)
		judge.Judge{}.WarmStart(first)
		if plain(state) != before || plain(first) != kept || plain(second) != kept {
			t.Fatalf("scrape %d changed what was remembered before", scrape)
		}
		state = first
	}
}

// many is a fleet of so many pods a side. Its pods have names as long as those of Kubernetes.
func many(seed uint64, canary, stable int, what func(bool, int, int) does) *fleet {
	f := newFleet(seed, before+after, before, what)
	pods := f.pods
	f.pods = nil
	for i := range canary + stable {
		from := pods[2+i%4]
		if i < canary {
			from = pods[i%2]
		}
		one := *from
		one.name = fmt.Sprintf("shop/checkout-canary-5f6d7c8b9d-x%03dz", i)
		one.series = nil
		for j, s := range from.series {
			s.Target, s.Labels = one.name, fmt.Sprintf("%s of %s", s.Labels, one.name)
			points := make([]rollout.Point, len(s.Points))
			for k, p := range s.Points {
				points[k] = rollout.Point{At: p.At, Value: p.Value * (1 + float64(i%5)/4)}
				if all := from.series[0].Points[k].Value; j > 2 && j < 7 { // each bound has requests of its own beyond it
					points[k].Value = (all - (all-p.Value)*[]float64{9, 4, 1, 0.5}[j-3]) * (1 + float64(i%5)/4)
				}
				if j != 2 {
					points[k].Value = math.Floor(points[k].Value)
				}
			}
			s.Points = points
			one.series = append(one.series, s)
		}
		f.pods = append(f.pods, &one)
	}
	return f
}
