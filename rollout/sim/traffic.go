package sim

import (
	"maps"
	"math"
	"time"

	"canarybot.io/rollout"
)

// bounds are the upper bounds of the latency histogram's buckets, in seconds.
var bounds = [...]float64{0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5}

// Counters count requests. They are exact, and so not always whole.
type Counters struct {
	Requests, OK, Errors float64
	// Refused counts those that ended with a 4xx, Hung those that never end, which are in none of the others, and Restarts
	// those of containers.
	Refused, Hung, Restarts float64
	// Within counts the answers up to each bound of the histogram; Seconds is their sum.
	Within  [len(bounds)]float64
	Seconds float64
}

// add counts n more requests of a version that behaves like this.
func (c *Counters) add(n float64, b Behaviour) {
	hung := n * min(1, max(0, b.Hang))
	c.Hung += hung
	n -= hung
	bad, refused := n*min(1, max(0, b.Errors)), n*min(1, max(0, b.Refused))
	c.Requests += n
	c.Errors += bad
	c.Refused += refused
	c.OK += n - bad - refused
	median := b.latency().Seconds()
	for i, bound := range bounds {
		c.Within[i] += n * within(bound, median)
	}
	c.Seconds += n * median * math.Exp(spread*spread/2)
}

// Sub returns what was counted since the earlier reading.
func (c Counters) Sub(earlier Counters) Counters { return c.plus(earlier, -1) }

func (c Counters) plus(o Counters, factor float64) Counters {
	c.Requests += factor * o.Requests
	c.OK += factor * o.OK
	c.Errors += factor * o.Errors
	c.Refused += factor * o.Refused
	c.Hung += factor * o.Hung
	c.Restarts += factor * o.Restarts
	c.Seconds += factor * o.Seconds
	for i := range c.Within {
		c.Within[i] += factor * o.Within[i]
	}
	return c
}

// Quantile estimates the latency that this share of the requests stayed below, as histogram_quantile does: linear
// within a bucket, and the last bound beyond it. It is NaN where nothing was counted.
func (c Counters) Quantile(q float64) float64 {
	if c.Requests <= 0 {
		return math.NaN()
	}
	rank := q * c.Requests
	for i, n := range c.Within {
		if n < rank {
			continue
		}
		low, below := 0.0, 0.0
		if i > 0 {
			low, below = bounds[i-1], c.Within[i-1]
		}
		if n == below {
			return bounds[i]
		}
		return low + (bounds[i]-low)*(rank-below)/(n-below)
	}
	return bounds[len(bounds)-1]
}

// spread is how far latencies lie apart: the standard deviation of their logarithm.
const spread = 0.5

// within is the share of log-normal latencies with this median that stay within the bound.
func within(bound, median float64) float64 {
	return 0.5 * math.Erfc(-math.Log(bound/median)/(spread*math.Sqrt2))
}

// flow serves the requests from the app's current time to the given one. There are no events in between, so every rate
// is constant.
func (a *App) flow(to time.Time) {
	n := a.requests * a.jitter() * to.Sub(a.now).Seconds()
	share := a.share()
	var canary []*pod
	if a.canaryService != nil {
		canary = a.canary.endpoints()
	}
	reporting := func(s *side) bool {
		is, _ := s.reportsMetrics(a.now)
		return is
	}
	a.stable.past.note(to, a.serve(a.stable, a.stable.endpoints(), n*(1-share), to), reporting(a.stable))
	a.canary.past.note(to, a.serve(a.canary, canary, n*share, to), reporting(a.canary))
}

// serve spreads the requests up to a time over the pods and returns what they counted. Where there is none they are lost:
// the router answers 503, and no app counts.
func (a *App) serve(s *side, pods []*pod, n float64, to time.Time) (sum Counters) {
	if n <= 0 {
		return sum
	}
	if len(pods) == 0 {
		a.lost += n
		return sum
	}
	for _, p := range pods {
		var c Counters
		b := a.behaviour(s, p)
		c.add(n/float64(len(pods)), b)
		if b.RestartEach > 0 {
			c.Restarts = to.Sub(a.now).Seconds() / b.RestartEach.Seconds()
		}
		p.counters = p.counters.plus(c, 1)
		sum = sum.plus(c, 1)
		tag := rollout.ShortVersion(p.image)
		a.byVersion[tag] = a.byVersion[tag].plus(c, 1)
	}
	return sum
}

// behaviour is what a pod does now.
func (a *App) behaviour(s *side, p *pod) Behaviour {
	if s.dep != nil && s.dep.behaves != nil {
		return *s.dep.behaves
	}
	return a.cluster.behaviour(p.image)
}

// jitter is by what factor more or fewer requests come in this second; the same for the same seed.
func (a *App) jitter() float64 {
	by := a.cluster.options.Jitter
	if by <= 0 {
		return 1
	}
	x := (uint64(a.now.Unix()) ^ a.cluster.options.Seed ^ hash(a.setup.Objects.Stable)) * 0x9E3779B97F4A7C15
	x ^= x >> 31
	return 1 + by*(float64(x%2001)/1000-1)
}

// Traffic returns what each version counted since the app was made, by tag, over all its pods past and present.
func (a *App) Traffic() map[string]Counters {
	var all map[string]Counters
	a.edit(func() { all = maps.Clone(a.byVersion) })
	return all
}

// Lost returns how many requests found no pod to serve them.
func (a *App) Lost() (n float64) {
	a.edit(func() { n = a.lost })
	return n
}
