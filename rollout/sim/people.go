package sim

import (
	"time"

	"canarybot.io/rollout"
)

// edit brings the app up to date and changes it on behalf of somebody else.
func (a *App) edit(change func()) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.advance(time.Now())
	change()
	a.settle()
}

// side returns a Deployment's side.
func (a *App) side(o rollout.Object) *side {
	if o == rollout.StableDeployment {
		return a.stable
	}
	return a.canary
}

// EditWeight sets the canary's share, keeping annotations as they are, as kubectl edit does.
func (a *App) EditWeight(weight rollout.Weight, by string) {
	a.edit(func() {
		if a.route != nil {
			a.setWeight(weight, by)
			a.route.version = a.cluster.version()
		}
	})
}

// SetImage sets the image of one of the two Deployments.
func (a *App) SetImage(o rollout.Object, image, by string) {
	a.edit(func() {
		if s := a.side(o); s.dep != nil {
			s.set(image, nil, by)
		}
	})
}

// Scale sets the replicas of one of the two Deployments.
func (a *App) Scale(o rollout.Object, replicas int, by string) {
	a.edit(func() {
		if s := a.side(o); s.dep != nil {
			s.set("", &replicas, by)
		}
	})
}

// Pause pauses the Deployment's own rollout of pods, or resumes it.
func (a *App) Pause(o rollout.Object, paused bool) {
	a.edit(func() {
		if s := a.side(o); s.dep != nil {
			s.dep.paused = paused
			s.change()
		}
	})
}

// Delete deletes one of the four objects.
func (a *App) Delete(o rollout.Object) {
	a.edit(func() {
		switch o {
		case rollout.StableDeployment, rollout.CanaryDeployment:
			if s := a.side(o); s.dep != nil {
				s.remove()
			}
		case rollout.CanaryService:
			a.canaryService = nil
		case rollout.RouteObject:
			a.route = nil
		case rollout.StableScaler: // nothing scales stable here
		}
	})
}

// Recreate deletes the object and creates it again, the same except for UID, stamps and annotations.
func (a *App) Recreate(o rollout.Object) {
	a.edit(func() {
		fresh := a.cluster.newObject()
		switch o {
		case rollout.StableDeployment, rollout.CanaryDeployment:
			if s := a.side(o); s.dep != nil {
				s.stop(s.pods)
				s.dep.object = fresh
				s.change()
			}
		case rollout.CanaryService:
			a.canaryService = &fresh
		case rollout.RouteObject:
			if a.route != nil {
				a.route.object = fresh
				a.changeRoute()
			}
		case rollout.StableScaler:
		}
	})
}

// AskRollback sets the annotation canarybot.io/rollback=now on the route or one of the Deployments.
func (a *App) AskRollback(o rollout.Object) {
	a.annotate(o, func(x *object) { x.asks = true })
}

// StripStamp removes the stamp from an object.
func (a *App) StripStamp(o rollout.Object) {
	a.annotate(o, func(x *object) { x.stamp = nil })
}

// SetStamp puts a stamp on an object, such as one of another store.
func (a *App) SetStamp(o rollout.Object, s rollout.Stamp) {
	a.annotate(o, func(x *object) { x.stamp = &s })
}

// annotate changes an object's annotations, if it exists.
func (a *App) annotate(o rollout.Object, change func(*object)) {
	a.edit(func() {
		var x *object
		switch o {
		case rollout.StableDeployment, rollout.CanaryDeployment:
			if s := a.side(o); s.dep != nil {
				x = &s.dep.object
			}
		case rollout.CanaryService:
			x = a.canaryService
		case rollout.RouteObject:
			if a.route != nil {
				x = &a.route.object
			}
		case rollout.StableScaler:
		}
		if x != nil {
			change(x)
			x.version = a.cluster.version()
		}
	})
}

// RefuseRoute makes the router refuse the route's next weights with these words; empty: it accepts them again.
func (a *App) RefuseRoute(words string) {
	a.edit(func() {
		if a.route != nil {
			a.route.refused = words
		}
	})
}

// Break makes the current canary behave like this from now on. It ends with the canary.
func (a *App) Break(b Behaviour) {
	a.edit(func() {
		if a.canary.dep != nil {
			a.canary.dep.behaves = &b
		}
	})
}

// SetRequests sets how many requests come in each second.
func (a *App) SetRequests(perSecond float64) {
	a.edit(func() { a.requests = perSecond })
}
