package rollout

import (
	"slices"
	"time"
)

// grow credits the spans: each grows only while its condition holds, and starts again when it does not.
func (b *beat) grow() {
	s := &b.Spans
	unknown := b.Acked != (time.Time{}) && b.demands() && b.Verdict.Result == Unknown
	s.Unknown = span(s.Unknown, b.credit, unknown)
	s.Waiting = span(s.Waiting, b.credit, b.Waits())
	s.Drained = span(s.Drained, b.credit, b.undone())
	if b.Phase == Baking && b.weightStands() && b.passes() && !b.still() {
		s.Bake += b.credit
	}
	if b.unmet() {
		s.Deadline += b.credit
	}
	if b.Phase.Undoing() {
		s.Ending += b.credit
	}
	if b.undone() && b.Ending.WeightZero.IsZero() {
		b.Ending.WeightZero = b.f.Now
	}
	if now := b.progress(); now > s.Furthest { // as Kubernetes' own deadline, which is one without progress
		s.Furthest = now
		s.Deadline = 0
		if b.undone() {
			s.Ending = 0
		}
	}
}

// progress is how far the pods are that the phase waits for: it rises as Kubernetes brings up the new ones and takes away
// the old ones, and only its rising says something. See `DeploymentProgressing` in Kubernetes' deployment controller.
func (b *beat) progress() int {
	s, c := b.w.Stable, b.w.Canary
	switch {
	case !b.readable():
	case b.Phase == Preparing && b.ownCanary(c) && c.Observed && c.Image == b.Image:
		return c.Updated + c.Available + c.Endpoints
	case b.Phase == Promoting && s.Observed && s.Image == b.Image,
		b.Phase == RollingBack && b.Touched && s.Observed && s.Image == b.Found.Stable.Image:
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

// passes reports whether these facts hold a passing verdict. What is stored of an earlier process is shown, and counts
// for nothing.
func (b *beat) passes() bool { return b.Evidence(b.f).Result == Pass }

// demands reports whether unknown evidence matters now: on the way up, where the judged step demands evidence, and no
// longer once stable's new image was sent.
func (b *beat) demands() bool {
	if !b.Phase.Forward() || !b.judged().DemandsEvidence() {
		return false
	}
	return b.Phase != Promoting || !b.imageSent(b.w)
}

// Waits reports whether a person's answer is awaited: at a gate, while paused, held or drifted, and about an orphan;
// not from returning on.
func (r Rollout) Waits() bool {
	return r.Phase == Awaiting || r.Orphaned() || r.Phase.Forward() && (r.Paused || r.Held || r.Drift != nil)
}

// weightStands reports whether the route has the weight that the phase wants, acknowledged.
func (b *beat) weightStands() bool {
	want, ok := b.Weight()
	return ok && b.readable() && b.w.Route.Exists && b.w.Route.share() == want && b.w.Route.Acknowledged
}

// undone reports whether no traffic goes to the canary, by a write that nothing sent earlier can follow. A route that
// somebody deleted counts as done.
func (b *beat) undone() bool {
	if !b.readable() || (b.Phase != Returning && b.Phase != RollingBack) {
		return false
	}
	route := b.w.Route
	return !route.Exists || route.share() == 0 && route.Acknowledged && b.since(route.Meta, b.Undo)
}

// ready reports whether the canary has the pods that its step needs, of the new image and among its endpoints.
func (b *beat) ready() bool {
	c := b.w.Canary
	return b.ownCanary(c) && c.Observed && c.Image == b.Image && c.Replicas >= b.Size &&
		c.Updated >= b.Size && c.Available >= b.Size && c.Endpoints >= b.Size &&
		b.w.Service.Exists && b.w.Route.Exists && b.w.Route.HasCanary
}

// promoted reports whether stable is rolled out at the new image.
func (b *beat) promoted() bool {
	return b.w.Stable.Image == b.Image && b.w.Stable.RolledOut() && b.w.Stable.Endpoints > 0
}

// unmet reports whether the phase's own condition is what the rollout waits for: its deadline grows only then.
func (b *beat) unmet() bool {
	if b.still() {
		return false
	}
	switch b.Phase {
	case Preparing:
		return b.readable() && !b.ready()
	case Shifting:
		return b.readable() && !b.weightStands() && mayForward(b.Rollout, b.f)
	case Promoting:
		return b.readable() && !b.promoted() && (b.imageSent(b.w) || mayForward(b.Rollout, b.f))
	case Queued:
		return b.Orphan == nil && (b.Behind == "" || b.f.Holder != b.Behind)
	case Baking, Awaiting, Returning, RollingBack, Cleaning, Releasing, Ended:
	}
	return false
}

// deadline is how long the phase may take; 0: as long as it wants.
func (r Rollout) deadline() time.Duration {
	switch r.Phase {
	case Preparing, Promoting:
		if r.Found.Progress > 0 {
			return r.Found.Progress
		}
		return defaultProgress
	case Shifting, Queued:
		return r.Spec.Limits.Shift
	case Baking, Awaiting, Returning, RollingBack, Cleaning, Releasing, Ended:
	}
	return 0
}

// mark sets and clears what stands over a phase: hold, drift and stuck, and repeats an unanswered question.
func (b *beat) mark() {
	b.hold()
	if b.readable() {
		if b.Phase.Forward() {
			b.drift()
			b.displaced()
		} else if b.Phase.Undoing() {
			b.overwrite()
		}
	}
	b.stick()
	limit := b.Spec.Limits.Remind
	switch {
	case !b.Waits():
		b.Reminded = false
	case limit > 0 && b.Spans.Waiting >= limit && !b.Reminded:
		b.Reminded = true
		b.tell(EntryReminded, bot, Data{Drift: b.Drift, Left: b.patience()})
	}
}

// patience is how long a question still waits before nobody having answered takes the rollout back; nothing where
// nobody is waited for in vain.
func (b *beat) patience() time.Duration {
	if b.Spec.Limits.Wait <= 0 || b.Orphaned() {
		return 0
	}
	return max(0, b.Spec.Limits.Wait-b.Spans.Waiting)
}

// hold asks a person when evidence was unknown for too long, until it is known again.
func (b *beat) hold() {
	limit := b.Spec.Limits.UnknownLimit
	switch {
	case b.Held && (!b.demands() || b.Verdict.Result == Pass):
		b.Held = false
		b.tell(EntrySettled, bot, Data{Reason: Reason{Code: ReasonUnknown}})
	case !b.Held && limit > 0 && b.Spans.Unknown >= limit && b.Spec.Limits.OnUnknown != RollbackOnUnk:
		b.Held = true
		v := b.Verdict
		b.tell(EntryAsked, bot, Data{Reason: Reason{Code: ReasonUnknown}, Verdict: &v, Left: b.patience()})
	}
}

// drift holds the rollout and asks when somebody else changed what we steer, until it is put back or answered.
func (b *beat) drift() {
	found := drifts(b.Rollout, b.w)
	if b.Overrule != nil && !slices.ContainsFunc(found, b.overruled) {
		b.Overrule = nil
	}
	i := slices.IndexFunc(found, func(d Drift) bool { return !b.overruled(d) })
	switch {
	case i < 0 && b.Drift != nil:
		b.tell(EntrySettled, bot, Data{Drift: b.Drift})
		b.Drift = nil
	case i >= 0 && (b.Drift == nil || b.Drift.Field != found[i].Field || b.Drift.Value != found[i].Value):
		d := found[i]
		b.Drift = &d
		b.tell(EntryDrift, bot, Data{Drift: &d, Left: b.patience()})
		b.fight(d)
	}
}

// displaced notices that somebody takes the canary's place in the route away again and again before it has traffic. Once is
// put right without a word.
func (b *beat) displaced() {
	route := b.w.Route
	if !b.still() && route.Exists && !route.HasCanary && b.Known.Weight != nil && *b.Known.Weight == 0 {
		b.fight(Drift{Field: FieldWeight, Ours: weightText(0), By: route.WeightBy})
	}
}

// fight counts how often the manager undid the field and, at the third time, stops fighting.
func (b *beat) fight(d Drift) {
	var times int
	b.Undone, times = count(b.Undone, d.Field, d.By, b.w.version(d.Field))
	if times >= fought && b.Stuck == nil {
		b.stuck(Reason{Code: ReasonFought, Detail: d.By})
	}
}

// overwrite tells that somebody gave the canary traffic while it is being taken away; the weight is ours then.
func (b *beat) overwrite() {
	route := b.w.Route
	if !route.Exists || route.share() == 0 || !b.since(route.Meta, b.Undo) || route.share() == b.ourWeight(route) {
		return
	}
	d := Drift{Field: FieldWeight, Ours: weightText(0), Value: weightText(route.share()), By: route.WeightBy}
	all, times := count(b.Undone, d.Field, d.By, route.Version)
	if slices.Equal(all, b.Undone) {
		return
	}
	b.Undone = all
	b.tell(EntryOverwrote, bot, Data{Drift: &d})
	if times >= fought && b.Stuck == nil {
		b.stuck(Reason{Code: ReasonFought, Detail: d.By})
	}
}

// stick says loudly that an ending does not end, or that stable is gone, and takes it back when it is not so any more.
func (b *beat) stick() {
	gone := b.readable() && b.Phase.Live() && !b.w.Stable.Exists
	switch {
	case b.Stuck != nil:
		if b.Stuck.Code == ReasonStableGone && b.readable() && !gone {
			b.tell(EntrySettled, bot, Data{Reason: *b.Stuck})
			b.Stuck = nil
		}
	case gone && b.Phase.Forward():
		b.stuck(Reason{Code: ReasonStableGone})
	case b.Phase.Undoing() && b.Spec.Limits.Stuck > 0 && b.Spans.Ending >= b.Spec.Limits.Stuck+b.drain():
		b.stuck(b.obstacle(gone))
	}
}

// drain is how long the phase waits for its last requests: not part of what makes it stuck.
func (b *beat) drain() time.Duration {
	if b.Phase == Returning || b.Phase == RollingBack {
		return b.Spec.Limits.Drain
	}
	return 0
}

// obstacle is what keeps an ending from ending.
func (b *beat) obstacle(gone bool) Reason {
	switch {
	case !b.readable():
		return Reason{Code: ReasonUnreadable, Detail: b.w.Unreadable}
	case gone:
		return Reason{Code: ReasonStableGone}
	case b.f.Refused != "":
		return Reason{Code: ReasonWriteRefused, Detail: b.f.Refused}
	case b.w.Route.share() > 0 && b.w.Stable.Endpoints == 0:
		return Reason{Code: ReasonStableNoPods, Failure: b.w.Stable.Failure}
	case b.Touched && b.w.Stable.Failure.Kind != NoFailure:
		return Reason{Code: ReasonStable, Failure: b.w.Stable.Failure}
	default:
		return Reason{Code: ReasonSlow, Detail: b.w.Route.Detail}
	}
}

func (b *beat) stuck(why Reason) {
	b.Stuck = &why
	b.tell(EntryStuck, bot, Data{Reason: why, Drift: b.Drift, From: b.Phase, Weight: b.w.Route.share()})
}
