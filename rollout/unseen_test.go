package rollout_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

var archived = rollout.Problem{Code: "channel_archived", Value: "#deploys"}

// forwardMoves are rollouts about to move forward, each with the cluster that lets it.
func forwardMoves() map[string]func(*rollout.Rollout, *rollout.Observed) {
	baked := func(r *rollout.Rollout, step int) {
		r.Step, r.Spans.Bake = step, time.Hour
	}
	return map[string]func(*rollout.Rollout, *rollout.Observed){
		"the first traffic": func(r *rollout.Rollout, w *rollout.Observed) {
			r.Phase, r.WeightAckedAt, w.Route.Weight = rollout.Shifting, time.Time{}, 0
			w.Route.Stamp.Weight = new(rollout.Weight)
		},
		"more traffic": func(r *rollout.Rollout, _ *rollout.Observed) { r.Phase, r.Step = rollout.Shifting, 1 },
		"the pods of the first step": func(r *rollout.Rollout, w *rollout.Observed) {
			r.Phase, r.WeightAckedAt, w.Route.Weight = rollout.Preparing, time.Time{}, 0
			w.Route.Stamp.Weight = new(rollout.Weight)
		},
		"the question at a gate": func(r *rollout.Rollout, _ *rollout.Observed) { baked(r, 0) },
		"the next step": func(r *rollout.Rollout, _ *rollout.Observed) {
			baked(r, 0)
			r.Spec.Plan = r.Spec.Plan.Automatic()
		},
		"everyone": func(r *rollout.Rollout, w *rollout.Observed) {
			baked(r, 1)
			fifty := rollout.Weight(50)
			w.Route.Weight, w.Route.Stamp.Weight = 50, &fifty
		},
		"stable's new image": func(r *rollout.Rollout, _ *rollout.Observed) {
			r.Phase, r.StableWritten = rollout.Promoting, true
		},
	}
}

func TestNothingMovesForwardWhilePeopleCannotSeeIt(t *testing.T) {
	for name, edit := range forwardMoves() {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			edit(&r, &w)
			f := facts(r, w, interval, rollout.Pass)
			seen, _, _ := rollout.Next(r, f)
			if seen.Phase == r.Phase && len(rollout.Writes(seen, f)) == 0 {
				t.Fatal("nothing would move anyway: the test tests nothing")
			}
			f.Unseen = archived
			after, _, _ := rollout.Next(r, f)
			if after.Phase != r.Phase || after.Step != r.Step {
				t.Errorf("moved to %s, step %d", after.Phase, after.Step)
			}
			for _, one := range rollout.Writes(after, f) {
				if one.Weight != nil || one.Object == rollout.StableDeployment {
					t.Errorf("wrote %+v", one)
				}
			}
			if after.Spans.Deadline != 0 {
				t.Errorf("its deadline grew by %s", after.Spans.Deadline)
			}
			f = facts(after, w, interval, rollout.Pass)
			again, _, _ := rollout.Next(after, f)
			if again.Phase == r.Phase && len(rollout.Writes(again, f)) == 0 {
				t.Errorf("it does not go on once people see it again")
			}
		})
	}
}

func TestRollingBackNeverWaitsForPeopleToSeeIt(t *testing.T) {
	for name, edit := range map[string]func(*rollout.Rollout, *rollout.Facts){
		"a failing check":         func(_ *rollout.Rollout, f *rollout.Facts) { f.Verdict.Result = rollout.Fail },
		"a crash":                 func(_ *rollout.Rollout, f *rollout.Facts) { f.Observed.Canary.Failure.Kind = rollout.CrashLoop },
		"the annotation":          func(_ *rollout.Rollout, f *rollout.Facts) { f.Observed.Rollback = "kube:r:1" },
		"unknown for too long":    func(r *rollout.Rollout, f *rollout.Facts) { unknownRollsBack(r, f) },
		"one that is on its way":  func(r *rollout.Rollout, _ *rollout.Facts) { r.Phase, r.UndoRevision = rollout.RollingBack, 8 },
		"the end of a success":    func(r *rollout.Rollout, _ *rollout.Facts) { r.Phase, r.UndoRevision = rollout.Returning, 8 },
		"the removal of the pods": func(r *rollout.Rollout, _ *rollout.Facts) { r.Phase, r.CleanupRevision = rollout.Cleaning, 8 },
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			f := facts(r, w, interval, rollout.Pass)
			edit(&r, &f)
			seen, _, _ := rollout.Next(r, f)
			wrote := rollout.Writes(seen, f)
			f.Unseen = archived
			unseen, _, _ := rollout.Next(r, f)
			if diff := cmp.Diff(wrote, rollout.Writes(unseen, f)); diff != "" || unseen.Phase != seen.Phase {
				t.Errorf("%s, not %s; writes (-seen +unseen):\n%s", unseen.Phase, seen.Phase, diff)
			}
		})
	}
}

func unknownRollsBack(r *rollout.Rollout, f *rollout.Facts) {
	r.Spec.Limits.OnUnknown, r.Spans.Unknown = rollout.RollbackOnUnk, time.Hour
	f.Verdict.Result = rollout.Unknown
}

// Nobody answers what nobody can read: the wait stands still, and goes on where it stood.
func TestAnUnseenQuestionIsNotUnanswered(t *testing.T) {
	r, w := checkout()
	r.Phase, r.Reminded, r.Spans.Waiting = rollout.Awaiting, true, r.Spec.Limits.Wait-interval
	f := facts(r, w, interval, rollout.Pass)
	f.Unseen = archived
	r, entries, _ := rollout.Next(r, f)
	if kinds(entries) != "unseen" {
		t.Errorf("told %q, want that nobody sees it", kinds(entries))
	}
	for range 1000 {
		f = facts(r, w, interval, rollout.Pass)
		f.Unseen = archived
		r, entries, _ = rollout.Next(r, f)
		if len(entries) > 0 || r.Phase != rollout.Awaiting {
			t.Fatalf("%s, told %q", r.Phase, kinds(entries))
		}
	}
	r, entries, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass))
	if r.Phase != rollout.RollingBack || kinds(entries) != "settled phase" {
		t.Errorf("once it is seen again: %s, told %q", r.Phase, kinds(entries))
	}
}

func TestNobodyPromotesWhatNobodySees(t *testing.T) {
	r, w := checkout()
	r.Phase = rollout.Awaiting
	f := facts(r, w, interval, rollout.Pass)
	f.Unseen = archived
	r, _, _ = rollout.Next(r, f)
	decide := func(a rollout.Action) error {
		_, _, err := rollout.Decide(r, rollout.Decision{ID: "d", Actor: person("U1"), At: f.Now, Turn: r.Turn, Action: a}, allows())
		return err
	}
	var refused *rollout.Error
	if err := decide(rollout.Promote); !errors.As(err, &refused) || refused.Problem.Code != rollout.ProblemUnseen {
		t.Errorf("promote: %v", err)
	}
	for _, a := range []rollout.Action{rollout.Rollback, rollout.Pause} {
		if err := decide(a); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}
