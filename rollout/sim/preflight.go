package sim

import (
	"fmt"

	"canarybot.io/rollout"
)

// preflight takes inert leftovers away and says what keeps the rollout from starting; the caller holds the lock.
func (c *Cluster) preflight(r rollout.Rollout) rollout.Preflight {
	o := r.Spec.Objects
	a := c.app(o)
	if a == nil || a.stable.dep == nil {
		return rollout.Preflight{Problems: rollout.Texts(fmt.Sprintf("There is no Deployment %s/%s.", o.Namespace, o.Stable))}
	}
	a.clear(r)
	return rollout.Preflight{Original: a.original(), Problems: rollout.Texts(a.problems(r)...)}
}

// original is what the rollout takes over.
func (a *App) original() rollout.Original {
	f := rollout.Original{
		Stable:        rollout.OriginalWorkload{UID: a.stable.dep.uid, Image: a.stable.dep.image, Replicas: a.stable.dep.replicas},
		CanaryService: a.canaryService != nil, Progress: a.setup.Progress, Surges: a.surges(),
	}
	if d := a.canary.dep; d != nil {
		f.Canary = rollout.OriginalWorkload{UID: d.uid, Image: d.image, Replicas: d.replicas}
	}
	if a.route != nil {
		f.Route = rollout.OriginalRoute{UID: a.route.uid, HasCanary: a.route.hasCanary, Weight: a.readRoute().Weight}
	}
	return f
}

// surges reports whether replacing stable's pods leaves some of them serving.
func (a *App) surges() bool {
	return a.setup.Strategy == Surge || a.setup.Strategy == NoSurge && a.stable.dep.replicas > 1
}

// problems are the reasons not to start, all of them.
func (a *App) problems(r rollout.Rollout) []string {
	var all []string
	check := func(wrong bool, format string, args ...any) {
		if wrong {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	o, w := r.Spec.Objects, a.observed()
	check(w.Stable.Replicas == 0, "Deployment %s has 0 replicas; scale it up first.", o.Stable)
	check(w.Stable.Paused, "Deployment %s is paused; run kubectl rollout resume first.", o.Stable)
	check(r.Spec.Plan.DemandsEvidence() && !w.Stable.RolledOut(), "Deployment %s is not rolled out; wait until it is.", o.Stable)
	check(w.Stable.Image == r.Image, "%s runs %s already.", r.Service, rollout.ShortVersion(r.Image))
	check(r.Unreleased(w.Stable.Image) != "", "%s", r.Unreleased(w.Stable.Image))
	check(w.Canary.Exists && w.Canary.Replicas > 0, "Deployment %s has %d replicas already; scale it to 0 first.", o.Canary, w.Canary.Replicas)
	check(w.Route.HasCanary && w.Route.Weight > 0, "Route %s sends %d %% to %s already; set it to 0 first.", o.Route.Name, w.Route.Weight, o.CanaryService)
	check(!w.Route.Exists && !o.Route.Create, "There is no %s %s/%s.", o.Route.Kind, o.Namespace, o.Route.Name)
	check(w.Rollback != "", "The annotation canarybot.io/rollback=now stands; remove it first.")
	check(!a.surges() && !r.Spec.Plan.EndsAtHundred(),
		"Deployment %s cannot start a new pod before it stops an old one; use a plan that ends at weight 100.", o.Stable)
	for _, m := range []rollout.Meta{w.Stable.Meta, w.Canary.Meta, w.Route.Meta, w.Service} {
		check(m.Stamp != nil && m.Stamp.Store != r.Store, "An object bears the stamp of another Canarybot's store; remove the annotation canarybot.io/applied if it is gone.")
	}
	return all
}

// clear deletes what an ended rollout of the same store left behind, inert, and had made itself.
func (a *App) clear(r rollout.Rollout) {
	left := func(o *object) *rollout.Original {
		if o == nil || o.stamp == nil || o.stamp.Store != r.Store || o.stamp.Rollout == r.ID {
			return nil
		}
		return o.stamp.Original
	}
	if d := a.canary.dep; d != nil && d.replicas == 0 {
		if f := left(&d.object); f != nil && f.Canary.UID == "" {
			a.canary.remove()
		}
	}
	if rt := a.route; rt != nil && rt.weight == 0 {
		if f := left(&rt.object); f != nil && f.Route.UID == "" {
			a.route = nil
		}
	}
	if f := left(a.canaryService); f != nil && !f.CanaryService && a.canary.dep == nil && (a.route == nil || !a.route.hasCanary) {
		a.canaryService = nil
	}
}
