package sim

import (
	"time"

	"canarybot.io/rollout"
)

// App is a service in the cluster: two Deployments, their Services, a route, and the incoming requests. Its methods are
// what people and tests do to it without Canarybot; by is the field manager of the change.
type App struct {
	cluster *Cluster
	setup   Setup

	// The cluster's lock guards what follows.
	now           time.Time // the app is simulated up to this time
	stable        *side
	canary        *side
	canaryService *object
	route         *route
	requests      float64 // a second
	lost          float64 // requests that found no pod
	troubles      []Trouble
	byVersion     map[string]Counters
}

// newApp creates the app with its pods up and ready; the caller holds the lock.
func newApp(c *Cluster, s Setup) *App {
	a := &App{cluster: c, setup: s, now: time.Now().Add(-s.Age), requests: s.Requests, byVersion: map[string]Counters{}}
	a.stable = &side{app: a, name: s.Objects.Stable}
	a.canary = &side{app: a, name: s.Objects.Canary}
	a.stable.dep = a.newDeployment(s.Image, s.Replicas, "kubectl-client-side-apply")
	a.stable.dep.seen = true
	for range s.Replicas {
		p := c.newPod(a.stable.name, a.stable.dep, a.now)
		p.born, p.ready, p.warm = a.now.Add(-time.Hour), a.now.Add(-time.Hour), a.now
		a.stable.pods = append(a.stable.pods, p)
	}
	if !s.NoRoute {
		a.route = &route{object: c.newObject(), weightBy: "kubectl-client-side-apply", accepted: true, due: a.now}
	}
	if s.Canary != "" {
		a.canary.dep = a.newDeployment(s.Canary, 0, "kubectl-client-side-apply")
		a.canary.dep.seen = true
		service := c.newObject()
		a.canaryService = &service
		if a.route != nil {
			a.route.hasCanary = true
		}
	}
	a.stable.past.note(a.now, Counters{}, false)
	a.canary.past.note(a.now, Counters{}, false)
	a.settle()
	return a
}

func (a *App) newDeployment(image string, replicas int, by string) *deployment {
	return &deployment{
		object: a.cluster.newObject(), image: image, source: image, replicas: replicas, imageBy: by, replicasBy: by,
		due: a.now.Add(a.cluster.options.Controller), progressed: a.now,
	}
}

// observed is the app as the domain sees it.
func (a *App) observed(r rollout.Rollout) rollout.Observed {
	w := rollout.Observed{
		Stable: a.stable.workload(r, rollout.StableDeployment), Canary: a.canary.workload(r, rollout.CanaryDeployment),
		Service: a.canaryService.meta(), Route: a.readRoute(),
	}
	w.Stable.Endpoints = len(a.stable.endpoints())
	if a.canaryService != nil {
		w.Canary.Endpoints = len(a.canary.endpoints())
	}
	for _, o := range a.annotated() {
		if id := o.rollbackID(); id != "" && w.Rollback == "" {
			w.Rollback = id
		}
	}
	return w
}

// annotated are the objects whose annotation asks for a rollback.
func (a *App) annotated() []*object {
	var all []*object
	if a.route != nil {
		all = append(all, &a.route.object)
	}
	for _, s := range []*side{a.stable, a.canary} {
		if s.dep != nil {
			all = append(all, &s.dep.object)
		}
	}
	return all
}

// settle runs the cluster's controllers at this moment.
func (a *App) settle() {
	a.stable.settle()
	a.canary.settle()
	a.settleRoute()
}

// advance simulates the app up to the time, event by event, so that its state does not depend on how often it is
// observed.
func (a *App) advance(to time.Time) {
	for a.now.Before(to) {
		next := a.next(to)
		a.flow(next)
		a.now = next
		a.settle()
	}
}

// next is the time of the next event, at most the given time.
func (a *App) next(to time.Time) time.Time {
	next := to
	each := func(t time.Time) {
		if t.After(a.now) && t.Before(next) {
			next = t
		}
	}
	a.stable.times(each)
	a.canary.times(each)
	if a.route != nil {
		each(a.route.due)
	}
	for _, t := range a.troubles {
		each(t.From)
		each(t.Until)
	}
	if a.cluster.options.Jitter > 0 {
		each(a.now.Truncate(time.Second).Add(time.Second))
	}
	return next
}
