package sim_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

func TestWritesAreGuarded(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Canary: oldImage}, func(b *bench) {
		five := rollout.Weight(5)
		late := b.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five})
		b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: new(rollout.Weight)})
		b.code(b.c.Do(b.t.Context(), b.r, late), rollout.Conflict)

		again := b.write(rollout.Write{Object: rollout.CanaryService, Verb: rollout.Create})
		b.code(b.c.Do(b.t.Context(), b.r, again), rollout.Conflict)

		bare := rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five, Stamp: late.Stamp}
		b.code(b.c.Do(b.t.Context(), b.r, bare), rollout.Invalid)

		gone := b.write(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Delete})
		b.app.Delete(rollout.CanaryDeployment)
		b.code(b.c.Do(b.t.Context(), b.r, gone), rollout.NotFound)

		anew := b.write(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: newImage})
		b.app.Recreate(rollout.StableDeployment)
		b.code(b.c.Do(b.t.Context(), b.r, anew), rollout.Conflict)
	})
}

func TestWritesThatMustNeverBeSent(t *testing.T) {
	one, five := 1, rollout.Weight(5)
	tests := map[string]rollout.Write{
		"stable resized":          {Object: rollout.StableDeployment, Verb: rollout.Update, Replicas: &one},
		"stable deleted":          {Object: rollout.StableDeployment, Verb: rollout.Delete},
		"a canary made with pods": {Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: &one},
		"a route made":            {Object: rollout.RouteObject, Verb: rollout.Create},
		"a share of 5 at once":    {Object: rollout.RouteObject, Verb: rollout.Create, Weight: &five},
		"a Service changed":       {Object: rollout.CanaryService, Verb: rollout.Update},
		"an unknown object":       {Object: "secret", Verb: rollout.Update},
		"an unknown verb":         {Object: rollout.RouteObject, Verb: "bend"},
	}
	for name, w := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
				b.code(b.c.Do(b.t.Context(), b.r, b.write(w)), rollout.Invalid)
			})
		})
	}
}

func TestStatusBurnsTheResourceVersion(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)})
		b.size(1)
		n := 2
		w := b.write(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Update, Image: newImage, Replicas: &n})
		time.Sleep(5 * time.Second)
		b.code(b.c.Do(b.t.Context(), b.r, w), rollout.Conflict)
	})
}

func TestReleaseRemovesWhatIsOurs(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.up(5)
		b.do(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: newImage})
		b.app.AskRollback(rollout.RouteObject)
		w := b.world()
		if want := rollout.DecisionID("kube:" + w.Route.UID + ":" + w.Route.Version); w.Rollback != want || w.Rollback == "" {
			t.Errorf("the annotation is the decision %q, want %q", w.Rollback, want)
		}
		b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Release, DropCanary: true})
		b.do(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Release})
		w = b.world()
		if w.Route.HasCanary || w.Route.Weight != 0 || w.Route.Stamp != nil || w.Rollback != "" || w.Stable.Stamp != nil {
			t.Errorf("after the release the world is %+v", w)
		}
		if w.Stable.Image != newImage {
			t.Errorf("the release set the image to %s", w.Stable.Image)
		}
	})
}

func TestRouteIsAcknowledgedLater(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.up(0)
		five := rollout.Weight(5)
		b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five})
		if r := b.world().Route; r.Acknowledged || r.Weight != 5 || r.Problem.IsZero() {
			t.Errorf("at once the route is %+v", r)
		}
		time.Sleep(time.Second)
		if r := b.world().Route; !r.Acknowledged || r.Stamp == nil || *r.Stamp.Weight != 5 {
			t.Errorf("a second later the route is %+v", r)
		}
		b.app.RefuseRoute("Accepted is False")
		if r := b.world().Route; r.Acknowledged || r.Problem.Words != "Accepted is False" {
			t.Errorf("refused the route is %+v", r)
		}
	})
}
