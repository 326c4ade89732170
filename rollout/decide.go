package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What abandoning leaves in the cluster.
const (
	ProblemStampLeft  ProblemCode = "stamp_left"  // our annotation, by Rollout
	ProblemObjectLeft ProblemCode = "object_left" // Object
	ProblemWeightLeft ProblemCode = "weight_left" // the canary's weight in Object
	ProblemImageLeft  ProblemCode = "image_left"  // another image than before on Object
)

// Decide is what a person, a pipeline or the annotation may do: the rollout to commit and what its timeline tells, or
// the error that is their answer. Nothing changes with an error. Whoever loses the swap decides again on the newer
// value.
func Decide(r Rollout, d Decision, rules Policy) (Rollout, []Entry, error) {
	if err := rules.Allows(d.Actor, d.Action); err != nil {
		return r, nil, err
	}
	if err := r.answers(d); err != nil {
		return r, nil, err
	}
	after := r
	after.Seq++
	entry := Entry{
		Rollout: r.ID, Seq: after.Seq, At: d.At, Kind: EntryDecided, Step: r.Step, Actor: d.Actor, Decision: d.ID,
		Data: Data{Action: d.Action, Text: d.Text, From: r.Phase, Drift: r.Drift, Advice: r.advice(d.Action)},
	}
	if d.Replacement != "" {
		entry.Data.Reason = Reason{Code: ReasonReplaced, Detail: string(d.Replacement)}
	}
	entries := after.apply(d)
	entry.Data.To = after.Phase
	entry.Data.Weight, _ = after.Weight()
	if questionOf(after) != questionOf(r) {
		after.Turn++
	}
	return after, append([]Entry{entry}, entries...), nil
}

// answers returns nil when the decision is one that the rollout may take now.
func (r Rollout) answers(d Decision) error {
	if r.Terminal() {
		return Errorf(Conflict, "%s has ended; to change %s now, start a new rollout.", r.ID, r.Service)
	}
	// Rolling back and pausing are safe at any turn; everything else answers one question.
	if d.Action != Rollback && d.Action != Pause && d.Turn != r.Turn {
		return Errorf(Conflict, "%s moved on since that was shown; look at its card and decide again.", r.ID)
	}
	switch d.Action {
	case Promote:
		return r.mayPromote()
	case Rollback:
		return r.mayRollback()
	case Pause:
		return r.mayPause()
	case Resume:
		if !r.Paused {
			return Errorf(Conflict, "%s is not paused.", r.ID)
		}
	case Override:
		return r.mayOverride(d.Value)
	case Retry:
		if r.Stuck == nil {
			return Errorf(Conflict, "%s is not stuck; there is nothing to try again.", r.ID)
		}
	case Abandon:
		return r.mayAbandon(d.Text)
	case Deploy, AutoGate:
		return Errorf(Invalid, "%s is no decision about a rollout.", d.Action)
	}
	return nil
}

func (r Rollout) mayPromote() error {
	switch {
	case r.Phase == Promoting:
		return Errorf(Conflict, "%s is promoting already.", r.ID)
	case r.Phase == Baking:
		left := max(0, r.Current().Bake-r.Spans.Bake).Round(time.Second)
		return Errorf(Conflict, "%s is still baking at %s: %s to go while its checks pass.", r.ID, r.Current().Weight, left)
	case r.Phase != Awaiting:
		return Errorf(Conflict, "%s is %s; it asks for a promotion when a step is done.", r.ID, words(r.Phase))
	case r.Paused:
		return Errorf(Conflict, "%s is paused; resume it first.", r.ID)
	case r.Drift != nil:
		return Errorf(Conflict, "Somebody changed what %s steers; answer that on its card first.", r.ID)
	case r.Stuck != nil:
		return Errorf(Conflict, "%s is stuck; answer that on its card first.", r.ID)
	case r.Current().DemandsEvidence() && r.Verdict.Result != Pass:
		return Errorf(Conflict, "%s cannot be promoted now: %s. It can be once every check passes.", r.ID, r.missing())
	}
	return nil
}

// missing says which check keeps a promotion waiting.
func (r Rollout) missing() string {
	e, ok := r.Verdict.Worst()
	switch {
	case !ok:
		return "there is no verdict yet"
	case e.Result == Fail:
		return e.Check + " fails"
	case e.Requests != nil && e.Why == WhyTooFewRequests:
		return fmt.Sprintf("%s has seen %.0f of %.0f requests", e.Check, *e.Requests, e.MinRequests)
	default:
		return e.Check + " is unknown (" + strings.ReplaceAll(string(e.Why), "_", " ") + ")"
	}
}

func (r Rollout) mayRollback() error {
	switch r.Phase {
	case RollingBack:
		return Errorf(Conflict, "%s is rolling back already.", r.ID)
	case Cleaning, Releasing:
		return Errorf(Conflict, "%s is %s and its outcome is fixed; once it is done, roll back %s again to deploy the version before.",
			r.ID, words(r.Phase), r.Service)
	case Queued, Preparing, Shifting, Baking, Awaiting, Promoting, Returning, Ended:
	}
	return nil
}

func (r Rollout) mayPause() error {
	switch {
	case r.Paused:
		return Errorf(Conflict, "%s is paused already.", r.ID)
	case r.Phase < Preparing || r.Phase > Awaiting:
		return Errorf(Conflict, "%s is %s and cannot be paused any more; it can be rolled back.", r.ID, words(r.Phase))
	}
	return nil
}

func (r Rollout) mayOverride(value string) error {
	switch {
	case r.Drift == nil:
		return Errorf(Conflict, "Nobody changed what %s steers; there is nothing to set back.", r.ID)
	case r.Drift.Value != value:
		return Errorf(Conflict, "It changed again, to %s; look at the card of %s and decide again.", r.Drift.Value, r.ID)
	}
	return nil
}

func (r Rollout) mayAbandon(text string) error {
	switch {
	case r.Orphaned():
		return nil // leaving what another store left is an answer, and says why by itself
	case r.Stuck == nil:
		return Errorf(Conflict, "%s is not stuck; only a stuck rollout can be abandoned.", r.ID)
	case strings.TrimSpace(text) == "":
		return Errorf(Invalid, "Say why: /canary abandon %s REASON.", r.ID)
	case r.Phase == RollingBack && r.Ending.WeightZero.IsZero() && r.Stuck.Code != ReasonReverted: // whoever fights, fights what was written
		return Errorf(Conflict, "The canary of %s may still have traffic; it can be abandoned once its weight was set to 0.", r.ID)
	}
	return nil
}

// apply carries a permitted decision out and returns the entries that follow from it.
func (r *Rollout) apply(d Decision) []Entry {
	from := r.Phase
	switch d.Action {
	case Promote:
		r.forward()
	case Rollback:
		r.rollback(d)
	case Pause:
		r.Paused = true
	case Resume:
		r.Paused = false
	case Override:
		r.override()
	case Retry:
		r.Stuck = nil
		r.Reverts = nil
		r.Spans.Ending = 0
	case Abandon:
		r.Ending.Left = r.left() // by what it was about to become, so before it becomes abandoned
		r.Ending.Outcome, r.Ending.At = Abandoned, d.At
		r.Ending.Reason, r.Ending.By = Reason{Code: ReasonPerson, Detail: d.Text}, d.Actor
		r.enter(Ended)
	case Deploy, AutoGate:
	}
	if r.Phase == from {
		return nil
	}
	return r.moved(from, d.At)
}

// forward takes an awaiting rollout to its next step, or to everyone.
func (r *Rollout) forward() {
	if r.last() {
		r.StableWritten = true
		r.enter(Promoting)
		return
	}
	r.Step++
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

// override lets the value that was shown be overwritten. An object that was deleted and made again is taken over.
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
		r.StableWritten = true // from here on a write of ours may be under way: rolling the rollout back has to write last
	case FieldWeight, FieldCanaryImage, FieldCanaryReplicas:
	}
}

// moved tells that a decision changed the phase.
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
	if r.Ending.WeightZero.IsZero() || fought { // it was 0 before, and somebody may have set it since
		left = append(left, Problem{Code: ProblemWeightLeft, Object: in(o.Route.Kind, o.Route.Name)})
	}
	if now := r.LastApplied.StableImage; r.StableWritten && now != "" && now != r.wantedStable() {
		left = append(left, Problem{Code: ProblemImageLeft, Object: in("Deployment", o.Stable)})
	}
	return left
}

// words returns the phase as people read it, in the middle of a sentence.
func words(p Phase) string {
	switch p {
	case Queued:
		return "queued"
	case Preparing:
		return "starting pods"
	case Shifting:
		return "shifting traffic"
	case Baking:
		return "baking"
	case Awaiting:
		return "waiting for a person"
	case Promoting:
		return "promoting"
	case Returning, Cleaning, Releasing:
		return "finishing"
	case RollingBack:
		return "rolling back"
	case Ended:
		return "over"
	}
	return p.String()
}
