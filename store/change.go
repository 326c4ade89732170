package store

import (
	"fmt"
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Keep is how many ended rollouts of one service a store keeps by default.
const Keep = 200

// Timelines is for how many times as many of a service's last rollouts a store keeps the timelines: who decided what is
// asked for longer than how a rollout went.
const Timelines = 5

// Remember is how long a store remembers a decision, measured by the times of committed entries: a store has no clock.
const Remember = 7 * 24 * time.Hour

const (
	maxNumber   = 9_999_999_999 // ids sort by ten digits
	maxDecision = 1024
)

// Head is what a store knows about a rollout when it checks a change to it. The zero Head is a rollout that does not
// exist.
type Head struct {
	Revision rollout.Revision `json:"revision"`
	Seq      int              `json:"seq"`
}

// Why a change is not committed, or a rollout not loaded.
const (
	ProblemNoSuchRollout    rollout.ProblemCode = "no_such_rollout" // Value is its id
	ProblemChangedMeanwhile rollout.ProblemCode = "changed_meanwhile"
	ProblemNumberTaken      rollout.ProblemCode = "number_taken"
)

// invalid returns the error for a caller that breaks the contract of a store; its text is for the log.
func invalid(format string, args ...any) error {
	return rollout.Wrap(rollout.Invalid, fmt.Errorf(format, args...))
}

// Check validates the changes by themselves, independent of what is stored: it returns an Invalid error, or nil. A
// decision may appear in several changes of one commit; it counts as one.
func Check(changes []rollout.Change) error {
	seen := make(map[rollout.ID]bool, len(changes))
	decided, entries := false, 0
	for _, c := range changes {
		if err := checkOne(c); err != nil {
			return err
		}
		if seen[c.Rollout.ID] {
			return invalid("%s stands in one commit twice", c.Rollout.ID)
		}
		seen[c.Rollout.ID] = true
		decided = decided || c.Decision != ""
		entries += len(c.Entries)
	}
	if decided && entries == 0 {
		return invalid("a decision is committed with no timeline entry that tells of it")
	}
	return nil
}

func checkOne(c rollout.Change) error {
	r := c.Rollout
	service, n, ok := r.ID.Split()
	switch {
	case !ok || !rollout.IsDNSLabel(string(service)) || n > maxNumber:
		return invalid("%q is not the id of a rollout", r.ID)
	case service != r.Service:
		return invalid("%s cannot be a rollout of the service %q", r.ID, r.Service)
	case r.Revision < 0:
		return invalid("%s has the revision %d", r.ID, r.Revision)
	case len(c.Decision) > maxDecision:
		return invalid("the id of a decision on %s is longer than %d bytes", r.ID, maxDecision)
	}
	for i, e := range c.Entries {
		if e.Rollout != r.ID {
			return invalid("an entry of %q is committed with %s", e.Rollout, r.ID)
		}
		if want := r.Seq - len(c.Entries) + 1 + i; e.Seq != want {
			return invalid("entry %d of %s comes where %d is due", e.Seq, r.ID, want)
		}
	}
	return nil
}

// Follows returns nil if the change may be applied to the head, Conflict if it was made from another revision, Invalid
// if its entries leave a gap.
func Follows(head Head, c rollout.Change) error {
	r := c.Rollout
	if r.Revision != head.Revision {
		return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: ProblemChangedMeanwhile, Rollout: r.ID})
	}
	if r.Seq-len(c.Entries) != head.Seq {
		return invalid("the timeline of %s ends with entry %d; what is committed starts after %d",
			r.ID, head.Seq, r.Seq-len(c.Entries))
	}
	return nil
}

// SameGiven returns nil if the given rollouts are stored at the revisions that the change was decided by, else Conflict.
func SameGiven(c rollout.Change, head func(rollout.ID) (Head, error)) error {
	for id, revision := range c.Given {
		stored, err := head(id)
		if err != nil {
			return err
		}
		if stored.Revision != revision {
			return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: ProblemChangedMeanwhile, Rollout: id})
		}
	}
	return nil
}

// Taken returns the Conflict for a create whose number is already taken.
func Taken(id rollout.ID) error {
	return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: ProblemNumberTaken, Rollout: id})
}

// Absent returns the NotFound for a rollout that is not stored.
func Absent(id rollout.ID) error {
	return rollout.Refuse(rollout.NotFound, rollout.Problem{Code: ProblemNoSuchRollout, Value: string(id)})
}

// When returns the time of a commit, which is the time of its newest entry. ok is false if it has no entry.
func When(changes []rollout.Change) (at time.Time, ok bool) {
	for _, c := range changes {
		for _, e := range c.Entries {
			if !ok || e.At.After(at) {
				at, ok = e.At, true
			}
		}
	}
	return at, ok
}

// Ended returns the services of which a rollout ends with the changes.
func Ended(changes []rollout.Change) []rollout.ServiceName {
	var services []rollout.ServiceName
	for _, c := range changes {
		if c.Rollout.Terminal() && !slices.Contains(services, c.Rollout.Service) {
			services = append(services, c.Rollout.Service)
		}
	}
	return services
}

// Judged returns the ended rollout of the past, which is newest first, whose judge's state is kept: the next rollout of
// the service begins with it. All others lose theirs, which is most of their size. Empty: none is kept.
func Judged(past []rollout.Rollout) rollout.ID {
	r, _ := rollout.LastSuccess(past)
	return r.ID
}

// Holders applies the changes to the holders of the services and returns the holders that change; an empty id frees the
// service. Services are freed before others are taken, so the order within a commit does not matter. holder returns the
// current holder of a service.
func Holders(changes []rollout.Change, holder func(rollout.ServiceName) (rollout.ID, error)) (map[rollout.ServiceName]rollout.ID, error) {
	after := make(map[rollout.ServiceName]rollout.ID)
	for _, c := range changes {
		now, err := holder(c.Rollout.Service)
		if err != nil {
			return nil, err
		}
		if now == c.Rollout.ID && !c.Rollout.Phase.Live() {
			after[c.Rollout.Service] = ""
		}
	}
	for _, c := range changes {
		if !c.Rollout.Phase.Live() {
			continue
		}
		now, freed := after[c.Rollout.Service]
		if !freed {
			var err error
			if now, err = holder(c.Rollout.Service); err != nil {
				return nil, err
			}
		}
		if now != "" && now != c.Rollout.ID {
			return nil, &rollout.HeldError{Service: c.Rollout.Service, Holder: now}
		}
		if now == "" {
			after[c.Rollout.Service] = c.Rollout.ID
		}
	}
	return after, nil
}
