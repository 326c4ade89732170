package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// What no further try mends ends a rollout at once: whichever of its writes a policy refuses, and never a write that
// rolls it back.
func TestAWriteThatIsRefusedForGoodEndsTheRollout(t *testing.T) {
	const words = `admission webhook "x" denied the request`
	for name, refuses := range map[string]func(rollout.Write) bool{
		"the canary's Service": func(w rollout.Write) bool { return w.Object == rollout.CanaryService && w.Verb == rollout.Create },
		"the canary":           func(w rollout.Write) bool { return w.Object == rollout.CanaryDeployment && w.Verb == rollout.Create },
		"its pods' number": func(w rollout.Write) bool {
			return w.Object == rollout.CanaryDeployment && w.Replicas != nil && *w.Replicas > 0
		},
		"the weight": func(w rollout.Write) bool { return w.Object == rollout.RouteObject && w.Weight != nil && *w.Weight > 0 },
		"stable":     func(w rollout.Write) bool { return w.Object == rollout.StableDeployment && w.Image != "" },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, standard, func(w *world) {
				var first time.Time
				w.cluster.SetFault(func(c sim.Call) error {
					r, _ := w.rollout()
					if c.Op != sim.Do || c.After || r.Phase.Ending() || !refuses(c.Write) {
						return nil
					}
					if first.IsZero() {
						first = time.Now()
					}
					return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: rollout.ProblemForbidden, Call: rollout.CallUpdate, Words: words})
				})
				r := w.play("v1.2.4", promoting)
				why := r.Ending.Reason
				if r.Ending.Outcome != rollout.RolledBack || why.Code != rollout.ReasonWriteRefused || why.Problem.Words != words {
					t.Fatalf("it ended as %s because of %+v, want it rolled back with the words", r.Ending.Outcome, why)
				}
				if took := r.Ending.At.Sub(first); first.IsZero() || took > 2*time.Minute {
					t.Errorf("it took %s, want no further tries", took)
				}
			})
		})
	}
}

// Nothing is written before the objects were looked at: a start that took everything for missing would be refused where
// the canary's Service is there already, and may not be created.
func TestNothingIsWrittenBeforeALook(t *testing.T) {
	in(t, standard, func(w *world) {
		var looked, written atomic.Bool
		w.cluster.SetFault(func(c sim.Call) error {
			r, _ := w.rollout()
			switch {
			case c.Op == sim.Observe && r.Phase >= rollout.Preparing: // the survey before it is of orphans
				looked.Store(true)
			case c.Op == sim.Do && !looked.Load():
				t.Errorf("%s of %s was sent before a look", c.Write.Verb, c.Write.Object)
			}
			if c.Op == sim.Do {
				written.Store(true)
			}
			return nil
		})
		if r := w.play("v1.2.4", promoting); r.Ending.Outcome != rollout.Succeeded || !written.Load() {
			t.Errorf("it ended as %s, with writes: %t", r.Ending.Outcome, written.Load())
		}
	})
}
