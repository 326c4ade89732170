package judge

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// scrape is one scrape of both arms over the same time: what the parts of the state are updated with.
type scrape struct {
	*window
	span
	first     bool        // of this weight
	current   bool        // the canary has a sample in the newest interval
	partial   bool        // fewer than four fifths of the canary's targets report
	reporters [2][]string // the targets with a sample in the span
	ages      []float64   // of the canary's targets, in seconds
	pods      []podTally
}

// podTally is what one of the canary's pods did in a scrape.
type podTally struct {
	target string
	tally
}

// newScrape reads a scrape from the window. At least one of the canary's targets must report in the span.
func newScrape(w *window, s span, t *targets) *scrape {
	sc := &scrape{
		window: w, span: s,
		reporters: [2][]string{w.reporters(canaryArm, s), w.reporters(stableArm, s)},
	}
	recent, before := w.reporters(canaryArm, sc.last(2)), w.reporters(canaryArm, sc.last(2*absentScrapes))
	sc.partial = len(recent)*5 < len(before)*4
	sc.ages = t.ages(w, sc.reporters[canaryArm], s.to)
	sc.pods = podTallies(w, sc.reporters[canaryArm], s, t)
	return sc
}

// youngest is the age of the canary's youngest target, in seconds.
func (sc *scrape) youngest() float64 { return slices.Min(sc.ages) }

// last is the span of so many scrapes that ends with this one.
func (sc *scrape) last(scrapes int) span {
	return span{sc.to.Add(-time.Duration(scrapes) * sc.interval), sc.to}
}

// podTallies are what each of the canary's pods did. Proxies are left out: one that is worse than others says nothing
// about nodes.
func podTallies(w *window, targets []string, s span, t *targets) []podTally {
	start := w.canaryStart(t)
	var all []podTally
	for _, target := range targets {
		if !w.proxied(target) {
			all = append(all, podTally{target, w.tally(only(w.arms[canaryArm].Read, target), s, start)})
		}
	}
	return all
}

// only are the counters of one target.
func only(r rollout.Read, target string) rollout.Read {
	of := func(r rollout.Reading) rollout.Reading {
		var one rollout.Reading
		for _, s := range r.Series {
			if s.Target == target {
				one.Series = append(one.Series, s)
			}
		}
		return one
	}
	return rollout.Read{Requests: of(r.Requests), Errors: of(r.Errors), Success: of(r.Success), Latency: of(r.Latency)}
}
