package rollout_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// pairOf returns a rollout whose bake is over, of a plan with so many steps, at the step, and its sibling's place.
func pairOf(step, steps int, gate rollout.Gate, s rollout.Sibling) (rollout.Rollout, rollout.Facts) {
	r, w := checkout()
	weights := []rollout.Weight{5, 20, 50}[:steps]
	r.Spec.Plan.Steps = nil
	for _, weight := range weights {
		r.Spec.Plan.Steps = append(r.Spec.Plan.Steps, rollout.Step{Weight: weight, Bake: 10 * time.Minute, Gate: gate})
	}
	r.Step, r.Spans.Bake = step, 10*time.Minute
	w.Route.Weight = weights[step]
	stamp := *w.Route.Stamp
	stamp.Weight = &weights[step]
	w.Route.Stamp = &stamp
	s.ID = "web-1"
	r.Request.Together = []rollout.ID{r.ID, s.ID}
	f := facts(r, w, interval, rollout.Pass)
	f.Siblings = []rollout.Sibling{s}
	return r, f
}

// The barrier: what a rollout whose bake is over does next, by where its sibling is.
func TestTheBarrier(t *testing.T) {
	const auto, manual = rollout.Auto, rollout.Manual
	for name, tt := range map[string]struct {
		step, steps int
		gate        rollout.Gate
		sibling     rollout.Sibling
		want        rollout.Phase
	}{
		"the sibling bakes still":                           {0, 2, auto, rollout.Sibling{Phase: rollout.Baking, Steps: 2, Gate: auto}, rollout.Baking},
		"the sibling is done too":                           {0, 2, auto, rollout.Sibling{Phase: rollout.Baking, Ready: true, Steps: 2, Gate: auto}, rollout.Preparing},
		"the sibling went on already":                       {0, 2, auto, rollout.Sibling{Phase: rollout.Preparing, Step: 1, Steps: 2, Gate: auto}, rollout.Preparing},
		"the sibling waits for approval":                    {0, 2, auto, rollout.Sibling{Phase: rollout.Awaiting, Steps: 2, Gate: manual}, rollout.Baking},
		"the sibling is about to ask":                       {0, 2, auto, rollout.Sibling{Phase: rollout.Baking, Ready: true, Steps: 2, Gate: manual}, rollout.Baking},
		"a gate asks when the sibling is done":              {0, 2, manual, rollout.Sibling{Phase: rollout.Baking, Ready: true, Steps: 2, Gate: auto}, rollout.Awaiting},
		"a gate asks when the sibling asks":                 {0, 2, manual, rollout.Sibling{Phase: rollout.Awaiting, Steps: 2, Gate: manual}, rollout.Awaiting},
		"a gate does not ask before":                        {0, 2, manual, rollout.Sibling{Phase: rollout.Baking, Steps: 2, Gate: manual}, rollout.Baking},
		"the sibling has fewer steps and is done":           {1, 3, auto, rollout.Sibling{Phase: rollout.Baking, Ready: true, Steps: 1, Gate: auto}, rollout.Preparing},
		"the sibling has fewer steps, is done, and may ask": {1, 3, auto, rollout.Sibling{Phase: rollout.Baking, Ready: true, Steps: 1, Gate: manual}, rollout.Preparing},
		"the sibling has fewer steps and is not":            {1, 3, auto, rollout.Sibling{Phase: rollout.Baking, Steps: 1, Gate: auto}, rollout.Baking},
		"fewer steps: the sibling is not at its last":       {0, 1, auto, rollout.Sibling{Phase: rollout.Preparing, Step: 1, Steps: 3, Gate: auto}, rollout.Baking},
		"fewer steps: the sibling is done with its last":    {0, 1, auto, rollout.Sibling{Phase: rollout.Baking, Ready: true, Step: 2, Steps: 3, Gate: auto}, rollout.Promoting},
		"last step: the sibling is promoted":                {1, 2, auto, rollout.Sibling{Phase: rollout.Promoting, Step: 1, Steps: 2, Gate: auto}, rollout.Promoting},
		"last step: the sibling has succeeded":              {1, 2, auto, rollout.Sibling{Phase: rollout.Ended, Outcome: rollout.Succeeded, Step: 1, Steps: 2}, rollout.Promoting},
		"last step: the sibling is a step behind":           {1, 2, auto, rollout.Sibling{Phase: rollout.Baking, Ready: true, Steps: 2, Gate: auto}, rollout.Baking},
		"the sibling is rolled back":                        {0, 2, auto, rollout.Sibling{Phase: rollout.RollingBack, Steps: 2}, rollout.RollingBack},
		"the sibling was cancelled":                         {0, 2, manual, rollout.Sibling{Phase: rollout.Ended, Outcome: rollout.Cancelled}, rollout.RollingBack},
		"the sibling was abandoned":                         {0, 2, manual, rollout.Sibling{Phase: rollout.Ended, Outcome: rollout.Abandoned}, rollout.RollingBack},
		"nothing is known of the sibling":                   {0, 2, auto, rollout.Sibling{}, rollout.Baking},
	} {
		t.Run(name, func(t *testing.T) {
			r, f := pairOf(tt.step, tt.steps, tt.gate, tt.sibling)
			after, _, _ := rollout.Next(r, f)
			if after.Phase != tt.want {
				t.Errorf("it goes to %s, want %s; it waits for %+v", after.Phase, tt.want, after.WaitsFor())
			}
			if waits := len(after.WaitsFor()) > 0; waits != (tt.want == rollout.Baking) {
				t.Errorf("it waits for somebody: %t", waits)
			}
			if after.Phase == rollout.RollingBack && (after.Ending.Reason.Code != rollout.ReasonSibling || after.Ending.Reason.Detail != "web-1") {
				t.Errorf("because of %+v", after.Ending.Reason)
			}
		})
	}
}

// None starts before all may, and none at all when one cannot.
func TestTogetherFromTheStart(t *testing.T) {
	original := rollout.Original{Stable: rollout.OriginalWorkload{UID: "s", Image: oldRef, Replicas: 10}}
	for name, tt := range map[string]struct {
		sibling rollout.Sibling
		want    rollout.Phase
		outcome rollout.Outcome
	}{
		"the sibling's preflight is not done": {rollout.Sibling{Phase: rollout.Queued}, rollout.Queued, ""},
		"the sibling may start too":           {rollout.Sibling{Phase: rollout.Queued, Ready: true}, rollout.Preparing, ""},
		"the sibling has started":             {rollout.Sibling{Phase: rollout.Shifting}, rollout.Preparing, ""},
		"the sibling cannot start":            {rollout.Sibling{Phase: rollout.Ended, Outcome: rollout.Cancelled}, rollout.Ended, rollout.Cancelled},
		"the sibling is rolled back":          {rollout.Sibling{Phase: rollout.RollingBack}, rollout.Ended, rollout.Cancelled},
	} {
		r, f := pairOf(0, 1, rollout.Auto, tt.sibling)
		r.Phase, r.WeightAckedAt, r.Spans = rollout.Queued, time.Time{}, rollout.Spans{Deadline: 110 * time.Second}
		f.Preflight = &rollout.Preflight{Original: original}
		after, _, _ := rollout.Next(r, f)
		if after.Phase != tt.want || after.Ending.Outcome != tt.outcome {
			t.Errorf("%s: %s %s, want %s %s", name, after.Phase, after.Ending.Outcome, tt.want, tt.outcome)
		}
		if after.Spans.Deadline > r.Spans.Deadline {
			t.Errorf("%s: what waits for its sibling is cancelled for want of an answer", name)
		}
	}
}

// atGates returns two rollouts that wait at the end of their only step.
func atGates(approvals, others int) (checkout, web rollout.Rollout) {
	at := func(id rollout.ID, service rollout.ServiceName, approvals int) rollout.Rollout {
		r := decidable(rollout.Awaiting, nil)
		r.ID, r.Service, r.Request.By = id, service, person("U9")
		r.Spec.Plan.Steps = []rollout.Step{{Weight: 5, Bake: time.Minute, Gate: rollout.Manual, Approvals: approvals}}
		r.Request.Together = []rollout.ID{"checkout-1", "web-1"}
		return r
	}
	return at("checkout-1", "checkout", approvals), at("web-1", "web", others)
}

// One promotion decides for all that stand at the same gate, or for none.
func TestPromoteTogether(t *testing.T) {
	both := rollout.Policy{Approvers: []string{"U1", "U2"}, Rollback: []string{rollout.Everyone}}
	mine := rollout.Policy{Approvers: []string{"U1"}, Rollback: []string{rollout.Everyone}}
	for name, tt := range map[string]struct {
		approvals, others int
		web               func(*rollout.Rollout)
		who               []string // who presses, one after the other
		webPolicy         rollout.Policy
		want, webWant     rollout.Phase
		refused           rollout.ProblemCode // the last press
	}{
		"one is enough":                   {1, 1, nil, []string{"U1"}, both, rollout.Promoting, rollout.Promoting, ""},
		"the sibling needs a second":      {1, 2, nil, []string{"U1"}, both, rollout.Awaiting, rollout.Awaiting, ""},
		"the sibling has its second":      {1, 2, nil, []string{"U1", "U2"}, both, rollout.Promoting, rollout.Promoting, ""},
		"the same person again":           {1, 2, nil, []string{"U1", "U1"}, both, rollout.Awaiting, rollout.Awaiting, rollout.ProblemApprovedAlready},
		"who may promote one only":        {1, 1, nil, []string{"U2"}, mine, rollout.Awaiting, rollout.Awaiting, rollout.ProblemNotAllowed},
		"the sibling is paused":           {1, 1, paused, []string{"U1"}, both, rollout.Awaiting, rollout.Awaiting, rollout.ProblemResumeFirst},
		"the sibling's checks do not say": {1, 1, unknown, []string{"U1"}, both, rollout.Awaiting, rollout.Awaiting, rollout.ProblemTooFewRequests},
		"the sibling bakes again":         {1, 1, func(r *rollout.Rollout) { r.Phase = rollout.Baking }, []string{"U1"}, both, rollout.Awaiting, rollout.Baking, rollout.ProblemSiblingNotThere},
		"the sibling is about to ask": {1, 1, func(r *rollout.Rollout) { r.Phase, r.Ready = rollout.Baking, true }, []string{"U1"}, both,
			rollout.Awaiting, rollout.Baking, rollout.ProblemSiblingNotThere},
		"the sibling goes by itself": {1, 1, func(r *rollout.Rollout) {
			r.Phase, r.Ready, r.Spec.Plan = rollout.Baking, true, r.Spec.Plan.Automatic()
		}, []string{"U1"}, both,
			rollout.Promoting, rollout.Baking, ""},
		"the sibling is rolled back": {1, 1, func(r *rollout.Rollout) { r.Phase = rollout.RollingBack }, []string{"U1"}, both, rollout.Awaiting, rollout.RollingBack, rollout.ProblemSiblingLost},
		"the sibling is promoted":    {1, 1, func(r *rollout.Rollout) { r.Phase = rollout.Promoting }, []string{"U1"}, both, rollout.Promoting, rollout.Promoting, ""},
	} {
		t.Run(name, func(t *testing.T) {
			checkout, web := atGates(tt.approvals, tt.others)
			if tt.web != nil {
				tt.web(&web)
			}
			rules := func(s rollout.ServiceName) rollout.Policy {
				if s == "web" {
					return tt.webPolicy
				}
				return both
			}
			var err error
			for _, who := range tt.who {
				d := rollout.Decision{ID: "d", Action: rollout.Promote, Actor: person(who), Turn: checkout.Turn, At: t0}
				var changes []rollout.Change
				changes, err = rollout.DecideTogether(checkout, []rollout.Rollout{web}, d, rules)
				for _, c := range changes {
					if len(c.Entries) == 0 || c.Entries[0].Decision != "d" || c.Entries[0].Actor.ID != who {
						t.Errorf("%s does not tell who decided: %+v", c.Rollout.ID, c.Entries)
					}
					if c.Rollout.ID == "web-1" {
						web = c.Rollout
						continue
					}
					checkout = c.Rollout
				}
			}
			if checkout.Phase != tt.want || web.Phase != tt.webWant {
				t.Errorf("they are %s and %s, want %s and %s", checkout.Phase, web.Phase, tt.want, tt.webWant)
			}
			if got := rollout.ProblemOf(err).Code; err != nil && got != tt.refused || err == nil && tt.refused != "" {
				t.Errorf("answered %v, want %q", err, tt.refused)
			}
			var sibling *rollout.SiblingError
			if err != nil && tt.refused != rollout.ProblemApprovedAlready && (!errors.As(err, &sibling) || sibling.Sibling.ID != "web-1") {
				t.Errorf("the answer does not name the sibling: %v", err)
			}
		})
	}
}

// Where one of two was asked anew, who approved the other already approves that one.
func TestWhoApprovedOneApprovesTheOther(t *testing.T) {
	policy := rollout.Policy{Approvers: []string{"U1", "U2"}}
	rules := func(rollout.ServiceName) rollout.Policy { return policy }
	checkout, web := atGates(2, 2)
	checkout.Approvals = []rollout.Approval{{By: person("U1"), At: t0}, {By: person("U2"), At: t0}}
	web.Approvals = []rollout.Approval{{By: person("U2"), At: t0}}
	d := rollout.Decision{ID: "d", Action: rollout.Promote, Actor: person("U1"), Turn: checkout.Turn, At: t0}
	changes, err := rollout.DecideTogether(checkout, []rollout.Rollout{web}, d, rules)
	if err != nil || len(changes) != 2 || changes[0].Rollout.Phase != rollout.Promoting || changes[1].Rollout.Phase != rollout.Promoting {
		t.Fatalf("%+v, %v", changes, err)
	}
	if n := len(changes[0].Entries[0].Data.Approvals); n != 2 {
		t.Errorf("checkout was approved by %d", n)
	}
}

// Rolling one back is about the one: the others follow by what they know of it, whoever may roll them back.
func TestRollBackOneOfTwo(t *testing.T) {
	checkout, web := atGates(1, 1)
	d := rollout.Decision{ID: "d", Action: rollout.Rollback, Actor: person("U5"), At: t0}
	rules := func(s rollout.ServiceName) rollout.Policy {
		return map[rollout.ServiceName]rollout.Policy{"web": {Rollback: []string{rollout.Everyone}}}[s]
	}
	changes, err := rollout.DecideTogether(web, []rollout.Rollout{checkout}, d, rules)
	if err != nil || len(changes) != 1 || changes[0].Rollout.Phase != rollout.RollingBack {
		t.Fatalf("%+v, %v", changes, err)
	}
	f := rollout.Facts{Now: checkout.ReconciledAt.Add(interval), Siblings: []rollout.Sibling{changes[0].Rollout.Sibling()}}
	f.Observed.Unreadable = rollout.Text("the API server does not answer")
	if after, _, _ := rollout.Next(checkout, f); after.Phase != rollout.RollingBack || after.Ending.Reason.Detail != "web-1" {
		t.Errorf("the other is %s because of %+v", after.Phase, after.Ending.Reason)
	}
}

// What is decided about all is carried out on each that can take it, told once, and on none where somebody may not.
func TestDecideAboutAll(t *testing.T) {
	both := rollout.Policy{Deployers: []string{"U1", "U2"}, Approvers: []string{"U1"}}
	mine := rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U1"}}
	paused := func(r *rollout.Rollout) { r.Paused = true }
	for name, tt := range map[string]struct {
		action             rollout.Action
		who                string
		checkout, web      func(*rollout.Rollout)
		webPolicy          rollout.Policy
		changed            []rollout.ID
		refused            rollout.ProblemCode
		wantPaused, bakeIn bool // of each that changed
	}{
		"pause both":                     {rollout.Pause, "U1", nil, nil, both, []rollout.ID{"checkout-1", "web-1"}, "", true, false},
		"pause where one is":             {rollout.Pause, "U1", nil, paused, both, []rollout.ID{"checkout-1"}, "", true, false},
		"pause, and may not pause one":   {rollout.Pause, "U2", nil, nil, mine, nil, rollout.ProblemNotAllowed, false, false},
		"resume both":                    {rollout.Resume, "U1", paused, paused, both, []rollout.ID{"checkout-1", "web-1"}, "", false, false},
		"resume the only one":            {rollout.Resume, "U1", paused, nil, both, []rollout.ID{"checkout-1"}, "", false, false},
		"bake longer":                    {rollout.Extend, "U1", nil, nil, both, []rollout.ID{"checkout-1", "web-1"}, "", false, true},
		"pause where one has ended":      {rollout.Pause, "U1", nil, func(r *rollout.Rollout) { r.Phase = rollout.Ended }, both, []rollout.ID{"checkout-1"}, "", true, false},
		"pause, which one cannot, alone": {rollout.Pause, "U1", paused, nil, both, nil, rollout.ProblemPausedAlready, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			checkout, web := atGates(1, 1)
			for r, edit := range map[*rollout.Rollout]func(*rollout.Rollout){&checkout: tt.checkout, &web: tt.web} {
				if edit != nil {
					edit(r)
				}
			}
			rules := func(s rollout.ServiceName) rollout.Policy {
				return map[rollout.ServiceName]rollout.Policy{"checkout": both, "web": tt.webPolicy}[s]
			}
			d := rollout.Decision{ID: "d", Action: tt.action, Actor: person(tt.who), Turn: checkout.Turn, At: t0, All: true}
			changes, err := rollout.DecideTogether(checkout, []rollout.Rollout{web}, d, rules)
			if got := rollout.ProblemOf(err).Code; err != nil && got != tt.refused || err == nil && tt.refused != "" {
				t.Fatalf("answered %v, want %q", err, tt.refused)
			}
			var changed []rollout.ID
			for i, c := range changes {
				changed = append(changed, c.Rollout.ID)
				if c.Rollout.Paused != tt.wantPaused || (c.Rollout.Phase == rollout.Baking) != tt.bakeIn {
					t.Errorf("%s is paused: %t, %s", c.Rollout.ID, c.Rollout.Paused, c.Rollout.Phase)
				}
				if told := c.Entries[0].Data; (told.With == "") != (i == 0) || i == 0 && len(told.Also) != len(changes)-1 {
					t.Errorf("%s tells also of %v, and is told of by %q", c.Rollout.ID, told.Also, told.With)
				}
			}
			if !slices.Equal(changed, tt.changed) {
				t.Errorf("%v changed, want %v", changed, tt.changed)
			}
		})
	}
}

func TestWhoAsksForAll(t *testing.T) {
	checkout, web := atGates(1, 2)
	short, auto := web, web
	short.Spec.Plan.Steps = append([]rollout.Step{{Weight: 1, Gate: rollout.Manual}}, web.Spec.Plan.Steps...)
	auto.Spec.Plan = auto.Spec.Plan.Automatic()
	for name, tt := range map[string]struct {
		web  rollout.Rollout
		want rollout.ID
		n    int
	}{
		"who needs the most approvals":  {web, "web-1", 2},
		"at the last steps of both":     {short, "web-1", 2},
		"the only one that is asked at": {auto, "checkout-1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			asks, shared, ok := rollout.AsksAt([]rollout.Rollout{checkout, tt.web}, checkout, checkout.Step)
			if !ok || asks.ID != tt.want || len(shared) != tt.n {
				t.Errorf("%s asks for %d", asks.ID, len(shared))
			}
		})
	}
	if to := rollout.PutTo([]rollout.Rollout{checkout, web}, rollout.Promote); to.ID != "web-1" {
		t.Errorf("a promotion is put to %s", to.ID)
	}
	checkout.Phase = rollout.Ended
	if to := rollout.PutTo([]rollout.Rollout{checkout, web}, rollout.Retry); to.ID != "web-1" {
		t.Errorf("what none can take is put to %s, which has ended", to.ID)
	}
}
