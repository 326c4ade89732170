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
// Meanwhile is what happens in between.
func orphaned(t *testing.T, phase rollout.Phase, meanwhile ...func(*world)) *world {
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
	for _, happens := range meanwhile {
		happens(w)
	}
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

// An image that somebody set while nobody was looking stays, and the end says so.
func TestLostStoreKeepsAHotfix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hotfix = "r/shop/checkout:v1.2.3-hotfix"
		w := orphaned(t, rollout.Promoting, func(w *world) {
			time.Sleep(time.Minute)
			w.app.SetImage(rollout.StableDeployment, hotfix, "kubectl-set")
		})
		w.asks()
		w.decide(rollout.Decision{ID: "back", Action: rollout.Rollback, Actor: person(dev)})
		time.Sleep(2 * time.Minute)
		r, _ := w.rollout()
		stable := w.cluster.Observe(t.Context(), r).Stable
		if stable.Image != hotfix || r.Ending.Outcome != rollout.RolledBack || r.Ending.StableImage != hotfix {
			t.Errorf("stable has %s; it ended as %q and says %q", stable.Image, r.Ending.Outcome, r.Ending.StableImage)
		}
		w.stop()
	})
}

// Who left an orphan is not asked again, whatever was tried since.
func TestLostStoreIsLeftForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := orphaned(t, rollout.Baking)
		r := w.asks()
		w.decide(rollout.Decision{ID: "leave", Action: rollout.Abandon, Actor: person(lead), Turn: r.Turn})
		launch := rollout.DeployRequest{ID: "over", Actor: person(lead), Service: "checkout", Version: "v1.2.6", At: time.Now()}
		if _, err := w.current.engine.Deploy(t.Context(), launch); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		tried, _ := w.rollout()
		if tried.Ending.Reason.Code != rollout.ReasonPreflight {
			t.Fatalf("%s over what was left is %s: %+v", tried.ID, tried.Phase, tried.Ending.Reason)
		}
		w.stop()
		w.start(0, false)
		time.Sleep(time.Minute)
		if after, _ := w.rollout(); after.ID != tried.ID {
			t.Errorf("%s asks again", after.ID)
		}
		w.stop()
	})
}

func TestLostStoreIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := orphaned(t, rollout.Baking)
		r := w.asks()
		before := w.standing(r)
		w.decide(rollout.Decision{ID: "leave", Action: rollout.Abandon, Actor: person(lead), Turn: r.Turn})
		w.stop()
		w.start(0, false) // nobody is asked twice
		time.Sleep(time.Minute)
		after, _ := w.rollout()
		if after.ID != r.ID || after.Ending.Outcome != rollout.Abandoned {
			t.Errorf("%s is %s with outcome %q; leaving was the answer", after.ID, after.Phase, after.Ending.Outcome)
		}
		if got := w.standing(after); got != before {
			t.Errorf("leaving made the cluster\n%s, it was\n%s", got, before)
		}
		w.stop()
	})
}

func TestLostStoreAnswersByAnnotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := orphaned(t, rollout.Baking)
		w.app.AskRollback(rollout.RouteObject)
		time.Sleep(2 * time.Minute)
		r, _ := w.rollout()
		if r.Ending.Outcome != rollout.RolledBack || r.Ending.Reason.Code != rollout.ReasonAnnotation {
			t.Errorf("it ended as %q because of %q", r.Ending.Outcome, r.Ending.Reason.Code)
		}
		w.stop()
	})
}

// Whoever deploys over an orphan rolls it back first, in one decision.
func TestLostStoreIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := orphaned(t, rollout.Baking)
		launch := rollout.DeployRequest{ID: "over", Actor: person(lead), Service: "checkout", Version: "v1.2.6", At: time.Now()}
		if _, err := w.current.engine.Deploy(t.Context(), launch); err == nil || !strings.Contains(err.Error(), "checkout-1") {
			t.Errorf("a launch over an orphan: %v", err)
		}
		launch.Replace = true
		if _, err := w.current.engine.Deploy(t.Context(), launch); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		r, _ := w.rollout()
		if r.Phase != rollout.Awaiting || r.Image != "r/shop/checkout:v1.2.6" {
			t.Errorf("%s of %s is %s: %v", r.ID, r.Image, r.Phase, r.Ending)
		}
		w.stop()
	})
}

// The question is moot once nothing is left of the orphan: somebody else took it away.
func TestLostStoreWithNothingLeftToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := orphaned(t, rollout.Baking)
		w.app.EditWeight(0, "kubectl-edit")
		for _, o := range []rollout.Object{rollout.CanaryDeployment, rollout.CanaryService} {
			w.app.Delete(o)
		}
		time.Sleep(time.Minute)
		w.asks() // the stamp on the route still stands
		w.app.StripStamp(rollout.RouteObject)
		time.Sleep(time.Minute)
		r, _ := w.rollout()
		if r.Ending.Outcome != rollout.Cancelled || r.Ending.Reason.Code != rollout.ReasonOrphanGone {
			t.Errorf("it ended as %q because of %q", r.Ending.Outcome, r.Ending.Reason.Code)
		}
		w.stop()
	})
}

// Traffic that somebody sent to a canary by hand is asked about only where the store has no past: then it may be what
// a lost store forgot.
func TestTrafficWithoutStamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := orphaned(t, rollout.Baking)
		for _, o := range []rollout.Object{rollout.RouteObject, rollout.CanaryDeployment, rollout.CanaryService} {
			w.app.StripStamp(o)
		}
		w.stop()
		w.store = mem.New(mem.Options{ID: "newer"})
		w.start(0, false)
		time.Sleep(10 * time.Second)
		if r := w.asks(); r.Orphan.Store != "" || r.Orphan.Weight != 5 {
			t.Errorf("the orphan is %+v", *r.Orphan)
		}
		w.decide(rollout.Decision{ID: "back", Action: rollout.Rollback, Actor: person(dev)})
		time.Sleep(2 * time.Minute)
		w.app.EditWeight(5, "kubectl-edit")
		w.stop()
		w.start(0, false)
		time.Sleep(time.Minute)
		if r, _ := w.rollout(); r.ID != "checkout-1" || r.Ending.Outcome != rollout.RolledBack {
			t.Errorf("%s is %s with outcome %q; a store with a past does not ask", r.ID, r.Phase, r.Ending.Outcome)
		}
		w.stop()
	})
}

// A cluster that cannot be read at the start is looked at until it can.
func TestLostStoreWhileKubernetesIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := orphaned(t, rollout.Baking)
		w.stop()
		w.store = mem.New(mem.Options{ID: "newer"})
		w.cluster.Unreachable(true)
		w.start(0, false)
		time.Sleep(5 * time.Minute)
		if r, ok := w.rollout(); ok {
			t.Errorf("%s was made while the cluster was away", r.ID)
		}
		w.cluster.Unreachable(false)
		time.Sleep(time.Minute)
		w.asks()
		w.stop()
	})
}
