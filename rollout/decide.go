package rollout

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// The problems that name what abandoning leaves in the cluster.
const (
	ProblemStampLeft  ProblemCode = "stamp_left"  // the annotation, by Rollout
	ProblemObjectLeft ProblemCode = "object_left" // Object
	ProblemWeightLeft ProblemCode = "weight_left" // the canary's weight in Object
	ProblemImageLeft  ProblemCode = "image_left"  // a different image than before on Object
	ProblemMinLeft    ProblemCode = "min_left"    // Object's minimum of Count replicas
	ProblemCommitLeft ProblemCode = "commit_left" // the promotion in Git: Value is where to read it
)

// The problems that refuse a decision. Unless noted otherwise they have the rollout, its service and its phase.
const (
	ProblemEnded              ProblemCode = "ended"
	ProblemMovedOn            ProblemCode = "moved_on" // the rollout has moved since the question was shown
	ProblemNotPaused          ProblemCode = "not_paused"
	ProblemPausedAlready      ProblemCode = "paused_already"
	ProblemCannotPause        ProblemCode = "cannot_pause"
	ProblemNotADecision       ProblemCode = "not_a_decision" // Value is the action
	ProblemPromotingAlready   ProblemCode = "promoting_already"
	ProblemBaking             ProblemCode = "baking" // Count is the weight, Span what is left of the bake
	ProblemNotAtAGate         ProblemCode = "not_at_a_gate"
	ProblemUnseen             ProblemCode = "promote_unseen" // people cannot see the rollout
	ProblemPromoteFrozen      ProblemCode = "promote_frozen" // a freeze pauses what is under way, before Until
	ProblemResumeFirst        ProblemCode = "resume_first"
	ProblemAnswerDriftFirst   ProblemCode = "answer_drift_first"
	ProblemAnswerDoubtFirst   ProblemCode = "answer_doubt_first"
	ProblemAnswerStuckFirst   ProblemCode = "answer_stuck_first"
	ProblemNoVerdict          ProblemCode = "no_verdict"
	ProblemCheckFails         ProblemCode = "check_fails"      // Key is the check
	ProblemCheckUnknown       ProblemCode = "check_unknown"    // Key is the check, Value why
	ProblemTooFewRequests     ProblemCode = "too_few_requests" // Count of Limit
	ProblemRollingBackAlready ProblemCode = "rolling_back_already"
	ProblemOutcomeFixed       ProblemCode = "outcome_fixed"
	ProblemNoDoubt            ProblemCode = "no_doubt" // nothing is asked about that could be accepted
	ProblemNoDrift            ProblemCode = "no_drift"
	ProblemDriftChanged       ProblemCode = "drift_changed"     // Value is the new value
	ProblemWrittenByOthers    ProblemCode = "written_by_others" // stable's image is for Git, or for whoever waits at the gate
	ProblemNothingToRetry     ProblemCode = "nothing_to_retry"
	ProblemNotStuck           ProblemCode = "not_stuck"
	ProblemReasonMissing      ProblemCode = "reason_missing"
	ProblemNothingBakes       ProblemCode = "nothing_bakes"
	ProblemBakeForSeveral     ProblemCode = "bake_for_several" // Count people have to approve: none of them skips the bake alone
	ProblemBakeTogether       ProblemCode = "bake_together"    // others go with it, and would have to wait
	ProblemNothingToReview    ProblemCode = "nothing_to_review"
	ProblemReviewedAlready    ProblemCode = "reviewed_already"
	ProblemOwnEmergency       ProblemCode = "own_emergency" // somebody else has to review it
	ProblemDecidedAlready     ProblemCode = "decided_already"
)

// Decide applies a decision of a person, a pipeline or the annotation. It returns the rollout to commit and its new
// timeline entries, or the error to answer with. On an error nothing changes. A caller whose commit conflicts decides
// again on the newer value.
func Decide(r Rollout, d Decision, rules Policy) (Rollout, []Entry, error) {
	if err := rules.Allows(d.Actor, d.Action); err != nil {
		return r, nil, err
	}
	if err := r.answers(d); err != nil {
		return r, nil, err
	}
	after := r
	after.Approvals = rules.standing(r.Approvals)
	if d.Action == Promote || d.Action == PromoteNow {
		if err := rules.Counts(after, d.Actor); err != nil {
			return r, nil, err
		}
	}
	after.Seq++
	entry := Entry{
		Rollout: r.ID, Seq: after.Seq, At: d.At, Kind: EntryDecided, Step: r.Step, Actor: d.Actor, Decision: d.ID,
		Data: Data{Action: d.Action, Text: d.Text, From: r.Phase, Drift: r.Drift, Advice: r.advice(d.Action)},
	}
	// The others have nothing more to tell.
	//exhaustive:ignore
	switch d.Action {
	case Accept:
		entry.Data.Doubts = r.Doubts
	case PromoteNow:
		entry.Data.Left = r.Current().Bake - r.Spans.Bake
	}
	if d.Replacement != "" {
		entry.Data.Reason = Reason{Code: ReasonReplaced, Detail: string(d.Replacement)}
	}
	entries := after.apply(d)
	entry.Data.To = after.Phase
	entry.Data.Weight, _ = after.Weight()
	if d.Action == Promote {
		entry.Data.Approvals, entry.Data.Needed = after.Approvals, r.Current().ApprovalsNeeded()
	}
	after.askAnew(r)
	return after, append([]Entry{entry}, entries...), nil
}

// answers returns nil if the rollout may take the decision now.
func (r Rollout) answers(d Decision) error {
	switch {
	case d.Action == Review:
		return r.mayReview(d)
	case r.Terminal():
		return r.refuse(ProblemEnded)
	}
	// Rolling back and pausing are always safe; everything else answers one question.
	if d.Action != Rollback && d.Action != Pause && d.Turn != r.Turn {
		return r.refuse(ProblemMovedOn)
	}
	switch d.Action {
	case Promote:
		return r.mayPromote()
	case PromoteNow:
		return r.mayPromoteNow(d.Text)
	case Rollback:
		return r.mayRollback()
	case Pause:
		return r.mayPause()
	case Resume:
		if !r.Paused {
			return r.refuse(ProblemNotPaused)
		}
	case Extend:
		return r.mayExtend()
	case Accept:
		if len(r.Doubts) == 0 {
			return r.refuse(ProblemNoDoubt)
		}
	case Override:
		return r.mayOverride(d.Value)
	case Retry:
		if r.Stuck == nil {
			return r.refuse(ProblemNothingToRetry)
		}
	case Abandon:
		return r.mayAbandon(d.Text)
	case Deploy, AutoGate, EmergencyDeploy, Freeze, Unfreeze, Requeue, Review:
		return Refuse(Invalid, Problem{Code: ProblemNotADecision, Value: string(d.Action)})
	}
	return nil
}

func (r Rollout) mayPromote() error {
	switch {
	case r.Phase == Promoting:
		return r.refuse(ProblemPromotingAlready)
	case r.frozen():
		return r.refuseFrozen()
	case len(r.WaitsFor()) > 0:
		return r.refuseWaiting()
	case r.Phase == Baking:
		return Refuse(Conflict, Problem{
			Code: ProblemBaking, Rollout: r.ID, Count: int(r.Current().Weight),
			Span: max(0, r.Current().Bake-r.Spans.Bake).Round(time.Second),
		})
	case r.Phase != Awaiting:
		return r.refuse(ProblemNotAtAGate)
	}
	return r.mayMoveOn()
}

// mayMoveOn returns nil if nothing that people have to answer first, and no evidence, keeps the rollout at its step.
func (r Rollout) mayMoveOn() error {
	switch {
	case !r.Unseen.IsZero():
		return r.refuse(ProblemUnseen)
	case r.Paused:
		return r.refuse(ProblemResumeFirst)
	case r.Drift != nil:
		return r.refuse(ProblemAnswerDriftFirst)
	case r.Stuck != nil:
		return r.refuse(ProblemAnswerStuckFirst)
	case len(r.Doubts) > 0:
		return r.refuse(ProblemAnswerDoubtFirst)
	case r.Current().DemandsEvidence() && r.Verdict.Result != Pass:
		return Refuse(Conflict, r.notPassing())
	}
	return nil
}

func (r Rollout) refuseFrozen() error {
	return Refuse(Conflict, Problem{Code: ProblemPromoteFrozen, Rollout: r.ID, Value: r.Frozen.Name, Words: r.Frozen.Text, Until: r.Frozen.Until})
}

// refuse returns the error for a decision that the rollout may not take now.
func (r Rollout) refuse(code ProblemCode) error {
	return Refuse(Conflict, Problem{Code: code, Rollout: r.ID, Service: r.Service, Phase: r.Phase})
}

// notPassing returns the problem of the check that blocks a promotion.
func (r Rollout) notPassing() Problem {
	e, ok := r.Verdict.Worst()
	p := Problem{Code: ProblemCheckUnknown, Rollout: r.ID, Key: e.Check, Value: string(e.Why)}
	switch {
	case !ok:
		p.Code = ProblemNoVerdict
	case e.Result == Fail:
		p.Code = ProblemCheckFails
	case e.Requests != nil && e.Why == WhyTooFewRequests:
		p.Code, p.Count, p.Limit = ProblemTooFewRequests, int(math.Round(*e.Requests)), int(math.Round(e.MinRequests))
	}
	return p
}

func (r Rollout) mayRollback() error {
	switch r.Phase {
	case RollingBack:
		return r.refuse(ProblemRollingBackAlready)
	case Cleaning, Releasing:
		return r.refuse(ProblemOutcomeFixed)
	case Queued, Preparing, Shifting, Baking, Awaiting, Promoting, Returning, Ended:
	}
	return nil
}

func (r Rollout) mayPause() error {
	switch {
	case r.Paused:
		return r.refuse(ProblemPausedAlready)
	case r.Phase < Preparing || r.Phase > Awaiting:
		return r.refuse(ProblemCannotPause)
	}
	return nil
}

func (r Rollout) mayExtend() error {
	switch {
	case r.Phase != Baking && r.Phase != Awaiting || !r.Current().DemandsEvidence():
		return r.refuse(ProblemNothingBakes)
	case r.Stuck != nil:
		return r.refuse(ProblemAnswerStuckFirst)
	}
	return nil
}

func (r Rollout) mayOverride(value string) error {
	switch {
	case r.Drift == nil:
		return r.refuse(ProblemNoDrift)
	case r.Drift.Field == FieldStableImage && r.ByOthers():
		return r.refuse(ProblemWrittenByOthers)
	case r.Drift.Value != value:
		return Refuse(Conflict, Problem{Code: ProblemDriftChanged, Rollout: r.ID, Value: r.Drift.Value})
	}
	return nil
}

func (r Rollout) mayAbandon(text string) error {
	switch {
	case r.Orphaned():
		return nil // leaving another store's orphan needs no further reason
	case r.Stuck == nil:
		return r.refuse(ProblemNotStuck)
	case strings.TrimSpace(text) == "":
		return Refuse(Invalid, Problem{Code: ProblemReasonMissing, Rollout: r.ID})
	}
	return nil // whatever the cluster shows: what it could not confirm is listed as left behind
}

// apply carries out a permitted decision and returns the resulting entries.
func (r *Rollout) apply(d Decision) []Entry {
	from := r.Phase
	switch d.Action {
	case Promote:
		r.approve(d)
	case PromoteNow:
		r.Spans.Baked += r.Spans.Bake
		r.forward()
	case Review:
		r.Reviewed = &Approval{By: d.Actor, At: d.At}
	case Rollback:
		r.rollback(d)
	case Pause:
		r.Paused = true
	case Resume:
		r.Paused = false
	case Extend:
		r.extend()
	case Accept:
		r.acceptDoubts()
	case Override:
		r.override()
	case Retry:
		r.Stuck = nil
		r.Reverts = nil
		r.Spans.Ending = 0
		if r.Phase.Forward() { // what people were asked about instead of rolling back is given its time again
			r.Spans.Deadline, r.Spans.Waiting, r.Spans.Unknown = 0, 0, 0
		}
	case Abandon:
		r.Ending.Left = r.left() // computed before the rollout becomes abandoned
		r.Ending.Outcome, r.Ending.At = Abandoned, d.At
		r.Ending.Reason, r.Ending.By = Reason{Code: ReasonPerson, Detail: d.Text}, d.Actor
		r.enter(Ended)
	case Deploy, AutoGate, EmergencyDeploy, Freeze, Unfreeze, Requeue:
	}
	if r.Phase == from {
		return nil
	}
	return r.moved(from, d.At)
}

// forward moves an awaiting rollout to its next step, or to everyone.
func (r *Rollout) forward() {
	if r.last() {
		r.StableWritten = true
		r.enter(Promoting)
		return
	}
	r.Step++
	r.Extended = 0
	r.enter(Preparing)
}

func (r *Rollout) rollback(d Decision) {
	r.rollBack(Reason{Code: ReasonPerson, Detail: d.Text}, d.Actor)
	if d.Replacement != "" {
		r.Ending.Reason = Reason{Code: ReasonReplaced, Detail: string(d.Replacement)}
	}
	if r.Phase == Queued && r.Orphan == nil {
		r.Ending.Outcome, r.Ending.At = Cancelled, d.At
		r.enter(Ended)
		return
	}
	r.enter(RollingBack)
}

// extend has the step bake longer; one that was done bakes again, and goes on from the evidence that it has.
func (r *Rollout) extend() {
	r.Extended += Extension
	if r.Phase == Awaiting {
		r.Spans.Baked -= r.Spans.Bake // it counts when the step is done again
		r.enter(Baking)
	}
}

// override allows overwriting the value that was shown. An object that was deleted and recreated is adopted.
func (r *Rollout) override() {
	d := *r.Drift
	r.Drift, r.Override = nil, &d
	switch d.Field {
	case FieldStableUID:
		r.Original.Stable.UID = d.Value
	case FieldRouteUID:
		r.LastApplied.RouteUID, r.LastApplied.Weight = d.Value, nil
		r.Original.Route = OriginalRoute{UID: d.Value}
	case FieldStableImage:
		r.StableWritten = true // from here on a write may be in flight, so a rollback has to write last
	case FieldImageID:
		r.accept(d.Value)
	case FieldWeight, FieldCanaryImage, FieldCanaryReplicas, FieldStableMin:
	}
}

// moved returns the entry for a decision that changed the phase.
func (r *Rollout) moved(from Phase, at time.Time) []Entry {
	weight, _ := r.Weight()
	r.Seq++
	data := Data{From: from, To: r.Phase, Weight: weight}
	if r.Phase == RollingBack {
		data.Reason = r.Ending.Reason
	}
	entries := []Entry{{Rollout: r.ID, Seq: r.Seq, At: at, Kind: EntryPhase, Step: r.Step, Actor: r.Ending.By, Data: data}}
	if r.Phase == Ended {
		r.Seq++
		ending := r.Ending
		entries = append(entries, Entry{Rollout: r.ID, Seq: r.Seq, At: at, Kind: EntryEnded, Step: r.Step, Actor: ending.By, Data: Data{Ending: &ending}})
	}
	return entries
}

// left lists what abandoning leaves in the cluster.
func (r Rollout) left() []Problem {
	o := r.Spec.Objects
	in := func(kind, name string) ObjectRef { return ObjectRef{Kind: kind, Namespace: o.Namespace, Name: name} }
	writer := r.ID
	if r.Orphaned() && r.Orphan.Rollout != "" {
		writer = r.Orphan.Rollout
	}
	left := []Problem{{Code: ProblemStampLeft, Rollout: writer}}
	if r.Phase < Releasing {
		left = append(left,
			Problem{Code: ProblemObjectLeft, Object: in("Deployment", o.Canary)},
			Problem{Code: ProblemObjectLeft, Object: in("Service", o.CanaryService)})
	}
	fought := slices.ContainsFunc(r.Reverts, func(u Revert) bool { return u.Field == FieldWeight })
	if r.Ending.WeightZero.IsZero() || fought { // it was 0 before, but somebody may have set it since
		left = append(left, Problem{Code: ProblemWeightLeft, Object: in(o.Route.Kind, o.Route.Name)})
	}
	if now := r.LastApplied.StableImage; r.StableWritten && now != "" && now != r.wantedStable() {
		left = append(left, Problem{Code: ProblemImageLeft, Object: in("Deployment", o.Stable)})
	}
	if g := r.Git; !g.Promotion.IsZero() && !g.Promotion.Declined && g.Revert.IsZero() {
		left = append(left, Problem{Code: ProblemCommitLeft, Value: cmp.Or(g.Promotion.Link, g.Promotion.Hash)})
	}
	if s := r.Original.Scaler; r.LastApplied.StableMin > s.Min {
		left = append(left, Problem{Code: ProblemMinLeft, Object: in(s.Kind, s.Name), Count: r.LastApplied.StableMin})
	}
	return left
}
