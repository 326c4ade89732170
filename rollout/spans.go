package rollout

import (
	"cmp"
	"time"
)

// grow credits the spans: each grows only while its condition holds, and starts again when it does not.
func (rc *reconciliation) grow() {
	s := &rc.Spans
	unknown := rc.WeightAckedAt != (time.Time{}) && rc.demands() && rc.Verdict.Result == Unknown && len(rc.Doubts) == 0 // of a doubt it is known what it is
	s.Unknown = span(s.Unknown, rc.credit, unknown)
	asked := rc.credit
	if !rc.Unseen.IsZero() || rc.frozen() { // nobody can read the question, or answer it
		asked = 0
	}
	s.Waiting = span(s.Waiting, asked, rc.Waits())
	s.Settled = span(s.Settled, rc.credit, rc.atWeight() && rc.w.Route.Unversioned)
	s.Drained = span(s.Drained, rc.credit, rc.offTraffic())
	if rc.Phase == Baking && rc.weightReached() && rc.passes() && !rc.blocked() {
		s.Bake += rc.credit
	}
	if rc.unmet() {
		s.Deadline += rc.credit
	}
	if rc.Phase.Ending() {
		s.Ending += rc.credit
	}
	if rc.offTraffic() && rc.Ending.WeightZero.IsZero() {
		rc.Ending.WeightZero = rc.f.Now
	}
	if now := rc.progress(); now > s.Furthest { // as Kubernetes' own deadline, which is one without progress
		s.Furthest = now
		s.Deadline = 0
		if rc.offTraffic() {
			s.Ending = 0
		}
	}
}

// progress is how far the pods are that the phase waits for. It rises as Kubernetes starts new pods and stops old ones;
// only a rise means something. See `DeploymentProgressing` in Kubernetes' deployment controller.
func (rc *reconciliation) progress() int {
	s, c := rc.w.Stable, rc.w.Canary
	switch {
	case !rc.readable():
	case rc.Phase == Preparing && rc.ownCanary(c) && c.GenerationObserved && c.Image == rc.Image:
		return c.Updated + c.Available + c.Endpoints
	case rc.Phase == Promoting && s.GenerationObserved && s.Image == rc.Image,
		rc.Phase == RollingBack && rc.StableWritten && s.GenerationObserved && s.Image == rc.Original.Stable.Image:
		return 2*s.Updated + s.Available - s.Total
	}
	return 0
}

// span grows by the credit while the condition holds, and is nothing when it does not.
func span(s, credit time.Duration, holds bool) time.Duration {
	if !holds {
		return 0
	}
	return s + credit
}

// passes reports whether these facts hold a passing verdict. A verdict stored by an earlier process is shown, but does
// not count.
func (rc *reconciliation) passes() bool { return rc.Evidence(rc.f).Result == Pass }

// demands reports whether unknown evidence matters now: while moving forward, where the judged step demands evidence,
// until stable's new image was sent.
func (rc *reconciliation) demands() bool {
	if !rc.Phase.Forward() || !rc.judged().DemandsEvidence() {
		return false
	}
	return rc.Phase != Promoting || !rc.imageSent(rc.w)
}

// Waits reports whether the rollout waits for a person: at a gate, while paused, held or drifted, and about an orphan;
// never from returning on.
func (r Rollout) Waits() bool {
	return r.Phase == Awaiting || r.Orphaned() || r.Phase.Forward() && (r.Paused || r.Held || r.Drift != nil)
}

// Settling is how long a weight has to stand where the router does not say which generation of the route it took. Proxies
// apply a route within a few seconds.
const Settling = 10 * time.Second

// atWeight reports whether the route has the phase's weight and its router does not object: by our own write, where the
// rollout is ending.
func (rc *reconciliation) atWeight() bool {
	want, ok := rc.Weight()
	route := rc.w.Route
	return ok && rc.readable() && route.Exists && route.share() == want && route.Acknowledged &&
		(rc.Phase.Forward() || rc.writtenSince(route.Meta, rc.UndoRevision))
}

// settled reports whether a weight that the route has counts as followed.
func (rc *reconciliation) settled() bool {
	return !rc.w.Route.Unversioned || rc.Spans.Settled >= Settling
}

// weightReached reports whether the route has the phase's weight, acknowledged. What was acknowledged once, in shifting,
// need not settle again.
func (rc *reconciliation) weightReached() bool {
	return rc.atWeight() && (rc.Phase != Shifting || rc.settled())
}

// offTraffic reports whether the canary gets no traffic, by a write that nothing sent earlier can overtake. A route that
// somebody deleted counts as off traffic.
func (rc *reconciliation) offTraffic() bool {
	if !rc.readable() || (rc.Phase != Returning && rc.Phase != RollingBack) {
		return false
	}
	return !rc.w.Route.Exists || rc.atWeight() && rc.settled()
}

// ready reports whether the canary has the pods that its step needs, of the new image and among its endpoints.
func (rc *reconciliation) ready() bool {
	c := rc.w.Canary
	return rc.ownCanary(c) && c.GenerationObserved && c.Image == rc.Image && c.Replicas >= rc.Size &&
		c.Updated >= rc.Size && c.Available >= rc.Size && c.Endpoints >= rc.Size &&
		rc.w.Service.Exists && rc.w.Route.Exists && rc.w.Route.HasCanary && rc.w.Route.Unresolved.IsZero() &&
		rc.stableHeld() && rc.stableServes(rc.w)
}

// stableHeld reports whether stable's scaler leaves stable the size that all traffic takes.
func (rc *reconciliation) stableHeld() bool {
	return !rc.scaled(rc.w) || rc.w.Scaler.Min >= rc.hold(rc.w)
}

// podsWait is what the pods that the phase waits for wait for themselves: what may pass, and ends at the deadline if not.
func (rc *reconciliation) podsWait() Failure {
	f := rc.w.Canary.Failure
	if rc.Phase == Promoting || rc.Phase == RollingBack {
		f = rc.w.Stable.Failure
	}
	if rc.Phase < Preparing || rc.Phase > RollingBack || !f.Waits() {
		return Failure{}
	}
	return f
}

// promoted reports whether stable is rolled out at the new image.
func (rc *reconciliation) promoted() bool {
	return rc.w.Stable.Image == rc.Image && rc.w.Stable.RolledOut() && rc.w.Stable.Endpoints > 0 &&
		(!rc.scaled(rc.w) || rc.w.Stable.Replicas >= rc.hold(rc.w))
}

// unmet reports whether the rollout waits for the phase's own condition: only then does its deadline grow.
func (rc *reconciliation) unmet() bool {
	if rc.blocked() {
		return false
	}
	switch rc.Phase {
	case Preparing:
		return rc.readable() && !rc.ready()
	case Shifting:
		return rc.readable() && !rc.weightReached() && mayForward(rc.Rollout, rc.f)
	case Promoting:
		return rc.readable() && !rc.promoted() && (rc.imageSent(rc.w) || mayForward(rc.Rollout, rc.f))
	case Queued:
		return rc.Orphan == nil && !rc.mayStart() && (rc.Behind == "" || rc.f.Holder != rc.Behind)
	case Baking, Awaiting, Returning, RollingBack, Cleaning, Releasing, Ended:
	}
	return false
}

// deadline is how long the phase may take; 0: for ever.
func (r Rollout) deadline() time.Duration {
	switch r.Phase {
	case Promoting:
		if r.ByOthers() {
			return cmp.Or(r.Spec.Promote.Wait, defaultPromoteWait)
		}
		return cmp.Or(r.Original.Progress, defaultProgress)
	case Preparing:
		return cmp.Or(r.Original.Progress, defaultProgress)
	case Shifting, Queued:
		return r.Spec.Limits.Shift
	case Baking, Awaiting, Returning, RollingBack, Cleaning, Releasing, Ended:
	}
	return 0
}
