package sim

import (
	"math"
	"slices"
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// raw returns what a Prometheus would have stored for the requested signals: samples at regular times, one series for
// each counter and side. Detail says why nothing is available; empty: everything is.
func (c *Cluster) raw(q rollout.Question, detail string) rollout.Raw {
	w := q.Want
	if q.Signals.Requests == "" && q.Signals.Memory == "" || w.Since.IsZero() && !w.Buckets && !w.History {
		return rollout.Raw{}
	}
	if detail != "" {
		failed := rollout.Read{Requests: rollout.Reading{Why: rollout.WhyUnreachable, Detail: detail}}
		return rollout.Raw{Canary: failed, Stable: failed}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.app(rollout.Objects{Namespace: q.Namespace, Stable: q.Stable})
	if a == nil {
		return rollout.Raw{}
	}
	a.advance(time.Now())
	scrape := q.Signals.Scrape
	var out rollout.Raw
	if !w.Since.IsZero() {
		out.Canary, out.Stable = a.canary.read(q, w.Since), a.stable.read(q, w.Since)
	}
	if w.History {
		out.History = a.stable.read(q, q.Now.Add(-60*scrape))
	}
	if w.Buckets {
		total := a.stable.past.between(q.Now.Add(-120*scrape), q.Now)
		for i, bound := range append(slices.Clone(bounds[:]), math.Inf(1)) {
			within := total.Requests
			if i < len(bounds) {
				within = total.Within[i]
			}
			out.Buckets.Series = append(out.Buckets.Series, rollout.Series{
				Labels: le(bound), Bound: bound, Points: []rollout.Point{{At: q.Now, Value: within}},
			})
		}
	}
	return out
}

func le(bound float64) string { return strconv.FormatFloat(bound, 'g', -1, 64) }

// read returns a side's stored series from a time on: samples of the times at which it reported metrics.
func (s *side) read(q rollout.Question, from time.Time) rollout.Read {
	_, memory := s.reportsMetrics(q.Now)
	series := func(name string, bound float64, value func(Counters) float64) rollout.Series {
		out := rollout.Series{Target: s.name, Labels: s.name + name, Bound: bound}
		for at := from.Truncate(q.Signals.Scrape); !at.After(q.Now); at = at.Add(q.Signals.Scrape) {
			if !at.Before(from) && s.past.reported(at) {
				out.Points = append(out.Points, rollout.Point{At: at, Value: value(s.past.at(at))})
			}
		}
		return out
	}
	one := func(s rollout.Series) rollout.Reading { return rollout.Reading{Series: []rollout.Series{s}} }
	if len(series("", 0, func(Counters) float64 { return 0 }).Points) == 0 {
		return rollout.Read{}
	}
	r := rollout.Read{
		Requests: one(series("requests", 0, func(c Counters) float64 { return c.Requests })),
		Errors:   one(series("errors", 0, func(c Counters) float64 { return c.Errors })),
		Success:  one(series("success", 0, func(c Counters) float64 { return c.OK })),
	}
	if q.Signals.InFlight != "" {
		r.InFlight = one(series("in flight", 0, func(c Counters) float64 { return math.Floor(c.Hung) }))
	}
	if q.Signals.Restarts != "" {
		r.Restarts = one(series("restarts", 0, func(c Counters) float64 { return math.Floor(c.Restarts) }))
	}
	if q.Signals.ClientErrors != "" {
		r.ClientErrors = one(series("refused", 0, func(c Counters) float64 { return c.Refused }))
	}
	if memory > 0 {
		r.Memory = one(series("memory", 0, func(Counters) float64 { return memory }))
	}
	r.Latency.Series = append(r.Latency.Series, series("le+Inf", math.Inf(1), func(c Counters) float64 { return c.Requests }))
	for i, bound := range bounds {
		if slices.Contains(q.Want.Bounds, le(bound)) {
			r.Latency.Series = append(r.Latency.Series, series("le"+le(bound), bound, func(c Counters) float64 { return c.Within[i] }))
		}
	}
	return r
}

// reportsMetrics reports whether some pod of the side reports metrics, and what the largest of them uses.
func (s *side) reportsMetrics(now time.Time) (reporting bool, memory float64) {
	for _, p := range s.pods {
		if p.alive() && !now.Before(p.ready) && !s.app.behaviour(s, p).Silent {
			reporting = true
			memory = max(memory, s.app.behaviour(s, p).memory(now.Sub(p.born)))
		}
	}
	return reporting, memory
}
