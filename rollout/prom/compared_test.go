package prom_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// A check that is compared is asked about both sides, in the same seconds.
func TestComparedQueriesOnTheEngine(t *testing.T) {
	t.Parallel()
	orders := rollout.Check{
		Name: "orders_per_request", Window: time.Minute, Interval: scrape, Unit: rollout.Ratio,
		Query:   `sum(rate(orders_total{{{.Select}}}[{{.Window}}])) / sum(rate(http_requests_total{{{.Select}}}[{{.Window}}]))`,
		Compare: &rollout.Margin{Worse: rollout.Lower, Ratio: 0.8},
	}
	age := rollout.Check{
		Name: "queue_age", Window: time.Minute, Interval: scrape, Unit: rollout.Seconds, Query: `max(queue_age_seconds{{{.Select}}})`,
		Compare: &rollout.Margin{Worse: rollout.Higher, Difference: 5},
	}
	e := newEngine(t)
	e.add(traffic(canaryPod, 100, 0)...)
	e.add(append(traffic(stablePod, 400, 0), traffic(stablePod2, 400, 0)...)...)
	for pod, n := range map[string]float64{canaryPod: 2, stablePod: 16, stablePod2: 16} {
		e.add(counter{name: "orders_total", pod: pod, perScrape: n, first: 60})
		e.gauge(counter{name: "queue_age_seconds", pod: pod, perScrape: 3 * n, first: 60})
	}
	got := e.source().Ask(t.Context(), question(orders, age)).Samples
	for i, want := range [][2]float64{{0.02, 0.04}, {6, 48}} {
		if s := got[i]; !near(s.Canary, want[0]) || !near(s.Stable, want[1]) {
			t.Errorf("%s: got %s, stable %s (%s %s), want %v", s.Check, show(s.Canary), show(s.Stable), s.CanaryWhy, s.Detail, want)
		}
	}
}

// What a comparison cannot use is told as it is: several series on stable, none, or not a number.
func TestOddComparedQueriesOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(traffic(canaryPod, 100, 0)...)
	e.add(append(traffic(stablePod, 400, 0), traffic(stablePod2, 400, 0)...)...)
	for name, tt := range map[string]struct {
		query string
		why   rollout.Why
	}{
		"a series for each pod": {`rate(http_requests_total{{{.Select}}}[{{.Window}}])`, rollout.WhySeveralSeries},
		"no series":             {`sum(no_such_metric{{{.Select}}})`, rollout.WhyNoData},
		"nothing by nothing":    {`sum(0 * http_requests_total{{{.Select}}}) / sum(0 * http_requests_total{{{.Select}}})`, rollout.WhyNotANumber},
	} {
		c := rollout.Check{Name: "odd", Query: tt.query, Window: time.Minute, Interval: scrape, Compare: &rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}}
		q := question(c)
		if s := e.source().Ask(t.Context(), q).Samples[0]; s.Stable != nil || s.StableWhy != tt.why {
			t.Errorf("%s: stable is %s (%s), want %s", name, show(s.Stable), s.StableWhy, tt.why)
		}
		q.StableOnly = true // as at the start of a rollout
		if got := rollout.OnStable(q.Checks, e.source().Ask(t.Context(), q).Samples); got[0].Result != rollout.Unknown || got[0].Why != tt.why {
			t.Errorf("%s: at the start it is %s (%s), want %s", name, got[0].Result, got[0].Why, tt.why)
		}
	}
}
