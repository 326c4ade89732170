package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// agreeable is a cluster that carries out every change of a rollout at once.
type agreeable struct{}

const replicas = 4

func (agreeable) Preflight(context.Context, rollout.Rollout) rollout.Preflight {
	return rollout.Preflight{Original: rollout.Original{
		Stable: rollout.OriginalWorkload{UID: "s", Image: "r/app:v1", Replicas: replicas},
		Route:  rollout.OriginalRoute{UID: "r"}, Progress: 10 * time.Minute, Surges: true,
	}}
}

func (agreeable) Do(context.Context, rollout.Rollout, rollout.Write) error { return nil }

func (agreeable) Observe(_ context.Context, r rollout.Rollout) rollout.Observed {
	weight, _ := r.Weight()
	size := r.Size
	if size == 0 { // nothing was started: there is no canary
		return rollout.Observed{
			Stable: rollout.Workload{Meta: rollout.Meta{Exists: true, UID: "s", Version: "1"}, Image: "r/app:v1", Replicas: replicas},
			Route:  rollout.Route{Meta: rollout.Meta{Exists: true, UID: "r", Version: "1"}, Acknowledged: true},
		}
	}
	stamp := func(s rollout.Stamp) *rollout.Stamp {
		s.Store, s.Rollout, s.Revision = r.Store, r.ID, math.MaxInt64
		return &s
	}
	pods := func(uid, image string, n int) rollout.Workload {
		return rollout.Workload{
			Meta: rollout.Meta{Exists: true, UID: uid, Version: "1"}, Image: image, Replicas: n, GenerationObserved: true,
			Total: n, Updated: n, Available: n, Endpoints: n, ImageIDs: []rollout.ImageID{{Digest: "sha256:" + uid}},
		}
	}
	w := rollout.Observed{
		Stable: pods("s", "r/app:v1", replicas), Canary: pods("c", r.Image, size),
		Service: rollout.Meta{Exists: true, UID: "v", Version: "1"},
		Route: rollout.Route{
			Meta:      rollout.Meta{Exists: true, UID: "r", Version: "1", Stamp: stamp(rollout.Stamp{Weight: &weight})},
			HasCanary: true, Weight: weight, Acknowledged: true,
		},
	}
	w.Canary.Stamp = stamp(rollout.Stamp{Image: r.Image, Replicas: &size})
	return w
}

func serviceName(i int) rollout.ServiceName { return rollout.ServiceName(fmt.Sprintf("app-%04d", i)) }

// services returns n services whose rollouts bake for a day, with the four named checks every fifteen seconds.
func services(n int) map[rollout.ServiceName]rollout.Service {
	all := make(map[rollout.ServiceName]rollout.Service, n)
	for i := range n {
		name := serviceName(i)
		all[name] = rollout.Service{
			Name: name, Channel: "#deploys",
			Policy: rollout.Policy{
				Deployers: []string{deployer}, Approvers: []string{deployer}, Rollback: []string{rollout.Everyone},
				Pipelines: map[string][]rollout.Action{deployer: {rollout.Pause, rollout.Resume}},
			},
			Spec: rollout.Spec{
				Environment: "bench", Repository: "r/app", Checks: prom.Named(prom.Plain()), Signals: prom.Plain(),
				Judging: rollout.Judging{
					Alpha: 0.01, ErrorRatio: 1.5, ErrorSlack: 0.001, LatencyRatio: 1.25, LatencySlack: 0.002, Young: 3 * time.Minute,
				},
				Objects: rollout.Objects{
					Namespace: "bench", Stable: string(name), Canary: string(name) + "-canary", StableService: string(name),
					CanaryService: string(name) + "-canary", Route: rollout.RouteRef{Kind: "HTTPRoute", Name: string(name)},
				},
				Plan: rollout.Plan{Name: "day", Steps: []rollout.Step{{Weight: 5, Bake: 24 * time.Hour, Gate: rollout.Auto}}},
				Limits: rollout.Limits{
					Interval: 15 * time.Second, Drain: 30 * time.Second, Wait: 48 * time.Hour, UnknownLimit: 48 * time.Hour,
					OnUnknown: rollout.Ask, Shift: 2 * time.Minute, Stuck: 2 * time.Minute, Remind: 48 * time.Hour,
				},
			},
		}
	}
	return all
}
