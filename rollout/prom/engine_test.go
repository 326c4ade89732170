package prom_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// near compares with a value that Prometheus extrapolated.
func near(got *float64, want float64) bool {
	return got != nil && math.Abs(*got-want) <= 1e-9+0.02*math.Abs(want)
}

func show(v *float64) string {
	if v == nil {
		return "nothing"
	}
	return fmt.Sprintf("%g", *v)
}

// traffic is a pod's request counters: total per scrape, and how many of them failed.
func traffic(pod string, total, failed float64) []counter {
	all := []counter{{name: "http_requests_total", pod: pod, perScrape: total, first: 60}}
	if failed > 0 {
		all = append(all, counter{name: "http_5xx_total", pod: pod, perScrape: failed, first: 60})
	}
	if failed < total {
		all = append(all, counter{name: "http_2xx_total", pod: pod, perScrape: total - failed, first: 60})
	}
	return all
}

func TestErrorAndSuccessRateOnTheEngine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		series           []counter
		errors, success  float64
		requests, stable float64
	}{
		"one pod":           {traffic(canaryPod, 100, 5), 0.05, 0.95, 2000, 0.01},
		"many pods":         {append(traffic(canaryPod, 100, 10), traffic(canaryPod2, 100, 0)...), 0.05, 0.95, 4000, 0.01},
		"nothing failed":    {traffic(canaryPod, 100, 0), 0, 1, 2000, 0.01},
		"everything failed": {traffic(canaryPod, 100, 100), 1, 0, 2000, 0.01},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			e.add(tt.series...)
			e.add(append(traffic(stablePod, 200, 2), traffic(stablePod2, 200, 2)...)...)
			got := e.source().Ask(t.Context(), question(named(t, rollout.ErrorRate), named(t, rollout.SuccessRate))).Samples
			for i, want := range []float64{tt.errors, tt.success} {
				if s := got[i]; !near(s.Canary, want) || s.CanaryWhy != "" {
					t.Errorf("%s: got %s (%s %s), want %g", s.Check, show(s.Canary), s.CanaryWhy, s.Detail, want)
				}
				if s := got[i]; !near(s.Requests, tt.requests) || !near(s.StableRequests, 8000) {
					t.Errorf("%s: requests %s and %s, want %g and 8000", s.Check, show(s.Requests), show(s.StableRequests), tt.requests)
				}
			}
			if !near(got[0].Stable, tt.stable) || !near(got[1].Stable, 1-tt.stable) {
				t.Errorf("stable: got %s and %s", show(got[0].Stable), show(got[1].Stable))
			}
		})
	}
}

func TestLatencyAndMemoryOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, pod := range []string{canaryPod, canaryPod2, stablePod} {
		e.add(traffic(pod, 100, 0)...)
		for _, bucket := range []struct {
			le string
			n  float64
		}{{"0.1", 50}, {"0.5", 100}, {"+Inf", 100}} {
			e.add(counter{name: "http_duration_bucket", pod: pod, extra: []string{"le", bucket.le}, perScrape: bucket.n, first: 60})
		}
	}
	for pod, mib := range map[string]float64{canaryPod: 100, canaryPod2: 180, stablePod: 205} {
		for i, container := range []string{"checkout", "sidecar"} {
			e.gauge(counter{
				name: "container_memory_working_set_bytes", pod: pod, extra: []string{"container", container},
				perScrape: (mib - float64(i)) * (1 << 20), first: 60,
			})
		}
	}
	got := e.source().Ask(t.Context(), question(named(t, rollout.LatencyP99), named(t, rollout.MemoryUsage))).Samples
	if s := got[0]; !near(s.Canary, 0.492) || !near(s.Stable, 0.492) || !near(s.Requests, 4000) {
		t.Errorf("latency: got %s, stable %s, requests %s (%s %s)", show(s.Canary), show(s.Stable), show(s.Requests), s.CanaryWhy, s.Detail)
	}
	if s := got[1]; !near(s.Canary, 180<<20) || !near(s.Stable, 205<<20) || s.Requests != nil {
		t.Errorf("memory: got %s, stable %s (%s %s)", show(s.Canary), show(s.Stable), s.CanaryWhy, s.Detail)
	}
}

func TestArmsAreToldApartOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(traffic(canaryPod, 100, 0)...)
	e.add(traffic(stablePod, 100, 10)...)
	for _, other := range []string{ // none is a pod of either Deployment
		"checkout-migrate-x2k4p", "checkout-agent-x2k4p", "checkout-worker-6d5f7c9b8-x2k4p", "my-checkout-6d5f7c9b8-x2k4p",
		"checkout-canary", "checkout-canary-db-0", "checkout-0",
	} {
		e.add(traffic(other, 100, 100)...)
	}
	got := e.source().Ask(t.Context(), question(named(t, rollout.ErrorRate))).Samples[0]
	if !near(got.Canary, 0) || !near(got.Stable, 0.1) {
		t.Errorf("got canary %s, stable %s, want 0 and 0.1", show(got.Canary), show(got.Stable))
	}
}

func TestSelectByVersionOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for pod, version := range map[string]string{"a": "canary", "b": "stable"} {
		for _, c := range traffic(pod, 100, 5) {
			c.extra = []string{"version", version}
			e.add(c)
		}
	}
	q := question(named(t, rollout.ErrorRate))
	q.Select = `version="{{.Arm}}"`
	got := e.source().Ask(t.Context(), q).Samples[0]
	if !near(got.Canary, 0.05) || !near(got.Requests, 2000) {
		t.Errorf("got %s on %s requests (%s %s)", show(got.Canary), show(got.Requests), got.CanaryWhy, got.Detail)
	}
}

func TestWindowIsCutOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(traffic(stablePod, 100, 0)...)
	e.add(counter{name: "http_requests_total", pod: canaryPod, perScrape: 100, first: 60})
	// The canary before failed everything until four minutes ago; this one fails nothing.
	e.store(counter{name: "http_5xx_total", pod: canaryPod, first: 60}, func(n int) float64 { return float64(60-max(n, 16)) * 100 })

	q := question(named(t, rollout.ErrorRate))
	for _, tt := range []struct {
		since    time.Duration
		want     float64
		requests float64
	}{
		{2 * time.Minute, 0, 800},
		{10 * time.Minute, 3.0 / 19, 2000}, // three of the nineteen steps between the window's twenty samples
	} {
		q.Since = now.Add(-tt.since)
		got := e.source().Ask(t.Context(), q).Samples[0]
		if !near(got.Canary, tt.want) || !near(got.Requests, tt.requests) {
			t.Errorf("%s after the weight: got %s on %s requests (%s %s), want %g on %g",
				tt.since, show(got.Canary), show(got.Requests), got.CanaryWhy, got.Detail, tt.want, tt.requests)
		}
	}
}

func TestOldSamplesOnTheEngine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                 string
		canaryLast           int // scrapes ago
		stableLast           int
		canaryWhy, stableWhy rollout.Why
	}{
		{"both fresh", 0, 0, rollout.WhyNone, rollout.WhyNone},
		{"both four scrapes old", 4, 4, rollout.WhyNone, rollout.WhyNone},
		{"the canary's end while stable's go on", 5, 0, rollout.WhyNoData, rollout.WhyNone},
		{"nobody is scraped any more", 5, 5, rollout.WhyStale, rollout.WhyStale},
		{"only stable's end", 0, 5, rollout.WhyNone, rollout.WhyNoData},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			for pod, last := range map[string]int{canaryPod: tt.canaryLast, stablePod: tt.stableLast} {
				for _, c := range traffic(pod, 100, 1) {
					c.last = last
					e.add(c)
				}
			}
			got := e.source().Ask(t.Context(), question(named(t, rollout.ErrorRate))).Samples[0]
			if got.CanaryWhy != tt.canaryWhy || got.StableWhy != tt.stableWhy {
				t.Errorf("got %q and %q (%s), want %q and %q", got.CanaryWhy, got.StableWhy, got.Detail, tt.canaryWhy, tt.stableWhy)
			}
			if (got.Canary == nil) != (tt.canaryWhy != "") || (got.Stable == nil) != (tt.stableWhy != "") {
				t.Errorf("values: canary %s, stable %s", show(got.Canary), show(got.Stable))
			}
		})
	}
}

func TestNoTrafficOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(traffic(canaryPod, 0, 0)...)
	e.add(traffic(stablePod, 100, 0)...)
	got := e.source().Ask(t.Context(), question(named(t, rollout.ErrorRate))).Samples[0]
	if got.CanaryWhy != rollout.WhyNotANumber || !near(got.Requests, 0) {
		t.Errorf("got %s (%s) on %s requests, want not a number on 0", show(got.Canary), got.CanaryWhy, show(got.Requests))
	}
}

func TestStableOnlyOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(traffic(stablePod, 100, 2)...)
	byName := named(t, rollout.MemoryUsage)
	byName.Query = `sum(rate(http_requests_total{pod=~"{{.Canary}}-.*"}[{{.Window}}]))`
	q := question(named(t, rollout.ErrorRate), byName)
	q.StableOnly, q.Since = true, time.Time{}
	got := e.source().Ask(t.Context(), q).Samples
	if s := got[0]; !near(s.Canary, 0.02) || !near(s.Requests, 2000) || s.Stable != nil || s.StableWhy != "" {
		t.Errorf("got %+v, want stable's 0.02 on 2000 requests in the canary's place", s)
	}
	if s := got[1]; !near(s.Canary, 100.0/15) {
		t.Errorf("by the canary's name: got %s (%s), want stable's", show(s.Canary), s.CanaryWhy)
	}
}

// A canary that leaked and was rolled back is still remembered where its series bear no staleness marker, as cAdvisor's
// do with their own timestamps: it must not condemn the one that comes after it.
func TestALeakDoesNotCondemnItsFixOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	const name = "container_memory_working_set_bytes"
	e.gauge(counter{name: name, pod: canaryPod, perScrape: 600 << 20, first: 60, last: 8}) // until two minutes ago
	e.gauge(counter{name: name, pod: canaryPod2, perScrape: 100 << 20, first: 5})
	q := question(named(t, rollout.MemoryUsage))
	q.Since = now.Add(-time.Minute)
	if got := e.source().Ask(t.Context(), q).Samples[0]; !near(got.Canary, 100<<20) {
		t.Errorf("got %s (%s %s), want 100 MiB", show(got.Canary), got.CanaryWhy, got.Detail)
	}
}

// Where Prometheus scrapes once a minute, a canary that is heard may lack the second scrape in a window that began with
// the weight. That is warming up; the canary is not silent.
func TestASlowlyScrapedCanaryIsNotSilentOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(traffic(stablePod, 100, 1)...)
	for _, c := range traffic(canaryPod, 100, 1) {
		c.first, c.last = 1, 1 // one scrape only
		e.add(c)
	}
	q := question(named(t, rollout.ErrorRate))
	q.Since = now.Add(-time.Minute)
	if got := e.source().Ask(t.Context(), q).Samples[0]; got.CanaryWhy != rollout.WhyWarmingUp || got.Stable == nil {
		t.Errorf("got %q (%s), want warming up", got.CanaryWhy, got.Detail)
	}
	q.Since = now.Add(-time.Hour)
	if got := e.source().Ask(t.Context(), q).Samples[0]; got.CanaryWhy != rollout.WhyNoData {
		t.Errorf("in a whole window: got %q (%s), want no data", got.CanaryWhy, got.Detail)
	}
}
