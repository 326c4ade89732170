package sim_test

import (
	"context"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

func checks() []rollout.Check {
	all := []rollout.Check{
		{Name: "error_rate", Traffic: "t"}, {Name: "success_rate", Traffic: "t"},
		{Name: "latency_p99", Traffic: "t"}, {Name: "memory_usage"}, {Name: "odd"},
	}
	for i := range all {
		all[i].Window, all[i].Interval = time.Minute, 15*time.Second
	}
	return all
}

// ask asks the checks of the bench's app, as of since ago.
func (b *bench) ask(m *sim.Metrics, since time.Duration) map[string]rollout.Sample {
	q := rollout.Question{Namespace: "shop", Stable: "checkout", Canary: "checkout-canary", Checks: checks(), Now: time.Now()}
	if since > 0 {
		q.Since = q.Now.Add(-since)
	}
	all := map[string]rollout.Sample{}
	for _, s := range m.Ask(b.t.Context(), q).Samples {
		all[s.Check] = s
	}
	return all
}

func TestMetricsAnswerBothArms(t *testing.T) {
	bad := sim.Behaviour{Errors: 0.05, Latency: 300 * time.Millisecond, Leak: 1 << 20}
	in(t, sim.Options{Behaviours: map[string]sim.Behaviour{"v1.2.4": bad}}, sim.Setup{Requests: 200}, func(b *bench) {
		m := sim.NewMetrics(b.c)
		b.up(10)
		time.Sleep(time.Minute)
		got := b.ask(m, time.Minute)
		near(t, "canary's error rate", *got["error_rate"].Canary, 0.05)
		near(t, "stable's error rate", *got["error_rate"].Stable, 0)
		near(t, "canary's requests", *got["error_rate"].Requests, 1200)
		near(t, "stable's requests", *got["error_rate"].StableRequests, 10800)
		near(t, "canary's success rate", *got["success_rate"].Canary, 0.95)
		if p99 := *got["latency_p99"].Canary; p99 < 0.9 || p99 > 1.1 {
			t.Errorf("the canary's p99 is %v", p99)
		}
		if mem := *got["memory_usage"].Canary - *got["memory_usage"].Stable; mem < 60<<20 || mem > 80<<20 {
			t.Errorf("the canary took %v bytes more", mem)
		}
		if s := got["odd"]; s.Canary != nil || s.CanaryWhy != rollout.WhyQueryError {
			t.Errorf("an unknown check is answered with %+v", s)
		}
	})
}

func TestMetricsHoldToTheWindow(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Requests: 100}, func(b *bench) {
		m := sim.NewMetrics(b.c)
		if s := b.ask(m, 0)["error_rate"]; s.CanaryWhy != rollout.WhyNoData {
			t.Errorf("without a canary the sample is %+v", s)
		}
		b.up(50)
		time.Sleep(40 * time.Second)
		if s := b.ask(m, 10*time.Second)["error_rate"]; s.CanaryWhy != rollout.WhyWarmingUp || s.Canary != nil {
			t.Errorf("warming up the sample is %+v", s)
		}
		near(t, "requests since the weight", *b.ask(m, 30*time.Second)["error_rate"].Requests, 1500)
		b.app.EditWeight(0, "kubectl")
		time.Sleep(2 * time.Minute)
		if s := b.ask(m, 0)["error_rate"]; s.CanaryWhy != rollout.WhyNotANumber {
			t.Errorf("without requests the sample is %+v", s)
		}
	})
}

func TestMetricsThatSayNothing(t *testing.T) {
	in(t, sim.Options{Behaviours: map[string]sim.Behaviour{"v1.2.4": {Silent: true}}}, sim.Setup{}, func(b *bench) {
		m := sim.NewMetrics(b.c)
		b.up(50)
		time.Sleep(time.Minute)
		if s := b.ask(m, 0)["memory_usage"]; s.CanaryWhy != rollout.WhyNoData || s.Stable == nil {
			t.Errorf("a silent canary's sample is %+v", s)
		}
		m.Unplug(true)
		if s := b.ask(m, 0)["memory_usage"]; s.StableWhy != rollout.WhyUnreachable || s.Stable != nil || s.Detail == "" {
			t.Errorf("unplugged the sample is %+v", s)
		}
		m.Unplug(false)
		m.SetFault(func(rollout.Question) error { return context.DeadlineExceeded })
		if s := b.ask(m, 0)["memory_usage"]; s.CanaryWhy != rollout.WhyUnreachable {
			t.Errorf("with a fault the sample is %+v", s)
		}
		m.SetFault(nil)
		m.Alter(func(s rollout.Sample) rollout.Sample { s.CanaryWhy = rollout.WhyStale; return s })
		if s := b.ask(m, 0)["memory_usage"]; s.CanaryWhy != rollout.WhyStale {
			t.Errorf("altered the sample is %+v", s)
		}
	})
}

func TestBreakEndsWithTheCanary(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		m := sim.NewMetrics(b.c)
		b.up(50)
		b.app.Break(sim.Behaviour{Errors: 0.3})
		time.Sleep(time.Minute)
		got := b.ask(m, 0)["error_rate"]
		near(t, "canary", *got.Canary, 0.3)
		near(t, "stable", *got.Stable, 0)
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Delete})
		time.Sleep(5 * time.Second)
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)})
		b.size(1)
		time.Sleep(2 * time.Minute)
		near(t, "the next canary", *b.ask(m, 0)["error_rate"].Canary, 0)
	})
}

func TestScrape(t *testing.T) {
	in(t, sim.Options{Behaviours: map[string]sim.Behaviour{"v1.2.4": {Errors: 0.5}}}, sim.Setup{Requests: 100}, func(b *bench) {
		b.up(50)
		time.Sleep(100 * time.Second)
		sums := map[string]float64{}
		for _, p := range b.c.Scrape() {
			if p.Labels["namespace"] != "shop" || p.Labels["pod"] == "" {
				t.Fatalf("the labels are %v", p.Labels)
			}
			if p.Labels["le"] == "" {
				sums[p.Name+" "+p.Labels["version"]] += p.Value
			}
		}
		for name, want := range map[string]float64{
			"http_requests_total v1.2.4": 5040, "http_5xx_total v1.2.4": 2520, "http_2xx_total v1.2.4": 2520,
			"http_requests_total v1.2.3": 5640, "http_errors v1.2.4": 2520, "http_5xx_total v1.2.3": 0,
		} {
			if got := sums[name]; got < 0.97*want || got > 1.03*want {
				t.Errorf("%s is %v, want about %v", name, got, want)
			}
		}
	})
}
