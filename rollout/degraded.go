package rollout

import (
	"errors"
	"time"
)

// ProblemStoreLow refuses to start a rollout: space is kept for those under way. Key is the store's path, Value what is
// free, Want what should be.
const ProblemStoreLow ProblemCode = "store_low"

// Why a decision is not taken as usual while the store cannot commit. Words say what is wrong with the store.
const (
	ProblemDegraded        ProblemCode = "degraded"         // only a rollback is taken
	ProblemUncertain       ProblemCode = "uncertain"        // the commit failed, and may be stored all the same
	ProblemRollbackUnsaved ProblemCode = "rollback_unsaved" // Rollout is being taken off traffic, and that is not saved
)

// Outage is since when the store cannot commit, and what the disk or the operating system says.
type Outage struct {
	Since time.Time
	Words string
}

// TakenOff reports whether the rollout is being rolled back and no store has that yet.
func (r Rollout) TakenOff() bool { return r.Phase == RollingBack && r.UndoRevision > r.Revision }

// Unsaved reports whether the error answers a decision that could not be saved. It is the answer: the same decision again
// would get the same.
func Unsaved(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Problem.Code == ProblemDegraded || e.Problem.Code == ProblemUncertain || e.Problem.Code == ProblemRollbackUnsaved
}

// Degraded is Next while the store cannot commit. It returns the value to keep in memory, the entries to commit with it
// once the store can, and when to reconcile again at the latest. The judge goes on; a rollback that the canary's health,
// the cluster or the annotation demands is taken, and the acknowledgement of a weight, without which the canary could
// not be judged. Everything else stays as it is, and what it waits for stands still: nobody could be asked, and no answer
// kept.
func Degraded(r Rollout, f Facts) (Rollout, []Entry, time.Time) {
	after, entries, wake := Next(r, f)
	if soonest := f.Now.Add(min(settling, r.interval())); wake.Before(soonest) {
		wake = soonest // what stands still is as near as ever
	}
	acknowledged := r.Phase == Shifting && after.Phase == Baking
	if acknowledged || after.Phase == RollingBack && r.Phase != RollingBack && !impatient(after) {
		return after, entries, wake
	}
	r.ReconciledAt = after.ReconciledAt
	if r.Phase == after.Phase {
		r.Judge, r.Verdict, r.Trouble = after.Judge, after.Verdict, after.Trouble
		r.Spans.Unknown = after.Spans.Unknown
	}
	switch {
	case r.Phase == Promoting && r.imageSent(f.Observed): // Kubernetes goes on with it
		r.Spans.Deadline, r.Spans.Furthest = after.Spans.Deadline, after.Spans.Furthest
	case r.Phase == RollingBack && after.Phase == RollingBack: // what was begun goes on
		r.Spans.Drained, r.Ending.WeightZero = after.Spans.Drained, after.Ending.WeightZero
	}
	return r, nil, wake
}

// impatient reports whether the rollout is rolled back only because something took too long that cannot happen while the
// store is degraded: what was not sent, or an answer that nobody could give.
func impatient(r Rollout) bool {
	return r.Ending.Reason.Code == ReasonUnanswered || r.Ending.Reason.Code == ReasonDeadline
}

// UnsavedWrites returns the writes of a rollback that could not be committed. They are the only ones that may precede their
// commit: the canary's traffic to 0, with the annotation that whoever commits next reads as an abort, and once that
// stands, stable's image back. They bear the revision that the commit will get, and doing them again does no harm.
func UnsavedWrites(r Rollout, f Facts) []Write {
	route := f.Observed.Route
	if r.Phase != RollingBack || !f.Observed.Unreadable.IsZero() || !route.Exists {
		return nil
	}
	r.Revision++
	g := DesiredState(r, f)
	p := planner{r: r, w: f.Observed}
	if !p.lowerWeight(g) && !route.AsksRollback {
		share := route.share() // it has to wait, or reads right already: the annotation does not wait
		p.add(route.Meta, Write{Object: RouteObject, Verb: Update, Weight: &share})
	}
	for i := range p.writes {
		p.writes[i].AskRollback = true
	}
	if route.AsksRollback {
		p.restoreStable(g)
	}
	return p.writes
}
