package rollout

import "time"

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
	// Replacement is the rollout that comes instead, where a rollback makes room for it.
	Replacement ID
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
	Replace bool   // roll the live rollout back first; also start a version again that was rolled back
	Back    bool   // to the version before, by WayBack
	Text    string
}

// Service is one entry of the configuration.
type Service struct {
	Name    ServiceName
	Spec    Spec   // with the default plan
	Plans   []Plan // what else --plan may name
	Policy  Policy
	Channel string // id or #name
	// OnCall are the Slack ids of the people and user groups that are mentioned when a canary is rolled back by itself.
	OnCall []string
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

// SameVersionError refuses a launch because stable runs the version already.
type SameVersionError struct {
	Service ServiceName
	Image   string
}

// Error names the version.
func (e *SameVersionError) Error() string {
	return string(e.Service) + " runs " + ShortVersion(e.Image) + " already"
}

// RolledBackError refuses a launch because the version was rolled back before.
type RolledBackError struct{ Before Rollout }

// Error names the rollout that was rolled back.
func (e *RolledBackError) Error() string {
	return ShortVersion(e.Before.Image) + " was rolled back in " + string(e.Before.ID)
}
