package judge

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
)

// memory is the part of the state that knows how much memory the largest pod of each arm uses.
type memory struct {
	Used      [2]float64 `json:"memory,omitempty"`
	ReadAt    time.Time  `json:"read,omitzero"`  // of the canary's newest reading
	OverLimit int        `json:"over,omitempty"` // readings in a row with a pod at its limit
}

// newStep begins to watch another weight.
func (m *memory) newStep() { m.OverLimit = 0 }

// update notes a scrape. It returns the canary's use where there is a new reading of it, otherwise 0: the gauge may be
// scraped less often than the counters.
func (m *memory) update(sc *scrape) float64 {
	canary := sc.arms[canaryArm].Memory.Series
	from := sc.to.Add(-max(2*time.Minute, 4*sc.interval))
	since := later(from, sc.since) // what was read before the weight may be of the pods of another rollout
	m.Used = [2]float64{
		largest(canary, span{since, sc.to}),
		largest(sc.arms[stableArm].Memory.Series, span{from, sc.to}),
	}
	read := series.NewestBefore(canary, sc.to)
	if !read.After(later(m.ReadAt, sc.since)) {
		return 0
	}
	switch {
	case sc.memoryLimit <= 0 || m.Used[canaryArm] < sc.memoryLimit:
		m.OverLimit = 0
	case largest(canary, span{later(m.ReadAt, since), sc.to}) >= sc.memoryLimit: // not the last reading of a pod that is gone
		m.OverLimit++
	}
	m.ReadAt = read
	return m.Used[canaryArm]
}

// largest is the largest of the series' newest values in a span.
func largest(all []rollout.Series, s span) float64 { return series.Largest(all, s.from, s.to) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
