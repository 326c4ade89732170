package rollout

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

// ProblemUnreleased says that stable runs an image, Value, that the last success did not release; Want is what it did.
const ProblemUnreleased ProblemCode = "unreleased"

// Unreleased says why a way back may not start from the image that stable runs: somebody set it, or a rollout that was
// abandoned, so the last success did not release it, and going back would skip it unjudged. It is zero where nothing
// speaks against the start.
func (r Rollout) Unreleased(stable string) Problem {
	if r.Request.Replaces == "" || SameImage(stable, r.Request.Replaces) || SameImage(stable, r.Image) {
		return Problem{}
	}
	return Problem{Code: ProblemUnreleased, Service: r.Service, Value: stable, Want: r.Request.Replaces}
}

// Runs reports whether an image is the rollout's own: by what the references say, or because the last success put the one
// there for the other.
func (r Rollout) Runs(image string, past []Rollout) bool {
	last, ok := LastSuccess(past)
	return SameImage(image, r.Image) || !otherDigest(image, r.Image) && ok && last.Admitted != "" && last.Admitted == image && SameImage(last.Image, r.Image)
}

// RolledBackBefore returns the newest rollout of this image, where it was rolled back and not tried with success since. A
// tag that names another image by now is another image, as far as both digests are known.
func RolledBackBefore(past []Rollout, image string) (Rollout, bool) {
	for _, r := range past {
		if SameImage(r.Image, image) && !otherDigest(r.Admitted, image) && r.Ending.Outcome != Cancelled && r.Terminal() {
			return r, r.Ending.Outcome == RolledBack
		}
	}
	return Rollout{}, false
}
