package rollout

import "fmt"

// Recent is how many rollouts of a service are looked through for its past.
const Recent = 50

// LastSuccess returns the newest rollout of the past, which is newest first, that took the service to another version.
// What it found is the version before; where it was itself a way back, that version was rolled back and is none to go
// back to.
func LastSuccess(past []Rollout) (Rollout, bool) {
	for _, r := range past {
		if r.Ending.Outcome == Succeeded && r.From() != "" {
			return r, true
		}
	}
	return Rollout{}, false
}

// Unreleased says why a way back may not start from what stable runs: by somebody's hand, or by a rollout that was
// abandoned, it is not what the last success released, and going back would jump over it unjudged. It is empty where
// nothing speaks against the start.
func (r Rollout) Unreleased(stable string) string {
	if r.Request.Replaces == "" || stable == r.Request.Replaces || stable == r.Image {
		return ""
	}
	return fmt.Sprintf("%s runs %s, which Canarybot did not release (the last that it did is %s), so there is no going back from it; deploy a version by name.",
		r.Service, ShortVersion(stable), ShortVersion(r.Request.Replaces))
}

// RolledBackBefore returns the newest rollout of this image, where it was rolled back and not tried with success since.
func RolledBackBefore(past []Rollout, image string) (Rollout, bool) {
	for _, r := range past {
		if r.Image == image && r.Ending.Outcome != Cancelled && r.Terminal() {
			return r, r.Ending.Outcome == RolledBack
		}
	}
	return Rollout{}, false
}
