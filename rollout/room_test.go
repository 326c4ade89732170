package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// routeWrite returns the weight that the facts make the rollout write to the route, and whether it writes one at all.
func routeWrite(r rollout.Rollout, f rollout.Facts) (rollout.Weight, bool) {
	for _, w := range rollout.Writes(r, f) {
		if w.Object == rollout.RouteObject && w.Weight != nil {
			return *w.Weight, true
		}
	}
	return 0, false
}

// How much of the traffic a rollback leaves on the canary for a moment where stable is short of pods.
func TestTrafficGoesBackAsStableHasRoom(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ready   int // of 10
		share   rollout.Weight
		verdict rollout.Result
		why     rollout.ReasonCode
		ending  time.Duration
		crash   bool
		waits   bool
		want    rollout.Weight
		told    rollout.ProblemCode
	}{
		"stable is whole":                     {ready: 10, share: 100, why: rollout.ReasonPerson, want: 0},
		"a pod is missing":                    {ready: 9, share: 5, why: rollout.ReasonPerson, want: 0},
		"a third is missing":                  {ready: 7, share: 100, why: rollout.ReasonPerson, want: 0},
		"half is missing":                     {ready: 5, share: 100, why: rollout.ReasonPerson, want: 25, told: rollout.ProblemStableShort},
		"two pods are left":                   {ready: 2, share: 100, why: rollout.ReasonPerson, want: 70, told: rollout.ProblemStableShort},
		"two are left, and half has the rest": {ready: 2, share: 50, why: rollout.ReasonPerson, want: 50, told: rollout.ProblemStableShort},
		"nobody answered":                     {ready: 2, share: 100, why: rollout.ReasonUnanswered, want: 70, told: rollout.ProblemStableShort},
		"a minute later":                      {ready: 2, share: 100, why: rollout.ReasonPerson, ending: time.Minute, want: 0, told: rollout.ProblemStableStrained},
		"the canary fails":                    {ready: 2, share: 100, verdict: rollout.Fail, why: rollout.ReasonCheck, want: 0, told: rollout.ProblemStableStrained},
		"it fails meanwhile":                  {ready: 2, share: 100, verdict: rollout.Fail, why: rollout.ReasonPerson, want: 0, told: rollout.ProblemStableStrained},
		"its pods fail":                       {ready: 2, share: 100, why: rollout.ReasonPerson, crash: true, want: 0, told: rollout.ProblemStableStrained},
		"nobody is there to take it":          {ready: 0, share: 100, why: rollout.ReasonPerson, waits: true},
		"by annotation":                       {ready: 2, share: 100, why: rollout.ReasonAnnotation, want: 0, told: rollout.ProblemStableStrained},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w := checkout()
			r.Spec.Plan.Steps[0].Weight = 100
			r.Phase, r.UndoRevision, r.Ending.Reason.Code, r.Verdict.Result = rollout.RollingBack, 8, tt.why, tt.verdict
			r.Spans.Ending = tt.ending
			w.Stable.Endpoints, w.Route.Weight = tt.ready, tt.share
			if tt.crash {
				w.Canary.Failure = rollout.Failure{Kind: rollout.CrashLoop}
			}
			f := facts(r, w, 0, tt.verdict)
			after, _, _ := rollout.Next(r, f)
			got, wrote := routeWrite(after, f)
			if wrote == tt.waits {
				t.Fatalf("written to the route: %t", wrote)
			}
			if got != tt.want || after.Trouble.Code != tt.told {
				t.Errorf("got %d %% and %q on the card, want %d %% and %q", got, after.Trouble.Code, tt.want, tt.told)
			}
		})
	}
}

// While stable grows the weight only falls, whatever its pods do.
func TestTheShareThatStaysNeverRises(t *testing.T) {
	t.Parallel()
	r, w := checkout()
	r.Spec.Plan.Steps[0].Weight = 100
	r.Phase, r.UndoRevision, r.Ending.Reason.Code = rollout.RollingBack, 8, rollout.ReasonPerson
	w.Route.Weight = 100
	last := rollout.Weight(100)
	for _, ready := range []int{2, 3, 1, 5, 2, 6} {
		w.Stable.Endpoints = ready
		f := facts(r, w, time.Second, rollout.Pass)
		r, _, _ = rollout.Next(r, f)
		if got, wrote := routeWrite(r, f); wrote {
			if got > last {
				t.Fatalf("with %d pods the share rose from %d to %d", ready, last, got)
			}
			last, w.Route.Weight = got, got
			w.Route.Stamp = &rollout.Stamp{Store: "s", Rollout: r.ID, Revision: 9, Weight: &got}
		}
	}
	if last != 10 {
		t.Errorf("got %d %% in the end, want 10 %%: the most that five pods of ten had no room for, less what six have", last)
	}
}

// scaled is the checkout with an autoscaler of stable, which is about to be given its first weight.
func scaled() (rollout.Rollout, rollout.Observed) {
	r, w := checkout()
	zero := rollout.Weight(0)
	r.Phase, r.Step, r.WeightAckedAt, r.Hold = rollout.Preparing, 0, time.Time{}, 10
	r.Original.Scaler = rollout.OriginalScaler{Kind: "HorizontalPodAutoscaler", Name: "checkout", UID: "h", Min: 2}
	w.Route.Weight, w.Route.Stamp.Weight = 0, &zero
	w.Scaler = rollout.Scaler{Meta: rollout.Meta{Exists: true, UID: "h", Version: "4"}, Min: 2, Max: 40}
	return r, w
}

// scalerWrite returns the write to stable's autoscaler.
func scalerWrite(all []rollout.Write) *rollout.Write {
	for _, w := range all {
		if w.Object == rollout.StableScaler {
			w.Stamp = rollout.Stamp{}
			return &w
		}
	}
	return nil
}

func TestStableKeepsItsSizeWhileTheCanaryTakesItsLoad(t *testing.T) {
	t.Parallel()
	ten, two, seven := 10, 2, 7
	raise := &rollout.Write{Object: rollout.StableScaler, Verb: rollout.Update, UID: "h", Version: "4", Replicas: &ten}
	for name, tt := range map[string]struct {
		edit func(*rollout.Rollout, *rollout.Observed)
		want *rollout.Write
		goes rollout.Phase
	}{
		"its minimum is raised first": {want: raise, goes: rollout.Preparing},
		"then the weight may rise":    {edit: func(_ *rollout.Rollout, w *rollout.Observed) { w.Scaler.Min = 10 }, goes: rollout.Shifting},
		"a larger minimum is left":    {edit: func(_ *rollout.Rollout, w *rollout.Observed) { w.Scaler.Min = 12 }, goes: rollout.Shifting},
		"no more than it allows": {edit: func(_ *rollout.Rollout, w *rollout.Observed) { w.Scaler.Max = 7 },
			want: &rollout.Write{Object: rollout.StableScaler, Verb: rollout.Update, UID: "h", Version: "4", Replicas: &seven}, goes: rollout.Preparing},
		"another of that name is somebody else's": {edit: func(_ *rollout.Rollout, w *rollout.Observed) { w.Scaler.UID = "h2" }, goes: rollout.Shifting},
		"it was deleted": {edit: func(_ *rollout.Rollout, w *rollout.Observed) { w.Scaler = rollout.Scaler{} }, goes: rollout.Shifting},
		"it grew meanwhile": {edit: func(_ *rollout.Rollout, w *rollout.Observed) {
			w.Scaler.Min, w.Stable.Replicas = 10, 14
		}, want: &rollout.Write{Object: rollout.StableScaler, Verb: rollout.Update, UID: "h", Version: "4", Replicas: ptr(14)}, goes: rollout.Preparing},
		"while cleaning it is put back": {edit: func(r *rollout.Rollout, w *rollout.Observed) {
			r.Phase, r.UndoRevision, r.CleanupRevision, r.Ending.Outcome = rollout.Cleaning, 8, 9, rollout.Succeeded
			r.LastApplied.StableMin, w.Scaler.Min = 10, 10
			w.Route.Stamp.Revision = 9
		}, want: &rollout.Write{Object: rollout.StableScaler, Verb: rollout.Update, UID: "h", Version: "4", Replicas: &two}, goes: rollout.Cleaning},
		"while cleaning somebody's own is left": {edit: func(r *rollout.Rollout, w *rollout.Observed) {
			r.Phase, r.UndoRevision, r.CleanupRevision, r.Ending.Outcome = rollout.Cleaning, 8, 9, rollout.Succeeded
			r.LastApplied.StableMin, w.Scaler.Min = 10, 7
			w.Route.Stamp.Revision = 9
		}, want: &rollout.Write{Object: rollout.StableScaler, Verb: rollout.Update, UID: "h", Version: "4", Replicas: &seven}, goes: rollout.Cleaning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w := scaled()
			if tt.edit != nil {
				tt.edit(&r, &w)
			}
			f := facts(r, w, time.Second, rollout.Pass)
			after, _, _ := rollout.Next(r, f)
			if after.Phase != tt.goes {
				t.Errorf("got %s, want %s", after.Phase, tt.goes)
			}
			after.Phase = r.Phase
			if diff := cmp.Diff(scalerWrite(rollout.Writes(after, f)), tt.want); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

// An autoscaler that sizes by the last minute must have seen everybody come back before it has its minimum again.
func TestTheMinimumOutlastsWhatTheScalerMeasured(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raised int
		want   time.Duration
	}{"it was raised": {10, time.Minute}, "it was large enough": {0, 30 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w := scaled()
			r.Phase, r.UndoRevision, r.LastApplied.StableMin = rollout.RollingBack, 5, tt.raised
			start := r.ReconciledAt
			for r.Phase == rollout.RollingBack && r.ReconciledAt.Sub(start) < 5*time.Minute {
				r, _, _ = rollout.Next(r, facts(r, w, time.Second, rollout.Unknown))
			}
			if took := r.ReconciledAt.Sub(start); took != tt.want {
				t.Errorf("got %s after %s, want cleaning after %s", r.Phase, took, tt.want)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

// What a lost store's rollout raised is put back with all else that it left.
func TestAnOrphansMinimumIsPutBack(t *testing.T) {
	t.Parallel()
	r, w := scaled()
	r.Phase, r.UndoRevision, r.CleanupRevision, r.Ending.Outcome = rollout.Cleaning, 8, 9, rollout.RolledBack
	r.Orphan = &rollout.Orphan{Store: "lost", Rollout: "checkout-9"}
	w.Route.Stamp.Revision = 9
	w.Scaler.Min, w.Scaler.Stamp = 10, &rollout.Stamp{Store: "lost", Rollout: "checkout-9", Replicas: ptr(10)}
	got := scalerWrite(rollout.Writes(r, facts(r, w, time.Second, rollout.Unknown)))
	want := &rollout.Write{Object: rollout.StableScaler, Verb: rollout.Update, UID: "h", Version: "4", Replicas: ptr(2)}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got before want:\n%s", diff)
	}
}

// Somebody who lowers the minimum while the canary has load makes stable small: they are asked.
func TestALoweredMinimumIsAsked(t *testing.T) {
	t.Parallel()
	r, w := scaled()
	r.Phase, r.WeightAckedAt, r.LastApplied.StableMin = rollout.Baking, t0, 10
	w.Route.Weight, w.Route.Stamp.Weight = 5, ptr(rollout.Weight(5))
	w.Scaler.MinBy = "helm"
	after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass))
	want := &rollout.Drift{Field: rollout.FieldStableMin, Wanted: "10", Value: "2", By: "helm"}
	if diff := cmp.Diff(after.Drift, want); diff != "" {
		t.Errorf("got before want:\n%s", diff)
	}
}

func TestStableAtNoReplicasIsAnAlarm(t *testing.T) {
	t.Parallel()
	for name, phase := range map[string]rollout.Phase{"in a bake": rollout.Baking, "at a gate": rollout.Awaiting, "while promoting": rollout.Promoting} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w := checkout()
			r.Phase, r.StableWritten = phase, phase == rollout.Promoting
			w.Stable.Replicas, w.Stable.Total, w.Stable.Updated, w.Stable.Available, w.Stable.Endpoints = 0, 0, 0, 0, 0
			f := facts(r, w, interval, rollout.Pass)
			after, entries, _ := rollout.Next(r, f)
			if after.Phase != phase || after.Stuck == nil || after.Stuck.Code != rollout.ReasonStableEmpty || len(entries) != 1 {
				t.Fatalf("got %s, stuck %+v, %d entries; want %s, stuck because stable is empty, and one entry", after.Phase, after.Stuck, len(entries), phase)
			}
			if all := rollout.Writes(after, f); len(all) > 0 {
				t.Errorf("%d writes were sent, want none: the weight stays where people are served", len(all))
			}
			back, _, err := rollout.Decide(after, rollout.Decision{Action: rollout.Rollback, Actor: person("U1"), At: t0}, rollout.Policy{Rollback: []string{rollout.Everyone}})
			if err != nil {
				t.Fatal(err)
			}
			if weight, wrote := routeWrite(back, f); wrote {
				t.Errorf("rolling back wrote weight %d, with nobody to take the traffic", weight)
			}
			w.Stable.Replicas, w.Stable.Endpoints = 10, 10
			if on, _, _ := rollout.Next(after, facts(after, w, interval, rollout.Pass)); on.Stuck != nil {
				t.Errorf("still stuck by %q with stable back", on.Stuck.Code)
			}
		})
	}
}

// With limits only a dead stable does not make a check unknown: the weight must not rise all the same.
func TestNothingMovesForwardWhileStableServesNobody(t *testing.T) {
	t.Parallel()
	r, w := checkout()
	r.Phase, r.Step, r.Size = rollout.Preparing, 1, 1
	w.Stable.Endpoints, w.Canary.Endpoints = 0, 1
	f := facts(r, w, interval, rollout.Pass)
	after, _, _ := rollout.Next(r, f)
	if after.Phase != rollout.Preparing || after.Trouble.Code != rollout.ProblemStableUnready {
		t.Errorf("got %s and %q on the card, want to stay in preparing, and to say that no pod of stable is ready", after.Phase, after.Trouble.Code)
	}
}
