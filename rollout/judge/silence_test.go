package judge_test

import (
	"slices"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// everybody's is a fleet whose canary has all traffic, so that nothing counts on stable's side. Of each arm so much is
// stored: counters and memory, up to some scrapes.
func everybodys(seed uint64, counted func(at time.Time) bool, memory [2]func(at time.Time) bool) (*fleet, rollout.Case) {
	c := signalCase()
	c.Spec.Plan.Steps[0].Weight = 100
	f := newFleet(seed, before+after, before, only(well, 0))
	keep := func(r *rollout.Reading, when func(at time.Time) bool) {
		for i := range r.Series {
			r.Series[i].Points = slices.DeleteFunc(r.Series[i].Points, func(p rollout.Point) bool { return !when(p.At) })
		}
	}
	f.odd = func(raw *rollout.Raw, _ time.Time) {
		raw.Stable.Requests, raw.Stable.Errors, raw.Stable.Latency = rollout.Reading{}, rollout.Reading{}, rollout.Reading{}
		for _, r := range []*rollout.Reading{&raw.Canary.Requests, &raw.Canary.Errors, &raw.Canary.Latency} {
			keep(r, counted)
		}
		keep(&raw.Canary.Memory, memory[0])
		keep(&raw.Stable.Memory, memory[1])
	}
	return f, c
}

// A canary that has all traffic and goes silent is found, though no counter of stable's says that Prometheus is well: what
// it stores of memory does. Where that ends too, it is Prometheus.
func TestSilenceAtFullWeight(t *testing.T) {
	t.Parallel()
	always := func(time.Time) bool { return true }
	never := func(time.Time) bool { return false }
	until := func(scrape int) func(time.Time) bool {
		return func(t time.Time) bool { return t.Before(at(scrape)) }
	}
	without := func(from, to int) func(time.Time) bool {
		return func(t time.Time) bool { return t.Before(at(from)) || !t.Before(at(to)) }
	}
	for name, tt := range map[string]struct {
		counted func(time.Time) bool
		memory  [2]func(time.Time) bool
		gone    bool
	}{
		"its pods are there":              {until(10), [2]func(time.Time) bool{always, never}, true},
		"its pods are gone, stable's not": {until(10), [2]func(time.Time) bool{until(10), always}, true},
		"Prometheus ends":                 {until(10), [2]func(time.Time) bool{until(10), until(10)}, false},
		"nothing is known but counters":   {until(10), [2]func(time.Time) bool{never, never}, false},
		"for three scrapes":               {without(10, 13), [2]func(time.Time) bool{always, always}, false},
		"it counts":                       {always, [2]func(time.Time) bool{always, always}, false},
	} {
		f, c := everybodys(7, tt.counted, tt.memory)
		v, _, when := f.run(t, c, at(24))
		e, _ := v.Worst()
		if gone := v.Result == rollout.Fail && e.Why == rollout.WhySilent; gone != tt.gone || v.Result == rollout.Fail && !tt.gone {
			t.Errorf("%s: %s for %q after %s", name, v.Result, e.Why, when.Sub(since))
		}
		if tt.gone && when.Sub(at(10)) > 7*interval {
			t.Errorf("%s: found after %s", name, when.Sub(at(10)))
		}
	}
}
