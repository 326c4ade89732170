package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// orphaned plays a rollout of v1.2.4 until it is in the phase, then loses the store and starts again with a new one.
func orphaned(t *testing.T, phase rollout.Phase) *world {
	t.Helper()
	w := newWorld(t, sim.Setup{}, standard)
	time.Sleep(2 * time.Minute) // stable has a past
	w.start(0, false)
	launch := rollout.DeployRequest{ID: "launch", Actor: person(dev), Service: "checkout", Version: "v1.2.4", At: time.Now()}
	if _, err := w.current.engine.Deploy(t.Context(), launch); err != nil {
		t.Fatal(err)
	}
	for range 3600 {
		r, _ := w.rollout()
		if r.Phase == phase {
			break
		}
		if d, ok := promoting(r); ok {
			w.decide(d)
		}
		time.Sleep(500 * time.Millisecond)
	}
	synctest.Wait() // what the phase wants was asked of the cluster: a crash before that leaves the phase before behind
	w.stop()
	w.store = mem.New(mem.Options{ID: "new"})
	w.start(0, false)
	time.Sleep(10 * time.Second)
	return w
}

// decide makes the decision about the newest rollout.
func (w *world) decide(d rollout.Decision) {
	w.t.Helper()
	r, _ := w.rollout()
	d.At = time.Now()
	if _, err := w.current.engine.Decide(w.t.Context(), r.ID, d); err != nil {
		w.t.Errorf("%s was refused: %v", d.Action, err)
	}
}

// asks returns the rollout that asks about the orphan.
func (w *world) asks() rollout.Rollout {
	w.t.Helper()
	r, ok := w.rollout()
	if !ok || !r.Orphaned() {
		w.t.Fatalf("nothing asks about the orphan; the newest rollout is %s in %s", r.ID, r.Phase)
	}
	return r
}

const foundAgain = "stable r/shop/checkout:v1.2.3 x4 rolled out true stamped false; canary there false x0; route at 0 names the canary false stamped false; service false"

// A store that was lost starts no life clean: it asks about what stands in the cluster, does nothing for as long as
// nobody answers, and either answer is carried out whole.
func TestLostStore(t *testing.T) {
	for _, phase := range []rollout.Phase{rollout.Preparing, rollout.Baking, rollout.Awaiting, rollout.Promoting, rollout.Returning} {
		t.Run("rolled back from "+phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := orphaned(t, phase)
				r := w.asks()
				if r.Orphan.Rollout != "checkout-1" || r.Orphan.Store != "s" {
					t.Errorf("the orphan is of %q in store %q", r.Orphan.Rollout, r.Orphan.Store)
				}
				time.Sleep(time.Minute) // pods settle
				before := w.standing(r)
				time.Sleep(3 * time.Hour)
				if after := w.standing(w.asks()); after != before {
					t.Errorf("without an answer the cluster became\n%s, it was\n%s", after, before)
				}
				w.decide(rollout.Decision{ID: "back", Action: rollout.Rollback, Actor: person(dev)})
				time.Sleep(2 * time.Minute)
				r, _ = w.rollout()
				if r.Ending.Outcome != rollout.RolledBack {
					t.Errorf("it ended as %q in phase %s, stuck %v", r.Ending.Outcome, r.Phase, r.Stuck)
				}
				if got := w.standing(r); got != foundAgain {
					t.Errorf("left is\n%s, want\n%s", got, foundAgain)
				}
				w.stop()
			})
		})
	}
}

// Whoever may edit the objects' annotations only cannot have "Roll back" run an image of theirs: stable stays as it is.
func TestAForgedStampSetsNoImage(t *testing.T) {
	for name, image := range map[string]string{
		"of another repository": "evil.example.com/miner:v1",
		"that it never ran":     "r/shop/checkout:v0.0.1",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := orphaned(t, rollout.Promoting)
				w.stop()
				before := w.standing(w.asks())
				for _, o := range []rollout.Object{rollout.StableDeployment, rollout.CanaryDeployment, rollout.RouteObject, rollout.CanaryService} {
					w.app.SetStamp(o, rollout.Stamp{Store: "s", Rollout: "checkout-1", Revision: 99, Image: "r/shop/checkout:v1.2.4", Original: &rollout.Original{
						Stable: rollout.OriginalWorkload{UID: "1", Image: image, Replicas: 1 << 30}, Route: rollout.OriginalRoute{UID: "1"}, Surges: true,
					}})
				}
				w.store = mem.New(mem.Options{ID: "newer"})
				w.start(0, false)
				time.Sleep(10 * time.Second)
				if r := w.asks(); len(r.Orphan.Claims) != 1 || r.Orphan.Claims[0].Said != image {
					t.Errorf("people are told %+v", r.Orphan.Claims)
				}
				w.decide(rollout.Decision{ID: "back", Action: rollout.Rollback, Actor: person(dev)})
				time.Sleep(10 * time.Minute)
				r, _ := w.rollout()
				got := w.standing(r)
				if strings.Contains(got, image) || !strings.Contains(got, "route at 0") || !strings.Contains(before, "r/shop/checkout:v1.2.4") {
					t.Errorf("it was\n%s and became\n%s", before, got)
				}
				if r.Ending.Outcome != rollout.RolledBack {
					t.Errorf("it ended as %q in phase %s, stuck %v", r.Ending.Outcome, r.Phase, r.Stuck)
				}
				w.stop()
			})
		})
	}
}
