package engine_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// An abort that is committed while the worker looks at the cluster is heeded by that very reconcile: what it was about to
// send is not sent any more.
func TestNothingIsRaisedAfterAnAbortThatCameDuringTheLook(t *testing.T) {
	in(t, standard, func(w *world) {
		r, _ := w.launch("v1.2.4", nil)
		r = w.until(r.ID, "a question", func(r rollout.Rollout) bool { return r.Phase == rollout.Awaiting })
		var lost, aborted, raised atomic.Bool
		w.cluster.SetFault(func(c sim.Call) error {
			r, _ := w.store.Load(w.t.Context(), r.ID)
			raises := c.Op == sim.Do && !c.After && c.Write.Weight != nil && *c.Write.Weight > 5
			switch {
			case raises && !lost.Load(): // the first raise loses to somebody's write: the next look decides it anew
				lost.Store(true)
				return rollout.Refuse(rollout.Conflict, rollout.Text("it changed"))
			case c.Op == sim.Observe && c.After && r.Phase == rollout.Shifting && lost.Load() && !aborted.Load():
				w.decide(rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev)})
				aborted.Store(true)
			case raises && aborted.Load():
				raised.Store(true)
			}
			return nil
		})
		w.decide(rollout.Decision{ID: "up", Action: rollout.Promote, Actor: person(lead), Turn: r.Turn})
		w.until(r.ID, "its end", ended)
		if !aborted.Load() || raised.Load() {
			w.t.Errorf("aborted %t; raised after it %t", aborted.Load(), raised.Load())
		}
	})
}

// What an earlier process knew is shown after a restart, and moves nothing forward.
func TestAStoredVerdictEndsNoBake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, standard)
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		r, _ := w.launch("v1.2.4", nil)
		w.until(r.ID, "a bake that passes", func(r rollout.Rollout) bool {
			return r.Phase == rollout.Baking && r.Verdict.Result == rollout.Pass
		})
		w.stop()
		r, _ = w.store.Load(t.Context(), r.ID)
		r.Spans.Bake = r.Current().Bake - time.Second // as good as done
		if err := w.store.Commit(t.Context(), rollout.Change{Rollout: r}); err != nil {
			t.Fatal(err)
		}
		w.metrics.Unplug(true)
		time.Sleep(20 * time.Second)
		w.start(0, false)
		defer w.stop()
		time.Sleep(30 * time.Second)
		if r, _ = w.store.Load(t.Context(), r.ID); r.Phase != rollout.Baking {
			t.Errorf("it is %s, with Prometheus away since before the restart", r.Phase)
		}
	})
}

// A reconcile that fails at once is not late: a restart would not mend it, and would stop judging every other service.
func TestABeatThatFailsIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, standard)
		time.Sleep(2 * time.Minute)
		defect := &defectiveStore{Store: w.store}
		w.store = defect
		w.start(0, false)
		defer w.stop()
		r, _ := w.launch("v1.2.4", nil)
		r = w.until(r.ID, "a bake", baking)
		defect.refuses.Store(true)
		time.Sleep(10 * time.Minute)
		if late := w.current.engine.Late(time.Now()); late > 10*time.Second {
			t.Errorf("a reconcile that fails at once is %s late", late)
		}
		if shown := w.current.engine.Snapshot()[0]; time.Since(shown.ReconciledAt) < 9*time.Minute {
			t.Errorf("the last reconcile is told as of %s ago, and none succeeded for ten minutes", time.Since(shown.ReconciledAt))
		}
		defect.refuses.Store(false)
		w.until(r.ID, "its question", func(r rollout.Rollout) bool { return r.Phase == rollout.Awaiting })
	})
}

// Health is that beats end: a cluster that hangs makes them late, and nothing else in the process says so.
func TestABeatThatHangsIsLate(t *testing.T) {
	in(t, standard, func(w *world) {
		r, _ := w.launch("v1.2.4", nil)
		w.until(r.ID, "a bake", baking)
		if late := w.current.engine.Late(time.Now()); late > 10*time.Second {
			w.t.Errorf("a reconcile is %s late while all is well", late)
		}
		hang := make(chan struct{})
		w.cluster.SetFault(func(c sim.Call) error {
			if c.Op == sim.Observe && !c.After {
				<-hang
			}
			return nil
		})
		time.Sleep(3 * time.Minute)
		if late := w.current.engine.Late(time.Now()); late < 2*time.Minute {
			w.t.Errorf("a reconcile that hangs for three minutes is %s late", late)
		}
		w.cluster.SetFault(nil)
		close(hang)
		w.until(r.ID, "its question", func(r rollout.Rollout) bool { return r.Phase == rollout.Awaiting })
	})
}
