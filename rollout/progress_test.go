package rollout_test

import (
	"slices"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// A deadline is one without progress, as Kubernetes' own: forty pods of stable that come one by one may take longer than
// it, and one that does not come may not.
func TestADeadlineIsOneWithoutProgress(t *testing.T) {
	const total, each = 40, 20 * time.Second
	for name, tt := range map[string]struct {
		comes int // pods, and then no more
		want  rollout.Phase
		after time.Duration
	}{
		"as long as pods come":   {total, rollout.Returning, total * each},
		"not once none comes":    {5, rollout.RollingBack, 5*each + 10*time.Minute},
		"not where none comes":   {0, rollout.RollingBack, 10 * time.Minute},
		"the last one never has": {total - 1, rollout.RollingBack, (total-1)*each + 10*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.Phase, r.Step, r.StableWritten, r.Size = rollout.Promoting, 1, true, 1
			w.Route.Weight = 50
			fifty := rollout.Weight(50)
			w.Route.Stamp.Weight = &fifty
			w.Stable.Image, w.Stable.Replicas, w.Stable.Endpoints = newRef, total, total
			w.Stable.Stamp = &rollout.Stamp{Store: "s", Rollout: "checkout-1", Revision: 7, Image: newRef}
			w.Stable.Total, w.Stable.Available = total+1, total
			began := r.ReconciledAt
			for r.Phase == rollout.Promoting && r.ReconciledAt.Sub(began) < time.Hour {
				done := min(tt.comes, int(r.ReconciledAt.Sub(began)/each))
				w.Stable.Updated, w.Stable.Total = done, total+1 // the next one is there and not yet available
				if done == total {
					w.Stable.Total = total
				}
				r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass))
			}
			took := r.ReconciledAt.Sub(began)
			if r.Phase != tt.want || took < tt.after || took > tt.after+each+2*interval {
				t.Errorf("%s after %s, want %s after %s: %+v", r.Phase, took, tt.want, tt.after, r.Ending.Reason)
			}
		})
	}
}

// What has traffic is judged, whatever stands still: a weight that arrives while the rollout is paused or held is a fact.
func TestAWeightThatArrivesWhilePausedIsJudged(t *testing.T) {
	for name, mark := range map[string]func(*rollout.Rollout, *rollout.Observed){
		"paused": func(r *rollout.Rollout, _ *rollout.Observed) { r.Paused = true },
		"drift": func(r *rollout.Rollout, w *rollout.Observed) {
			w.Stable.Image = "registry.example.com/shop/checkout:hotfix"
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.Phase, r.WeightAckedAt, r.ImageIDs = rollout.Shifting, time.Time{}, nil
			mark(&r, &w)
			r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Unknown))
			if r.WeightAckedAt.IsZero() {
				t.Fatalf("in %s nothing is judged at 5 %%", r.Phase)
			}
			r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Fail))
			if r.Phase != rollout.RollingBack || r.Ending.Reason.Code != rollout.ReasonCheck {
				t.Errorf("a canary that fails is in %s: %+v", r.Phase, r.Ending.Reason)
			}
		})
	}
}

// Who takes the canary's place in the route away again and again is named before the deadline passes in silence.
func TestAPlaceInTheRouteThatIsTakenAway(t *testing.T) {
	r, w := checkout()
	zero := rollout.Weight(0)
	r.Phase, r.WeightAckedAt, r.ImageIDs, r.LastApplied.Weight = rollout.Preparing, time.Time{}, nil, &zero
	w.Canary.Available, w.Canary.Endpoints = 0, 0
	w.Route.HasCanary, w.Route.Weight, w.Route.Stamp, w.Route.WeightBy = false, 0, nil, "gitops"
	for i, version := range []string{"2", "2", "3", "4"} {
		w.Route.Version = version
		r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Unknown))
		if stuck := r.Stuck != nil; stuck != (i == 3) {
			t.Fatalf("stuck is %t after look %d", stuck, i+1)
		}
	}
	if r.Stuck.Code != rollout.ReasonReverted || r.Stuck.Detail != "gitops" {
		t.Errorf("stuck for %+v", *r.Stuck)
	}
}

// Without the canary's Service its share of the users gets errors that no pod counts.
func TestAServiceThatIsDeletedUnderTraffic(t *testing.T) {
	for _, paused := range []bool{false, true} {
		r, w := checkout()
		r.Paused = paused
		w.Service = rollout.Meta{}
		if phase, why := moved(r, facts(r, w, interval, rollout.Unknown)); phase != rollout.RollingBack || why != rollout.ReasonServiceGone {
			t.Errorf("paused %t: %s for %q", paused, phase, why)
		}
	}
}

// A bake that stands still because the route is not followed any more says so.
func TestARouteThatIsNotFollowedAnyMore(t *testing.T) {
	r, w := checkout()
	w.Route.Acknowledged, w.Route.Problem = false, rollout.Text("its Gateway is gone")
	r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass))
	if r.Trouble.Words != "its Gateway is gone" || r.Spans.Bake != 0 {
		t.Errorf("the trouble is %+v, the bake %s", r.Trouble, r.Spans.Bake)
	}
	w.Route.Acknowledged = true
	if r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass)); !r.Trouble.IsZero() || r.Spans.Bake == 0 {
		t.Errorf("then the trouble is %+v, the bake %s", r.Trouble, r.Spans.Bake)
	}
}

// Who gives up while somebody keeps giving the canary traffic is told that it may have some.
func TestAbandoningNamesAWeightThatIsFoughtFor(t *testing.T) {
	for _, fought := range []bool{true, false} {
		r, _ := checkout()
		r.Phase, r.UndoRevision, r.Stuck = rollout.RollingBack, 8, &rollout.Reason{Code: rollout.ReasonReverted, Detail: "gitops"}
		if r.Ending.WeightZero = t0; fought {
			r.Ending.WeightZero = time.Time{} // undone so soon that nobody saw it: it was written all the same
			r.Reverts = []rollout.Revert{{Field: rollout.FieldWeight, By: "gitops", Times: 3}}
		}
		d := rollout.Decision{ID: "slack:9", Action: rollout.Abandon, Actor: person("U1"), Turn: r.Turn, At: t0.Add(time.Minute), Text: "the controller wins"}
		r, _, err := rollout.Decide(r, d, rollout.Policy{Approvers: []string{"U1"}})
		if err != nil {
			t.Fatal(err)
		}
		if named := slices.ContainsFunc(r.Ending.Left, func(p rollout.Problem) bool {
			return p.Code == rollout.ProblemWeightLeft && p.Object.Kind == "HTTPRoute" && p.Object.Name == "checkout"
		}); named != fought {
			t.Errorf("fought %t: left is %+v", fought, r.Ending.Left)
		}
	}
}
