package rollout

import (
	"cmp"
	"math"
	"reflect"
	"time"
)

// samplesEvery is how often spans and samples alone are committed, so how old the stored ones may be.
const samplesEvery = time.Minute

// SamplesEvery is how often spans and samples alone are worth a commit, and numbers alone an edit of the card: once a
// minute, and in a bake of a few minutes or less four times.
func (r Rollout) SamplesEvery() time.Duration {
	if bake := r.Current().Bake; r.Phase == Baking && bake > 0 {
		return max(min(samplesEvery, bake/4), min(samplesEvery, r.interval()))
	}
	return samplesEvery
}

const (
	// settling is how soon a phase that waits for the cluster looks again when nothing wakes it.
	settling = 2 * time.Second
	// away is how many intervals nobody may have judged before it is told; the last beats before a crash may not have
	// been committed.
	away = 4
	// defaultInterval and defaultProgress stand where a rollout carries none.
	defaultInterval = 15 * time.Second
	defaultProgress = 10 * time.Minute
	// answering is how much longer than two intervals an answer may be old: the longest query.
	answering = 10 * time.Second
)

// Next is what happens to a rollout at a beat: the value to commit, what its timeline tells, and when to look again at
// the latest. It moves at most one phase; whoever commits a changed phase beats again at once. It is the same at the
// first beat, at every later one, and at the first after a crash.
func Next(r Rollout, f Facts) (Rollout, []Entry, time.Time) {
	if r.Phase == Ended {
		return r, nil, time.Time{}
	}
	b := &beat{Rollout: r, f: f, w: f.World}
	b.credited()
	b.judge()
	b.observe()
	b.grow()
	b.mark()
	b.move()
	if marks(b.Rollout) != marks(r) {
		b.Turn++
	}
	return b.Rollout, b.entries, b.wake()
}

// beat is one run of Next: the rollout as it becomes, the facts, and the entries so far.
type beat struct {
	Rollout
	f       Facts
	w       World
	credit  time.Duration
	entries []Entry
}

// tell appends an entry to the timeline.
func (b *beat) tell(kind EntryKind, actor Actor, data Data) {
	b.Seq++
	b.entries = append(b.entries, Entry{
		Rollout: b.ID, Seq: b.Seq, At: b.f.Now, Kind: kind, Step: b.Step, Actor: actor, Data: data,
	})
}

var bot = Actor{Kind: Bot}

// marked is what people are asked about: the turn rises when it changes.
type marked struct {
	phase              Phase
	step               int
	paused, held       bool
	driftField, driftV string
	stuck              ReasonCode
}

func marks(r Rollout) marked {
	m := marked{phase: r.Phase, step: r.Step, paused: r.Paused, held: r.Held}
	if r.Drift != nil {
		m.driftField, m.driftV = string(r.Drift.Field), r.Drift.Value
	}
	if r.Stuck != nil {
		m.stuck = r.Stuck.Code
	}
	return m
}

// interval is the time between checks.
func (r Rollout) interval() time.Duration {
	if r.Spec.Limits.Interval > 0 {
		return r.Spec.Limits.Interval
	}
	return defaultInterval
}

// credited takes the time since the last beat as far as it counts: never negative, at most two intervals. What lies
// beyond was downtime or a clock's jump and counts as nothing.
func (b *beat) credited() {
	if !b.Beat.IsZero() {
		gap := b.f.Now.Sub(b.Beat)
		b.credit = min(max(gap, 0), 2*b.interval())
		if b.Phase.Live() && gap > samplesEvery+away*b.interval() {
			b.tell(EntryAway, bot, Data{Away: gap})
		}
	}
	b.Beat = b.f.Now
}

// Evidence returns the verdict that these facts hold about the weight that the canary has: the judge's newest when it
// is about this very weight and fresh, else unknown.
func (r Rollout) Evidence(f Facts) Verdict {
	v := f.Verdict
	age := f.Now.Sub(v.At)
	if r.Acked.IsZero() || !v.Since.Equal(r.Acked) || age > 2*r.interval()+answering || age < -r.interval() {
		return Verdict{Result: Unknown, Since: r.Acked, At: r.Verdict.At, Evidence: r.unasked()}
	}
	return v
}

// unasked is the evidence while there is no answer.
func (r Rollout) unasked() []Evidence {
	if r.Verdict.Since.Equal(r.Acked) && len(r.Verdict.Evidence) > 0 && r.Verdict.Evidence[0].Why == WhyNotAsked {
		return r.Verdict.Evidence
	}
	all := make([]Evidence, len(r.Spec.Checks))
	for i, c := range r.Spec.Checks {
		all[i] = Evidence{
			Check: c.Name, Result: Unknown, Why: WhyNotAsked, Threshold: c.Threshold, Ceiling: c.Ceiling,
			Comparison: c.Comparison, Unit: c.Unit, MinRequests: c.MinRequests,
		}
	}
	return all
}

// judge takes over the verdict and the judge's state. Where the canary never had traffic there is nothing to judge.
func (b *beat) judge() {
	if b.Acked.IsZero() || b.Phase > Promoting {
		return
	}
	before := b.Verdict
	if age := b.f.Now.Sub(before.At); b.f.Verdict.At.IsZero() && before.Since.Equal(b.Acked) && age >= 0 && age <= samplesEvery+2*b.interval() {
		return // after a restart nobody was asked yet: what is stored is still shown, and moves nothing forward
	}
	b.Verdict = b.Evidence(b.f)
	if b.f.Verdict.Since.Equal(b.Acked) {
		b.Judge = b.f.Judge
	}
	// A bake begins unknown; what is worth telling is a pass that was lost, and a failure.
	if before.Result != b.Verdict.Result && (before.Result == Pass || b.Verdict.Result == Fail) && b.judged().DemandsEvidence() {
		v := b.Verdict
		b.tell(EntryVerdict, bot, Data{Verdict: &v})
	}
}

// readable reports whether the cluster could be read at this beat.
func (b *beat) readable() bool { return b.w.Unreadable == "" }

// observe records what stands as we wrote it, and keeps the canary's size in step with stable's.
func (b *beat) observe() {
	b.Trouble = b.w.Unreadable
	if b.Trouble == "" {
		b.Trouble = b.f.Refused
	}
	if b.Trouble == "" && (b.Phase == Baking || b.Phase == Awaiting) && b.w.Route.Exists && !b.w.Route.Acknowledged {
		b.Trouble = cmp.Or(b.w.Route.Detail, "the route is not acknowledged any more") // the bake stands still for it
	}
	if !b.readable() || b.Phase == Queued {
		return
	}
	b.Known = b.learn(b.w)
	if b.Phase.Forward() && !b.still() {
		b.Size = max(b.Size, need(b.Current().Weight, max(b.Found.Stable.Replicas, b.w.Stable.Replicas)))
	}
	if b.Phase == Baking && len(b.ImageIDs) == 0 {
		b.ImageIDs = b.w.Canary.ImageIDs
	}
	if b.Phase.Undoing() {
		b.Ending.StableImage = ""
		if b.w.Stable.Exists && b.stableForeign(b.w) && b.w.Stable.Image != b.wantedStable() {
			b.Ending.StableImage = b.w.Stable.Image
		}
	}
}

// wantedStable is the image that stable has when the rollout is over, if nobody else sets one.
func (r Rollout) wantedStable() string {
	if r.Promoted && (r.Phase == Returning || r.Ending.Outcome == Succeeded) {
		return r.Image
	}
	return r.Found.Stable.Image
}

// need is how many replicas carry the weight: its share of stable's, rounded up, at least one.
func need(weight Weight, stable int) int {
	return max(1, int(math.Ceil(float64(int(weight)*stable)/100)))
}

// wake is when to look again at the latest; what the cluster does and people decide wakes earlier.
func (b *beat) wake() time.Time {
	next := b.interval()
	soon := func(limit, span time.Duration) {
		if left := limit - span; left > 0 {
			next = min(next, left)
		}
	}
	switch b.Phase {
	case Preparing, Shifting, Promoting, Cleaning, Releasing:
		next = min(next, settling)
	case Returning, RollingBack:
		next = min(next, settling)
		soon(b.Spec.Limits.Drain, b.Spans.Drained)
	case Baking:
		soon(b.Current().Bake, b.Spans.Bake)
	case Queued:
		if !b.Orphaned() {
			next = min(next, settling)
		}
	case Awaiting:
	case Ended:
		return time.Time{}
	}
	return b.f.Now.Add(next)
}

// Worth reports whether the new value has to be committed now: anything but spans, samples and the time of the beat
// changed. Those alone are committed once a minute.
func Worth(before, after Rollout) bool {
	if before.Phase != after.Phase || before.Turn != after.Turn || before.Seq != after.Seq {
		return true
	}
	return !reflect.DeepEqual(bare(before), bare(after))
}

// bare is the rollout without what changes at every beat.
func bare(r Rollout) Rollout {
	r.Spans = Spans{}
	r.Beat = time.Time{}
	r.Judge = nil
	r.Verdict = Verdict{Result: r.Verdict.Result, Since: r.Verdict.Since}
	if r.Trouble != "" {
		r.Trouble = "some"
	}
	return r
}

// Carry takes what a worker knows beyond the last commit over to a newer value, when a decision won the swap: its
// spans, as far as the phase is still the same, and its samples. Who said "try again" set the time that an ending may
// take back to nothing: that stands.
func Carry(mine, newer Rollout) Rollout {
	newer.Beat = mine.Beat
	if newer.Phase == mine.Phase && newer.Step == mine.Step {
		ending := newer.Spans.Ending
		newer.Spans = mine.Spans
		if mine.Stuck != nil && newer.Stuck == nil {
			newer.Spans.Ending = ending
		}
	}
	if newer.Acked.Equal(mine.Acked) {
		newer.Judge = mine.Judge
	}
	return newer
}
