package rollouttest

import (
	"testing"

	"canarybot.io/rollout"
)

// Cluster checks a cluster adapter with its router: the objects that it creates are inert, every write is guarded and
// stamped, it reports changes by others and changes nothing else. Every case gets a new environment, and runs inside what
// the second argument makes: synctest.Test, or nothing where the adapter has sockets, which no bubble may hold.
func Cluster(t *testing.T, inside func(*testing.T, func(*testing.T)), world func(t *testing.T) (rollout.Cluster, Editor)) {
	t.Helper()
	made := func(t *testing.T) *harness {
		cluster, editor := world(t)
		return newHarness(t, cluster, editor)
	}
	run(t, inside, routeCases, made)
	run(t, inside, clusterCases, made)
}

// make creates the canary's objects, inert, in the order of a start.
func (h *harness) make() {
	h.Helper()
	h.do(rollout.CanaryService, rollout.Create, nil)
	h.do(rollout.RouteObject, rollout.Update, weight(0))
	h.do(rollout.CanaryDeployment, rollout.Create, pods(h.r.Image, 0))
}

var clusterCases = []testCase{
	{"a world as found has stable and no canary", func(h *harness) {
		w := h.world()
		if !w.Stable.Exists || w.Stable.UID == "" || w.Stable.Image != h.r.From() || w.Stable.Replicas < 1 || w.Stable.Stamp != nil {
			h.Errorf("got stable %+v, want it with image %s and replicas, unstamped", w.Stable, h.r.From())
		}
		if w.Canary.Exists || w.Service.Exists || w.Rollback != "" {
			h.Errorf("got %+v, want no canary, no Service for it, nobody asking to roll back", w)
		}
	}},
	{"what is made is inert and stamped, and leaves stable alone", func(h *harness) {
		before := h.world().Stable
		h.make()
		w := h.world()
		if !w.Canary.Exists || w.Canary.Replicas != 0 || w.Canary.Image != h.r.Image || w.Canary.Stamp == nil {
			h.Errorf("got canary %+v, want 0 replicas of %s, stamped", w.Canary, h.r.Image)
		}
		if !w.Service.Exists || w.Service.Stamp == nil {
			h.Errorf("got Service %+v, want it stamped", w.Service)
		}
		if w.Stable.Version != before.Version {
			h.Errorf("stable was changed")
		}
	}},
	{"making what is there already is a conflict", func(h *harness) {
		h.make()
		h.refused(h.write(rollout.CanaryService, rollout.Create, nil), rollout.Conflict)
		h.refused(h.write(rollout.CanaryDeployment, rollout.Create, pods("other:1", 0)), rollout.Conflict)
	}},
	{"image and replicas are written in one", func(h *harness) {
		h.make()
		w := h.do(rollout.CanaryDeployment, rollout.Update, pods(h.r.Image, 3))
		if got := h.world().Canary; got.Replicas != 3 || got.Image != h.r.Image {
			h.Errorf("got canary %+v, want 3 replicas of %s", got, h.r.Image)
		}
		h.stamped(w)
		h.refused(w, rollout.Conflict)
	}},
	{"stable gets its image and keeps its replicas", func(h *harness) {
		before := h.world().Stable
		late := h.write(rollout.StableDeployment, rollout.Update, image("late:1"))
		w := h.do(rollout.StableDeployment, rollout.Update, image(h.r.Image))
		if got := h.world().Stable; got.Image != h.r.Image || got.Replicas != before.Replicas || got.UID != before.UID {
			h.Errorf("got stable %+v, want image %s and %d replicas", got, h.r.Image, before.Replicas)
		}
		h.stamped(w)
		h.refused(late, rollout.Conflict)
	}},
	{"stable is never resized", func(h *harness) {
		h.refused(h.write(rollout.StableDeployment, rollout.Update, pods(h.r.Image, 1)), rollout.Invalid)
	}},
	{"an undo burns the version where nothing else changes", func(h *harness) {
		late := h.write(rollout.StableDeployment, rollout.Update, image(h.r.Image))
		h.do(rollout.StableDeployment, rollout.Update, image(h.r.From()))
		h.refused(late, rollout.Conflict)
	}},
	{"a delete counts on one version only, and once", func(h *harness) {
		h.make()
		late := h.write(rollout.CanaryDeployment, rollout.Delete, nil)
		h.do(rollout.CanaryDeployment, rollout.Update, pods(h.r.Image, 1))
		h.refused(late, rollout.Conflict)
		w := h.do(rollout.CanaryDeployment, rollout.Delete, nil)
		if h.world().Canary.Exists {
			h.Errorf("the canary is there after it was deleted")
		}
		h.refused(w, rollout.NotFound)
		h.do(rollout.RouteObject, rollout.Release, dropCanary)
		h.do(rollout.CanaryService, rollout.Delete, nil)
		if h.world().Service.Exists {
			h.Errorf("the canary's Service is there after it was deleted")
		}
	}},
	{"a delete without guard is never sent", func(h *harness) {
		h.make()
		w := h.write(rollout.CanaryDeployment, rollout.Delete, nil)
		w.UID = ""
		h.refused(w, rollout.Invalid)
	}},
	{"what is gone is no place to write", func(h *harness) {
		h.make()
		w := h.write(rollout.CanaryDeployment, rollout.Update, pods(h.r.Image, 1))
		h.editor.Delete(rollout.CanaryDeployment)
		h.refused(w, rollout.NotFound)
	}},
	{"a release takes our annotations and nothing else", func(h *harness) {
		h.do(rollout.StableDeployment, rollout.Update, image(h.r.Image))
		h.editor.AskRollback(rollout.StableDeployment)
		h.do(rollout.StableDeployment, rollout.Release, nil)
		if got := h.world().Stable; got.Stamp != nil || got.AsksRollback || got.Image != h.r.Image {
			h.Errorf("got stable %+v, want no stamp, no annotation and image %s", got, h.r.Image)
		}
	}},
	{"somebody else's images and sizes are told, and who set them", func(h *harness) {
		h.make()
		h.do(rollout.CanaryDeployment, rollout.Update, pods(h.r.Image, 3))
		ours := h.world()
		h.editor.Set(rollout.FieldCanaryImage, "other:1")
		h.editor.Set(rollout.FieldCanaryReplicas, "1")
		h.editor.Set(rollout.FieldStableImage, "other:2")
		w := h.world()
		if w.Canary.Image != "other:1" || w.Canary.ImageBy == "" || w.Canary.ImageBy == ours.Canary.ImageBy {
			h.Errorf("got canary image %s by %q, want other:1 by somebody else than %q", w.Canary.Image, w.Canary.ImageBy, ours.Canary.ImageBy)
		}
		if w.Canary.Replicas != 1 || w.Canary.ReplicasBy == "" || w.Canary.ReplicasBy == ours.Canary.ReplicasBy {
			h.Errorf("got %d canary replicas by %q, want 1 by somebody else than %q", w.Canary.Replicas, w.Canary.ReplicasBy, ours.Canary.ReplicasBy)
		}
		if w.Stable.Image != "other:2" || w.Stable.ImageBy == "" {
			h.Errorf("got stable image %s by %q, want other:2 by somebody", w.Stable.Image, w.Stable.ImageBy)
		}
		if w.Canary.Stamp == nil || w.Canary.Stamp.Image != h.r.Image {
			h.Errorf("got stamp %+v, want ours, with image %s", w.Canary.Stamp, h.r.Image)
		}
	}},
	{"a request to roll back on any of the objects is one decision", func(h *harness) {
		h.make()
		for _, object := range []rollout.Object{rollout.CanaryDeployment, rollout.StableDeployment, rollout.RouteObject} {
			h.editor.AskRollback(object)
			w := h.world()
			m := metaOf(w, object)
			if want := rollout.DecisionID("kube:" + m.UID + ":" + m.Version); w.Rollback != want {
				h.Errorf("annotated %s: got decision %q, want %q", object, w.Rollback, want)
			}
			h.do(object, rollout.Release, nil)
		}
		if got := h.world().Rollback; got != "" {
			h.Errorf("got decision %q after all were released, want none", got)
		}
	}},
	{"what was deleted is a fact", func(h *harness) {
		h.make()
		h.editor.Delete(rollout.CanaryDeployment)
		h.editor.Delete(rollout.StableDeployment)
		if w := h.world(); w.Canary.Exists || w.Stable.Exists || !w.Route.Exists {
			h.Errorf("got %+v, want the route only", w)
		}
	}},
}
