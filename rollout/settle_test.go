package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// Where the router says no generation a weight counts once it has stood for a while, on the way up and down.
func TestAWeightSettlesWhereNobodyConfirmsIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		phase, next rollout.Phase
		weight      rollout.Weight
	}{
		"on the way up":      {rollout.Shifting, rollout.Baking, 5},
		"while rolling back": {rollout.RollingBack, rollout.Cleaning, 0},
		"after a promotion":  {rollout.Returning, rollout.Cleaning, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w := checkout()
			r.Phase, r.WeightAckedAt, r.UndoRevision, r.Promoted = tt.phase, time.Time{}, 5, true
			r.Spec.Limits.Drain = 0
			w.Route.Unversioned, w.Route.Weight, w.Route.Stamp.Weight = true, tt.weight, &tt.weight
			start, told := r.ReconciledAt, false
			for r.Phase == tt.phase && r.ReconciledAt.Sub(start) < time.Minute {
				r, _, _ = rollout.Next(r, facts(r, w, time.Second, rollout.Unknown))
				told = told || r.Trouble.Code == rollout.ProblemSettling
			}
			if took := r.ReconciledAt.Sub(start); r.Phase != tt.next || took != rollout.Settling {
				t.Errorf("got %s after %s, want %s after %s", r.Phase, took, tt.next, rollout.Settling)
			}
			if !told {
				t.Error("the card did not say what it waits for")
			}
		})
	}
}

// A weight that somebody sets back starts to settle anew.
func TestSettlingStartsAnewWithTheWeight(t *testing.T) {
	t.Parallel()
	r, w := checkout()
	r.Phase, r.WeightAckedAt = rollout.Shifting, time.Time{}
	w.Route.Unversioned = true
	r.Spans.Settled = rollout.Settling - time.Second
	w.Route.Weight = 7
	r, _, _ = rollout.Next(r, facts(r, w, time.Second, rollout.Unknown))
	if r.Spans.Settled != 0 {
		t.Errorf("another weight has settled for %s", r.Spans.Settled)
	}
}

// The canary gets no traffic while its references do not resolve: users would meet an error.
func TestNoTrafficBeforeReferencesResolve(t *testing.T) {
	t.Parallel()
	r, w := scaled()
	w.Scaler.Min = 10
	w.Route.Unresolved = rollout.Problem{Code: rollout.ProblemGatewayRefuses, Key: "ResolvedRefs"}
	after, _, _ := rollout.Next(r, facts(r, w, time.Second, rollout.Unknown))
	if after.Phase != rollout.Preparing || after.Trouble.Code != rollout.ProblemGatewayRefuses {
		t.Errorf("got %s and %q on the card, want preparing, and why", after.Phase, after.Trouble.Code)
	}
	w.Route.Unresolved = rollout.Problem{}
	if after, _, _ = rollout.Next(after, facts(after, w, time.Second, rollout.Unknown)); after.Phase != rollout.Shifting {
		t.Errorf("got %s once they resolve, want shifting", after.Phase)
	}
}

// No state of any object leaves people without a way out: an ending that does not end says so in time, and then it can be
// given up, whatever the cluster shows.
func TestAnEndingCanAlwaysBeGivenUp(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*rollout.Observed){
		"the cluster cannot be read": func(w *rollout.Observed) {
			*w = rollout.Observed{Unreadable: rollout.Problem{Code: rollout.ProblemRequestTimeout}}
		},
		"the route is never acknowledged": func(w *rollout.Observed) { w.Route.Acknowledged = false },
		"somebody keeps the weight":       func(w *rollout.Observed) { w.Route.Weight = 20 },
		"stable has no pods":              func(w *rollout.Observed) { w.Stable.Endpoints = 0 },
		"stable was scaled to 0":          func(w *rollout.Observed) { w.Stable.Endpoints, w.Stable.Replicas = 0, 0 },
		"stable is gone":                  func(w *rollout.Observed) { w.Stable = rollout.Workload{} },
		"the canary's pods stay":          func(w *rollout.Observed) { w.Route.Weight = 0; w.Canary.Endpoints = 1 },
		"the scaler cannot be put back":   func(w *rollout.Observed) { w.Route.Weight = 0; w.Scaler.Exists, w.Scaler.UID = true, "h" },
	} {
		for _, phase := range []rollout.Phase{rollout.Returning, rollout.RollingBack, rollout.Cleaning} {
			t.Run(name+" in "+phase.String(), func(t *testing.T) {
				t.Parallel()
				r, w := checkout()
				r.Phase, r.UndoRevision, r.Promoted, r.StableWritten = phase, 8, phase == rollout.Returning, phase == rollout.Returning
				r.Original.Scaler.UID = "h"
				if phase == rollout.Cleaning {
					r.CleanupRevision, r.Ending.Outcome = 9, rollout.RolledBack
				}
				edit(&w)
				start := r.ReconciledAt
				for r.Stuck == nil && !r.Terminal() && r.ReconciledAt.Sub(start) < 5*time.Minute {
					r, _, _ = rollout.Next(r, facts(r, w, 2*time.Second, rollout.Unknown))
				}
				if r.Terminal() {
					return
				}
				if r.Stuck == nil {
					t.Fatalf("in %s for %s, and nobody is told", r.Phase, r.ReconciledAt.Sub(start))
				}
				_, _, err := rollout.Decide(r, rollout.Decision{Action: rollout.Abandon, Turn: r.Turn, Text: "enough", Actor: person("U1"), At: t0},
					rollout.Policy{Approvers: []string{"U1"}})
				if err != nil {
					t.Errorf("it cannot be given up: %v", err)
				}
			})
		}
	}
}

// A controller that sets its weight back for ever is told a few times, and not once a second: the card needs the room.
func TestAFightIsToldAFewTimes(t *testing.T) {
	t.Parallel()
	r, w := checkout()
	r.Phase, r.UndoRevision = rollout.RollingBack, 8
	told := 0
	for i := range 60 {
		stamp := rollout.Stamp{Store: "s", Rollout: r.ID, Revision: 9, Weight: ptr(rollout.Weight(0))}
		w.Route.Stamp, w.Route.Weight, w.Route.WeightBy, w.Route.Version = &stamp, 20, "gitops", time.Duration(i).String()
		var entries []rollout.Entry
		r, entries, _ = rollout.Next(r, facts(r, w, time.Second, rollout.Unknown))
		for _, e := range entries {
			if e.Kind == rollout.EntryOverwrote {
				told++
			}
		}
	}
	if told != 3 || r.Stuck == nil || r.Stuck.Code != rollout.ReasonReverted {
		t.Errorf("told %d times, stuck %+v; want three times, and stuck by who undoes it", told, r.Stuck)
	}
}
