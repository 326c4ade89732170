package judge

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

func TestNormaliseFillsInDefaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit     func(*rollout.Case, *baseline)
		interval time.Duration
		grace    time.Duration
		share    float64
	}{
		"nothing is configured":         {func(*rollout.Case, *baseline) {}, 15 * time.Second, 3 * time.Second, 0},
		"the interval is configured":    {func(c *rollout.Case, _ *baseline) { c.Spec.Signals.Scrape = 5 * time.Second }, 5 * time.Second, time.Second, 0},
		"Prometheus scrapes less often": {func(_ *rollout.Case, b *baseline) { b.Interval = time.Minute }, time.Minute, 3 * time.Second, 0},
		"Prometheus scrapes more often": {func(_ *rollout.Case, b *baseline) { b.Interval = time.Second }, 15 * time.Second, 3 * time.Second, 0},
		"samples come late":             {func(_ *rollout.Case, b *baseline) { b.Lag = 20 * time.Second }, 15 * time.Second, 23 * time.Second, 0},
		"the step has a weight": {func(c *rollout.Case, _ *baseline) {
			c.Step, c.Spec.Plan.Steps = 1, []rollout.Step{{Weight: 5}, {Weight: 50}}
		}, 15 * time.Second, 3 * time.Second, 0.5},
	} {
		var c rollout.Case
		var b baseline
		tt.edit(&c, &b)
		if w := normalise(c, &b); w.interval != tt.interval || w.grace != tt.grace || w.canaryShare != tt.share {
			t.Errorf("%s: interval %s, grace %s, share %v; want %s, %s, %v", name, w.interval, w.grace, w.canaryShare, tt.interval, tt.grace, tt.share)
		}
	}
}

// The targets that report are those of the requests, else of the latency, else of the memory.
func TestReports(t *testing.T) {
	t.Parallel()
	of := func(target string) rollout.Reading {
		return rollout.Reading{Series: []rollout.Series{{Target: target}}}
	}
	for want, r := range map[string]rollout.Read{
		"requests": {Requests: of("requests"), Latency: of("latency"), Memory: of("memory")},
		"latency":  {Latency: of("latency"), Memory: of("memory")},
		"memory":   {Memory: of("memory")},
	} {
		if got := reports(r); len(got) != 1 || got[0].Target != want {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
}
