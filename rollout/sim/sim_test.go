package sim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

const (
	oldImage = "registry.example.com/shop/checkout:v1.2.3"
	newImage = "registry.example.com/shop/checkout:v1.2.4"
)

// bench is a cluster with one app, and a rollout that writes to it.
type bench struct {
	t   *testing.T
	c   *sim.Cluster
	app *sim.App
	r   rollout.Rollout
}

// in runs the test in a bubble, on a fresh bench.
func in(t *testing.T, o sim.Options, s sim.Setup, test func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.Objects, s.Image = sim.Objects("shop", "checkout"), oldImage
		c := sim.New(o)
		b := &bench{t: t, c: c, app: c.Add(s), r: rollout.Rollout{
			ID: "checkout-1", Service: "checkout", Store: "store-1", Image: newImage,
			Spec: rollout.Spec{Objects: s.Objects, Plan: rollout.Plan{Steps: []rollout.Step{{Weight: 5}}}},
		}}
		test(b)
	})
}

func (b *bench) world() rollout.Observed { return b.c.Observe(b.t.Context(), b.r) }

// write completes the write with a stamp and the guard of the object as it is now.
func (b *bench) write(w rollout.Write) rollout.Write {
	world := b.world()
	m := map[rollout.Object]rollout.Meta{
		rollout.StableDeployment: world.Stable.Meta, rollout.CanaryDeployment: world.Canary.Meta,
		rollout.CanaryService: world.Service, rollout.RouteObject: world.Route.Meta,
	}[w.Object]
	if w.Verb != rollout.Create {
		w.UID, w.Version = m.UID, m.Version
	}
	w.Stamp = rollout.Stamp{Store: b.r.Store, Rollout: b.r.ID, Revision: 1, Weight: w.Weight, Image: w.Image, Replicas: w.Replicas}
	return w
}

func (b *bench) do(w rollout.Write) {
	b.t.Helper()
	if err := b.c.Do(b.t.Context(), b.r, b.write(w)); err != nil {
		b.t.Fatalf("%s %s: %v", w.Verb, w.Object, err)
	}
}

// up makes a canary of two pods with a share of the traffic.
func (b *bench) up(weight rollout.Weight) {
	b.t.Helper()
	b.do(rollout.Write{Object: rollout.CanaryService, Verb: rollout.Create})
	b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: new(rollout.Weight)})
	b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: b.r.Image, Replicas: new(int)})
	b.size(2)
	time.Sleep(5 * time.Second)
	b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &weight})
	time.Sleep(time.Second)
}

func (b *bench) size(n int) {
	b.t.Helper()
	b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Update, Image: b.r.Image, Replicas: &n})
}

func (b *bench) code(err error, want rollout.Code) {
	b.t.Helper()
	if got := rollout.CodeOf(err); got != want {
		b.t.Errorf("the error is %q (%v), want %q", got, err, want)
	}
}
