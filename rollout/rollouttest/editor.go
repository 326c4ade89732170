package rollouttest

import (
	"context"
	"testing"

	"canarybot.io/rollout"
)

// Editor changes objects like everybody else: people with kubectl, other controllers. Its methods fail the test on
// errors.
type Editor interface {
	// Rollout returns a rollout in Preparing whose stable Deployment, stable Service and route exist, and whose canary
	// does not. The route names only the stable Service. Found says so.
	Rollout() rollout.Rollout
	// Set changes a field, FieldWeight, FieldCanaryImage, FieldCanaryReplicas or FieldStableImage, to the value, which
	// is an image or a number. Stamps stay as they are.
	Set(field rollout.Field, value string)
	// AskRollback annotates the object with canarybot.io/rollback=now.
	AskRollback(object rollout.Object)
	// Delete deletes the object.
	Delete(object rollout.Object)
}

// harness has what one test needs to observe, write and check.
type harness struct {
	*testing.T
	r        rollout.Rollout
	cluster  rollout.Cluster
	editor   Editor
	revision rollout.Revision
}

func newHarness(t *testing.T, cluster rollout.Cluster, editor Editor) *harness {
	return &harness{T: t, r: editor.Rollout(), cluster: cluster, editor: editor, revision: 1}
}

// world observes, and fails the test if the cluster could not be read.
func (h *harness) world() rollout.Observed {
	h.Helper()
	w := h.cluster.Observe(h.Context(), h.r)
	if !w.Unreadable.IsZero() {
		h.Fatalf("the world could not be read: %+v", w.Unreadable)
	}
	return w
}

// write returns a write on the object as it is now, with a new stamp.
func (h *harness) write(object rollout.Object, verb rollout.Verb, change func(*rollout.Write)) rollout.Write {
	h.Helper()
	m := metaOf(h.world(), object)
	w := rollout.Write{Object: object, Verb: verb, UID: m.UID, Version: m.Version}
	if verb == rollout.Create {
		w.UID, w.Version = "", ""
	}
	if change != nil {
		change(&w)
	}
	found := h.r.Original
	h.revision++
	w.Stamp = rollout.Stamp{
		Store: h.r.Store, Rollout: h.r.ID, Revision: h.revision,
		Weight: w.Weight, Image: w.Image, Replicas: w.Replicas, Original: &found,
	}
	return w
}

func metaOf(w rollout.Observed, object rollout.Object) rollout.Meta {
	switch object {
	case rollout.StableDeployment:
		return w.Stable.Meta
	case rollout.CanaryDeployment:
		return w.Canary.Meta
	case rollout.CanaryService:
		return w.Service
	case rollout.RouteObject:
		return w.Route.Meta
	case rollout.StableScaler:
		return w.Scaler.Meta
	}
	return rollout.Meta{}
}

// mostConflicts is how often a write is retried after a conflict before the test gives up. In a real cluster
// controllers write too, mostly statuses, so conflicts are normal; a rollout retries as well.
const mostConflicts = 20

// do builds a write from the current state and sends it, retries after a conflict, and returns the accepted write.
func (h *harness) do(object rollout.Object, verb rollout.Verb, change func(*rollout.Write)) rollout.Write {
	h.Helper()
	for range mostConflicts {
		w := h.write(object, verb, change)
		err := h.cluster.Do(h.Context(), h.r, w)
		switch {
		case err == nil:
			return w
		case rollout.CodeOf(err) != rollout.Conflict || verb == rollout.Create:
			h.Fatalf("%s %s: %v", verb, object, err)
		}
	}
	h.Fatalf("%s %s: %d conflicts in a row", verb, object, mostConflicts)
	return rollout.Write{}
}

// send sends the write, which must be done at once.
func (h *harness) send(w rollout.Write) {
	h.Helper()
	if err := h.cluster.Do(h.Context(), h.r, w); err != nil {
		h.Fatalf("%s %s: %v", w.Verb, w.Object, err)
	}
}

// refused sends a write that must be refused with the code and must not change any managed field.
func (h *harness) refused(w rollout.Write, code rollout.Code) {
	h.Helper()
	before := steered(h.world())
	err := h.cluster.Do(h.Context(), h.r, w)
	if got := rollout.CodeOf(err); got != code {
		h.Errorf("%s %s: got %q (%v), want %q", w.Verb, w.Object, got, err, code)
	}
	if after := steered(h.world()); after != before {
		h.Errorf("%s %s was refused and changed the world nevertheless: %+v became %+v", w.Verb, w.Object, before, after)
	}
}

// fields are the managed fields and the revisions of the stamps. They have no versions, which status updates change
// too.
type fields struct {
	stable, canary, service, route     bool
	stableImage, canaryImage           string
	stableReplicas, canaryReplicas     int
	hasCanary                          bool
	weight                             rollout.Weight
	onStable, onCanary, onSvc, onRoute rollout.Revision
}

func steered(w rollout.Observed) fields {
	revision := func(m rollout.Meta) rollout.Revision {
		if m.Stamp == nil {
			return 0
		}
		return m.Stamp.Revision
	}
	return fields{
		stable: w.Stable.Exists, canary: w.Canary.Exists, service: w.Service.Exists, route: w.Route.Exists,
		stableImage: w.Stable.Image, canaryImage: w.Canary.Image,
		stableReplicas: w.Stable.Replicas, canaryReplicas: w.Canary.Replicas,
		hasCanary: w.Route.HasCanary, weight: w.Route.Weight,
		onStable: revision(w.Stable.Meta), onCanary: revision(w.Canary.Meta),
		onSvc: revision(w.Service), onRoute: revision(w.Route.Meta),
	}
}

// stamped checks that the object carries the stamp of this write.
func (h *harness) stamped(w rollout.Write) {
	h.Helper()
	s := metaOf(h.world(), w.Object).Stamp
	switch {
	case s == nil:
		h.Errorf("%s bears no stamp after %s", w.Object, w.Verb)
	case s.Store != w.Stamp.Store || s.Rollout != w.Stamp.Rollout || s.Revision != w.Stamp.Revision || s.Original == nil:
		h.Errorf("%s bears the stamp %+v, want %+v", w.Object, *s, w.Stamp)
	}
}

// Parts of writes.

func weight(w rollout.Weight) func(*rollout.Write) {
	return func(x *rollout.Write) { x.Weight = &w }
}

func pods(image string, replicas int) func(*rollout.Write) {
	return func(x *rollout.Write) { x.Image, x.Replicas = image, &replicas }
}

func image(image string) func(*rollout.Write) {
	return func(x *rollout.Write) { x.Image = image }
}

func dropCanary(x *rollout.Write) { x.DropCanary = true }

// router adapts a router to a Cluster that sees only the route.
type router struct{ Routes }

// Routes is the part of a router that the suite checks.
type Routes interface {
	Read(ctx context.Context, r rollout.Rollout) (rollout.Route, error)
	Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error
}

// Observe reads the route.
func (rt router) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	route, err := rt.Read(ctx, r)
	if err != nil {
		return rollout.Observed{Unreadable: rollout.ProblemOf(err)}
	}
	return rollout.Observed{Route: route}
}
