package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Names of the algorithms in the promises.
const (
	canarybotName = "canarybot"
	earlyName     = "canarybot early"
	naiveName     = "naive"
	flaggerName   = "flagger 1m/5"
	argoName      = "argo 5m/3"
	kayentaName   = "kayenta 5m"
)

// promise is a target of the judge, and what was measured.
type promise struct {
	what, target, measured string
	met                    bool
}

// table finds cells.
type table []cell

func (t table) at(scenario string, rps float64, algorithm string) cell {
	i := slices.IndexFunc(t, func(c cell) bool { return c.Scenario == scenario && c.RPS == rps && c.Algorithm == algorithm })
	if i < 0 {
		return cell{}
	}
	return t[i]
}

// allowed is the share of fine canaries that may be rolled back, as the upper end of an interval.
func allowed(c cell) float64 {
	if c.Scenario == "fixed pod offsets" {
		return 0.015
	}
	return 0.01
}

// withinBudget lists the algorithms that roll back no kind of healthy canary more often than is allowed: only between
// those does speed mean anything.
func withinBudget(cells []cell) (names []string) {
	for _, c := range contenders() {
		wrongs := func(x cell) bool { return x.Algorithm == c.name && x.Healthy && *x.FalseHigh > allowed(x) }
		if !slices.ContainsFunc(cells, wrongs) {
			names = append(names, c.name)
		}
	}
	if names == nil {
		return []string{"none"}
	}
	return names
}

// loss is a kind of bad canary that others find sooner.
type loss struct {
	canarybot cell
	sooner    []string
}

// losses lists which algorithms are sooner at what, and what that costs elsewhere.
func losses(cells []cell) (all []loss) {
	worst := map[string]float64{}
	for _, c := range cells {
		if c.Healthy {
			worst[c.Algorithm] = max(worst[c.Algorithm], *c.FalseRollback)
		}
	}
	for _, own := range cells {
		if own.Algorithm != canarybotName || own.Healthy {
			continue
		}
		l := loss{canarybot: own}
		for _, c := range cells {
			if isSooner(c, own) {
				l.sooner = append(l.sooner, fmt.Sprintf("%s %s s (%.0f %%)", c.Algorithm, seconds(c.TTDMedian), 100*worst[c.Algorithm]))
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

// stepRows are the faults that begin at once and stay, at 100 requests a second.
var stepRows = []string{
	"errors 0.5 %", "errors 1 %", "errors 2 %", "errors 5 %", "errors 20 %", "outage: every request fails",
	"latency x1.2", "latency x1.5", "latency x2", "latency x5", "3 % take 2 s more",
}

// promises are the targets of the judge.
func promises(cells []cell) []promise {
	t := table(cells)
	all := []promise{t.wrongs()}
	for _, s := range []struct {
		scenario                      string
		naive, flagger, kayenta, argo float64
	}{{"errors 5 %", 10, 6, 6, 20}, {"errors 2 %", 5, 3, 3, 10}} {
		for _, peer := range []struct {
			name  string
			times float64
		}{{naiveName, s.naive}, {flaggerName, s.flagger}, {kayentaName, s.kayenta}, {argoName, s.argo}} {
			all = append(all, t.sooner(s.scenario, peer.name, peer.times))
		}
	}
	found := *t.at("errors 0.5 %", 100, canarybotName).Detected
	all = append(all, promise{"errors 0.5 % at 100 requests/s, under every threshold", "found in 95 %", fmt.Sprintf("%.0f %%", 100*found), found >= 0.95})
	within := func(what, scenario string, most float64) {
		m := t.at(scenario, 100, canarybotName).TTDMedian
		all = append(all, promise{what, fmt.Sprintf("within %.0f s", most), seconds(m) + " s", m != nil && *m <= most})
	}
	within("every request fails", "outage: every request fails", interval)
	within("the canary's series are gone", "outage: pods and series gone", 60)
	within("they are gone in the middle of a step", "outage: pods and series gone from 300 s", 60)
	leak := t.at("leak 0.25 MiB/s", 100, canarybotName)
	all = append(all, promise{"a leak", "found before anybody is harmed", count(leak.Harmed) + " harmed", leak.Harmed == 0 && *leak.Detected >= 0.95})
	all = append(all, t.harmed(naiveName, 15), t.harmed(flaggerName, 8))
	done := t.at("fine", 1000, earlyName).Completion
	return append(all, promise{"a healthy rollout at 1000 requests/s, with early promotion", "within 900 s of 1800", seconds(done) + " s", done != nil && *done <= 900})
}

func (t table) wrongs() promise {
	worst := cell{FalseHigh: new(float64)}
	met := true
	for _, c := range t {
		if !strings.HasPrefix(c.Algorithm, canarybotName) || !c.Healthy {
			continue
		}
		met = met && *c.FalseHigh <= allowed(c)
		if *c.FalseHigh > *worst.FalseHigh {
			worst = c
		}
	}
	return promise{"healthy rollouts wronged, the worst kind", "at most 1 % (1.5 % where pods differ for ever)",
		fmt.Sprintf("%.2f %% (%s, %s)", 100**worst.FalseHigh, worst.Scenario, worst.Algorithm), met}
}

func (t table) sooner(scenario, peer string, times float64) promise {
	own, theirs := t.at(scenario, 100, canarybotName).TTDMedian, t.at(scenario, 100, peer).TTDMedian
	p := promise{what: scenario + " at 100 requests/s, beside " + peer, target: fmt.Sprintf("%.0f times sooner", times), measured: "-"}
	if own != nil && theirs != nil {
		p.measured, p.met = fmt.Sprintf("%.1f times (%.0f s, %.0f s)", *theirs / *own, *own, *theirs), *theirs >= times**own
	}
	return p
}

// harmed compares harmed requests by their geometric mean over the step rows. Half a request counts for none.
func (t table) harmed(peer string, times float64) promise {
	sum := 0.0
	for _, row := range stepRows {
		sum += math.Log(max(t.at(row, 100, peer).Harmed, 0.5) / max(t.at(row, 100, canarybotName).Harmed, 0.5))
	}
	ratio := math.Exp(sum / float64(len(stepRows)))
	return promise{"harmed requests over the step rows, beside " + peer, fmt.Sprintf("%.0f times fewer", times), fmt.Sprintf("%.1f times", ratio), ratio >= times}
}
