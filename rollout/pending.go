package rollout

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// Pending is a deploy that waits: for a moment, or for what keeps it from starting.
type Pending struct {
	ID      int         `json:"id"` // counts the pending deploys of a store, from 1
	Service ServiceName `json:"service"`
	Request Request     `json:"request"`
	// Asked is the decision that made it pending: the same again makes no second one.
	Asked DecisionID `json:"asked,omitempty"`
	// NotBefore is the moment that it waits for; zero: none.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Since is when it got in line, and its place there: the earlier, the further ahead.
	Since time.Time `json:"since"`
	// Until is when it is dropped unless it has started; zero: it was stored before there was such an end.
	Until time.Time `json:"until,omitzero"`
	// Settled is what came of it, until people were told; nil: it is pending.
	Settled *Settlement `json:"settled,omitempty"`
}

// Outlook is what would become of a deploy that waits.
type Outlook struct {
	Pending  Pending
	Place    int   // in line for its service, from 1; 0: it waits for its moment
	InTheWay error // what keeps it from starting, now or at its moment; nil: nothing that is known
}

// Settlement is what came of a pending deploy: the rollout that it became, or why it can no longer start.
type Settlement struct {
	At      time.Time `json:"at"`
	Rollout ID        `json:"rollout,omitempty"`
	Problem Problem   `json:"problem,omitzero"`
	// InTheWay is what kept it from starting, where it waited too long.
	InTheWay Problem `json:"in_the_way,omitzero"`
}

// Patience is how long a deploy is in line before it is dropped, where the configuration does not say.
const Patience = 24 * time.Hour

// InLine is when it got in line first: when it was asked for, or at its moment.
func (p Pending) InLine() time.Time {
	if p.NotBefore.After(p.Request.At) {
		return p.NotBefore
	}
	return p.Request.At
}

// Expires is when it is dropped unless it has started: by then nobody expects it to start any more.
func (p Pending) Expires() time.Time {
	if p.Until.IsZero() {
		return p.InLine().Add(Patience)
	}
	return p.Until
}

// Expired reports whether it has waited for too long by then.
func (p Pending) Expired(at time.Time) bool { return p.Due(at) && !at.Before(p.Expires()) }

// Decision is what its start is remembered by: it starts once, whatever crashes.
func (p Pending) Decision() DecisionID { return DecisionID("pending:" + strconv.Itoa(p.ID)) }

// Deploy is the request to start it, by who asked for it as they are now.
func (p Pending) Deploy(by Actor, at time.Time) DeployRequest {
	return DeployRequest{
		ID: p.Decision(), Actor: by, At: at, Service: p.Service,
		Version: p.Request.Version, Plan: p.Request.Plan, Auto: p.Request.Auto, Text: p.Request.Text,
	}
}

// Due reports whether its moment has come, so that it is in line.
func (p Pending) Due(at time.Time) bool { return p.Settled == nil && !at.Before(p.NotBefore) }

// MostPending is how many deploys may be pending at once.
const MostPending = 100

// Why a deploy is not made pending, or a pending one not moved. Count is its id.
const (
	ProblemTooManyPending ProblemCode = "too_many_pending" // Limit
	ProblemPendingAlready ProblemCode = "pending_already"  // Value is the version, of Service
	ProblemNotPending     ProblemCode = "not_pending"
	ProblemNotInLine      ProblemCode = "not_in_line" // it waits until Until, not for others
	// ProblemWaitedTooLong drops a pending deploy that could not start before Until.
	ProblemWaitedTooLong ProblemCode = "waited_too_long"
)

// Queue holds the pending deploys, as they are stored. The zero value is that of a store that has had none.
type Queue struct {
	Revision Revision  `json:"revision"`
	Last     int       `json:"last,omitempty"` // the newest id
	All      []Pending `json:"all,omitempty"`
}

// Line returns what is in line at the time, of all services, first come first.
func (q Queue) Line(at time.Time) []Pending {
	line := slices.DeleteFunc(slices.Clone(q.All), func(p Pending) bool { return !p.Due(at) })
	slices.SortStableFunc(line, func(a, b Pending) int { return a.Since.Compare(b.Since) })
	return line
}

// Coming returns what waits for its moment, the next first.
func (q Queue) Coming(at time.Time) []Pending {
	coming := slices.DeleteFunc(slices.Clone(q.All), func(p Pending) bool { return p.Settled != nil || p.Due(at) })
	slices.SortStableFunc(coming, func(a, b Pending) int { return a.NotBefore.Compare(b.NotBefore) })
	return coming
}

// Settled returns what people are still to be told of.
func (q Queue) Settled() []Pending {
	return slices.DeleteFunc(slices.Clone(q.All), func(p Pending) bool { return p.Settled == nil })
}

// Place returns the place of a pending deploy in the line of its service, from 1; 0: it is not in line.
func (q Queue) Place(id int, at time.Time) int {
	line := q.Line(at)
	i := slices.IndexFunc(line, func(p Pending) bool { return p.ID == id })
	if i < 0 {
		return 0
	}
	place := 1
	for _, p := range line[:i] {
		if p.Service == line[i].Service {
			place++
		}
	}
	return place
}

// Find returns the pending deploy with the id.
func (q Queue) Find(id int) (Pending, error) {
	i := slices.IndexFunc(q.All, func(p Pending) bool { return p.ID == id && p.Settled == nil })
	if i < 0 {
		return Pending{}, Refuse(NotFound, Problem{Code: ProblemNotPending, Count: id})
	}
	return q.All[i], nil
}

// AskedBy returns the deploy that the decision made pending, and whether it is known still.
func (q Queue) AskedBy(decision DecisionID) (Pending, bool) {
	i := slices.IndexFunc(q.All, func(p Pending) bool { return p.Asked == decision && decision != "" })
	if i < 0 {
		return Pending{}, false
	}
	return q.All[i], true
}

// With returns the queue with one more, and that one with its id. The same version of a service is pending once.
func (q Queue) With(p Pending) (Queue, Pending, error) {
	for _, other := range q.All {
		if other.Settled == nil && other.Service == p.Service && other.Request.Version == p.Request.Version {
			return q, other, Refuse(Conflict, Problem{Code: ProblemPendingAlready, Service: p.Service, Value: p.Request.Version, Count: other.ID})
		}
	}
	if len(q.All) >= MostPending {
		return q, p, Refuse(Invalid, Problem{Code: ProblemTooManyPending, Limit: MostPending})
	}
	q.Last++
	p.ID = q.Last
	q.All = append(slices.Clone(q.All), p)
	return q, p, nil
}

// Without returns the queue without the deploy of that id.
func (q Queue) Without(id int) Queue {
	q.All = slices.DeleteFunc(slices.Clone(q.All), func(p Pending) bool { return p.ID == id })
	return q
}

// First returns the queue with the deploy ahead of all others.
func (q Queue) First(id int, at time.Time) (Queue, Pending, error) {
	p, err := q.Find(id)
	switch {
	case err != nil:
		return q, p, err
	case !p.Due(at):
		return q, p, Refuse(Conflict, Problem{Code: ProblemNotInLine, Service: p.Service, Count: id, Until: p.NotBefore})
	}
	if line := q.Line(at); line[0].ID != id {
		p.Since = line[0].Since.Add(-time.Nanosecond)
	}
	return q.replaced(p), p, nil
}

// Settle returns the queue in which it is known what came of the deploy.
func (q Queue) Settle(id int, s Settlement) (Queue, error) {
	p, err := q.Find(id)
	if err != nil {
		return q, err
	}
	p.Settled = &s
	return q.replaced(p), nil
}

func (q Queue) replaced(p Pending) Queue {
	q.All = slices.Clone(q.All)
	i := slices.IndexFunc(q.All, func(old Pending) bool { return old.ID == p.ID })
	q.All[i] = p
	return q
}

// QueueChange is the next value of the queue, to be stored over the revision that it was made from.
type QueueChange struct {
	Next     Queue      // with the revision that it was read at
	Decision DecisionID // remembered, so that it counts once; empty: not remembered
	At       time.Time
	// Audit is appended to the audit, in the same commit.
	Audit []AuditEntry
}

// QueueDecision is what somebody wants done with a pending deploy.
type QueueDecision struct {
	ID      DecisionID
	Pending int
	Actor   Actor
	At      time.Time
}

// Audited returns what the audit keeps of what the actor, or the bot, did with it. The policy is the one in force.
func (p Pending) Audited(kind AuditKind, by Actor, at time.Time, policy Policy) AuditEntry {
	return AuditEntry{At: at, Kind: kind, Service: p.Service, Actor: by, Text: p.Request.Text, Pending: &p, Rules: &policy}
}

// Passes reports whether what refused a deploy passes by itself, so that the deploy can wait for it: another rollout, a
// freeze, a lock, a window, too many at once, or a store that commits nothing or has little room.
func Passes(err error) bool {
	var busy *BusyError
	var closed *ClosedError
	if errors.As(err, &busy) {
		return busy.Before == nil // a version that was rolled back before does not start by itself
	}
	if errors.As(err, &closed) || Unsaved(err) || CodeOf(err) == Unavailable {
		return true
	}
	why := ProblemOf(err).Code
	return why == ProblemTooManyAtOnce || why == ProblemTooManyOfTeam || why == ProblemStoreLow
}
