package main

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// outcome is how one rollout ended under one algorithm.
type outcome struct {
	back      bool
	after     float64 // seconds from the onset to the rollback
	harm      float64 // requests
	completed float64 // seconds to the end of the last step; 0: never within the horizon
}

// rollout plays a trace. The counts of a scrape that Prometheus loses come with the next one.
func (x trace) rollout(a algorithm) (out outcome) {
	step, began := 0, 0
	var carried scrape
	for n := range 3 * perStep {
		weight := weights[min(step, 2)]
		s := x.at(n, weight, began)
		out.harm += s.harm
		if step > 2 { // promoted: nobody judges it any more
			continue
		}
		s = sum(carried, s)
		if s.lost {
			carried = s
			continue
		}
		carried = scrape{}
		switch a.judge(s, n-began+1) {
		case rollback:
			t := float64(n+1) * interval
			out.back, out.after = true, t-x.onset
			return out
		case promote:
			step, began = step+1, n+1
			if step > 2 {
				out.completed = float64(n+1) * interval
			}
		case hold:
		}
	}
	return out
}

// sum adds what a lost scrape would have shown to the next one.
func sum(lost, next scrape) scrape {
	add := func(to *arm, from arm) {
		to.requests += from.requests
		to.errors += from.errors
		for i := range bounds {
			to.slower[i] += from.slower[i]
		}
	}
	if lost.weight == next.weight {
		add(&next.canary, lost.canary)
		add(&next.stable, lost.stable)
	}
	return next
}

// cell is one scenario under one algorithm.
type cell struct {
	Scenario      string   `json:"scenario"`
	RPS           float64  `json:"rps"`
	Algorithm     string   `json:"algorithm"`
	Healthy       bool     `json:"healthy"`
	Detected      *float64 `json:"detected,omitempty"`
	TTDMedian     *float64 `json:"ttd_median_s,omitempty"`
	TTDP90        *float64 `json:"ttd_p90_s,omitempty"`
	Harmed        float64  `json:"harmed_mean"`
	FalseRollback *float64 `json:"false_rollback,omitempty"`
	FalseHigh     *float64 `json:"false_rollback_hi95,omitempty"`
	Completion    *float64 `json:"completion_median_s,omitempty"`
	Held          *float64 `json:"held,omitempty"` // healthy rollouts neither rolled back nor done within the horizon
	Runs          int      `json:"runs"`
}

// play runs every contender on every scenario.
func play(seed uint64, reps, healthy int) []cell {
	all := scenarios()
	table := make([][]cell, len(all))
	var group sync.WaitGroup
	seats := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, s := range all {
		group.Go(func() {
			seats <- struct{}{}
			defer func() { <-seats }()
			runs := reps
			if s.healthy {
				runs = healthy
			}
			for _, c := range contenders() {
				outcomes := make([]outcome, runs)
				for r := range outcomes {
					x := trace{scenario: s, seed: seed<<32 + uint64(i)<<24 + uint64(r)}
					outcomes[r] = x.rollout(c.make(x))
				}
				table[i] = append(table[i], newCell(s, c.name, outcomes))
			}
		})
	}
	group.Wait()
	return slices.Concat(table...)
}

func newCell(s scenario, name string, all []outcome) cell {
	c := cell{Scenario: s.name, RPS: s.rps, Algorithm: name, Healthy: s.healthy, Runs: len(all)}
	var ttd, completion []float64
	back := 0
	for _, o := range all {
		c.Harmed += o.harm / float64(len(all))
		after, done := math.Inf(1), math.Inf(1)
		if o.back {
			back++
			after = o.after
		}
		if o.completed > 0 {
			done = o.completed
		}
		ttd, completion = append(ttd, after), append(completion, done)
	}
	held := 0
	for _, o := range all {
		if !o.back && o.completed == 0 {
			held++
		}
	}
	share := float64(back) / float64(len(all))
	if s.healthy {
		high := upper(back, len(all))
		stuck := float64(held) / float64(len(all))
		c.FalseRollback, c.FalseHigh, c.Completion, c.Held = &share, &high, finite(quantileOf(completion, 0.5)), &stuck
		return c
	}
	c.Detected, c.TTDMedian, c.TTDP90 = &share, finite(quantileOf(ttd, 0.5)), finite(quantileOf(ttd, 0.9))
	return c
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

// upper is the upper end of the 95 % interval of a share, by Wilson's score.
func upper(x, n int) float64 {
	const z = 1.96
	p, m := float64(x)/float64(n), float64(n)
	return (p + z*z/(2*m) + z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))) / (1 + z*z/m)
}
