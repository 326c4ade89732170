package rollout

// This file is about sizes: who gets traffic has the pods for it first.

// stableServes reports whether stable has a pod to serve whoever is not on the canary. A plan that demands no evidence
// may be the way back from a stable that has none.
func (r Rollout) stableServes(w Observed) bool {
	return w.Stable.Endpoints > 0 || !r.Spec.Plan.DemandsEvidence()
}

// scaled reports whether the scaler that the rollout found still sets stable's size.
func (r Rollout) scaled(w Observed) bool {
	return w.Scaler.Exists && w.Scaler.UID == r.Original.Scaler.UID
}

// hold is the least size that the scaler has to leave stable: it cannot be more than the scaler allows at all.
func (r Rollout) hold(w Observed) int {
	if w.Scaler.Max > 0 {
		return min(r.Hold, w.Scaler.Max)
	}
	return r.Hold
}

// withoutRoom is the share of the traffic that stable has too few ready pods for: it stays on a canary that passes while
// stable grows, for half the time after which an ending counts as stuck. A canary that fails is off traffic at once.
func (r Rollout) withoutRoom(w Observed) Weight {
	full := r.fullSize()
	if r.Phase > RollingBack || r.urgent(w) || hasRoom(w.Stable.Endpoints, full) || 2*r.Spans.Ending >= r.Spec.Limits.Stuck {
		return 0
	}
	return Weight(100 - strained*w.Stable.Endpoints/full)
}

// urgent reports whether the canary must lose its traffic whatever stable can take: it fails, or somebody took the way of
// an emergency.
func (r Rollout) urgent(w Observed) bool {
	if r.Verdict.Result == Fail || w.Canary.Endpoints == 0 || w.Canary.Failure.Condemns() {
		return true
	}
	// Whoever answers, replaces, freezes or waits too long says nothing against the canary.
	//exhaustive:ignore
	switch r.Ending.Reason.Code {
	case ReasonNone, ReasonPerson, ReasonReplaced, ReasonUnanswered, ReasonDeadline, ReasonUnknown, ReasonStable, ReasonFrozen:
		return false
	default:
		return true
	}
}

// strained is how much of its share, in percent, stable may carry for a moment: pods are sized with room for a peak.
const strained = 150

// hasRoom reports whether the ready pods may take all traffic, which full of them are made for.
func hasRoom(ready, full int) bool { return strained*ready >= 100*full }

// fullSize is how many of stable's pods all traffic takes.
func (r Rollout) fullSize() int { return max(r.Original.Stable.Replicas, r.Hold) }
