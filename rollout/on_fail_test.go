package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// Where the plan holds on failure, the bot asks people for whatever it would have rolled back by itself; the traffic stays
// where it is, and what people or the cluster ask for is done all the same.
func TestOnFailHold(t *testing.T) {
	fails := func(_ *rollout.Rollout, f *rollout.Facts) {
		f.Verdict.Result, f.Verdict.Evidence[0].Result = rollout.Fail, rollout.Fail
	}
	for name, tt := range map[string]struct {
		edit       func(*rollout.Rollout, *rollout.Facts)
		stuck      rollout.ReasonCode // why people are asked; none: it is rolled back
		rolledBack rollout.ReasonCode
	}{
		"a failing check": {edit: fails, stuck: rollout.ReasonCheck},
		"a crashing canary": {edit: func(_ *rollout.Rollout, f *rollout.Facts) { f.Observed.Canary.Failure.Kind = rollout.CrashLoop },
			stuck: rollout.ReasonCanary},
		"nobody answered": {edit: func(r *rollout.Rollout, _ *rollout.Facts) {
			r.Phase, r.Spans.Waiting = rollout.Awaiting, 3*time.Hour
		}, stuck: rollout.ReasonUnanswered},
		"unknown for too long": {edit: func(r *rollout.Rollout, f *rollout.Facts) {
			r.Spec.Limits.OnUnknown, r.Spans.Unknown = rollout.RollbackOnUnk, time.Hour
			f.Verdict.Result, f.Verdict.Evidence[0].Result = rollout.Unknown, rollout.Unknown
		}, stuck: rollout.ReasonUnknown},
		"a freeze that rolls back": {edit: func(_ *rollout.Rollout, f *rollout.Facts) {
			f.Frozen = &rollout.Closure{Name: "sale", Running: rollout.ReturnRunning}
		}, stuck: rollout.ReasonFrozen},
		"the annotation": {edit: func(_ *rollout.Rollout, f *rollout.Facts) { f.Observed.Rollback = "route/1" },
			rolledBack: rollout.ReasonAnnotation},
		"the canary was deleted": {edit: func(r *rollout.Rollout, f *rollout.Facts) {
			r.LastApplied.CanaryUID, f.Observed.Canary = "c", rollout.Workload{}
		}, rolledBack: rollout.ReasonCanaryGone},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.Spec.Plan.OnFail = rollout.HoldOnFail
			f := facts(r, w, interval, rollout.Pass)
			tt.edit(&r, &f)
			phase := r.Phase
			after, entries, _ := rollout.Next(r, f)
			if tt.rolledBack != "" {
				if after.Phase != rollout.RollingBack || after.Ending.Reason.Code != tt.rolledBack {
					t.Fatalf("it is %s because of %q, want to be rolled back because of %q", after.Phase, after.Ending.Reason.Code, tt.rolledBack)
				}
				return
			}
			if after.Phase != phase || after.Stuck == nil || after.Stuck.Code != tt.stuck || after.Turn == r.Turn || after.Ending.Reason.Code != "" {
				t.Fatalf("it is %s and asks about %+v, want %s and %q", after.Phase, after.Stuck, phase, tt.stuck)
			}
			if last := entries[len(entries)-1]; last.Kind != rollout.EntryStuck || last.Data.Reason.Code != tt.stuck || last.Data.Weight != 5 {
				t.Errorf("the timeline ends with %+v", last)
			}
			if writes := rollout.Writes(after, f); len(writes) != 0 {
				t.Errorf("it changes the cluster: %+v", writes)
			}
			f.Now = f.Now.Add(interval)
			if again, more, _ := rollout.Next(after, f); again.Turn != after.Turn || len(more) > 0 {
				t.Errorf("it asks again: turn %d after %d, %+v", again.Turn, after.Turn, more)
			}
			if gone := decided(t, after, rollout.Rollback, "U1", rollout.Policy{Rollback: []string{rollout.Everyone}}); gone.Phase != rollout.RollingBack {
				t.Errorf("a person's rollback leaves it %s", gone.Phase)
			}
			tried := decided(t, after, rollout.Retry, "U1", rollout.Policy{Deployers: []string{"U1"}})
			g := facts(tried, w, interval, rollout.Pass)
			if well, _, _ := rollout.Next(tried, g); well.Stuck != nil || well.Phase != phase {
				t.Errorf("tried again when all is well it is %s, stuck %+v", well.Phase, well.Stuck)
			}
		})
	}
}

// While it asks, nothing moves forward.
func TestOnFailHoldKeepsTheStep(t *testing.T) {
	r, w := checkout()
	r.Spec.Plan.OnFail, r.Stuck = rollout.HoldOnFail, &rollout.Reason{Code: rollout.ReasonCheck}
	r.Spans.Bake = time.Hour
	if after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass)); after.Phase != rollout.Baking {
		t.Errorf("it went on to %s before anybody answered", after.Phase)
	}
}
