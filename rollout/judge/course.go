package judge

import (
	"math"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// extremes span what the canary's shares and memory were in single scrapes of a step.
type extremes struct {
	Errors [2]float64 `json:"errors"`
	Memory [2]float64 `json:"memory"`
	Known  bool       `json:"known"`
}

// looks is what a scrape showed of both arms, for people: shares, and the largest use of memory.
type looks struct {
	Errors [2]float64 `json:"e"`
	Slow   [2]float64 `json:"s"`
	Memory [2]float64 `json:"m"`
}

// remembered is how many scrapes people are shown the course of.
const remembered = 24

// memory notes what the largest pods use, and returns the canary's where there is a new reading of it: the gauge may be
// scraped more rarely than the counters.
func (d *docket) memory(c rollout.Case, end time.Time) float64 {
	from := end.Add(-max(2*time.Minute, 4*scrape(c)))
	most := func(all []rollout.Series, from time.Time) (most float64) {
		for _, v := range series.Latest(all, from, end) {
			most = max(most, v)
		}
		return most
	}
	canary := c.Raw.Canary.Memory.Series
	since := later(from, d.Since) // what was read before the weight may be of the pods of another rollout
	d.Memory = [2]float64{most(canary, since), most(c.Raw.Stable.Memory.Series, from)}
	read := series.NewestBefore(canary, end)
	if !read.After(later(d.Read, d.Since)) {
		return 0
	}
	limit := limitOf(c, rollout.MemorySignal)
	switch {
	case limit <= 0 || d.Memory[0] < limit:
		d.Over = 0
	case most(canary, later(d.Read, since)) >= limit: // a new reading says so, and not the last one of a pod that is gone
		d.Over++
	}
	d.Read = read
	return d.Memory[0]
}

// limitOf is the threshold of the check that asks about a signal; 0: none does.
func limitOf(c rollout.Case, signal rollout.Signal) float64 {
	for _, check := range c.Spec.Checks {
		if check.Signal == signal {
			return check.Threshold
		}
	}
	return 0
}

// note remembers what a scrape showed.
func (d *docket) note(in trial.Scrape) {
	slow := d.Setup.Slow
	share := func(bad, all float64) float64 { return rounded(part(bad, all)) }
	d.Past = append(d.Past, looks{
		Errors: [2]float64{share(in.Canary.Errors, in.Canary.Requests), share(in.Stable.Errors, in.Stable.Requests)},
		Slow:   [2]float64{share(in.Canary.Slow[slow], in.Canary.Timed), share(in.Stable.Slow[slow], in.Stable.Timed)},
		Memory: [2]float64{rounded(d.Memory[0]), rounded(d.Memory[1])},
	})
	d.Past = d.Past[max(0, len(d.Past)-remembered):]
}

// part is bad of all; of nothing it is nothing.
func part(bad, all float64) float64 {
	if all <= 0 {
		return 0
	}
	return bad / all
}

// rounded keeps three digits: what is drawn needs no more, and is stored with every commit.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	return math.Round(v/unit) * unit
}

// span widens the extremes by one scrape.
func (e *extremes) span(in trial.Scrape, memory float64) {
	errors := part(in.Canary.Errors, in.Canary.Requests)
	if !e.Known {
		*e = extremes{Errors: [2]float64{errors, errors}, Memory: [2]float64{memory, memory}, Known: true}
	}
	e.Errors = [2]float64{min(e.Errors[0], errors), max(e.Errors[1], errors)}
	e.Memory = [2]float64{min(e.Memory[0], memory), max(e.Memory[1], memory)}
}
