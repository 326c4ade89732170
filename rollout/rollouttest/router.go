package rollouttest

import (
	"context"
	"testing"
	"testing/synctest"

	"canarybot.io/rollout"
)

// Router checks a router: it reads the pair's share exactly, writes only to the version that a write was decided on,
// stamps its writes, and restores the original weights. Every case gets a new environment.
func Router(t *testing.T, world func(t *testing.T) (Routes, Editor)) {
	t.Helper()
	run(t, synctest.Test, routeCases, func(t *testing.T) *harness {
		routes, editor := world(t)
		return newHarness(t, router{routes}, editor)
	})
}

// testCase is one rule of the contract.
type testCase struct {
	name string
	run  func(h *harness)
}

// run runs the cases in a bubble, or where else inside runs them.
func run(t *testing.T, inside func(*testing.T, func(*testing.T)), cases []testCase, world func(t *testing.T) *harness) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { inside(t, func(t *testing.T) { c.run(world(t)) }) })
	}
}

var routeCases = []testCase{
	{"a route as found names no canary and bears no stamp", func(h *harness) {
		route := h.world().Route
		if !route.Exists || route.HasCanary || route.Weight != 0 || route.Stamp != nil || route.AsksRollback {
			h.Errorf("got %+v, want a route without canary, stamp and annotation", route)
		}
	}},
	{"the canary is added at weight 0", func(h *harness) {
		w := h.do(rollout.RouteObject, rollout.Update, weight(0))
		if route := h.world().Route; !route.HasCanary || route.Weight != 0 {
			h.Errorf("got %+v, want the canary named at weight 0", route)
		}
		h.stamped(w)
	}},
	{"every share reads back as written", func(h *harness) {
		for _, want := range []rollout.Weight{0, 1, 5, 33, 50, 99, 100, 7, 0} {
			w := h.do(rollout.RouteObject, rollout.Update, weight(want))
			if got := h.world().Route.Weight; got != want {
				h.Errorf("the share reads %d after %d was written", got, want)
			}
			h.stamped(w)
		}
	}},
	{"a write on an older version is a conflict", func(h *harness) {
		h.do(rollout.RouteObject, rollout.Update, weight(0))
		late := h.write(rollout.RouteObject, rollout.Update, weight(50))
		h.do(rollout.RouteObject, rollout.Update, weight(0)) // an undo that changes only its stamp
		h.refused(late, rollout.Conflict)
		if got := h.world().Route.Weight; got != 0 {
			h.Errorf("the share reads %d after a late write was refused, want 0", got)
		}
	}},
	{"the same write twice does no harm", func(h *harness) {
		w := h.do(rollout.RouteObject, rollout.Update, weight(5))
		h.refused(w, rollout.Conflict)
		h.stamped(w)
	}},
	{"weight 0 of an ending lands on what somebody else set, and on no later write of ours", func(h *harness) {
		h.do(rollout.RouteObject, rollout.Update, weight(5))
		h.r.Phase = rollout.RollingBack
		over := func(w *rollout.Write) {
			weight(0)(w)
			w.Over = h.world().Route.Stamp
		}
		w, late := h.write(rollout.RouteObject, rollout.Update, over), h.write(rollout.RouteObject, rollout.Update, over)
		h.editor.Set(rollout.FieldWeight, "40")
		h.send(w)
		if route := h.world().Route; route.Weight != 0 || route.WeightBy == "" {
			h.Errorf("got weight %d by %q, want 0 by us", route.Weight, route.WeightBy)
		}
		h.stamped(w)
		h.editor.Set(rollout.FieldWeight, "40")
		h.refused(late, rollout.Conflict)
		if got := h.world().Route.Weight; got != 40 {
			h.Errorf("the share reads %d after a late write was refused, want 40", got)
		}
	}},
	{"a write on another object of that name is a conflict", func(h *harness) {
		w := h.write(rollout.RouteObject, rollout.Update, weight(5))
		w.UID = "somebody-else"
		h.refused(w, rollout.Conflict)
	}},
	{"a write without guard is never sent", func(h *harness) {
		w := h.write(rollout.RouteObject, rollout.Update, weight(5))
		w.Version = ""
		h.refused(w, rollout.Invalid)
	}},
	{"somebody else's share is told, and who set it", func(h *harness) {
		h.do(rollout.RouteObject, rollout.Update, weight(5))
		ours := h.world().Route
		h.editor.Set(rollout.FieldWeight, "40")
		route := h.world().Route
		if route.Weight != 40 || route.WeightBy == "" || route.WeightBy == ours.WeightBy {
			h.Errorf("got weight %d by %q, want 40 by somebody else than %q", route.Weight, route.WeightBy, ours.WeightBy)
		}
		if route.Stamp == nil || route.Stamp.Weight == nil || *route.Stamp.Weight != 5 {
			h.Errorf("got stamp %+v, want ours, with weight 5", route.Stamp)
		}
	}},
	{"the request to roll back is told", func(h *harness) {
		h.editor.AskRollback(rollout.RouteObject)
		if !h.world().Route.AsksRollback {
			h.Errorf("the annotation on the route was not seen")
		}
	}},
	{"weight 0 and the request to roll back are one write", func(h *harness) {
		h.do(rollout.RouteObject, rollout.Update, weight(5))
		h.do(rollout.RouteObject, rollout.Update, func(w *rollout.Write) {
			weight(0)(w)
			w.AskRollback = true
		})
		if route := h.world().Route; route.Weight != 0 || !route.AsksRollback || route.Stamp == nil {
			h.Errorf("got %+v, want weight 0, the annotation and our stamp", route)
		}
	}},
	{"a release gives back the route as found", func(h *harness) {
		h.do(rollout.RouteObject, rollout.Update, weight(5))
		h.editor.AskRollback(rollout.RouteObject)
		h.r.Phase = rollout.Releasing
		h.do(rollout.RouteObject, rollout.Update, weight(0))
		h.do(rollout.RouteObject, rollout.Release, dropCanary)
		route := h.world().Route
		if !route.Exists || route.HasCanary || route.Stamp != nil || route.AsksRollback {
			h.Errorf("got %+v, want no canary, stamp or annotation", route)
		}
	}},
	{"a release may leave the canary in its place", func(h *harness) {
		h.do(rollout.RouteObject, rollout.Update, weight(0))
		h.do(rollout.RouteObject, rollout.Release, nil)
		if route := h.world().Route; !route.HasCanary || route.Weight != 0 || route.Stamp != nil {
			h.Errorf("got %+v, want the canary at weight 0, and no stamp", route)
		}
	}},
	{"a route that is gone is a fact, and no place to write", func(h *harness) {
		w := h.write(rollout.RouteObject, rollout.Update, weight(5))
		h.editor.Delete(rollout.RouteObject)
		if route := h.world().Route; route.Exists || route.HasCanary {
			h.Errorf("got %+v, want no route", route)
		}
		h.refused(w, rollout.NotFound)
	}},
	{"a cancelled request is told as such", func(h *harness) {
		w := h.write(rollout.RouteObject, rollout.Update, weight(5))
		ctx, cancel := context.WithCancel(h.Context())
		cancel()
		if got := rollout.CodeOf(h.cluster.Do(ctx, h.r, w)); got != rollout.Unavailable {
			h.Errorf("got %q, want unavailable", got)
		}
	}},
}
