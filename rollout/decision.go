package rollout

import (
	"slices"
	"time"
)

// Decision is what a person, a pipeline or the annotation decided about one rollout.
type Decision struct {
	ID     DecisionID
	Action Action
	Actor  Actor
	At     time.Time
	// Turn is the question that was answered: the turn of the button, or the turn last shown on the card for a typed
	// command. Rollback and Pause hold for any turn.
	Turn Turn
	Text string // their words
	// Value is the foreign value that SetOurs was shown; another one asks anew.
	Value string
	// All has a pause, its end, or a longer bake hold for every one that goes together with this one.
	All bool
	// Replacement is the rollout that comes instead, where a rollback makes room for it.
	Replacement ID
	// complete is true when every rollout that goes together with this one has the approvals that it needs.
	complete bool
}

// DeployRequest is the wish to start a rollout.
type DeployRequest struct {
	ID      DecisionID
	Actor   Actor
	At      time.Time
	Service ServiceName
	Version string
	Plan    string // empty: the service's default
	Auto    bool   // every gate on auto; needs an approver
	// Emergency deploys without bakes and gates, whatever freeze or lock there is; needs Text and the right to.
	Emergency bool
	Replace   bool // roll the live rollout back first; also start a version again that was rolled back
	Back      bool // to the version before, by WayBack
	Gently    bool // a way back by the service's own plan
	Text      string
}

// Service is one entry of the configuration.
type Service struct {
	Name    ServiceName
	Team    string // whose it is; empty: nobody said
	Spec    Spec   // with the default plan
	Plans   []Plan // what else --plan may name
	Policy  Policy
	Channel string // id or #name
	// EndsChannel is told how each rollout ended, and nothing else; id or #name, empty: none is.
	EndsChannel string
	// DeployWindow and PromoteWindow name the windows of the calendar in which a rollout may start, and go to its next
	// step by itself; empty: at any time.
	DeployWindow, PromoteWindow string
	// Notify says whom its messages mention.
	Notify Notify
	// Links are pages about the service, to be opened from its rollouts.
	Links []Link
	// Source is where its code is.
	Source Source
}

// Notify are the Slack ids of the people and user groups who are mentioned, beside those whom a message mentions anyway.
type Notify struct {
	RolledBack []string // when a canary is rolled back by itself
	Stuck      []string // when a rollout is stuck, or held because it fails
	Waits      []string // when it waits for a person
}

// All returns everybody who may be called, each once.
func (n Notify) All() []string {
	all := slices.Concat(n.RolledBack, n.Stuck, n.Waits)
	slices.Sort(all)
	return slices.Compact(all)
}

// PlanNamed returns the plan of that name, or the default for the empty name.
func (s Service) PlanNamed(name string) (Plan, bool) {
	if name == "" || name == s.Spec.Plan.Name {
		return s.Spec.Plan, true
	}
	for _, p := range s.Plans {
		if p.Name == name {
			return p, true
		}
	}
	return Plan{}, false
}

// BusyError refuses a launch because another rollout holds the service, or waits for it.
type BusyError struct {
	Live Rollout
	// Waiting is queued behind the live one; nil: nobody is. Replacing cancels it too.
	Waiting *Rollout
	// Before is the rollout that rolled this version back when it was tried last; nil: none did.
	Before *Rollout
}

// Error names the holder.
func (e *BusyError) Error() string {
	return string(e.Live.Service) + " is held by " + string(e.Live.ID)
}

// Why a version is not launched. Value is its image.
const (
	ProblemSameVersion      ProblemCode = "same_version"
	ProblemRolledBackBefore ProblemCode = "rolled_back_before" // in Rollout
)

// SameVersionError refuses a launch because stable runs the version already.
type SameVersionError struct {
	Service ServiceName
	Image   string
}

// Error names the version.
func (e *SameVersionError) Error() string {
	return string(e.Service) + " runs " + ShortVersion(e.Image) + " already"
}

// Unwrap is the error as a problem.
func (e *SameVersionError) Unwrap() error {
	return Refuse(Conflict, Problem{Code: ProblemSameVersion, Service: e.Service, Value: e.Image})
}

// DeployError refuses to deploy several services together because of one of them.
type DeployError struct {
	Request DeployRequest
	Err     error
}

// Error names the service.
func (e *DeployError) Error() string { return string(e.Request.Service) + ": " + e.Err.Error() }

// Unwrap returns what the answer to its deploy alone would be.
func (e *DeployError) Unwrap() error { return e.Err }

// RolledBackError refuses a launch because the version was rolled back before.
type RolledBackError struct{ Before Rollout }

// Error names the rollout that was rolled back.
func (e *RolledBackError) Error() string {
	return ShortVersion(e.Before.Image) + " was rolled back in " + string(e.Before.ID)
}

// Unwrap is the error as a problem.
func (e *RolledBackError) Unwrap() error {
	return Refuse(Conflict, Problem{Code: ProblemRolledBackBefore, Rollout: e.Before.ID, Value: e.Before.Image})
}
