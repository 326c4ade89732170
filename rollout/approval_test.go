package rollout_test

import (
	"fmt"
	"strings"
	"testing"

	"canarybot.io/rollout"
)

// Each press is "WHO" or "WHO: problem"; U1 asked for the rollout unless noted otherwise, and everybody here may promote.
func TestApprovals(t *testing.T) {
	ci := rollout.Actor{Kind: rollout.Pipeline, ID: "ci"}
	for name, tt := range map[string]struct {
		needed    int
		second    bool
		self      bool
		requester rollout.Actor
		presses   string
		moves     bool // after the last press
	}{
		"one is enough, whoever it is":                    {presses: "U1", moves: true},
		"a pipeline that may is enough":                   {presses: "ci", moves: true},
		"one of two":                                      {needed: 2, presses: "U2"},
		"two of two":                                      {needed: 2, presses: "U2, U3", moves: true},
		"two of three":                                    {needed: 3, presses: "U2, U3"},
		"the same person twice":                           {needed: 2, presses: "U2, U2: approved_already"},
		"the same person twice, then another":             {needed: 2, presses: "U2, U2: approved_already, U3", moves: true},
		"who asked does not count":                        {needed: 2, presses: "U1: own_rollout, U2"},
		"who asked does not count, nor as the second":     {needed: 2, presses: "U2, U1: own_rollout"},
		"who asked counts where the policy says so":       {needed: 2, self: true, presses: "U1, U2", moves: true},
		"who asked counts once":                           {needed: 2, self: true, presses: "U1, U1: approved_already"},
		"a pipeline does not count":                       {needed: 2, presses: "ci: not_a_person, U2"},
		"a pipeline does not count, whoever counts":       {needed: 2, self: true, presses: "ci: not_a_person"},
		"a second person":                                 {second: true, presses: "U1: own_rollout, U2", moves: true},
		"a pipeline is no second person":                  {second: true, presses: "ci: not_a_person"},
		"what a pipeline asked for takes one person":      {second: true, requester: ci, presses: "U1", moves: true},
		"what a pipeline asked for takes two":             {needed: 2, requester: ci, presses: "U1, U2", moves: true},
		"a pipeline by the name of a person is no person": {needed: 2, requester: rollout.Actor{Kind: rollout.Pipeline, ID: "U2"}, presses: "U2, U3", moves: true},
		"who may not promote does not count":              {needed: 2, presses: "U9: not_allowed, U2"},
		"who asked, by another id":                        {needed: 2, requester: rollout.Actor{Kind: rollout.Person, ID: "W2", Also: "U2"}, presses: "U2: own_rollout, U1"},
		"by a group":                                      {needed: 2, presses: "S1/U7, U2", moves: true},
		"by another group":                                {needed: 2, presses: "S2/U7: not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := decidable(rollout.Awaiting, nil)
			r.Spec.Plan.Steps[0].Approvals = tt.needed
			if r.Request.By = person("U1"); tt.requester.Kind != "" {
				r.Request.By = tt.requester
			}
			policy := rollout.Policy{
				Approvers: []string{"U1", "U2", "U3", "S1"}, SecondPerson: tt.second, SelfPromote: tt.self,
				Pipelines: map[string][]rollout.Action{"ci": {rollout.Promote}},
			}
			after := r
			for i, press := range strings.Split(tt.presses, ", ") {
				who, refused, _ := strings.Cut(press, ": ")
				d := rollout.Decision{ID: rollout.DecisionID(fmt.Sprint(i)), Action: rollout.Promote, Actor: presser(who), Turn: r.Turn, At: t0}
				now, entries, err := rollout.Decide(after, d, policy)
				if got := rollout.ProblemOf(err).Code; string(got) != refused {
					t.Fatalf("press %d by %s is answered %q, want %q", i, who, got, refused)
				}
				if err == nil && len(entries[0].Data.Approvals) != len(after.Approvals)+1 {
					t.Errorf("the entry has %+v", entries[0].Data.Approvals)
				}
				after = now
			}
			if moved := after.Phase != rollout.Awaiting; moved != tt.moves {
				t.Errorf("it is %s with %+v", after.Phase, after.Approvals)
			}
			if moved := after.Turn != r.Turn; moved != tt.moves {
				t.Errorf("the turn went from %d to %d", r.Turn, after.Turn)
			}
			if after.Phase != rollout.Awaiting && len(after.Approvals) > 0 {
				t.Errorf("the next question has approvals already: %+v", after.Approvals)
			}
		})
	}
}

// presser is a person, "GROUP/PERSON" or the pipeline ci.
func presser(who string) rollout.Actor {
	if who == "ci" {
		return rollout.Actor{Kind: rollout.Pipeline, ID: who}
	}
	group, id, ok := strings.Cut(who, "/")
	if !ok {
		return person(who)
	}
	actor := person(id)
	actor.Groups = []string{group}
	return actor
}

// An approval counts while the policy lets its maker approve, and for the question that was asked only.
func TestApprovalsThatCountNoMore(t *testing.T) {
	policy := rollout.Policy{Approvers: []string{"U2", "U3"}, Deployers: []string{"U3"}}
	first := func() rollout.Rollout {
		r := decidable(rollout.Awaiting, nil)
		r.Request.By = person("U1")
		r.Spec.Plan.Steps[0].Approvals = 2
		return decided(t, r, rollout.Promote, "U2", policy)
	}
	without := rollout.Policy{Approvers: []string{"U3", "U4"}}
	if r := decided(t, first(), rollout.Promote, "U3", without); r.Phase != rollout.Awaiting || len(r.Approvals) != 1 || r.Approvals[0].By.ID != "U3" {
		t.Errorf("who lost the right still counts: %s %+v", r.Phase, r.Approvals)
	}
	paused := decided(t, first(), rollout.Pause, "U3", policy)
	resumed := decided(t, paused, rollout.Resume, "U3", policy)
	if r := decided(t, resumed, rollout.Promote, "U3", policy); r.Phase != rollout.Awaiting || len(r.Approvals) != 1 {
		t.Errorf("the question before was approved, and this one counts that: %s %+v", r.Phase, r.Approvals)
	}
}

func decided(t *testing.T, r rollout.Rollout, action rollout.Action, who string, policy rollout.Policy) rollout.Rollout {
	t.Helper()
	after, _, err := rollout.Decide(r, rollout.Decision{Action: action, Actor: person(who), Turn: r.Turn, At: t0}, policy)
	if err != nil {
		t.Fatalf("%s by %s: %v", action, who, err)
	}
	return after
}

// A plan that several people have to approve is not put on auto by one of them.
func TestAutoNeedsNobodyElse(t *testing.T) {
	one, two := rollout.WayBack(), rollout.WayBack()
	two.Steps[0].Approvals = 2
	for name, tt := range map[string]struct {
		policy rollout.Policy
		plan   rollout.Plan
		want   rollout.ProblemCode
	}{
		"one approval":        {plan: one},
		"two":                 {plan: two, want: rollout.ProblemAutoNeedsApproval},
		"two, self_promote":   {plan: two, policy: rollout.Policy{SelfPromote: true}, want: rollout.ProblemAutoNeedsApproval},
		"one, by another one": {plan: one, policy: rollout.Policy{SecondPerson: true}, want: rollout.ProblemAutoNeedsApproval},
	} {
		if got := rollout.ProblemOf(tt.policy.MayAutomate(tt.plan)).Code; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
