package main

import (
	"fmt"
	"strings"

	"canarybot.io/cmd/judgebench/report"
)

// promise is a target of the judge, and what was measured.
type promise struct {
	what, target, measured string
	met                    bool
}

// loss is a kind of bad canary that others find sooner.
type loss struct {
	canarybot cell
	sooner    []string
}

// losses lists which algorithms are sooner at what.
func losses(cells []cell) (all []loss) {
	wrongs := map[string]*float64{}
	for _, c := range cells {
		if c.together && c.Healthy {
			wrongs[c.Algorithm] = c.FalseRollback
		}
	}
	for _, own := range cells {
		if own.Algorithm != canarybotName || own.Healthy {
			continue
		}
		l := loss{canarybot: own}
		for _, c := range cells {
			if isSooner(c, own) {
				l.sooner = append(l.sooner, fmt.Sprintf("%s %s s (%s)", c.Algorithm, seconds(c.TTDMedian), percent(wrongs[c.Algorithm])))
			}
		}
		if len(l.sooner) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// isSooner reports whether a peer finds the same fault sooner.
func isSooner(peer, own cell) bool {
	if peer.Scenario != own.Scenario || peer.RPS != own.RPS || strings.HasPrefix(peer.Algorithm, canarybotName) {
		return false
	}
	return peer.TTDMedian != nil && (own.TTDMedian == nil || *peer.TTDMedian < *own.TTDMedian)
}

// promises are the targets of the judge, as far as what they speak of was played.
func promises(results []played, cells []cell) (all []promise) {
	t := table{cells: cells}
	all = append(all, t.healthyPromises()...)
	all = append(all, t.rowPromises()...)
	return append(all, ratePromises(results)...)
}

func (t table) healthyPromises() (all []promise) {
	together := t.at(allHealthy, 0, canarybotName)
	if together.Runs == 0 {
		return nil
	}
	back, asked := *together.FalseRollback, *together.Asked
	worst, worstHigh := cell{FalseRollback: new(float64)}, cell{FalseHigh: new(float64)}
	for _, c := range t.of(report.Healthy) {
		if *c.FalseRollback > *worst.FalseRollback {
			worst = c
		}
		if *c.FalseHigh > *worstHigh.FalseHigh {
			worstHigh = c
		}
	}
	held := together.busyHeld
	return []promise{
		{"healthy rollouts rolled back, together", "at most 1 %", together.wronged(), back <= 0.01},
		{"in the worst family", "at most 2 %", fmt.Sprintf("%s (%s)", percent(worst.FalseRollback), worst.Scenario), *worst.FalseRollback <= 0.02},
		{"upper end of its 95 % interval", "at most 3 %", fmt.Sprintf("%s (%s)", percent(worstHigh.FalseHigh), worstHigh.Scenario), *worstHigh.FalseHigh <= 0.03},
		{"healthy rollouts about which people are asked", "at most 5 %", percent(&asked), asked <= 0.05},
		{"healthy rollouts held for an hour, from 20 requests/s", "at most 2 %", held.String(), held.n > 0 && held.part() <= 0.02},
	}
}

// sooner is how soon a row is to be found: in the median, and by nine of ten; 0: not asked.
type sooner struct {
	row         string
	median, p90 float64
	orAsked     bool
}

func (t table) rowPromises() (all []promise) {
	for _, s := range []sooner{
		{report.Errors(1), 400, 0, false}, {report.Errors(5), 60, 90, false}, {report.Errors(20), 35, 0, false},
		{report.Errors(100), 20, 0, false}, {report.Latency(1.5), 300, 0, true}, {report.Latency(2), 60, 0, false},
		{report.Latency(5), 35, 0, false}, {report.MidStep, 75, 0, false}, {report.OneOf3, 180, 0, false}, {report.Hang60, 200, 0, false},
	} {
		if c := t.at(s.row, 100, canarybotName); c.Runs > 0 {
			all = append(all, s.kept(c))
		}
	}
	for _, row := range []string{report.Hang30, report.OnlyAt98, report.OnlyAt100} {
		if c := t.at(row, 100, canarybotName); c.Runs > 0 {
			all = append(all, promise{row, "found in 95 %", c.found(), *c.Detected >= 0.95})
		}
	}
	return all
}

// kept is what was measured of it.
func (s sooner) kept(c cell) promise {
	median, p90, what := c.TTDMedian, c.TTDP90, s.row
	if s.orAsked {
		median, p90, what = c.OrAskedMedian, c.OrAskedP90, s.row+", or asked"
	}
	p := promise{what, fmt.Sprintf("%g s in the median", s.median), seconds(median) + " s", median != nil && *median <= s.median}
	if s.p90 > 0 {
		p.target += fmt.Sprintf(", %g s for nine of ten", s.p90)
		p.measured += ", " + seconds(p90) + " s"
		p.met = p.met && p90 != nil && *p90 <= s.p90
	}
	return p
}

func ratePromises(results []played) []promise {
	r := ratesOf(results, 0, false)
	if r.found.n == 0 || r.wronged.n == 0 {
		return nil
	}
	p, _, _ := r.precision()
	busy := ratesOf(results, 0, true)
	return []promise{
		{"precision over the whole draw", "98 %", precision(r), p >= 0.98},
		{"recall over the whole draw", "98 %", r.found.String(), r.found.part() >= 0.98},
		{"recall from 20 requests/s", "98 %", busy.found.String(), busy.found.part() >= 0.98},
		{"recall, where asking people counts", "98 %", r.noticed.String(), r.noticed.part() >= 0.98},
	}
}
