package rollout

import "strings"

// mayPromoteNow is mayPromote while the step still bakes.
func (r Rollout) mayPromoteNow(text string) error {
	switch needed := r.Current().ApprovalsNeeded(); {
	case r.Phase != Baking || !r.Current().DemandsEvidence():
		return r.refuse(ProblemNothingBakes)
	case r.frozen():
		return r.refuseFrozen()
	case len(r.Request.Together) > 0:
		return r.refuse(ProblemBakeTogether)
	case needed > 1:
		return Refuse(Forbidden, Problem{Code: ProblemBakeForSeveral, Rollout: r.ID, Count: needed})
	case strings.TrimSpace(text) == "":
		return Refuse(Invalid, Problem{Code: ProblemReasonMissing, Rollout: r.ID})
	}
	return r.mayMoveOn()
}
