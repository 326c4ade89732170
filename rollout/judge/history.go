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

// intervalHistory is how much of the past shows how often Prometheus scrapes.
const intervalHistory = 5 * time.Minute

// readHistory reads stable's past.
func (b *baseline) readHistory(c rollout.Case) {
	past := span{c.Now.Add(-2 * time.Hour), c.Now.Add(time.Hour)}
	clean, _ := series.Clean(c.Raw.History, past.from, past.to)
	now, _ := series.Clean(c.Raw.Stable, past.from, past.to)
	h, stable, interval := series.Mend(clean), reports(now), lookInterval(c.Spec)
	if len(reports(h)) == 0 {
		return // nothing in it can be
	}
	g := newGrid(reports(h), interval)
	requests := g.byTarget(h.Requests.Series)
	bad := g.byTarget(h.Errors.Series)
	if c.Spec.Signals.Errors == "" {
		bad = requests.failed(g.byTarget(h.Success.Series))
	}
	b.NoErrors = c.Spec.Signals.Errors != "" && len(h.Errors.Series) == 0 && !unread(h.Errors.Why)
	b.ErrorSpread = trial.Spread(requests.pair(bad))
	b.Pods = len(requests)
	if all := requests.total(); all > 0 && g.scrapes > 0 {
		b.Rate = all / (float64(g.scrapes) * interval.Seconds())
		b.ErrorShare = bad.total() / all
	}
	b.Worst.Remember(trial.ErrorMeasure, sums(requests.pair(bad)))
	timed := g.byTarget(bucket(h.Latency.Series, math.Inf(1)))
	for i, bound := range b.Seconds {
		slow := timed.pair(timed.minus(g.byTarget(bucket(h.Latency.Series, bound))))
		b.SlowSpread[i] = trial.Spread(slow)
		b.Worst.Remember(trial.SlowMeasure(i), sums(slow))
	}
	b.MemoryNoise = g.memoryNoise(h.Memory.Series, threshold(c.Spec.Checks, rollout.MemorySignal))
	b.Interval = sampleInterval(stable)
	b.Lag = sampleLag(stable, max(b.Interval, scrapeInterval(c.Spec.Signals)), c.Now)
	b.Known = true
}

// sampleInterval is the time between two samples, in the median over all series, to the second; 0 where there are too
// few.
func sampleInterval(all []rollout.Series) time.Duration {
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

// sampleLag is by how much samples come later than expected, as behind a remote write or where clocks differ; 0 where no
// more than one scrape is missing. Beyond two minutes it is an outage, not a lag.
func sampleLag(all []rollout.Series, interval time.Duration, now time.Time) time.Duration {
	const most = 2 * time.Minute
	newest := series.Newest(all)
	if late := now.Sub(newest); !newest.IsZero() && late > 2*interval+3*time.Second && late < most {
		return (late - interval).Round(time.Second)
	}
	return 0
}

// grid is a time that is cut into scrapes.
type grid struct {
	from     time.Time
	interval time.Duration
	scrapes  int
}

// What is read of the past at most: far more than is asked for.
const maxScrapes, maxPast = 240, 1000 // targets

// newGrid covers the time of the series, which have samples.
func newGrid(all []rollout.Series, interval time.Duration) grid {
	to := series.Newest(all)
	from := to
	for _, s := range all {
		if at := s.Points[0].At; at.Before(from) {
			from = at
		}
	}
	scrapes := int(to.Sub(from) / interval)
	if scrapes > maxScrapes {
		scrapes, from = maxScrapes, to.Add(-maxScrapes*interval)
	}
	return grid{from: from, interval: interval, scrapes: scrapes}
}

// growth is by how much each target's counters grew in each scrape of a grid.
type growth map[string][]float64

func (g grid) byTarget(all []rollout.Series) growth {
	grown := growth{}
	for _, one := range all {
		to := grown[one.Target]
		if to == nil && len(grown) < maxPast {
			to = make([]float64, g.scrapes)
			grown[one.Target] = to
		}
		m, near := meter{points: one.Points}, series.Near{}
		for i := range to {
			from := g.from.Add(time.Duration(i) * g.interval)
			to[i] += m.grown(span{from, from.Add(g.interval)}, series.FromFirst, &near)
		}
	}
	return grown
}

func (g growth) total() (sum float64) {
	for _, scrapes := range g {
		for _, n := range scrapes {
			sum += n
		}
	}
	return sum
}

// minus is what is left of each target's growth, never below zero.
func (g growth) minus(less growth) growth {
	left := growth{}
	for target, all := range g {
		left[target] = slices.Clone(all)
		for i := range less[target] {
			left[target][i] = max(0, left[target][i]-less[target][i])
		}
	}
	return left
}

// failed are those of each target's requests that did not succeed: by how much they exceed the successes, as far as they
// never did before.
func (g growth) failed(successes growth) growth {
	left := growth{}
	for target, all := range g {
		failed := make([]float64, len(all))
		var s surplus
		over := 0.0
		for i, n := range all {
			if over += n; successes[target] != nil {
				over -= successes[target][i]
			}
			failed[i] = s.rise(over, n)
		}
		left[target] = failed
	}
	return left
}

// bucket are the series of one bound of a histogram.
func bucket(all []rollout.Series, bound float64) []rollout.Series {
	return slices.DeleteFunc(slices.Clone(all), func(s rollout.Series) bool { return s.Bound != bound })
}

// pair joins requests with the bad ones among them, target by scrape.
func (g growth) pair(bad growth) [][]bet.Counts {
	targets := make([]string, 0, len(g))
	for target := range g {
		targets = append(targets, target)
	}
	slices.Sort(targets)
	var all [][]bet.Counts
	for _, target := range targets {
		row := make([]bet.Counts, len(g[target]))
		for i, n := range g[target] {
			row[i] = bet.Counts{N: n}
			if b := bad[target]; b != nil {
				row[i].Bad = min(n, b[i])
			}
		}
		all = append(all, row)
	}
	return all
}

// sums are what all targets did together, scrape by scrape.
func sums(pods [][]bet.Counts) (all []bet.Counts) {
	for _, pod := range pods {
		for i, c := range pod {
			if i == len(all) {
				all = append(all, bet.Counts{})
			}
			all[i].N, all[i].Bad = all[i].N+c.N, all[i].Bad+c.Bad
		}
	}
	return all
}

// memoryNoise is by how much the lowest memory of a block of scrapes differs from the next one's on stable's pods, as a
// standard deviation; at least a thousandth of the limit, for what does not move at all may still begin to.
func (g grid) memoryNoise(all []rollout.Series, limit float64) float64 {
	const block = 4
	sum, n := 0.0, 0.0
	for _, one := range all {
		lows := g.lowest(one, block)
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

// lowest are the lowest values of a gauge in blocks of so many scrapes.
func (g grid) lowest(one rollout.Series, block int) (lows []float64) {
	for i := 0; i+block <= g.scrapes; i += block {
		from := g.from.Add(time.Duration(i) * g.interval)
		if values := valuesIn(one, span{from, from.Add(time.Duration(block) * g.interval)}); len(values) > 0 {
			lows = append(lows, slices.Min(values))
		}
	}
	return lows
}

func valuesIn(one rollout.Series, s span) []float64 {
	var values []float64
	for _, p := range one.Points {
		if p.At.After(s.from) && !p.At.After(s.to) && p.Value >= 0 {
			values = append(values, p.Value)
		}
	}
	return values
}
