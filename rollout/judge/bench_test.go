package judge_test

import (
	"fmt"
	"testing"
	"time"

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
	f := many(31, 10, 20)
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

// many is a fleet of so many pods a side. Its pods have names as long as those of Kubernetes.
func many(seed uint64, canary, stable int) *fleet {
	f := newFleet(seed, before+after, before, func(canary bool, _, _ int) does {
		return change(func(d *does) { d.errors, d.slow = 0.004, 0.02 })
	})
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
				if j != 2 {
					points[k].Value = float64(int(points[k].Value))
				}
			}
			s.Points = points
			one.series = append(one.series, s)
		}
		f.pods = append(f.pods, &one)
	}
	return f
}
