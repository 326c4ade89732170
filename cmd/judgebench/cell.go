package main

import (
	"math"
	"slices"

	"canarybot.io/cmd/judgebench/report"
)

// cell is one family of worlds under one algorithm. What has no number is nil.
type cell struct {
	Scenario  string  `json:"scenario"`
	RPS       float64 `json:"rps"` // 0: drawn
	Algorithm string  `json:"algorithm"`
	Healthy   bool    `json:"healthy"`
	// Of faults: the share that was rolled back, with its 95 % interval, and after how long; the same where asking people
	// counts as well; and the share that was rolled back before there was a fault.
	Detected      *float64 `json:"detected,omitempty"`
	DetectedLow   *float64 `json:"detected_lo95,omitempty"`
	DetectedHigh  *float64 `json:"detected_hi95,omitempty"`
	TTDMedian     *float64 `json:"ttd_median_s,omitempty"`
	TTDP90        *float64 `json:"ttd_p90_s,omitempty"`
	OrAsked       *float64 `json:"or_asked,omitempty"`
	OrAskedMedian *float64 `json:"or_asked_median_s,omitempty"`
	OrAskedP90    *float64 `json:"or_asked_p90_s,omitempty"`
	Early         *float64 `json:"before_the_fault,omitempty"`
	Released      *float64 `json:"released,omitempty"` // the last step ended
	Harmed        float64  `json:"harmed_mean"`
	FalseRollback *float64 `json:"false_rollback,omitempty"`
	FalseLow      *float64 `json:"false_rollback_lo95,omitempty"`
	FalseHigh     *float64 `json:"false_rollback_hi95,omitempty"`
	Completion    *float64 `json:"completion_median_s,omitempty"`
	Held          *float64 `json:"held,omitempty"`  // neither rolled back nor done within an hour
	Asked         *float64 `json:"asked,omitempty"` // people were asked
	Runs          int      `json:"runs"`
	kind          report.Kind
	together      bool // all families of the kind
	busyHeld      share
}

// Names of the cells in which all families of a kind are counted.
const (
	allHealthy = "healthy families together"
	allFaulty  = "faults together"
)

// cells are the results as numbers: all families, and all of a kind together.
func cells(results []played, all []contender) (out []cell) {
	for _, p := range results {
		for i, c := range all {
			out = append(out, newCell(p.family, c.name, p.runs[i]))
		}
	}
	for _, f := range []report.Family{{Name: allHealthy, Kind: report.Healthy}, {Name: allFaulty, Kind: report.Faulty}} {
		for i, runs := range pooled(results, f.Kind) {
			c := newCell(f, all[i].name, runs)
			c.together = true
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b cell) int { return int(a.kind) - int(b.kind) })
	return out
}

func newCell(f report.Family, algorithm string, all []run) cell {
	c := cell{Scenario: f.Name, RPS: f.RPS, Algorithm: algorithm, Healthy: f.Kind.Wronged(), Runs: len(all), kind: f.Kind}
	n := len(all)
	if n == 0 {
		return c
	}
	part := func(is func(r run) bool) share { return count(all, is) }
	for _, r := range all {
		c.Harmed += r.Harmed / float64(n)
	}
	asked := part(func(r run) bool { return !math.IsInf(r.Asked, 1) }).part()
	held := func(r run) bool { return !r.RolledBack && r.Completed == 0 }
	stuck := part(held).part()
	c.Asked, c.Held = &asked, &stuck
	c.busyHeld = count(slices.DeleteFunc(slices.Clone(all), func(r run) bool { return !r.busy }), held)
	if c.Healthy {
		back := part(func(r run) bool { return r.RolledBack })
		low, high := back.interval()
		wronged := back.part()
		c.FalseRollback, c.FalseLow, c.FalseHigh = &wronged, &low, &high
		c.Completion = finite(quantileOf(values(all, completed), 0.5))
		return c
	}
	found := part(func(r run) bool { return r.RolledBack && r.After >= 0 })
	low, high := found.interval()
	detected := found.part()
	early := part(func(r run) bool { return r.RolledBack && r.After < 0 }).part()
	released := part(func(r run) bool { return r.Completed > 0 }).part()
	either := part(func(r run) bool { return !math.IsInf(noticed(r), 1) }).part()
	c.Detected, c.DetectedLow, c.DetectedHigh, c.Early, c.Released, c.OrAsked = &detected, &low, &high, &early, &released, &either
	after, noticedAfter := values(all, after), values(all, noticed)
	c.TTDMedian, c.TTDP90 = finite(quantileOf(after, 0.5)), finite(quantileOf(after, 0.9))
	c.OrAskedMedian, c.OrAskedP90 = finite(quantileOf(noticedAfter, 0.5)), finite(quantileOf(noticedAfter, 0.9))
	return c
}

// after is after how long a fault was rolled back.
func after(r run) float64 {
	if r.RolledBack && r.After >= 0 {
		return r.After
	}
	return math.Inf(1)
}

// noticed is after how long a fault was rolled back, or people were asked.
func noticed(r run) float64 { return min(after(r), r.Asked) }

func completed(r run) float64 {
	if r.Completed > 0 {
		return r.Completed
	}
	return math.Inf(1)
}

func values(all []run, of func(r run) float64) []float64 {
	out := make([]float64, len(all))
	for i, r := range all {
		out[i] = of(r)
	}
	return out
}

func finite(v float64) *float64 {
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func quantileOf(all []float64, q float64) float64 {
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}

// share is how many of how many.
type share struct{ x, n int }

func count(all []run, is func(r run) bool) (s share) {
	for _, r := range all {
		s.n++
		if is(r) {
			s.x++
		}
	}
	return s
}

func (s share) part() float64 {
	if s.n == 0 {
		return 0
	}
	return float64(s.x) / float64(s.n)
}

// interval is the 95 % interval of the share, by Wilson's score.
func (s share) interval() (low, high float64) {
	if s.n == 0 {
		return 0, 1
	}
	const z = 1.96
	p, m := s.part(), float64(s.n)
	middle, width := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (middle-width)/(1+z*z/m)), min(1, (middle+width)/(1+z*z/m))
}
