package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// doubtful is a verdict whose only check is in doubt.
func doubtful(why rollout.Why, doubt rollout.Doubt) rollout.Verdict {
	return rollout.Verdict{Result: rollout.Unknown, Evidence: []rollout.Evidence{{Check: "error_rate", Result: rollout.Unknown, Why: why, Doubt: doubt}}}
}

// seen are the facts of a reconcile in which the judge says this.
func seen(r rollout.Rollout, w rollout.Observed, v rollout.Verdict) rollout.Facts {
	f := facts(r, w, interval, v.Result)
	f.Verdict.Evidence = v.Evidence
	return f
}

func TestADoubtThatAsksHoldsAtOnce(t *testing.T) {
	asks := doubtful(rollout.WhyBoth, rollout.DoubtAsks)
	informs := doubtful(rollout.WhyBoth, rollout.DoubtAsks)
	informs.Evidence[0].DryRun = true
	for name, tt := range map[string]struct {
		says rollout.Verdict
		edit func(*rollout.Rollout)
		held bool
		told string
	}{
		"one that asks":                  {asks, nil, true, "asked"},
		"one that asks, while paused":    {asks, func(r *rollout.Rollout) { r.Paused = true }, true, "asked"},
		"one that asks, at a gate":       {asks, func(r *rollout.Rollout) { r.Phase = rollout.Awaiting }, true, "asked"},
		"one that only waits":            {doubtful(rollout.WhyBrief, rollout.DoubtWaits), nil, false, ""},
		"one that asks and only informs": {informs, nil, false, ""},
		"one that was accepted":          {asks, accepted(rollout.WhyBoth), false, ""},
		"another than was accepted":      {asks, accepted(rollout.WhySmall), true, "asked"},
		"where the step needs no evidence": {asks, func(r *rollout.Rollout) {
			r.Spec.Plan = rollout.Plan{Steps: []rollout.Step{{Weight: 5, Gate: rollout.Auto}}}
		}, false, ""},
		"where unknown evidence is to be rolled back, but not yet": {asks, func(r *rollout.Rollout) {
			r.Spec.Limits.OnUnknown = rollout.RollbackOnUnk
		}, true, "asked"},
		"one that waits for as long as evidence may be unknown": {doubtful(rollout.WhyBrief, rollout.DoubtWaits), late, true, "asked"},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			if tt.edit != nil {
				tt.edit(&r)
			}
			after, entries, _ := rollout.Next(r, seen(r, w, tt.says))
			entries = slices.DeleteFunc(entries, func(e rollout.Entry) bool { return e.Kind == rollout.EntryPhase || e.Kind == rollout.EntryStep })
			if after.Held != tt.held || kinds(entries) != tt.told || (len(after.Doubts) > 0) != tt.held {
				t.Errorf("held %t by %v, told %q; want %t, %q", after.Held, after.Doubts, kinds(entries), tt.held, tt.told)
			}
			if problem := rollout.Invariant(after); problem != "" {
				t.Error(problem)
			}
		})
	}
}

func accepted(why rollout.Why) func(*rollout.Rollout) {
	return func(r *rollout.Rollout) { r.Accepted = []rollout.Acceptance{{Check: "error_rate", Why: why}} }
}

func late(r *rollout.Rollout) { r.Spans.Unknown = r.Spec.Limits.UnknownLimit }

// held is a rollout whose errors people are asked about.
func held(t *testing.T) (rollout.Rollout, rollout.Observed) {
	t.Helper()
	r, w := checkout()
	r, entries, _ := rollout.Next(r, seen(r, w, doubtful(rollout.WhyBoth, rollout.DoubtAsks)))
	if !r.Held || len(entries) != 1 || entries[0].Kind != rollout.EntryAsked {
		t.Fatalf("held %t, told %q", r.Held, kinds(entries))
	}
	want := rollout.Reason{Code: rollout.ReasonDoubt, Evidence: &doubtful(rollout.WhyBoth, rollout.DoubtAsks).Evidence[0]}
	if diff := cmp.Diff(want, entries[0].Data.Reason); diff != "" || entries[0].Data.Left != 2*time.Hour || r.Turn != 4 {
		t.Fatalf("turn %d, %s left, because (-want +got):\n%s", r.Turn, entries[0].Data.Left, diff)
	}
	return r, w
}

// What keeps a question open, what ends it, and what makes it another one.
func TestWhatBecomesOfAQuestion(t *testing.T) {
	small := doubtful(rollout.WhySmall, rollout.DoubtAsks)
	slow := doubtful(rollout.WhyBoth, rollout.DoubtAsks)
	slow.Evidence[0].Check = "latency"
	for name, tt := range map[string]struct {
		says   rollout.Verdict
		doubts int
		told   string
		turn   rollout.Turn // 4 is that of the question
	}{
		"it asks on":                          {doubtful(rollout.WhyBoth, rollout.DoubtAsks), 1, "", 4},
		"it only waits now":                   {doubtful(rollout.WhyBoth, rollout.DoubtWaits), 1, "", 4},
		"the check cannot be judged now":      {doubtful(rollout.WhyTimeout, rollout.NoDoubt), 1, "", 4},
		"the judge says nothing of it":        {rollout.Verdict{Result: rollout.Unknown}, 1, "", 4},
		"another doubt of the same check":     {small, 2, "asked", 5},
		"a doubt of another check":            {slow, 2, "asked", 5},
		"everything passes":                   {rollout.Verdict{Result: rollout.Pass}, 0, "settled", 5},
		"its check passes, and another waits": {passesBut(doubtful(rollout.WhyTooFewRequests, rollout.NoDoubt)), 0, "settled", 5},
		"its check passes, and another asks":  {passesBut(doubtful(rollout.WhySmall, rollout.DoubtAsks)), 1, "settled asked", 5},
		"it fails":                            {rollout.Verdict{Result: rollout.Fail, Evidence: []rollout.Evidence{{Check: "error_rate", Result: rollout.Fail}}}, 0, "verdict phase", 5},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := held(t)
			r, entries, _ := rollout.Next(r, seen(r, w, tt.says))
			if len(r.Doubts) != tt.doubts || r.Held != (tt.doubts > 0) || kinds(entries) != tt.told || r.Turn != tt.turn {
				t.Errorf("held %t by %v, told %q, turn %d; want %d doubts, %q, turn %d", r.Held, r.Doubts, kinds(entries), r.Turn, tt.doubts, tt.told, tt.turn)
			}
			if problem := rollout.Invariant(r); problem != "" {
				t.Error(problem)
			}
		})
	}
}

// passesBut is a verdict in which errors pass and latency says what the errors of the other do.
func passesBut(v rollout.Verdict) rollout.Verdict {
	v.Evidence[0].Check = "latency"
	v.Evidence = append([]rollout.Evidence{{Check: "error_rate", Result: rollout.Pass}}, v.Evidence...)
	return v
}

func TestWhatIsAcceptedIsNotAskedAboutAgain(t *testing.T) {
	r, w := held(t)
	r, entries, err := rollout.Decide(r, rollout.Decision{ID: "d", Action: rollout.Accept, Actor: person("U1"), Turn: r.Turn, Text: "a backup ran", At: t0}, allows())
	if err != nil {
		t.Fatal(err)
	}
	want := []rollout.Acceptance{{Check: "error_rate", Why: rollout.WhyBoth}}
	if r.Held || len(r.Doubts) > 0 || r.Phase != rollout.Baking || !slices.Equal(r.Accepted, want) || !slices.Equal(r.Case(t0).Accepted, want) {
		t.Fatalf("held %t by %v in %s; accepted %v, and the judge is told %v", r.Held, r.Doubts, r.Phase, r.Accepted, r.Case(t0).Accepted)
	}
	if e := entries[0]; e.Kind != rollout.EntryDecided || e.Actor.ID != "U1" || !slices.Equal(e.Data.Doubts, want) || e.Data.Text != "a backup ran" {
		t.Errorf("the timeline says %+v", e)
	}
	both := doubtful(rollout.WhyBoth, rollout.DoubtAsks) // as the judge may still say once
	r, entries, _ = rollout.Next(r, seen(r, w, both))
	if r.Held || len(entries) > 0 || r.Spans.Bake > 0 {
		t.Fatalf("held %t, told %q, baked %s", r.Held, kinds(entries), r.Spans.Bake)
	}
	r, entries, _ = rollout.Next(r, seen(r, w, doubtful(rollout.WhySmall, rollout.DoubtAsks)))
	if !r.Held || kinds(entries) != "asked" {
		t.Errorf("another doubt: held %t, told %q", r.Held, kinds(entries))
	}
}

func TestAnUnansweredDoubtIsRolledBackAfterTheWait(t *testing.T) {
	for name, edit := range map[string]func(*rollout.Rollout){
		"asked about unknown evidence": func(*rollout.Rollout) {},
		// People were asked, and have the time that a question has.
		"rolling back on unknown evidence": func(r *rollout.Rollout) { r.Spec.Limits.OnUnknown = rollout.RollbackOnUnk },
	} {
		t.Run(name, func(t *testing.T) {
			r, w := held(t)
			edit(&r)
			var told []string
			for r.Phase == rollout.Baking && r.ReconciledAt.Before(t0.Add(3*time.Hour)) {
				var entries []rollout.Entry
				r, entries, _ = rollout.Next(r, seen(r, w, doubtful(rollout.WhyBoth, rollout.DoubtAsks)))
				told = append(told, strings.Fields(kinds(entries))...)
			}
			if r.Phase != rollout.RollingBack || r.Ending.Reason.Code != rollout.ReasonUnanswered || r.ReconciledAt.Before(t0.Add(2*time.Hour)) {
				t.Errorf("%s because of %q after %s", r.Phase, r.Ending.Reason.Code, r.ReconciledAt.Sub(t0))
			}
			if got := strings.Join(told, " "); got != "reminded phase" {
				t.Errorf("told %q", got)
			}
		})
	}
}

// Where people were asked because nothing could be judged, a doubt is a new question.
func TestUnknownEvidenceMayTurnOutToBeADoubt(t *testing.T) {
	r, w := checkout()
	late(&r)
	r, _, _ = rollout.Next(r, seen(r, w, doubtful(rollout.WhyTimeout, rollout.NoDoubt)))
	if !r.Held || len(r.Doubts) > 0 {
		t.Fatalf("held %t by %v", r.Held, r.Doubts)
	}
	turn := r.Turn
	r, entries, _ := rollout.Next(r, seen(r, w, doubtful(rollout.WhyBoth, rollout.DoubtAsks)))
	if !r.Held || len(r.Doubts) != 1 || kinds(entries) != "asked" || r.Turn == turn {
		t.Errorf("held %t by %v, told %q, turn %d after %d", r.Held, r.Doubts, kinds(entries), r.Turn, turn)
	}
}

func TestAdviceInDoubtIsToWait(t *testing.T) {
	v := doubtful(rollout.WhyBoth, rollout.DoubtAsks)
	v.Odds, v.Limit = 9, 4.6
	if got := v.Advice(); got != rollout.AdviseWait {
		t.Errorf("advises %s", got)
	}
}
