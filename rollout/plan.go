package rollout

import (
	"fmt"
	"time"
)

// Weight is a share of the traffic in percent, 0 to 100, within the pair of stable and canary.
type Weight int

// String returns the weight as people read it, for example "5 %".
func (w Weight) String() string { return fmt.Sprintf("%d %%", int(w)) }

// Valid reports whether the weight is a percentage.
func (w Weight) Valid() bool { return w >= 0 && w <= 100 }

// Gate says what lets a step end.
type Gate string

// The gates: a person on a passing verdict, or the verdict alone.
const (
	Manual Gate = "manual"
	Auto   Gate = "auto"
)

// Step is a traffic weight, how long it bakes, and what lets it end. A bake of 0 demands no evidence.
type Step struct {
	Weight Weight        `json:"weight"`
	Bake   time.Duration `json:"bake"`
	Gate   Gate          `json:"gate"`
	// Approvals is how many people have to approve at a manual gate; 0: one.
	Approvals int `json:"approvals,omitempty"`
}

// Extension is by how much people let a step bake longer, each time.
const Extension = 10 * time.Minute

// MaxApprovals bounds how many people a step may ask for.
const MaxApprovals = 10

// DemandsEvidence reports whether leaving the step needs a passing verdict.
func (s Step) DemandsEvidence() bool { return s.Bake > 0 }

// OnFail says what follows where the bot would roll back by itself.
type OnFail string

// What may follow. The zero value is RollbackOnFail in effect.
const (
	RollbackOnFail OnFail = "rollback"
	HoldOnFail     OnFail = "hold" // traffic stays where it is, and people decide: for what cannot be undone
)

// Plan is the ordered steps of a rollout.
type Plan struct {
	Name   string `json:"name"`
	Steps  []Step `json:"steps"`
	OnFail OnFail `json:"on_fail,omitempty"`
}

// WayBack returns the plan that takes a service to the version before: everybody at once, judged by nobody.
func WayBack() Plan {
	return Plan{Name: "back", Steps: []Step{{Weight: 100, Bake: 0, Gate: Auto}}}
}

// WithApprovals returns the plan with so many approvals at every manual gate that says nothing of its own; 0 leaves them.
func (p Plan) WithApprovals(count int) Plan {
	steps := make([]Step, len(p.Steps))
	for i, s := range p.Steps {
		if s.Gate == Manual && s.Approvals == 0 {
			s.Approvals = count
		}
		steps[i] = s
	}
	p.Steps = steps
	return p
}

// WithOnFail returns the plan, which holds on a failure where that is given and it says nothing of its own.
func (p Plan) WithOnFail(does OnFail) Plan {
	if does == HoldOnFail && p.OnFail == "" {
		p.OnFail = HoldOnFail
	}
	return p
}

// Automatic returns the plan with every gate set to auto.
func (p Plan) Automatic() Plan {
	steps := make([]Step, len(p.Steps))
	for i, s := range p.Steps {
		s.Gate, s.Approvals = Auto, 0
		steps[i] = s
	}
	p.Steps = steps
	return p
}

// Hurried returns the plan for an emergency: the same weights, with neither bakes nor gates.
func (p Plan) Hurried() Plan {
	p = p.Automatic()
	for i := range p.Steps {
		p.Steps[i].Bake = 0
	}
	return p
}

// EndsAtHundred reports whether the last step sends everybody to the canary.
func (p Plan) EndsAtHundred() bool {
	return len(p.Steps) > 0 && p.Steps[len(p.Steps)-1].Weight == 100
}

// DemandsEvidence reports whether any step of the plan does.
func (p Plan) DemandsEvidence() bool {
	for _, s := range p.Steps {
		if s.DemandsEvidence() {
			return true
		}
	}
	return false
}

// Problems returns what is wrong with the plan, each as "KEY: sentence", KEY relative to the plan.
func (p Plan) Problems() []string {
	if len(p.Steps) == 0 {
		return []string{"steps: a plan needs at least one step."}
	}
	var problems []string
	before := Weight(0)
	for i, s := range p.Steps {
		at := func(key, format string, args ...any) {
			problems = append(problems, fmt.Sprintf("steps[%d].%s: %s", i, key, fmt.Sprintf(format, args...)))
		}
		switch {
		case s.Weight < 1 || s.Weight > 100:
			at("weight", "%d is not a percentage from 1 to 100.", s.Weight)
		case s.Weight <= before:
			at("weight", "%d does not rise above the step before (%d); steps only grow.", s.Weight, before)
		}
		if s.Bake < 0 {
			at("bake", "%s is negative.", s.Bake)
		}
		if s.Gate != Manual && s.Gate != Auto {
			at("gate", "%q is no gate; known are manual and auto.", s.Gate)
		}
		switch {
		case s.Approvals < 0 || s.Approvals > MaxApprovals:
			at("approvals", "%d is not a number from 1 to %d.", s.Approvals, MaxApprovals)
		case s.Approvals > 0 && s.Gate == Auto:
			at("approvals", "nobody is asked at the gate auto; make it manual, or remove this key.")
		}
		before = max(before, s.Weight)
	}
	return problems
}
