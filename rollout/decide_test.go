package rollout_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
)

func TestDecide(t *testing.T) {
	stuck := &rollout.Reason{Code: rollout.ReasonSlow}
	for name, tt := range map[string]struct {
		phase   rollout.Phase
		edit    func(*rollout.Rollout)
		action  rollout.Action
		turn    rollout.Turn // 3 is current
		actor   rollout.Actor
		text    string
		want    rollout.Phase
		refused rollout.ProblemCode // the error's; empty: none
	}{
		"promote to the next step":               {phase: rollout.Awaiting, action: rollout.Promote, turn: 3, want: rollout.Preparing},
		"promote the last step":                  {phase: rollout.Awaiting, edit: lastStep, action: rollout.Promote, turn: 3, want: rollout.Promoting},
		"promote too early":                      {phase: rollout.Baking, action: rollout.Promote, turn: 3, refused: rollout.ProblemBaking},
		"promote on unknown evidence":            {phase: rollout.Awaiting, edit: unknown, action: rollout.Promote, turn: 3, refused: rollout.ProblemTooFewRequests},
		"promote while paused":                   {phase: rollout.Awaiting, edit: paused, action: rollout.Promote, turn: 3, refused: rollout.ProblemResumeFirst},
		"a stale promote":                        {phase: rollout.Awaiting, action: rollout.Promote, turn: 2, refused: rollout.ProblemMovedOn},
		"promote by somebody":                    {phase: rollout.Awaiting, action: rollout.Promote, turn: 3, actor: person("U2"), refused: rollout.ProblemNotAllowed},
		"roll back at any turn, by anybody":      {phase: rollout.Baking, action: rollout.Rollback, turn: 1, actor: person("U2"), want: rollout.RollingBack},
		"roll back by a guest":                   {phase: rollout.Baking, action: rollout.Rollback, actor: rollout.Actor{Kind: rollout.Person, ID: "U1"}, refused: rollout.ProblemNotAMember},
		"roll back while promoting":              {phase: rollout.Promoting, action: rollout.Rollback, want: rollout.RollingBack},
		"roll back while returning":              {phase: rollout.Returning, action: rollout.Rollback, want: rollout.RollingBack},
		"roll back what is queued":               {phase: rollout.Queued, action: rollout.Rollback, want: rollout.Ended},
		"roll back twice":                        {phase: rollout.RollingBack, action: rollout.Rollback, refused: rollout.ProblemRollingBackAlready},
		"roll back when the outcome is fixed":    {phase: rollout.Cleaning, action: rollout.Rollback, refused: rollout.ProblemOutcomeFixed},
		"roll back what has ended":               {phase: rollout.Ended, action: rollout.Rollback, refused: rollout.ProblemEnded},
		"pause":                                  {phase: rollout.Baking, action: rollout.Pause, turn: 1, want: rollout.Baking},
		"pause twice":                            {phase: rollout.Baking, edit: paused, action: rollout.Pause, refused: rollout.ProblemPausedAlready},
		"pause from promoting on":                {phase: rollout.Promoting, action: rollout.Pause, refused: rollout.ProblemCannotPause},
		"resume":                                 {phase: rollout.Baking, edit: paused, action: rollout.Resume, turn: 3, want: rollout.Baking},
		"resume what is not paused":              {phase: rollout.Baking, action: rollout.Resume, turn: 3, refused: rollout.ProblemNotPaused},
		"override where nothing changed":         {phase: rollout.Baking, action: rollout.Override, turn: 3, refused: rollout.ProblemNoDrift},
		"accept a doubt":                         {phase: rollout.Baking, edit: inDoubt, action: rollout.Accept, turn: 3, want: rollout.Baking},
		"accept a doubt at a gate":               {phase: rollout.Awaiting, edit: inDoubt, action: rollout.Accept, turn: 3, want: rollout.Awaiting},
		"accept what was shown before":           {phase: rollout.Baking, edit: inDoubt, action: rollout.Accept, turn: 2, refused: rollout.ProblemMovedOn},
		"accept where nothing is in doubt":       {phase: rollout.Baking, action: rollout.Accept, turn: 3, refused: rollout.ProblemNoDoubt},
		"accept what cannot be judged":           {phase: rollout.Baking, edit: func(r *rollout.Rollout) { r.Held = true }, action: rollout.Accept, turn: 3, refused: rollout.ProblemNoDoubt},
		"accept by somebody":                     {phase: rollout.Baking, edit: inDoubt, action: rollout.Accept, turn: 3, actor: person("U2"), refused: rollout.ProblemNotAllowed},
		"accept by Kubernetes rights":            {phase: rollout.Baking, edit: inDoubt, action: rollout.Accept, turn: 3, actor: rollout.Actor{Kind: rollout.Kube}, refused: rollout.ProblemNotAllowed},
		"promote while in doubt":                 {phase: rollout.Awaiting, edit: inDoubt, action: rollout.Promote, turn: 3, refused: rollout.ProblemAnswerDoubtFirst},
		"roll back while in doubt, by anybody":   {phase: rollout.Baking, edit: inDoubt, action: rollout.Rollback, turn: 1, actor: person("U2"), want: rollout.RollingBack},
		"retry what is not stuck":                {phase: rollout.Cleaning, action: rollout.Retry, turn: 3, refused: rollout.ProblemNothingToRetry},
		"retry":                                  {phase: rollout.Cleaning, edit: func(r *rollout.Rollout) { r.Stuck = stuck }, action: rollout.Retry, turn: 3, want: rollout.Cleaning},
		"abandon without a reason":               {phase: rollout.Cleaning, edit: func(r *rollout.Rollout) { r.Stuck = stuck }, action: rollout.Abandon, turn: 3, text: " ", refused: rollout.ProblemReasonMissing},
		"abandon":                                {phase: rollout.Cleaning, edit: func(r *rollout.Rollout) { r.Stuck = stuck }, action: rollout.Abandon, turn: 3, want: rollout.Ended},
		"abandon before the traffic is off":      {phase: rollout.RollingBack, edit: func(r *rollout.Rollout) { r.Stuck = stuck }, action: rollout.Abandon, turn: 3, want: rollout.Ended},
		"the bot decides in Next, never here":    {phase: rollout.Baking, action: rollout.Rollback, actor: rollout.Actor{Kind: rollout.Bot}, refused: rollout.ProblemNotAllowed},
		"Kubernetes rights are enough to abort":  {phase: rollout.Baking, action: rollout.Rollback, actor: rollout.Actor{Kind: rollout.Kube, ID: "kube:1:2"}, want: rollout.RollingBack},
		"Kubernetes rights are not enough to go": {phase: rollout.Awaiting, action: rollout.Promote, turn: 3, actor: rollout.Actor{Kind: rollout.Kube}, refused: rollout.ProblemNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			r := decidable(tt.phase, tt.edit)
			if tt.actor.Kind == "" {
				tt.actor = person("U1")
			}
			if tt.text == "" {
				tt.text = "because"
			}
			d := rollout.Decision{ID: "d", Action: tt.action, Actor: tt.actor, Turn: tt.turn, Text: tt.text, At: t0}
			after, entries, err := rollout.Decide(r, d, allows())
			if tt.refused != rollout.NoProblem {
				if got := rollout.ProblemOf(err).Code; got != tt.refused {
					t.Fatalf("answered %v, want %s", err, tt.refused)
				}
				if rollout.NeedsCommit(r, after) || len(entries) > 0 {
					t.Error("a refused decision changed something")
				}
				return
			}
			if err != nil || after.Phase != tt.want {
				t.Fatalf("%s (%v), want %s", after.Phase, err, tt.want)
			}
			checkDecided(t, r, after, entries)
		})
	}
}

// checkDecided checks what holds after every decision that counted.
func checkDecided(t *testing.T, r, after rollout.Rollout, entries []rollout.Entry) {
	t.Helper()
	if problem := rollout.Invariant(after); problem != "" {
		t.Error(problem)
	}
	if after.Turn == r.Turn {
		t.Error("the turn did not rise")
	}
	for i, e := range entries {
		if e.Seq != r.Seq+1+i {
			t.Errorf("entry %d has the number %d after %d", i, e.Seq, r.Seq)
		}
	}
	if after.Seq != r.Seq+len(entries) || entries[0].Kind != rollout.EntryDecided {
		t.Errorf("%d entries from %d to %d, the first %s", len(entries), r.Seq, after.Seq, entries[0].Kind)
	}
}

func decidable(phase rollout.Phase, edit func(*rollout.Rollout)) rollout.Rollout {
	r, _ := checkout()
	r.Phase = phase
	r.Verdict = rollout.Verdict{Result: rollout.Pass, Since: r.WeightAckedAt}
	// The other phases need nothing more.
	//exhaustive:ignore
	switch phase {
	case rollout.Ended:
		r.Ending.Outcome = rollout.Succeeded
	case rollout.Promoting:
		r.StableWritten = true
	case rollout.Returning, rollout.RollingBack:
		r.UndoRevision, r.Promoted = 5, true
	case rollout.Cleaning, rollout.Releasing:
		r.UndoRevision, r.CleanupRevision, r.Ending.Outcome, r.Ending.WeightZero = 5, 6, rollout.RolledBack, t0
	default:
	}
	if edit != nil {
		edit(&r)
	}
	return r
}

func lastStep(r *rollout.Rollout) { r.Step = 1 }
func paused(r *rollout.Rollout)   { r.Paused = true }
func inDoubt(r *rollout.Rollout) {
	r.Held, r.Doubts = true, []rollout.Acceptance{{Check: "error_rate", Why: rollout.WhyBoth}}
	r.Verdict = doubtful(rollout.WhyBoth, rollout.DoubtAsks)
}
func unknown(r *rollout.Rollout) {
	twelve := 12.0
	r.Verdict = rollout.Verdict{Result: rollout.Unknown, Evidence: []rollout.Evidence{{
		Check: "error_rate", Result: rollout.Unknown, Why: rollout.WhyTooFewRequests, Requests: &twelve, MinRequests: 50,
	}}}
}

func TestImage(t *testing.T) {
	const repository = "registry.example.com/shop/checkout"
	sum := "sha256:" + strings.Repeat("a", 64)
	for version, want := range map[string]string{
		"v1.2.4":                      repository + ":v1.2.4",
		sum:                           repository + "@" + sum,
		repository + ":v1":            repository + ":v1",
		repository + "@" + sum:        repository + "@" + sum,
		"":                            "",
		"v1 2":                        "",
		"registry.example.com/evil:1": "",
		repository + "evil:1":         "",
		"../x":                        "",
		"<!channel>":                  "",
	} {
		got, err := rollout.Image(repository, version)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Image(%q) = %q, %v; want %q", version, got, err, want)
		}
		var ours *rollout.Error
		if err != nil && !errors.As(err, &ours) {
			t.Errorf("Image(%q) answers %T", version, err)
		}
	}
}

func TestIDSplits(t *testing.T) {
	for id, want := range map[rollout.ID]bool{"checkout-1": true, "a-b-12": true, "checkout": false, "-1": false, "x-01": false, "x-0": false, "x--1": true} {
		if _, _, ok := id.Split(); ok != want {
			t.Errorf("%q splits: %t, want %t", id, ok, want)
		}
	}
}

func TestPlanProblems(t *testing.T) {
	good := rollout.Step{Weight: 5, Bake: time.Minute, Gate: rollout.Auto}
	for name, tt := range map[string]struct {
		steps []rollout.Step
		says  string
	}{
		"no steps":   {nil, "at least one step"},
		"too heavy":  {[]rollout.Step{{Weight: 101, Gate: rollout.Auto}}, "steps[0].weight: 101"},
		"no weight":  {[]rollout.Step{{Gate: rollout.Auto}}, "steps[0].weight: 0"},
		"falling":    {[]rollout.Step{good, {Weight: 4, Gate: rollout.Auto}}, "steps[1].weight: 4 does not rise"},
		"odd gate":   {[]rollout.Step{{Weight: 4, Gate: "maybe"}}, `steps[0].gate: "maybe"`},
		"negative":   {[]rollout.Step{{Weight: 4, Bake: -1, Gate: rollout.Auto}}, "steps[0].bake"},
		"fine":       {[]rollout.Step{good, {Weight: 100, Gate: rollout.Manual}}, ""},
		"three ills": {[]rollout.Step{{Weight: 0, Bake: -1, Gate: "x"}}, "gate"},
	} {
		got := strings.Join(rollout.Plan{Steps: tt.steps}.Problems(), "\n")
		if !strings.Contains(got, tt.says) || (tt.says == "") != (got == "") {
			t.Errorf("%s: %q, want %q", name, got, tt.says)
		}
	}
}
