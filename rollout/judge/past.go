package judge

import (
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// look reads stable's past.
func (s *setup) look(c rollout.Case) {
	h := c.Raw.History
	span := spanOf(heardBy(h), scrape(c))
	requests := byTarget(h.Requests.Series, span)
	bad := byTarget(h.Errors.Series, span)
	if c.Spec.Signals.Errors == "" {
		bad = minus(requests, byTarget(h.Success.Series, span))
	}
	s.Errorless = c.Spec.Signals.Errors != "" && len(h.Errors.Series) == 0 && !missing(h.Errors.Why)
	s.ErrorSpread = trial.Spread(pair(requests, bad))
	s.Pods = len(requests)
	if all := total(requests); all > 0 && span.scrapes > 0 {
		s.Rate = all / (float64(span.scrapes) * span.scrape.Seconds())
		s.ErrorShare = total(bad) / all
	}
	timed := byTarget(within(h.Latency.Series, everything), span)
	for i, bound := range s.Seconds {
		s.SlowSpread[i] = trial.Spread(pair(timed, minus(timed, byTarget(within(h.Latency.Series, bound), span))))
	}
	s.MemoryNoise = noise(h.Memory.Series, span, limitOf(c, rollout.MemorySignal))
	s.Gap = gap(heardBy(c.Raw.Stable))
	s.Lag = lag(heardBy(c.Raw.Stable), max(s.Gap, scrape(c)), c.Now)
	s.Known = true
}

// gaps is how much of the past tells how often Prometheus scrapes.
const gaps = 5 * time.Minute

// gap is the time between two samples, in the median over all series, to the second; 0 where too few tell.
func gap(all []rollout.Series) time.Duration {
	var between []time.Duration
	for _, s := range all {
		for i := 1; i < len(s.Points); i++ {
			between = append(between, s.Points[i].At.Sub(s.Points[i-1].At).Abs())
		}
	}
	if len(between) < 3 {
		return 0
	}
	slices.Sort(between)
	return between[len(between)/2].Round(time.Second)
}

// lag is by how much samples come later than one would expect, as behind a remote write or where clocks differ; 0 where no
// more than one scrape is missing. Beyond two minutes it is an outage and no lag.
func lag(all []rollout.Series, scrape time.Duration, now time.Time) time.Duration {
	const most = 2 * time.Minute
	newest := series.Newest(all)
	if late := now.Sub(newest); !newest.IsZero() && late > 2*scrape+3*time.Second && late < most {
		return (late - scrape).Round(time.Second)
	}
	return 0
}

// span is a time cut into scrapes.
type span struct {
	from    time.Time
	scrape  time.Duration
	scrapes int
}

func spanOf(all []rollout.Series, scrape time.Duration) span {
	to := series.Newest(all)
	from := to
	for _, s := range all {
		if at := earliestOf(s); at.Before(from) {
			from = at
		}
	}
	return span{from: from, scrape: scrape, scrapes: int(to.Sub(from) / scrape)}
}

// byTarget is by how much each target's counters grew in each scrape.
func byTarget(all []rollout.Series, s span) map[string][]float64 {
	grown := map[string][]float64{}
	for _, one := range all {
		to := grown[one.Target]
		if to == nil {
			to = make([]float64, s.scrapes)
			grown[one.Target] = to
		}
		for i := range to {
			from := s.from.Add(time.Duration(i) * s.scrape)
			to[i] += series.Grown([]rollout.Series{one}, from, from.Add(s.scrape), func(rollout.Series) series.Birth { return series.FromFirst })
		}
	}
	return grown
}

func total(all map[string][]float64) (sum float64) {
	for _, grown := range all {
		for _, n := range grown {
			sum += n
		}
	}
	return sum
}

func minus(a, b map[string][]float64) map[string][]float64 {
	left := map[string][]float64{}
	for target, all := range a {
		left[target] = slices.Clone(all)
		for i := range b[target] {
			left[target][i] = max(0, left[target][i]-b[target][i])
		}
	}
	return left
}

// pair joins requests with the bad ones of them, target by scrape.
func pair(requests, bad map[string][]float64) [][]bet.Counts {
	var all [][]bet.Counts
	targets := make([]string, 0, len(requests))
	for t := range requests {
		targets = append(targets, t)
	}
	slices.Sort(targets)
	for _, t := range targets {
		row := make([]bet.Counts, len(requests[t]))
		for i, n := range requests[t] {
			row[i] = bet.Counts{N: n}
			if b := bad[t]; b != nil {
				row[i].Bad = min(n, b[i])
			}
		}
		all = append(all, row)
	}
	return all
}

// noise is by how much the lowest memory of a block of scrapes differs from the next one's on stable's pods, as a
// standard deviation; at least a thousandth of the limit, for what does not move at all may still begin to.
func noise(all []rollout.Series, s span, limit float64) float64 {
	const block = 4
	sum, n := 0.0, 0.0
	for _, one := range all {
		var lows []float64
		for i := 0; i+block <= s.scrapes; i += block {
			from := s.from.Add(time.Duration(i) * s.scrape)
			if values := valuesIn(one, from, from.Add(block*s.scrape)); len(values) > 0 {
				lows = append(lows, slices.Min(values))
			}
		}
		for i := 1; i < len(lows); i++ {
			sum, n = sum+(lows[i]-lows[i-1])*(lows[i]-lows[i-1]), n+1
		}
	}
	least := limit / 1000
	if n == 0 {
		return least
	}
	return max(least, math.Sqrt(sum/n))
}

func valuesIn(s rollout.Series, from, to time.Time) []float64 {
	var values []float64
	for _, p := range s.Points {
		if p.At.After(from) && !p.At.After(to) && p.Value >= 0 {
			values = append(values, p.Value)
		}
	}
	return values
}
