package rollout

import (
	"fmt"
	"slices"
)

// Invariant returns what is wrong with a rollout that is about to be committed, as a sentence for the log, or nothing.
// It is checked before every commit, and in tests after every reconcile and decision: an answer is a defect in the program.
func Invariant(r Rollout) string {
	switch {
	case r.Step < 0 || r.Step >= len(r.Spec.Plan.Steps):
		return fmt.Sprintf("%s is at step %d of %d", r.ID, r.Step, len(r.Spec.Plan.Steps))
	case r.Phase.Live() && r.Original.Stable.UID == "":
		return fmt.Sprintf("%s is live and does not know what it found", r.ID)
	case r.Phase.Live() && r.Size < 1:
		return fmt.Sprintf("%s is live with a canary of size %d", r.ID, r.Size)
	case r.Phase >= Baking && r.Phase <= Promoting && r.WeightAckedAt.IsZero():
		return fmt.Sprintf("%s is %s and its weight was never acknowledged", r.ID, r.Phase)
	case r.Phase == Promoting && !r.StableWritten, r.Phase == Returning && !r.Promoted:
		return fmt.Sprintf("%s is %s without having passed what leads there", r.ID, r.Phase)
	case (r.Phase == Returning || r.Phase == RollingBack) && r.UndoRevision == 0:
		return fmt.Sprintf("%s takes the canary off traffic since no revision", r.ID)
	case (r.Phase == Cleaning || r.Phase == Releasing) && (r.Ending.Outcome == "" || r.CleanupRevision == 0):
		return fmt.Sprintf("%s is %s without an outcome", r.ID, r.Phase)
	case (r.Phase == Ended) != (r.Ending.Outcome != "" && r.Phase != Cleaning && r.Phase != Releasing):
		return fmt.Sprintf("%s is %s with the outcome %q", r.ID, r.Phase, r.Ending.Outcome)
	case r.Phase > Promoting && (r.Paused || r.Held || r.Drift != nil):
		return fmt.Sprintf("%s is %s and still waits for a person", r.ID, r.Phase)
	case len(r.Doubts) > 0 && !r.Held:
		return fmt.Sprintf("%s asks about doubts and is not held", r.ID)
	case slices.ContainsFunc(r.Doubts, func(d Acceptance) bool { return slices.Contains(r.Accepted, d) }):
		return fmt.Sprintf("%s asks about what was accepted", r.ID)
	}
	return ""
}
