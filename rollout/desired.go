package rollout

// Pods is what the canary's Deployment should be.
type Pods struct {
	Image    string
	Replicas int
}

// Desired is the state of the cluster that a phase wants. It is absolute: applying it twice does no harm. An absent field
// means hands off.
type Desired struct {
	Weight  *Weight
	Canary  *Pods
	Stable  string // image; empty: hands off
	Gone    bool   // the canary is as found: absent, or at 0 with its image
	Release bool   // route, Services, stamps and annotations are as found
}

// DesiredState returns what the cluster should be, under the facts of the reconcile that committed the rollout. It
// enforces the forward rule: raising the weight, or first writing stable's new image, needs a passing verdict in these very facts
// where the canary has traffic, unless the step before demands none. No traffic is sent to pods that are not there.
func DesiredState(r Rollout, f Facts) Desired {
	if !f.Observed.Unreadable.IsZero() {
		return Desired{}
	}
	switch r.Phase {
	case Preparing, Shifting, Baking, Awaiting, Promoting:
		if r.blocked() {
			return Desired{}
		}
		return forwardState(r, f)
	case Returning:
		return Desired{Weight: weightDown(r, f.Observed)}
	case RollingBack:
		return Desired{Weight: weightDown(r, f.Observed), Stable: stableImageBack(r, f.Observed)}
	case Cleaning:
		return Desired{Weight: weightDown(r, f.Observed), Gone: true}
	case Releasing:
		return Desired{Weight: weightDown(r, f.Observed), Gone: true, Release: true}
	case Queued, Ended:
	}
	return Desired{}
}

// blocked reports whether a condition keeps the rollout from moving forward.
func (r Rollout) blocked() bool {
	return r.Paused || r.Held || r.Drift != nil || r.Stuck != nil
}

func forwardState(r Rollout, f Facts) Desired {
	g := Desired{Canary: &Pods{Image: r.Image, Replicas: r.Size}}
	may := mayForward(r, f)
	if want, ok := r.Weight(); ok && (want <= f.Observed.Route.share() || may && f.Observed.Canary.Endpoints >= r.Size) {
		g.Weight = &want
	}
	switch {
	case r.Phase == Promoting && (may || r.imageSent(f.Observed)):
		g.Stable = r.Image
	case r.Phase != Promoting && r.Override != nil && r.Override.Field == FieldStableImage:
		g.Stable = r.ourStableImage(f.Observed.Stable) // a person asked for it
	}
	return g
}

// mayForward reports whether these facts allow a forward move: always where the canary has no traffic or the judged
// step demands no evidence, else on a passing verdict only.
func mayForward(r Rollout, f Facts) bool {
	return f.Observed.Route.share() == 0 || !r.judged().DemandsEvidence() || r.Evidence(f).Result == Pass
}

// imageSent reports whether we have written the new image to stable.
func (r Rollout) imageSent(w Observed) bool {
	return r.ownStamp(w.Stable.Stamp) && w.Stable.Stamp.Image == r.Image
}

// weightDown returns weight 0, or nil while the weight has to wait.
func weightDown(r Rollout, w Observed) *Weight {
	if w.Route.share() > 0 && weightWaits(r, w) {
		return nil
	}
	zero := Weight(0)
	return &zero
}

// weightWaits reports whether the traffic has to stay where it is: stable has no endpoint to take it, or, while rolling
// back, moving it would do more harm than leaving it until stable is rolled out at the old image. That is so in two
// cases only: stable's own failure is the reason and the canary passes, or stable was written, cannot surge, and the
// canary can serve.
func weightWaits(r Rollout, w Observed) bool {
	if w.Stable.Endpoints == 0 {
		return true
	}
	if r.Phase != RollingBack || !r.StableWritten || stableRestored(r, w) {
		return false
	}
	return (r.Ending.Reason.Code == ReasonStable && r.Verdict.Result == Pass && w.Canary.Endpoints > 0) ||
		(!r.Original.Surges && w.Canary.Endpoints > 0)
}

// stableImageBack returns the image that rolling back sets on stable: the original if the rollout ever wrote another,
// nothing where somebody else has changed it since.
func stableImageBack(r Rollout, w Observed) string {
	if !r.StableWritten || !w.Stable.Exists || r.stableForeign(w) {
		return ""
	}
	return r.Original.Stable.Image
}

// stableForeign reports whether somebody else set stable's image and no person answered with an override.
func (r Rollout) stableForeign(w Observed) bool {
	if w.Stable.UID != r.Original.Stable.UID {
		return true
	}
	return w.Stable.Image != r.ourStableImage(w.Stable) &&
		!r.overridden(Drift{Field: FieldStableImage, Value: w.Stable.Image})
}

// stableRestored reports whether stable is where rolling back wants it: never written, rolled out at the old image under
// a stamp no older than the rollback's commit, or left as somebody else set it.
func stableRestored(r Rollout, w Observed) bool {
	if !r.StableWritten {
		return true
	}
	if !w.Stable.Exists {
		return false
	}
	if r.stableForeign(w) {
		return true
	}
	return w.Stable.Image == r.Original.Stable.Image && r.writtenSince(w.Stable.Meta, r.UndoRevision) && w.Stable.RolledOut()
}
