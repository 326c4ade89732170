package judge

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
)

// missing is the part of the state that knows which data is missing: silence, scrapes without a sample, latency that
// cannot be read, arms that cannot be told apart.
type missing struct {
	Silent   int     `json:"silent,omitempty"` // scrapes in a row in which only stable reported
	Requests float64 `json:"passed,omitempty"` // stable's in them
	Skipped  int     `json:"missed,omitempty"` // scrapes in a row that were not judged
	Shared   string  `json:"same,omitempty"`   // a series that both arms have
	Latency  bool    `json:"blind,omitempty"`  // latency could not be read for the newest scrape
	Bounds   bool    `json:"other,omitempty"`  // the canary's histogram lacks a bound that is compared
}

// latencyGap tells counts whether latency can be added.
type latencyGap int

const (
	latencyRead latencyGap = iota
	latencyMissing
	latencyBack // it was missing until now
)

// newStep begins to watch another weight.
func (m *missing) newStep() { m.Silent, m.Requests, m.Skipped, m.Shared = 0, 0, 0, "" }

// align returns the span that can be judged, given the one that is over. Where an arm has no sample in it, its counts
// come with the next scrape that has, for both arms, so that they are compared over the same time. Samples that always
// come late are judged as they come.
func (m *missing) align(w *window, over span) (s span, ok bool) {
	if w.complete(over) {
		m.Silent, m.Requests, m.Skipped = 0, 0, 0
		return over, true
	}
	m.countSilence(w, over)
	wide := span{over.from.Add(-w.interval), over.to}
	if m.Skipped++; m.Skipped < 2 || !w.complete(wide) {
		return over, false
	}
	m.Skipped = 0
	return wide, true
}

// countSilence counts scrapes in which stable reports and the canary does not, not even late.
func (m *missing) countSilence(w *window, s span) {
	before := span{s.from.Add(-w.interval), s.from}
	stable := w.reporting(stableArm, s) > 0 || w.othersReport(s)
	if !stable || w.reporting(canaryArm, span{before.from, s.to}) > 0 {
		return
	}
	if m.Silent == 0 && !before.from.Before(w.since) && w.reporting(stableArm, before) > 0 {
		m.Silent, s.from = 1, before.from // the scrape before was silent too, and might have come late
	}
	m.Silent++
	m.Requests += w.tally(stableArm, s, nil).Requests
}

// othersReport reports whether Prometheus goes on storing what it has of either side, where all traffic is the canary's and
// stable has no counters that could tell. It has to be newer than what the canary counted last, or it ended with it.
func (w *window) othersReport(s span) bool {
	newest, last := w.newestBeside(s.to), w.newest(canaryArm)
	return !last.IsZero() && newest.Sub(last) > w.interval
}

// newestBeside is the time of the newest sample up to another that does not count requests: of memory, or what the cluster
// says of the pods. Zero: there is none, or stable's counters tell.
func (w *window) newestBeside(to time.Time) (at time.Time) {
	if !w.canaryOnly() || !w.newest(stableArm).IsZero() {
		return at
	}
	for arm := range w.arms {
		r := &w.arms[arm].Read
		for _, all := range [][]rollout.Series{r.Memory.Series, r.InFlight.Series, r.Restarts.Series} {
			at = later(at, series.NewestBefore(all, to))
		}
	}
	return at
}

// update notes what is missing in a scrape that is judged.
func (m *missing) update(sc *scrape) latencyGap {
	a := &sc.arms[canaryArm]
	m.Bounds = a.any(func(t *target) bool { return a.reports(t, sc.span) && t.lacksBound(sc.bounds) })
	if sc.first {
		m.Shared, _ = sharedSeries(sc.arms[canaryArm].Requests, sc.arms[stableArm].Requests)
	}
	was := m.Latency
	_, m.Latency = firstWith(sc.latency(), unread)
	m.Latency = m.Latency || sc.lacks[latencyGroup]
	switch {
	case m.Latency:
		return latencyMissing
	case was:
		return latencyBack
	}
	return latencyRead
}

// sharedSeries returns a series that both arms have.
func sharedSeries(canary, stable rollout.Reading) (labels string, ok bool) {
	others := make(map[string]bool, len(stable.Series))
	for _, s := range stable.Series {
		others[s.Labels] = true
	}
	for _, s := range canary.Series {
		if others[s.Labels] {
			return s.Labels, true
		}
	}
	return "", false
}

// gone reports whether the canary has been silent for long enough, while stable reported, to count as gone. A canary
// that served no request yet has longer: Prometheus takes seconds to discover new pods, whatever its interval, and a
// counter may not exist before the first request.
func (m *missing) gone(w *window, served float64) bool {
	const discovery = 20 * time.Second
	const due = 20 // requests that the canary should have had
	share := w.canaryShare
	if m.Silent < silentSamples || share < 1 && m.Requests*share < due*(1-share) {
		return false
	}
	if served > 0 { // more than the last sample of a pod of the rollout before, which gets no requests
		return true
	}
	return time.Duration(m.Silent)*w.interval >= discovery
}
