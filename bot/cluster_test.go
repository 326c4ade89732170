package bot_test

import (
	"context"
	"strconv"
	"sync"
	"time"

	"canarybot.io/rollout"
)

const (
	repository = "registry.example.com/shop/checkout"
	oldImage   = repository + ":v1.2.3"
)

// cluster is one service's objects in memory: pods are ready at once and the route acknowledges everything.
type cluster struct {
	mu  sync.Mutex
	w   rollout.Observed
	n   int
	lag time.Duration // that reading takes
}

func newCluster() *cluster {
	c := &cluster{}
	c.w.Stable = rollout.Workload{Meta: c.meta("stable"), Image: oldImage, Replicas: 4}
	c.w.Route = rollout.Route{Meta: c.meta("route")}
	return c
}

func (c *cluster) meta(uid string) rollout.Meta {
	c.n++
	return rollout.Meta{Exists: true, UID: uid, Version: strconv.Itoa(c.n)}
}

// Preflight finds nothing in the way.
func (c *cluster) Preflight(context.Context, rollout.Rollout) rollout.Preflight {
	c.mu.Lock()
	defer c.mu.Unlock()
	return rollout.Preflight{Original: rollout.Original{
		Stable: rollout.OriginalWorkload{UID: "stable", Image: c.w.Stable.Image, Replicas: 4},
		Route:  rollout.OriginalRoute{UID: "route"}, Progress: time.Minute, Surges: true,
	}}
}

// Observe reads the objects, with all pods settled.
func (c *cluster) Observe(context.Context, rollout.Rollout) rollout.Observed {
	time.Sleep(c.lag)
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.w
	w.Route.Acknowledged = true
	for _, d := range []*rollout.Workload{&w.Stable, &w.Canary} {
		n := d.Replicas
		d.GenerationObserved, d.Total, d.Updated, d.Available, d.Endpoints = true, n, n, n, n
		d.ImageIDs = []string{d.Image}
	}
	return w
}

// Do lands a guarded write.
func (c *cluster) Do(_ context.Context, _ rollout.Rollout, w rollout.Write) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := map[rollout.Object]*rollout.Meta{
		rollout.StableDeployment: &c.w.Stable.Meta, rollout.CanaryDeployment: &c.w.Canary.Meta,
		rollout.CanaryService: &c.w.Service, rollout.RouteObject: &c.w.Route.Meta,
	}[w.Object]
	if w.Verb != rollout.Create && m.Version != w.Version {
		return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: rollout.ProblemObjectChanged})
	}
	uid := m.UID
	if w.Verb == rollout.Create {
		c.n++
		uid = string(w.Object) + strconv.Itoa(c.n)
	}
	*m = c.meta(uid)
	m.Stamp = &w.Stamp
	switch {
	case w.Verb == rollout.Delete && w.Object == rollout.CanaryDeployment:
		c.w.Canary = rollout.Workload{}
	case w.Verb == rollout.Delete:
		*m = rollout.Meta{}
	case w.Verb == rollout.Release:
		m.Stamp = nil
		if w.DropCanary {
			c.w.Route.HasCanary, c.w.Route.Weight = false, 0
		}
	case w.Object == rollout.RouteObject:
		c.w.Route.HasCanary, c.w.Route.Weight = true, *w.Weight
	case w.Object == rollout.StableDeployment:
		c.w.Stable.Image = w.Image
	case w.Object == rollout.CanaryDeployment:
		c.w.Canary.Image, c.w.Canary.Replicas = w.Image, *w.Replicas
	}
	return nil
}

// touch lets somebody with kubectl change something.
func (c *cluster) touch(change func(*rollout.Observed)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.w)
	c.w.Route.Version = strconv.Itoa(c.n + 1)
	c.n++
}

// weight returns the canary's share.
func (c *cluster) weight() rollout.Weight {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.w.Route.Weight
}

// image returns what stable runs.
func (c *cluster) image() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.w.Stable.Image
}

// metrics answers every check with one value.
type metrics struct {
	mu    sync.Mutex
	value float64
}

func (m *metrics) set(value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.value = value
}

// Ask answers.
func (m *metrics) Ask(_ context.Context, q rollout.Question) rollout.Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []rollout.Sample
	for _, c := range q.Checks {
		value, healthy, requests := m.value, 0.001, 1000.0
		if q.StableOnly {
			value = healthy
		}
		all = append(all, rollout.Sample{
			Check: c.Name, At: time.Now().UTC().Round(0), Canary: &value, Stable: &healthy,
			Requests: &requests, StableRequests: &requests,
		})
	}
	return rollout.Answer{Samples: all}
}
