package sim

import (
	"fmt"

	"canarybot.io/rollout"
)

// write does one guarded write at the app's current time; the caller holds the lock and brought it up to date.
func (a *App) write(w rollout.Write) error {
	if err := a.allowed(w); err != nil {
		return err
	}
	o := a.setup.Objects
	switch w.Object {
	case rollout.StableDeployment:
		return a.stable.write(w, ref("Deployment", o.Namespace, o.Stable))
	case rollout.CanaryDeployment:
		return a.canary.write(w, ref("Deployment", o.Namespace, o.Canary))
	case rollout.CanaryService:
		return a.writeService(w, ref("Service", o.Namespace, o.CanaryService))
	case rollout.RouteObject:
		return a.writeRoute(w, ref(o.Route.Kind, o.Namespace, o.Route.Name))
	case rollout.StableScaler: // nothing scales stable here
	}
	return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemObjectUnknown, Value: string(w.Object)})
}

// ref names an object of the cluster.
func ref(kind, namespace, name string) rollout.ObjectRef {
	return rollout.ObjectRef{Kind: kind, Namespace: namespace, Name: name}
}

// written is the object of the rollout that a write names.
func written(r rollout.Rollout, object rollout.Object) rollout.ObjectRef {
	o := r.Spec.Objects
	switch object {
	case rollout.CanaryDeployment:
		return ref("Deployment", o.Namespace, o.Canary)
	case rollout.CanaryService:
		return ref("Service", o.Namespace, o.CanaryService)
	case rollout.RouteObject:
		return ref(o.Route.Kind, o.Namespace, o.Route.Name)
	case rollout.StableDeployment, rollout.StableScaler:
	}
	return ref("Deployment", o.Namespace, o.Stable)
}

// allowed refuses writes that must never be sent, whatever the cluster's state.
func (a *App) allowed(w rollout.Write) error {
	wrong := func(why string) error {
		return rollout.Wrap(rollout.Invalid, fmt.Errorf("a write to %s %s; nothing was written", w.Object, why))
	}
	made := w.Verb == rollout.Create || w.Verb == rollout.Delete
	switch {
	case w.Verb != rollout.Create && w.Verb != rollout.Update && w.Verb != rollout.Delete && w.Verb != rollout.Release:
		return wrong(fmt.Sprintf("has the unknown verb %q", w.Verb))
	case w.Verb != rollout.Delete && (w.Stamp.Store == "" || w.Stamp.Rollout == ""):
		return wrong("bears no stamp")
	case w.Object == rollout.StableDeployment && (made || w.Replicas != nil):
		return wrong("would make, delete or resize stable")
	case w.Object == rollout.CanaryService && !made:
		return wrong("would change a Service")
	case w.Verb == rollout.Create && (w.Replicas != nil && *w.Replicas != 0 || w.Weight != nil && *w.Weight != 0):
		return wrong("would create it with pods or traffic")
	case w.Object == rollout.RouteObject && w.Verb == rollout.Update && w.Weight == nil:
		return wrong("names no weight")
	case w.Weight != nil && !w.Weight.Valid():
		return wrong("has a weight that is no share")
	case w.Object == rollout.RouteObject && w.Verb == rollout.Create && !a.setup.Objects.Route.Create:
		return wrong("would create a route that is not ours to make")
	}
	return nil
}

// write does the write to the side's Deployment.
func (s *side) write(w rollout.Write, what rollout.ObjectRef) error {
	var o *object
	if s.dep != nil {
		o = &s.dep.object
	}
	if err := o.guard(w, what); err != nil {
		return err
	}
	switch w.Verb {
	case rollout.Create:
		s.stop(s.pods) // pods of an earlier Deployment of that name are not its own
		s.dep = s.app.newDeployment(w.Image, 0, Manager)
		s.dep.image = s.app.cluster.admit(w.Image)
		stamp := w.Stamp
		s.dep.stamp = &stamp
		return nil
	case rollout.Delete:
		s.remove()
		return nil
	case rollout.Update:
		s.set(w.Image, w.Replicas, Manager)
	case rollout.Release: // annotations only: the spec stays, and what was seen of it
	}
	s.dep.mark(s.app.cluster, w)
	return nil
}

// set changes the spec, as the field manager. An unchanged spec leaves nothing to observe.
func (s *side) set(image string, replicas *int, by string) {
	if made := s.app.cluster.admit(image); made != "" && made != s.dep.image {
		s.dep.ran = append(s.dep.ran, s.dep.image)
		s.dep.image, s.dep.source, s.dep.imageBy = made, image, by
		s.change()
	}
	if replicas != nil && *replicas != s.dep.replicas {
		s.dep.replicas, s.dep.replicasBy = *replicas, by
		s.change()
	}
}

// admit returns what admission makes of an image that is written.
func (c *Cluster) admit(image string) string {
	if image == "" {
		return ""
	}
	return c.options.Admit(image)
}

// remove deletes the Deployment; its pods follow a little later.
func (s *side) remove() {
	s.dep = nil
	s.orphans = s.app.now.Add(s.app.cluster.options.Collect)
}

func (a *App) writeService(w rollout.Write, what rollout.ObjectRef) error {
	if err := a.canaryService.guard(w, what); err != nil {
		return err
	}
	if w.Verb == rollout.Delete {
		a.canaryService = nil
		return nil
	}
	made := a.cluster.newObject()
	made.mark(a.cluster, w)
	a.canaryService = &made
	return nil
}

func (a *App) writeRoute(w rollout.Write, what rollout.ObjectRef) error {
	var o *object
	if a.route != nil {
		o = &a.route.object
	}
	if err := o.guard(w, what); err != nil {
		return err
	}
	switch w.Verb {
	case rollout.Delete:
		a.route = nil
		return nil
	case rollout.Create:
		a.route = &route{object: a.cluster.newObject(), hasCanary: true, weightBy: Manager}
		a.changeRoute()
	case rollout.Update:
		a.setWeight(*w.Weight, Manager)
	case rollout.Release:
		if w.DropCanary {
			a.route.hasCanary, a.route.weight = false, 0
			a.changeRoute()
		}
	}
	a.route.mark(a.cluster, w)
	return nil
}

// setWeight gives the canary its share, and a place in the route where it has none.
func (a *App) setWeight(weight rollout.Weight, by string) {
	if a.route.hasCanary && a.route.weight == weight {
		return
	}
	if a.route.weight != weight {
		a.route.weight, a.route.weightBy = weight, by
	}
	a.route.hasCanary = true
	a.changeRoute()
}
