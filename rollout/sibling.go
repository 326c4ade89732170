package rollout

import "slices"

// Why a promotion waits for a rollout that goes together with the one that it is about.
const (
	ProblemWaitsForSiblings ProblemCode = "waits_for_siblings" // Names are those that are not as far
	ProblemSiblingNotThere  ProblemCode = "sibling_not_there"  // Rollout of Service has not finished its step yet: Phase
	ProblemSiblingLost      ProblemCode = "sibling_lost"       // Rollout of Service is rolled back, or ended without success
)

// MostTogether is how many services may go together.
const MostTogether = 10

// Sibling is what a rollout knows of another that it goes together with, as that one was last committed.
type Sibling struct {
	ID    ID    `json:"id"`
	Phase Phase `json:"phase"`
	Step  int   `json:"step"`
	// Steps is how many the plan has.
	Steps int  `json:"steps"`
	Gate  Gate `json:"gate"`
	// Ready is true when only its siblings keep it from leaving its step, or from starting.
	Ready   bool    `json:"ready,omitempty"`
	Weight  Weight  `json:"weight,omitempty"`
	Result  Result  `json:"result,omitempty"`  // of its verdict
	Missing int     `json:"missing,omitempty"` // approvals that its gate needs still, while it waits there
	Outcome Outcome `json:"outcome,omitempty"` // also before it has ended, once it is certain
	// Paused, Held and Stuck are what makes it stand still.
	Paused bool `json:"paused,omitempty"`
	Held   bool `json:"held,omitempty"`
	Stuck  bool `json:"stuck,omitempty"`
}

// Sibling returns what the rollout's siblings know of it.
func (r Rollout) Sibling() Sibling {
	weight, _ := r.Weight()
	missing := 0
	if r.Phase == Awaiting {
		missing = r.ApprovalsMissing()
	}
	return Sibling{
		Missing: missing,
		ID:      r.ID, Phase: r.Phase, Step: r.Step, Steps: len(r.Spec.Plan.Steps), Gate: r.Current().Gate, Ready: r.Ready, Weight: weight,
		Result: r.Verdict.Result, Outcome: r.Ending.Outcome, Paused: r.Paused, Held: r.Held || r.Drift != nil, Stuck: r.Stuck != nil,
	}
}

// Service is whose rollout it is.
func (s Sibling) Service() ServiceName {
	name, _, _ := s.ID.Split()
	return name
}

// Lost reports whether the sibling will never be promoted: its siblings are rolled back with it.
func (s Sibling) Lost() bool {
	return s.Phase == RollingBack || s.Outcome != "" && s.Outcome != Succeeded
}

// Promoted reports whether stable runs the sibling's version, or is about to.
func (s Sibling) Promoted() bool {
	return s.Phase == Promoting || s.Phase == Returning || s.Outcome == Succeeded
}

func (s Sibling) last() bool { return s.Step >= s.Steps-1 }

// sharesGate reports whether the sibling stands where the rollout does: at the end of the same step, or both at the end of
// their last ones.
func (s Sibling) sharesGate(r Rollout) bool {
	return s.last() == r.last() && (r.last() || s.Step == r.Step)
}

// arrived reports whether the sibling keeps the rollout no longer from asking about its gate: it is done with the same step,
// whose number counts, or further. The last step is the exception: everybody has to be done with their own before anybody
// asks about it, or is promoted. Whoever has fewer steps is done with all before it when it is done with its last.
func (s Sibling) arrived(r Rollout) bool {
	switch {
	case s.Lost():
		return false
	case s.Promoted():
		return true
	case r.Phase == Queued:
		return s.Ready || s.Phase > Queued
	case s.Step > r.Step && !r.last():
		return true
	}
	done := s.Ready && s.Phase == Baking || s.Phase == Awaiting
	return done && (s.last() || s.sharesGate(r))
}

// passed reports whether the sibling keeps the rollout no longer from leaving its step: it arrived, and where somebody has to
// approve the step that both are at, somebody did.
func (s Sibling) passed(r Rollout) bool {
	stands := s.Phase == Baking || s.Phase == Awaiting
	return s.arrived(r) && !(stands && s.Gate == Manual && s.sharesGate(r))
}

// Others returns the ids of the rollouts that this one goes together with.
func (r Rollout) Others() []ID {
	return slices.DeleteFunc(slices.Clone(r.Request.Together), func(id ID) bool { return id == r.ID })
}

// WaitsFor returns the siblings that keep the rollout, which is ready, from starting or from leaving its step.
func (r Rollout) WaitsFor() []Sibling {
	if !r.Ready {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.Siblings), func(s Sibling) bool {
		return s.passed(r) || r.Current().Gate == Manual && s.arrived(r)
	})
}

// meet takes over what the siblings are at, and notes whether they alone keep the rollout from going on.
func (rc *reconciliation) meet() {
	rc.Siblings = rc.f.Siblings
	rc.Ready = len(rc.Request.Together) > 0 && rc.done()
}

// done reports whether the rollout is done with its step, or may start.
func (rc *reconciliation) done() bool {
	switch rc.Phase {
	case Queued:
		return rc.mayStart()
	case Baking:
		return rc.baked() && (rc.Current().Gate == Manual || rc.Shut == nil)
	case Preparing, Shifting, Awaiting, Promoting, Returning, RollingBack, Cleaning, Releasing, Ended:
	}
	return false
}

// together reports whether every sibling has arrived where the rollout is.
func (rc *reconciliation) together() bool {
	return rc.allSiblings(Sibling.arrived)
}

// released reports whether every sibling has passed the gate that the rollout is at.
func (rc *reconciliation) released() bool {
	return rc.allSiblings(Sibling.passed)
}

// allSiblings reports whether each of them is known and as asked.
func (rc *reconciliation) allSiblings(is func(Sibling, Rollout) bool) bool {
	return len(rc.Siblings) >= len(rc.Request.Together)-1 &&
		!slices.ContainsFunc(rc.Siblings, func(s Sibling) bool { return !is(s, rc.Rollout) })
}

// lost returns the first sibling that is lost.
func (rc *reconciliation) lost() (Sibling, bool) {
	i := slices.IndexFunc(rc.Siblings, Sibling.Lost)
	if i < 0 {
		return Sibling{}, false
	}
	return rc.Siblings[i], true
}

func (rc *reconciliation) siblingLost() bool {
	_, lost := rc.lost()
	return lost && !rc.Orphaned()
}

// becauseOfSibling is the reason of whoever goes back, or does not start, with the others.
func (rc *reconciliation) becauseOfSibling() Reason {
	s, _ := rc.lost()
	return Reason{Code: ReasonSibling, Detail: string(s.ID)}
}

// SiblingError refuses a decision about a rollout because of another one that goes together with it.
type SiblingError struct {
	Sibling Rollout
	Err     error
}

// Error names the sibling.
func (e *SiblingError) Error() string { return string(e.Sibling.ID) + ": " + e.Err.Error() }

// Unwrap returns what the sibling's own answer would be.
func (e *SiblingError) Unwrap() error { return e.Err }

// DecideTogether is Decide for a rollout that goes together with others: it returns the changes to commit together, that of the
// rollout itself first. A promotion approves the step of each that stands at the same gate, or of none, and moves them once all
// have the approvals that they need. What is decided about all is carried out on each that can take it now, or on none where one
// of their policies forbids it. Every other decision is about the one: its siblings follow where they have to.
func DecideTogether(r Rollout, siblings []Rollout, d Decision, rules func(ServiceName) Policy) ([]Change, error) {
	if len(siblings) == 0 || d.Action != Promote && !d.aboutAll() {
		after, entries, err := Decide(r, d, rules(r.Service))
		return []Change{{Rollout: after, Entries: entries, Decision: d.ID}}, err
	}
	decide := promoteAll
	if d.Action != Promote {
		decide = decideAll
	}
	changes, err := decide(r, siblings, d, rules)
	if err != nil {
		return nil, err
	}
	if d.Action == Promote && !slices.ContainsFunc(changes, func(c Change) bool { return c.Rollout.ApprovalsMissing() > 0 }) {
		d.complete = true
		if changes, err = promoteAll(r, siblings, d, rules); err != nil {
			return nil, err
		}
	}
	return toldOnce(changes), nil
}

// aboutAll reports whether the decision holds for every one that goes together with the one.
func (d Decision) aboutAll() bool {
	return d.All && (d.Action == Pause || d.Action == Resume || d.Action == Extend)
}

// toldOnce notes which entry of one decision tells of all that it was carried out on: the first change's.
func toldOnce(changes []Change) []Change {
	for _, c := range changes[1:] {
		changes[0].Entries[0].Data.Also = append(changes[0].Entries[0].Data.Also, c.Rollout.ID)
		c.Entries[0].Data.With = changes[0].Rollout.ID
	}
	return changes
}

// decideAll carries the decision out on the rollout, and on each sibling that can take it now.
func decideAll(r Rollout, siblings []Rollout, d Decision, rules func(ServiceName) Policy) ([]Change, error) {
	after, entries, err := Decide(r, d, rules(r.Service))
	if err != nil {
		return nil, err
	}
	changes := []Change{{Rollout: after, Entries: entries, Decision: d.ID}}
	for _, other := range siblings {
		d.Turn = other.Turn // who answers on the card of all answers for all
		after, entries, err := Decide(other, d, rules(other.Service))
		switch {
		case other.Terminal(), CodeOf(err) == Conflict: // there is nothing to carry it out on
		case err != nil:
			return nil, &SiblingError{Sibling: other, Err: err}
		default:
			changes = append(changes, Change{Rollout: after, Entries: entries})
		}
	}
	return changes, nil
}

// PutTo returns which of several that go together a decision about all of them is put to: to the first that can take it now, a
// promotion to the one that needs the most approvals; else to the first that lives, or the first.
func PutTo(all []Rollout, action Action) Rollout {
	best, found := all[0], false
	for _, r := range all {
		takes := r.answers(Decision{Action: action, Turn: r.Turn}) == nil || action == Promote && r.Phase == Awaiting
		if takes && (!found || action == Promote && r.ApprovalsMissing() > best.ApprovalsMissing()) {
			best, found = r, true
		}
	}
	if live := slices.IndexFunc(all, func(r Rollout) bool { return !r.Terminal() }); !found && live >= 0 {
		return all[live]
	}
	return best
}

// AsksAt returns which of several that go together asks about a step's gate for all that share it, as their plans say: the one
// that needs the most approvals, of those the first; and all that share it. Ok is false where nobody is asked there.
func AsksAt(all []Rollout, r Rollout, step int) (asks Rollout, shared []Rollout, ok bool) {
	last := func(o Rollout) bool { return step >= len(o.Spec.Plan.Steps)-1 }
	for _, o := range all {
		at := step
		if last(r) {
			at = len(o.Spec.Plan.Steps) - 1
		}
		if at < 0 || last(o) && !last(r) || o.Spec.Plan.Steps[at].Gate != Manual {
			continue
		}
		o.Step = at
		shared = append(shared, o)
		if !ok || o.Current().ApprovalsNeeded() > asks.Current().ApprovalsNeeded() {
			asks, ok = o, true
		}
	}
	return asks, shared, ok
}

// promoteAll has the decision approve what all those stand at that share the rollout's gate.
func promoteAll(r Rollout, siblings []Rollout, d Decision, rules func(ServiceName) Policy) ([]Change, error) {
	after, entries, err := Decide(r, d, rules(r.Service))
	if err != nil {
		return nil, err
	}
	changes, anew := []Change{{Rollout: after, Entries: entries, Decision: d.ID}}, !r.approvedBy(d.Actor)
	for _, other := range siblings {
		s := other.Sibling()
		switch {
		case s.Lost():
			return nil, other.refuseSibling(ProblemSiblingLost)
		case s.Phase == Awaiting && s.sharesGate(r):
		case s.passed(r):
			continue // it goes by itself, or went
		default:
			return nil, other.refuseSibling(ProblemSiblingNotThere)
		}
		d.Turn = other.Turn // who answers one card answers for all that stand at its gate
		after, entries, err := Decide(other, d, rules(other.Service))
		if err != nil {
			return nil, &SiblingError{Sibling: other, Err: err}
		}
		changes, anew = append(changes, Change{Rollout: after, Entries: entries}), anew || !other.approvedBy(d.Actor)
	}
	if !anew {
		return nil, Refuse(Conflict, Problem{Code: ProblemApprovedAlready, Rollout: r.ID, Key: d.Actor.ID})
	}
	return changes, nil
}

// refuseWaiting refuses to promote what is done with its step, and waits for others.
func (r Rollout) refuseWaiting() error {
	p := Problem{Code: ProblemWaitsForSiblings, Rollout: r.ID}
	for _, s := range r.WaitsFor() {
		p.Names = append(p.Names, string(s.ID))
	}
	return Refuse(Conflict, p)
}

func (r Rollout) refuseSibling(code ProblemCode) error {
	return &SiblingError{Sibling: r, Err: r.refuse(code)}
}
