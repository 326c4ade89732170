package judge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/judge/pack"
)

// fleet is a service whose pods are scraped: what Prometheus would store of it.
type fleet struct {
	rng    *rand.Rand
	from   time.Time
	pods   []*scraped
	scrape time.Duration
	late   func(pod, scrape int) time.Duration // how long after a scrape its samples can be read
	// outage is when Prometheus scrapes nobody.
	outage func(scrape int) bool
	// odd changes an answer at a time.
	odd func(raw *rollout.Raw, now time.Time)
}

// scraped is one pod and its samples.
type scraped struct {
	name   string
	canary bool
	born   time.Time
	offset time.Duration   // of its scrapes
	rare   []rollout.Point // of memory, where it is scraped more rarely
	series []rollout.Series
	seen   []time.Time // when each sample can be read
}

// does is what a pod does in a scrape.
type does struct {
	requests, errors, slow, memory float64
	probes                         int // sent each ten seconds, beside the requests
	gone, silent                   bool
}

var bounds = []float64{0.1, 0.25, 0.5, 1}

// newFleet scrapes so many pods of each side over so many scrapes, the first of them before since.
func newFleet(seed uint64, scrapes, before int, what func(canary bool, pod, scrape int) does) *fleet {
	f := &fleet{rng: rand.New(rand.NewPCG(seed, 1)), scrape: interval, from: since.Add(-time.Duration(before) * interval)}
	for i := range 6 {
		canary := i < 2
		p := &scraped{name: fmt.Sprintf("pod-%d", i), canary: canary, offset: time.Duration(1+2*i) * time.Second, born: f.from}
		for range 3 + len(bounds) + 1 {
			p.series = append(p.series, rollout.Series{Target: p.name})
		}
		p.series[1].Labels = "errors"
		for b := range append(bounds, math.Inf(1)) {
			p.series[3+b].Bound = append(bounds, math.Inf(1))[b]
		}
		f.pods = append(f.pods, p)
		total := make([]float64, len(p.series))
		for s := range scrapes {
			d := what(canary, i, s-before)
			n := f.poisson(d.requests) + float64(d.probes*probed(i, s))
			bad, slow := f.coins(n, d.errors), f.coins(n, d.slow)
			total[0] += n
			total[1] += bad
			total[2] = d.memory
			for b := range bounds {
				total[3+b] += n - slow
			}
			total[3+len(bounds)] += n
			if d.gone || d.silent {
				continue
			}
			at := f.from.Add(time.Duration(s)*interval + p.offset)
			p.seen = append(p.seen, at)
			for j := range p.series {
				p.series[j].Points = append(p.series[j].Points, rollout.Point{At: at, Value: total[j]})
			}
		}
	}
	return f
}

// probed is how many times a pod is called in a scrape by something that calls each ten seconds.
func probed(pod, scrape int) int {
	times := func(scrape int) int { return (int(interval.Seconds())*scrape + 3*pod) / 10 }
	return times(scrape+1) - times(scrape)
}

// hurry has everything happen so many times as fast.
func (f *fleet) hurry(times time.Duration) {
	soon := func(at time.Time) time.Time { return since.Add(at.Sub(since) / times) }
	for _, p := range f.pods {
		for k := range p.seen {
			p.seen[k] = soon(p.seen[k])
			for j := range p.series {
				p.series[j].Points[k].At = soon(p.series[j].Points[k].At)
			}
		}
	}
}

func (f *fleet) poisson(mean float64) float64 {
	n := 0.0
	for left := mean; left > 0; left -= 20 {
		limit, p := math.Exp(-min(left, 20)), 1.0
		for p *= f.rng.Float64(); p > limit; p *= f.rng.Float64() {
			n++
		}
	}
	return n
}

func (f *fleet) coins(n, p float64) (heads float64) {
	for range int(n) {
		if f.rng.Float64() < p {
			heads++
		}
	}
	return heads
}

// ask answers as Prometheus would at the time.
func (f *fleet) ask(w rollout.Want, now time.Time) rollout.Raw {
	var raw rollout.Raw
	read := func(canary bool, from time.Time) rollout.Read {
		var r rollout.Read
		for i, p := range f.pods {
			if p.canary != canary {
				continue
			}
			for j, s := range p.series {
				one := s
				one.Points = nil
				if j == 2 && p.rare != nil {
					for _, point := range p.rare {
						if point.At.After(from) && !point.At.After(now) {
							one.Points = append(one.Points, point)
						}
					}
					if len(one.Points) > 0 {
						r.Memory.Series = append(r.Memory.Series, one)
					}
					continue
				}
				for k, point := range s.Points {
					visible := p.seen[k]
					if f.late != nil {
						visible = visible.Add(f.late(i, k))
					}
					if point.At.After(from) && !visible.After(now) && (f.outage == nil || !f.outage(int(point.At.Sub(since)/interval))) {
						one.Points = append(one.Points, point)
					}
				}
				if len(one.Points) == 0 {
					continue
				}
				switch {
				case j == 0:
					r.Requests.Series = append(r.Requests.Series, one)
				case j == 1 && one.Points[len(one.Points)-1].Value > 0: // a counter is not there before it counted
					one.Points = slices.DeleteFunc(one.Points, func(p rollout.Point) bool { return p.Value == 0 })
					r.Errors.Series = append(r.Errors.Series, one)
				case j == 2:
					r.Memory.Series = append(r.Memory.Series, one)
				case j > 2 && (math.IsInf(s.Bound, 1) || slices.Contains(w.Bounds, label(s.Bound))):
					r.Latency.Series = append(r.Latency.Series, one)
				}
			}
		}
		return r
	}
	if !w.Since.IsZero() {
		raw.Canary, raw.Stable = read(true, w.Since), read(false, w.Since)
	}
	if w.History {
		raw.History = read(false, now.Add(-60*interval))
	}
	if w.Buckets {
		for i, b := range append(bounds, math.Inf(1)) {
			raw.Buckets.Series = append(raw.Buckets.Series, rollout.Series{Labels: label(b), Bound: b,
				Points: []rollout.Point{{At: now, Value: []float64{750, 920, 998, 999, 1000}[i]}}})
		}
	}
	return raw
}

// plain is a state as JSON.
func plain(s rollout.JudgeState) string {
	b, err := pack.JSON(s.Bytes())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func label(b float64) string { return strconv.FormatFloat(b, 'g', -1, 64) }

// signalCase is a rollout at its first step that is judged by its signals.
func signalCase() rollout.Case {
	check := func(name string, s rollout.Signal, limit float64, unit rollout.Unit) rollout.Check {
		return rollout.Check{Name: name, Signal: s, Comparison: rollout.LessThan, Threshold: limit, Unit: unit, MinRequests: 50, Interval: interval}
	}
	latency := check("latency_p99", rollout.LatencySignal, 0.5, rollout.Seconds)
	latency.Bound, latency.Share = 0.5, 0.01
	memory := check("memory_usage", rollout.MemorySignal, 512<<20, rollout.Bytes)
	memory.MinRequests = 0
	return rollout.Case{Since: since, Spec: rollout.Spec{
		Signals: rollout.Signals{Requests: "r", Errors: "e", Latency: "l", Memory: "m", Scrape: interval},
		Judging: rollout.Judging{Alpha: 0.01, ErrorRatio: 1.5, ErrorSlack: 0.001, LatencyRatio: 1.25, LatencySlack: 0.002},
		Limits:  rollout.Limits{Interval: interval},
		Plan:    rollout.Plan{Steps: []rollout.Step{{Weight: 33, Bake: 10 * time.Minute}}},
		Checks:  []rollout.Check{check("error_rate", rollout.ErrorSignal, 0.01, rollout.Ratio), latency, memory},
	}}
}

// ask puts the question that the judge wants answered, and judges.
func (f *fleet) judge(c rollout.Case, state rollout.JudgeState, now time.Time) (rollout.Verdict, rollout.JudgeState) {
	c.State, c.Now = state, now
	c.Raw = f.ask(judge.Judge{}.Want(c), now)
	if f.odd != nil {
		f.odd(&c.Raw, now)
	}
	return judge.Judge{}.Judge(c)
}

// run judges whenever the judge wants to, until it fails or the time is over.
func (f *fleet) run(t testing.TB, c rollout.Case, until time.Time) (rollout.Verdict, rollout.JudgeState, time.Time) {
	t.Helper()
	var v rollout.Verdict
	var state rollout.JudgeState
	now := since
	for now.Before(until) {
		v, state = f.judge(c, state, now)
		if v.Result == rollout.Fail {
			break
		}
		c.State, c.Now = state, now
		next := judge.Judge{}.Want(c).At
		if !next.After(now) {
			next = now.Add(50 * time.Millisecond)
		}
		now = next
	}
	return v, state, now
}
