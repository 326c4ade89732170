package rollout

import "fmt"

// Phase is where a rollout is in its life. One field says it.
type Phase int

// The phases in the order of a life. Live are Preparing to Releasing.
const (
	Queued Phase = iota
	Preparing
	Shifting
	Baking
	Awaiting
	Promoting
	Returning
	RollingBack
	Cleaning
	Releasing
	Ended
)

var phaseNames = [...]string{
	"queued", "preparing", "shifting", "baking", "awaiting", "promoting", "returning", "rolling_back", "cleaning",
	"releasing", "ended",
}

// Phases returns every phase, in order.
func Phases() []Phase {
	all := make([]Phase, len(phaseNames))
	for i := range all {
		all[i] = Phase(i)
	}
	return all
}

// String returns the phase's name in lower snake case, as logs, metrics and the store have it.
func (p Phase) String() string {
	if p < 0 || int(p) >= len(phaseNames) {
		return fmt.Sprintf("phase(%d)", int(p))
	}
	return phaseNames[p]
}

// MarshalText returns the phase's name.
func (p Phase) MarshalText() ([]byte, error) {
	if p < 0 || int(p) >= len(phaseNames) {
		return nil, fmt.Errorf("no phase has the number %d", int(p))
	}
	return []byte(phaseNames[p]), nil
}

// UnmarshalText reads a phase's name. An unknown one is an error.
func (p *Phase) UnmarshalText(text []byte) error {
	for i, name := range phaseNames {
		if name == string(text) {
			*p = Phase(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no phase", text)
}

// Live reports whether a rollout in this phase holds its service.
func (p Phase) Live() bool { return p >= Preparing && p <= Releasing }

// Forward reports whether the rollout is still on its way up: from preparing to promoting.
func (p Phase) Forward() bool { return p >= Preparing && p <= Promoting }

// Ending reports whether the rollout removes its canary: from returning to releasing.
func (p Phase) Ending() bool { return p >= Returning && p <= Releasing }

// Outcome is how a rollout ended. It is empty while it has not.
type Outcome string

// The outcomes.
const (
	Succeeded  Outcome = "succeeded"
	RolledBack Outcome = "rolled_back"
	Cancelled  Outcome = "cancelled"
	Abandoned  Outcome = "abandoned"
)
