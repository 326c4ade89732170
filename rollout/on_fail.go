package rollout

// asksInstead asks people where the plan says so and the row would roll back by the bot's own judgement. What people or the
// cluster ask for is done all the same.
func (rc *reconciliation) asksInstead(row *row) bool {
	if row.to != RollingBack || rc.Spec.Plan.OnFail != HoldOnFail {
		return false
	}
	trial := *rc
	trial.entries = nil
	row.then(&trial)
	why := trial.Ending.Reason
	if !why.Code.Judged() {
		return false
	}
	if rc.Stuck == nil {
		rc.setStuck(why)
	}
	return true
}

// HeldOnFail reports whether people are asked about what the bot would have rolled back, because the plan holds.
func (r Rollout) HeldOnFail() bool {
	return r.Stuck != nil && r.Stuck.Code.Judged() && r.Phase.Forward() && r.Spec.Plan.OnFail == HoldOnFail
}

// Judged reports whether a rollback for this reason is the bot's own judgement: nobody asked for it.
func (c ReasonCode) Judged() bool {
	switch c {
	case ReasonCheck, ReasonCanary, ReasonStable, ReasonDeadline, ReasonUnanswered, ReasonUnknown, ReasonDoubt, ReasonImageDiffers,
		ReasonWriteRefused, ReasonFrozen, ReasonGitRefused, ReasonDeclined, ReasonNotWritten, ReasonSibling:
		return true
	case ReasonNone, ReasonPerson, ReasonAnnotation, ReasonReplaced, ReasonWeightZero, ReasonRouteGone, ReasonCanaryGone, ReasonServiceGone,
		ReasonStableGone, ReasonStableEmpty, ReasonStableNoPods, ReasonSlow, ReasonReverted, ReasonPreflight, ReasonHeld, ReasonOrphaned,
		ReasonOrphanGone, ReasonUnreadable, ReasonUnseen, ReasonNotReverted:
	}
	return false
}
