package rollout

import (
	"slices"
	"time"
)

// Why a promotion does not count as an approval.
const (
	ProblemOwnRollout      ProblemCode = "own_rollout"      // whoever asked for the rollout does not count; Count is how many are missing
	ProblemApprovedAlready ProblemCode = "approved_already" // Count is how many are missing
	ProblemNotAPerson      ProblemCode = "not_a_person"     // people have to approve; Count is how many are missing
	// ProblemAutoNeedsApproval refuses a deploy that would promote itself where Count people have to approve.
	ProblemAutoNeedsApproval ProblemCode = "auto_needs_approval"
)

// Approval is one person's consent to the question that stands.
type Approval struct {
	By Actor     `json:"by"`
	At time.Time `json:"at"`
}

// ApprovalsNeeded returns how many people have to approve before the step ends; at least one where a person is asked.
func (s Step) ApprovalsNeeded() int { return max(1, s.Approvals) }

// ApprovalsMissing returns how many approvals the question that stands still needs.
func (r Rollout) ApprovalsMissing() int {
	return max(0, r.Current().ApprovalsNeeded()-len(r.Approvals))
}

// Joint reports whether who approves a step of the plan is told apart: more than one person has to, or it must not be
// the one who asked for the rollout.
func (p Policy) Joint(plan Plan) bool {
	return p.SecondPerson || slices.ContainsFunc(plan.Steps, func(s Step) bool { return s.ApprovalsNeeded() > 1 })
}

// MayAutomate returns nil when a person may ask for every gate of the plan to be on auto: nobody would approve any more.
func (p Policy) MayAutomate(plan Plan) error {
	most := 1
	for _, s := range plan.Steps {
		most = max(most, s.ApprovalsNeeded())
	}
	if p.Joint(plan) {
		return Refuse(Forbidden, Problem{Code: ProblemAutoNeedsApproval, Count: most})
	}
	return nil
}

// Apart reports whether whoever asked for the rollout does not count as one who approves its step.
func (p Policy) Apart(r Rollout) bool {
	return !p.SelfPromote && (p.SecondPerson || r.Current().ApprovalsNeeded() > 1)
}

// WhoApproves returns those among the approvers who have something to say to the question that stands, by their ids: at a
// gate neither who approved already nor who does not count; all of them where nobody else is left.
func (p Policy) WhoApproves(r Rollout) []string {
	if r.Phase != Awaiting || r.Drift != nil || len(r.Doubts) > 0 {
		return p.Approvers
	}
	done := func(id string) bool {
		approved := slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.By.ID == id })
		return approved || p.Apart(r) && r.Request.By.Kind == Person && r.Request.By.ID == id
	}
	if left := slices.DeleteFunc(slices.Clone(p.Approvers), done); len(left) > 0 {
		return left
	}
	return p.Approvers
}

// Counts returns nil when the actor's promotion of the rollout would be an approval that counts, whether or not they may
// promote; else a forbidden error, or a conflict where they approved already.
func (p Policy) Counts(r Rollout, actor Actor) error {
	if !p.SecondPerson && r.Current().ApprovalsNeeded() < 2 {
		return nil
	}
	refuse := func(code Code, why ProblemCode) error {
		return Refuse(code, Problem{Code: why, Rollout: r.ID, Key: actor.ID, Count: r.ApprovalsMissing()})
	}
	by := r.Request.By
	switch {
	case actor.Kind != Person:
		return refuse(Forbidden, ProblemNotAPerson)
	case p.Apart(r) && by.Is(actor):
		return refuse(Forbidden, ProblemOwnRollout)
	case r.approvedBy(actor) && len(r.Request.Together) == 0: // of those that go together one may be asked anew
		return refuse(Conflict, ProblemApprovedAlready)
	}
	return nil
}

// approvedBy reports whether the actor approved the question that stands.
func (r Rollout) approvedBy(actor Actor) bool {
	return slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.By.Is(actor) })
}

// standing returns the approvals of those who may still promote by the policy in force.
func (p Policy) standing(all []Approval) []Approval {
	var kept []Approval
	for _, a := range all {
		if p.Allows(a.By, Promote) == nil {
			kept = append(kept, a)
		}
	}
	return kept
}

// approve adds a promotion to the approvals, and moves the rollout forward once there are enough, of its siblings too.
func (r *Rollout) approve(d Decision) {
	if !r.approvedBy(d.Actor) {
		r.Approvals = append(slices.Clip(r.Approvals), Approval{By: d.Actor, At: d.At})
	}
	if r.ApprovalsMissing() == 0 && (d.complete || len(r.Request.Together) == 0) {
		r.forward()
	}
}
