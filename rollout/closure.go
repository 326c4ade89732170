package rollout

import (
	"slices"
	"time"
)

// ClosureKind says what keeps rollouts from starting.
type ClosureKind string

// The kinds of closures.
const (
	// FreezeClosure keeps everybody's rollouts from starting.
	FreezeClosure ClosureKind = "freeze"
	// LockClosure keeps the rollouts of a service from starting that its owner does not start.
	LockClosure ClosureKind = "lock"
	// WindowClosure is the time outside a window of the configuration. It is never stored.
	WindowClosure ClosureKind = "window"
	// HolidayClosure is a day of the configuration on which no window opens. It is never stored.
	HolidayClosure ClosureKind = "holiday"
)

// Running says what a freeze means to rollouts that are under way when it begins.
type Running string

// What becomes of rollouts that are under way.
const (
	Finish        Running = "" // they go on
	PauseRunning  Running = "pause"
	ReturnRunning Running = "rollback"
)

// Scope is which services a closure is about: one, those of a team, or, where neither is named, all.
type Scope struct {
	Service ServiceName `json:"service,omitempty"`
	Team    string      `json:"team,omitempty"`
}

// Has reports whether the scope covers the service.
func (s Scope) Has(service Service) bool {
	switch {
	case s.Service != "":
		return s.Service == service.Name
	case s.Team != "":
		return s.Team == service.Team
	}
	return true
}

// String returns the scope as people type it: all, a service's name, or team: and a team's.
func (s Scope) String() string {
	switch {
	case s.Service != "":
		return string(s.Service)
	case s.Team != "":
		return "team:" + s.Team
	}
	return "all"
}

// Closure keeps rollouts from starting for a while. It never keeps anything from being rolled back.
type Closure struct {
	Kind  ClosureKind `json:"kind"`
	Scope Scope       `json:"scope,omitzero"`
	// Name is what the configuration calls it; empty: a person set it.
	Name    string    `json:"name,omitempty"`
	From    time.Time `json:"from"`           // the first moment of it
	Until   time.Time `json:"until,omitzero"` // the first moment after it; zero: until somebody ends it
	Text    string    `json:"text,omitempty"` // why, in their words
	By      Actor     `json:"by,omitzero"`
	At      time.Time `json:"at,omitzero"` // when it was set
	Running Running   `json:"running,omitempty"`
}

// Holds reports whether the closure is in force at the time.
func (c Closure) Holds(at time.Time) bool { return !at.Before(c.From) && !c.Over(at) }

// Over reports whether the closure has ended by then.
func (c Closure) Over(at time.Time) bool { return !c.Until.IsZero() && !at.Before(c.Until) }

// Binds reports whether the closure keeps the actor from starting a rollout of the service: a lock keeps out all but its
// owner.
func (c Closure) Binds(service Service, by Actor) bool {
	return c.Scope.Has(service) && !(c.Kind == LockClosure && c.By.Is(by))
}

// Needs returns what somebody has to be allowed who sets the closure: to freeze, and to do what it does to rollouts that are
// under way.
func (c Closure) Needs() []Action {
	switch c.Running {
	case PauseRunning:
		return []Action{Freeze, Pause}
	case ReturnRunning:
		return []Action{Freeze, Rollback}
	case Finish:
	}
	return []Action{Freeze}
}

// MostClosures is how many freezes and locks there may be at once.
const MostClosures = 100

// Why a closure is refused.
const (
	ProblemTooManyClosures ProblemCode = "too_many_closures" // Limit
	ProblemClosureOver     ProblemCode = "closure_over"      // it would have ended already
	ProblemClosureEmpty    ProblemCode = "closure_empty"     // it would end before it begins
	ProblemNothingClosed   ProblemCode = "nothing_closed"    // there is no such freeze or lock: Value is the kind, Key the scope
)

// Closures are the freezes and locks that people set, as they are stored. The zero value is that of a store that has had
// none.
type Closures struct {
	Revision Revision  `json:"revision"`
	All      []Closure `json:"all,omitempty"`
}

// Lock returns the lock that keeps others out of the service at the time.
func (c Closures) Lock(service ServiceName, at time.Time) (Closure, bool) {
	for _, one := range c.All {
		if one.Kind == LockClosure && one.Scope.Service == service && one.Holds(at) {
			return one, true
		}
	}
	return Closure{}, false
}

// Current returns the closures that are not over.
func (c Closures) Current(at time.Time) []Closure {
	return slices.DeleteFunc(slices.Clone(c.All), func(one Closure) bool { return one.Over(at) })
}

// With returns the closures with one more, without those that are over. A lock takes the place of its owner's own; of
// somebody else's it is refused with a LockedError. The same freeze twice is one.
func (c Closures) With(one Closure) (Closures, error) {
	switch {
	case !one.Until.IsZero() && !one.Until.After(one.From):
		return c, Refuse(Invalid, Problem{Code: ProblemClosureEmpty})
	case one.Over(one.At):
		return c, Refuse(Invalid, Problem{Code: ProblemClosureOver})
	}
	if held, ok := c.Lock(one.Scope.Service, one.At); ok && one.Kind == LockClosure && held.Binds(Service{Name: one.Scope.Service}, one.By) {
		return c, &LockedError{Lock: held}
	}
	all := slices.DeleteFunc(c.Current(one.At), func(old Closure) bool {
		switch {
		case old.Kind != one.Kind || old.Scope != one.Scope:
			return false
		case one.Kind == FreezeClosure && (!old.Until.Equal(one.Until) || old.Running != one.Running):
			return false // it has its own end
		case old.From.Before(one.From):
			one.From = old.From
		}
		return true
	})
	if len(all) >= MostClosures {
		return c, Refuse(Invalid, Problem{Code: ProblemTooManyClosures, Limit: MostClosures})
	}
	return Closures{Revision: c.Revision, All: append(all, one)}, nil
}

// Without returns the closures without those of the kind and scope, and the ones that end by that, those of the future
// among them.
func (c Closures) Without(kind ClosureKind, scope Scope, at time.Time) (left Closures, ended []Closure) {
	left.Revision = c.Revision
	for _, one := range c.Current(at) {
		if one.Kind == kind && one.Scope == scope {
			ended = append(ended, one)
			continue
		}
		left.All = append(left.All, one)
	}
	return left, ended
}

// LockedError refuses a lock because somebody else has the service locked.
type LockedError struct{ Lock Closure }

// Error names the service and the owner.
func (e *LockedError) Error() string {
	return string(e.Lock.Scope.Service) + " is locked by " + e.Lock.By.ID
}

// Unwrap is the error for whoever knows no locks.
func (e *LockedError) Unwrap() error {
	return Refuse(Conflict, Problem{Code: ProblemLocked, Service: e.Lock.Scope.Service, Until: e.Lock.Until, Words: e.Lock.Text})
}

// Why no rollout of Service starts now. Until is when one may; zero: when somebody says so, or nobody knows.
const (
	ProblemFrozen        ProblemCode = "frozen"
	ProblemLocked        ProblemCode = "locked"
	ProblemOutsideWindow ProblemCode = "outside_window" // Value is the window's name
	ProblemHoliday       ProblemCode = "holiday"        // Value is the window's name
)

// Closed says why no rollout of a service may start at a time. The zero value: one may.
type Closed struct {
	By    []Closure // the longest first
	Opens time.Time // when one may, as far as is known today; zero: nobody knows
}

// ClosedError refuses a deploy: no rollout of the service may start now. A rollback and a way back are never refused by it.
type ClosedError struct {
	Service ServiceName
	Closed  Closed
}

// Error names the service and what keeps it closed.
func (e *ClosedError) Error() string {
	return string(e.Service) + " is closed by a " + string(e.Closed.By[0].Kind)
}

// Unwrap is the error for whoever knows no calendar.
func (e *ClosedError) Unwrap() error {
	first := e.Closed.By[0]
	p := Problem{Service: e.Service, Value: first.Name, Until: e.Closed.Opens, Words: first.Text}
	switch first.Kind {
	case FreezeClosure:
		p.Code = ProblemFrozen
	case LockClosure:
		p.Code = ProblemLocked
	case WindowClosure:
		p.Code = ProblemOutsideWindow
	case HolidayClosure:
		p.Code = ProblemHoliday
	}
	return Refuse(Conflict, p)
}

// Calendar knows when rollouts may start. Its methods are pure and never block.
type Calendar interface {
	// Closed returns what keeps the actor from starting a rollout of the service at the time: by the configuration, and by
	// the freezes and locks that people set.
	Closed(s Service, c Closures, by Actor, at time.Time) Closed
	// Running returns what the service's rollouts that are under way have to heed at the time: the freeze that pauses them
	// or rolls them back, and the window that keeps them from going to the next step by themselves; nil: none does.
	Running(s Service, c Closures, at time.Time) (frozen, shut *Closure)
}

// AtOnce is how many rollouts may be under way at once, in all and of one team; 0: as many as there are.
type AtOnce struct{ All, Team int }

// Why a deploy has to wait for others. Count are under way, Limit is the most, Names are their ids.
const (
	ProblemTooManyAtOnce ProblemCode = "too_many_at_once"
	ProblemTooManyOfTeam ProblemCode = "too_many_of_team" // Value is the team
)

// Opening is how a window of the configuration stands at a time.
type Opening struct {
	Window string
	Open   bool
	// Changes is when it shuts, or opens; zero: nobody knows.
	Changes time.Time
}

// Reopening is the wish to end the freezes, or the lock, of a scope.
type Reopening struct {
	ID    DecisionID
	Kind  ClosureKind
	Scope Scope
	Actor Actor
	At    time.Time
	Text  string
}

// ClosureChange is the next value of the closures, to be stored over the revision that it was made from.
type ClosureChange struct {
	Next     Closures   // with the revision that it was read at
	Decision DecisionID // remembered, so that it counts once; empty: not remembered
	At       time.Time
	// Audit is appended to the audit, in the same commit.
	Audit []AuditEntry
}
