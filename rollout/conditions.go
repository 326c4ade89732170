package rollout

import (
	"cmp"
	"slices"
	"time"
)

// setConditions sets and clears the conditions over a phase (hold, drift, stuck) and repeats an unanswered question.
func (rc *reconciliation) setConditions() {
	rc.setHold()
	if rc.readable() {
		if rc.Phase.Forward() {
			rc.setDrift()
			rc.displaced()
		} else if rc.Phase.Ending() {
			rc.countOverwrites()
		}
	}
	rc.checkStuck()
	limit := rc.Spec.Limits.Remind
	switch {
	case !rc.Waits():
		rc.Reminded = false
	case limit > 0 && rc.Spans.Waiting >= limit && !rc.Reminded:
		rc.Reminded = true
		rc.tell(EntryReminded, bot, Data{Drift: rc.Drift, Doubts: rc.Doubts, Left: rc.patience()})
	}
}

// setDrift holds the rollout and asks when somebody else changed a field that we steer, until it is reverted or answered.
func (rc *reconciliation) setDrift() {
	found := drifts(rc.Rollout, rc.w)
	if rc.Override != nil && !slices.ContainsFunc(found, rc.overridden) {
		rc.Override = nil
	}
	i := slices.IndexFunc(found, func(d Drift) bool { return !rc.overridden(d) })
	switch {
	case i < 0 && rc.Drift != nil:
		rc.tell(EntrySettled, bot, Data{Drift: rc.Drift})
		rc.Drift = nil
	case i >= 0 && (rc.Drift == nil || rc.Drift.Field != found[i].Field || rc.Drift.Value != found[i].Value):
		d := found[i]
		rc.Drift = &d
		rc.tell(EntryDrift, bot, Data{Drift: &d, Left: rc.patience()})
		if d.Field != FieldImageID { // nobody wrote it
			rc.countRevert(d)
		}
	}
}

// displaced notices that somebody removes the canary from the route again and again before it has traffic. A single
// removal is repaired silently.
func (rc *reconciliation) displaced() {
	route := rc.w.Route
	if !rc.blocked() && route.Exists && !route.HasCanary && rc.LastApplied.Weight != nil && *rc.LastApplied.Weight == 0 {
		rc.countRevert(Drift{Field: FieldWeight, Wanted: weightText(0), By: route.WeightBy})
	}
}

// countRevert counts how often the manager reverted the field; the third time the rollout is stuck.
func (rc *reconciliation) countRevert(d Drift) {
	var times int
	rc.Reverts, times = addRevert(rc.Reverts, d.Field, d.By, rc.w.version(d.Field))
	if times >= maxReverts && rc.Stuck == nil {
		rc.setStuck(Reason{Code: ReasonReverted, Detail: d.By})
	}
}

// countOverwrites notes that somebody gave the canary traffic while the rollout ends: the weight is set to 0 again, and
// the timeline says so, until it is clear that they will not stop.
func (rc *reconciliation) countOverwrites() {
	route := rc.w.Route
	if !route.Exists || route.share() == 0 || !rc.writtenSince(route.Meta, rc.UndoRevision) || route.share() == rc.ourWeight(route) {
		return
	}
	d := Drift{Field: FieldWeight, Wanted: weightText(0), Value: weightText(route.share()), By: route.WeightBy}
	all, times := addRevert(rc.Reverts, d.Field, d.By, route.Version)
	if slices.Equal(all, rc.Reverts) || times > maxReverts {
		return
	}
	rc.Reverts = all
	rc.tell(EntryOverwrote, bot, Data{Drift: &d})
	if times >= maxReverts && rc.Stuck == nil {
		rc.setStuck(Reason{Code: ReasonReverted, Detail: d.By})
	}
}

// checkStuck marks the rollout as stuck when an ending does not end, or stable is gone or scaled to 0, and clears the mark
// when stable is back.
func (rc *reconciliation) checkStuck() {
	gone := rc.readable() && rc.Phase.Live() && !rc.w.Stable.Exists
	empty := rc.readable() && rc.w.Stable.Exists && rc.w.Stable.Replicas == 0
	switch {
	case rc.Stuck != nil:
		back := rc.Stuck.Code == ReasonStableGone && !gone || rc.Stuck.Code == ReasonStableEmpty && !gone && !empty
		if back && rc.readable() {
			rc.tell(EntrySettled, bot, Data{Reason: *rc.Stuck})
			rc.Stuck = nil
		}
	case gone && rc.Phase.Forward():
		rc.setStuck(Reason{Code: ReasonStableGone})
	case empty && rc.Phase.Forward(): // whoever is not on the canary is served by nobody
		rc.setStuck(Reason{Code: ReasonStableEmpty})
	case rc.Phase.Ending() && rc.Spec.Limits.Stuck > 0 && rc.Spans.Ending >= rc.Spec.Limits.Stuck+rc.drain():
		rc.setStuck(rc.obstacle(gone))
	}
}

// drain is how long the phase waits for its last requests; that time does not make it stuck.
func (rc *reconciliation) drain() time.Duration {
	if rc.Phase != Returning && rc.Phase != RollingBack {
		return 0
	}
	if rc.scaled(rc.w) && rc.LastApplied.StableMin > rc.Original.Scaler.Min {
		// The scaler sizes by what it measured over up to a minute: given its minimum back at once, it would shrink stable
		// for the load that is over.
		return 2 * rc.Spec.Limits.Drain
	}
	return rc.Spec.Limits.Drain
}

// obstacle is what keeps an ending from ending.
func (rc *reconciliation) obstacle(gone bool) Reason {
	switch {
	case !rc.readable():
		return Reason{Code: ReasonUnreadable, Problem: rc.w.Unreadable}
	case gone:
		return Reason{Code: ReasonStableGone}
	case !rc.f.Refused.IsZero():
		return Reason{Code: ReasonWriteRefused, Problem: rc.f.Refused}
	case rc.Phase == RollingBack && !rc.gitRestored(rc.f.Now):
		why := rc.Git.Unreadable
		if why.IsZero() {
			why = rc.Git.Refused
		}
		return Reason{Code: ReasonNotReverted, Problem: why, Detail: cmp.Or(rc.Git.Revert.Link, rc.Git.Promotion.Link)}
	case rc.w.Route.share() > 0 && rc.w.Stable.Endpoints == 0:
		return Reason{Code: ReasonStableNoPods, Failure: rc.w.Stable.Failure}
	case rc.StableWritten && rc.w.Stable.Failure.Kind != NoFailure:
		return Reason{Code: ReasonStable, Failure: rc.w.Stable.Failure}
	default:
		return Reason{Code: ReasonSlow, Problem: rc.w.Route.Problem}
	}
}

func (rc *reconciliation) setStuck(why Reason) {
	rc.Stuck = &why
	rc.tell(EntryStuck, bot, Data{Reason: why, Drift: rc.Drift, From: rc.Phase, Weight: rc.w.Route.share()})
}
