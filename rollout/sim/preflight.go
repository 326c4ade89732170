package sim

import (
	"strconv"

	"canarybot.io/rollout"
)

// preflight removes inert leftovers and returns what blocks the rollout's start; the caller holds the lock.
func (c *Cluster) preflight(r rollout.Rollout) rollout.Preflight {
	o := r.Spec.Objects
	a := c.app(o)
	if a == nil || a.stable.dep == nil {
		return rollout.Preflight{Problems: []rollout.Problem{{
			Code: rollout.ProblemStableMissing, Service: r.Service, Key: "stable", Object: ref("Deployment", o.Namespace, o.Stable),
		}}}
	}
	a.clear(r)
	return rollout.Preflight{Original: a.original(), Problems: a.problems(r)}
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
func (a *App) problems(r rollout.Rollout) []rollout.Problem {
	o, w := r.Spec.Objects, a.observed(r)
	stable, canary := ref("Deployment", o.Namespace, o.Stable), ref("Deployment", o.Namespace, o.Canary)
	route, service := ref(o.Route.Kind, o.Namespace, o.Route.Name), ref("Service", o.Namespace, o.CanaryService)
	var all []rollout.Problem
	check := func(wrong bool, p rollout.Problem) {
		if wrong {
			p.Service = r.Service
			all = append(all, p)
		}
	}
	check(w.Stable.Replicas == 0, rollout.Problem{Code: rollout.ProblemNoReplicas, Object: stable})
	check(w.Stable.Paused, rollout.Problem{Code: rollout.ProblemPaused, Object: stable})
	check(r.Spec.Plan.DemandsEvidence() && !w.Stable.RolledOut(), rollout.Problem{
		Code: rollout.ProblemNotRolledOut, Object: stable,
		Limit: w.Stable.Replicas, Count: w.Stable.Updated, Value: strconv.Itoa(w.Stable.Available),
	})
	check(rollout.SameImage(w.Stable.Image, r.Image), rollout.Problem{Code: rollout.ProblemAlreadyRuns, Object: stable, Value: rollout.ShortVersion(r.Image)})
	check(!r.Unreleased(w.Stable.Image).IsZero(), r.Unreleased(w.Stable.Image))
	check(w.Canary.Exists && w.Canary.Replicas > 0, rollout.Problem{Code: rollout.ProblemCanaryRuns, Object: canary, Count: w.Canary.Replicas})
	check(w.Route.HasCanary && w.Route.Weight > 0, rollout.Problem{
		Code: rollout.ProblemRuleCanaryTraffic, Object: route, Other: service, Count: int(w.Route.Weight),
	})
	check(!w.Route.Exists && !o.Route.Create, rollout.Problem{
		Code: rollout.ProblemRouteMissing, Key: "route.name", Object: route, Other: ref("Service", o.Namespace, o.StableService),
	})
	check(w.Rollback != "", rollout.Problem{Code: rollout.ProblemRollbackAsked, Object: route, Key: "canarybot.io/rollback", Value: "now"})
	check(!a.surges() && !r.Spec.Plan.EndsAtHundred(), rollout.Problem{Code: rollout.ProblemNoSurge, Key: "plan", Object: stable})
	for i, m := range []rollout.Meta{w.Stable.Meta, w.Canary.Meta, w.Route.Meta, w.Service} {
		if m.Stamp != nil && m.Stamp.Store != r.Store {
			check(true, rollout.Problem{
				Code: rollout.ProblemStampOtherStore, Object: []rollout.ObjectRef{stable, canary, route, service}[i],
				Rollout: m.Stamp.Rollout, Value: m.Stamp.Store, Key: "canarybot.io/applied",
			})
		}
	}
	return all
}

// clear deletes what an ended rollout of the same store left behind, inert, if that rollout created it.
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
