package bot_test

import (
	"context"
	"sync"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

const repository = "registry.example.com/shop/checkout"

// cluster is the simulated cluster, so quick that a pod is ready and a weight acknowledged as soon as they are asked for.
type cluster struct {
	*sim.Cluster
	apps map[rollout.ServiceName]*sim.App
	lag  time.Duration // how long observing takes
}

func newCluster() *cluster {
	const atOnce = time.Nanosecond
	c := &cluster{apps: map[rollout.ServiceName]*sim.App{}, Cluster: sim.New(sim.Options{
		Start: atOnce, Stop: atOnce, Controller: atOnce, Accept: atOnce, Collect: atOnce,
	})}
	c.add(service())
	return c
}

// add puts a service into the cluster, at v1.2.3.
func (c *cluster) add(s rollout.Service) {
	c.apps[s.Name] = c.Add(sim.Setup{Objects: s.Spec.Objects, Image: s.Spec.Repository + ":v1.2.3", Progress: time.Minute})
}

// checkout is the service of most tests.
func (c *cluster) checkout() *sim.App { return c.apps["checkout"] }

// Observe reads the objects, slowly where a test says so.
func (c *cluster) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	time.Sleep(c.lag)
	return c.Cluster.Observe(ctx, r)
}

// Do sends a write, and waits the moment that the cluster needs to follow it.
func (c *cluster) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	err := c.Cluster.Do(ctx, r, w)
	time.Sleep(time.Microsecond)
	return err
}

// Preflight takes a moment, so that an answer comes after the ack that announces it.
func (c *cluster) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	time.Sleep(time.Millisecond)
	return c.Cluster.Preflight(ctx, r)
}

// now is what somebody sees who looks at the service's objects.
func (c *cluster) now(s rollout.Service) rollout.Observed {
	return c.Cluster.Observe(context.Background(), rollout.Rollout{Service: s.Name, Spec: s.Spec})
}

// metrics answers every check of the canary with one value.
type metrics struct {
	mu    sync.Mutex
	value float64
	down  bool
}

func (m *metrics) set(value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.value = value
}

// unplug makes Prometheus unreachable, or brings it back.
func (m *metrics) unplug(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

// Ask answers, after a moment.
func (m *metrics) Ask(_ context.Context, q rollout.Question) rollout.Answer {
	time.Sleep(time.Millisecond)
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []rollout.Sample
	for _, c := range q.Checks {
		value, healthy, requests := m.value, 0.001, 1000.0
		if q.StableOnly {
			value = healthy
		}
		sample := rollout.Sample{
			Check: c.Name, At: time.Now().UTC().Round(0), Canary: &value, Stable: &healthy,
			Requests: &requests, StableRequests: &requests,
		}
		if m.down {
			sample = rollout.Sample{
				Check: c.Name, At: sample.At, CanaryWhy: rollout.WhyUnreachable, StableWhy: rollout.WhyUnreachable,
				Detail: "dial tcp: connection refused",
			}
		}
		all = append(all, sample)
	}
	return rollout.Answer{Samples: all}
}
