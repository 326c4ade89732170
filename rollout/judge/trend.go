package judge

import (
	"math"
	"slices"

	"canarybot.io/rollout"
)

// trendScrapes is how many scrapes people are shown the trend of.
const trendScrapes = 24

// trend is the part of the state that people are shown: how each value went, and its extremes.
type trend struct {
	Points   []trendPoint `json:"past,omitempty"` // of the latest scrapes, oldest first
	Extremes extremes     `json:"course,omitzero"`
}

// trendPoint is what one scrape showed of both arms: shares, and the largest use of memory.
type trendPoint struct {
	Errors [2]float64 `json:"e"`
	Slow   [2]float64 `json:"s"`
	Memory [2]float64 `json:"m"`
}

// extremes are the lowest and the highest of the canary's values in single scrapes of a step.
type extremes struct {
	Errors [2]float64 `json:"errors"`
	Memory [2]float64 `json:"memory"`
	Known  bool       `json:"known"`
}

// newStep begins the trend of another weight.
func (t *trend) newStep() { *t = trend{} }

// update adds what both arms did in a scrape, and the memory that they use. Slow is the index of the latency limit.
func (t *trend) update(did [2]tally, memory [2]float64, slow int) {
	canary, stable := did[canaryArm], did[stableArm]
	share := func(bad, all float64) float64 { return rounded(ratio(bad, all)) }
	kept := t.Points[max(0, len(t.Points)+1-trendScrapes):]
	t.Points = append(slices.Clip(kept), trendPoint{ // a slice of its own: that of the state before stays as it is
		Errors: [2]float64{share(canary.Errors, canary.Requests), share(stable.Errors, stable.Requests)},
		Slow:   [2]float64{share(canary.Slow[slow], canary.Timed), share(stable.Slow[slow], stable.Timed)},
		Memory: [2]float64{rounded(memory[canaryArm]), rounded(memory[stableArm])},
	})
	t.Extremes.add(ratio(canary.Errors, canary.Requests), memory[canaryArm])
}

// add widens the extremes by one scrape.
func (e *extremes) add(errors, memory float64) {
	if !e.Known {
		*e = extremes{Errors: [2]float64{errors, errors}, Memory: [2]float64{memory, memory}, Known: true}
	}
	e.Errors = [2]float64{min(e.Errors[0], errors), max(e.Errors[1], errors)}
	e.Memory = [2]float64{min(e.Memory[0], memory), max(e.Memory[1], memory)}
}

// of is how a check's value went.
func (t *trend) of(s rollout.Signal) [][2]float64 {
	all := make([][2]float64, len(t.Points))
	for i, p := range t.Points {
		switch s {
		case rollout.ErrorSignal:
			all[i] = p.Errors
		case rollout.SuccessSignal:
			all[i] = [2]float64{1 - p.Errors[0], 1 - p.Errors[1]}
		case rollout.LatencySignal:
			all[i] = p.Slow
		case rollout.MemorySignal:
			all[i] = p.Memory
		case rollout.NoSignal:
		}
	}
	return all
}

// ratio is bad of all; 0 of nothing.
func ratio(bad, all float64) float64 {
	if all <= 0 {
		return 0
	}
	return bad / all
}

// rounded keeps three digits: a chart needs no more, and every commit stores them.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	exponent := int(math.Floor(math.Log10(math.Abs(v)))) - 2
	if exponent > 0 {
		return math.Round(v/math.Pow10(exponent)) * math.Pow10(exponent)
	}
	return math.Round(v*math.Pow10(-exponent)) / math.Pow10(-exponent) // so it has three digits, and not seventeen
}
