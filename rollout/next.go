package rollout

import (
	"cmp"
	"math"
	"reflect"
	"time"
)

// samplesEvery is how often spans and samples alone are committed, so how old the stored ones may be.
const samplesEvery = time.Minute

// SamplesEvery is how often changed spans and samples alone justify a commit, and changed numbers alone an edit of the
// card: once a minute, but four times in a bake of a few minutes or less.
func (r Rollout) SamplesEvery() time.Duration {
	if bake := r.Current().Bake; r.Phase == Baking && bake > 0 {
		return max(min(samplesEvery, bake/4), min(samplesEvery, r.interval()))
	}
	return samplesEvery
}

const (
	// settling is how soon a phase that waits for the cluster reconciles again when no watch wakes it.
	settling = 2 * time.Second
	// away is how many intervals may pass unjudged before the timeline says so; the last reconciles before a crash may not
	// have been committed.
	away = 4
	// defaultInterval and defaultProgress hold where a rollout carries none.
	defaultInterval = 15 * time.Second
	defaultProgress = 10 * time.Minute
	// answering is how much older than two intervals an answer may be: the longest query.
	answering = 10 * time.Second
)

// Next returns what happens to a rollout in one reconcile: the value to commit, the timeline's new entries, and when to
// reconcile again at the latest. It moves at most one phase; the caller reconciles again at once after committing a
// changed phase. The first reconcile, every later one, and the first after a crash are the same.
func Next(r Rollout, f Facts) (Rollout, []Entry, time.Time) {
	if r.Phase == Ended {
		return r, nil, time.Time{}
	}
	rc := &reconciliation{Rollout: r, f: f, w: f.Observed}
	rc.credited()
	rc.see()
	rc.heed()
	rc.judge()
	rc.readGit()
	rc.observe()
	rc.watchTag()
	rc.noteCommits()
	rc.grow()
	rc.setConditions()
	rc.meet()
	rc.move()
	rc.askAnew(r)
	return rc.Rollout, rc.entries, rc.wake()
}

// reconciliation is one run of Next: the rollout as it becomes, the facts, and the entries so far.
type reconciliation struct {
	Rollout
	f       Facts
	w       Observed
	credit  time.Duration
	entries []Entry
}

// tell appends an entry to the timeline.
func (rc *reconciliation) tell(kind EntryKind, actor Actor, data Data) {
	rc.Seq++
	rc.entries = append(rc.entries, Entry{
		Rollout: rc.ID, Seq: rc.Seq, At: rc.f.Now, Kind: kind, Step: rc.Step, Actor: actor, Data: data,
	})
}

var bot = Actor{Kind: Bot}

// question is what people are asked about: the turn rises when it changes.
type question struct {
	phase              Phase
	step               int
	paused, held       bool
	driftField, driftV string
	stuck              ReasonCode
	doubts             string
	extended           time.Duration
}

// askAnew raises the turn where the question is another one than before: who approved that one approved this one not.
func (r *Rollout) askAnew(before Rollout) {
	if questionOf(*r) != questionOf(before) {
		r.Turn++
		r.Approvals = nil
	}
}

func questionOf(r Rollout) question {
	m := question{phase: r.Phase, step: r.Step, paused: r.Paused, held: r.Held, doubts: r.asking(), extended: r.Extended}
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

// credited takes the time since the last reconcile as far as it counts: never negative, at most two intervals. Anything
// beyond was downtime or a jump of the clock and does not count.
func (rc *reconciliation) credited() {
	if !rc.ReconciledAt.IsZero() {
		gap := rc.f.Now.Sub(rc.ReconciledAt)
		rc.credit = min(max(gap, 0), 2*rc.interval())
		if rc.Phase.Live() && gap > samplesEvery+away*rc.interval() {
			rc.tell(EntryAway, bot, Data{Away: gap})
		}
	}
	rc.ReconciledAt = rc.f.Now
}

// see takes over whether people can see the rollout. Why they cannot may change meanwhile: that is told once.
func (rc *reconciliation) see() {
	before := rc.Unseen
	rc.Unseen = rc.f.Unseen
	switch hidden := !rc.Unseen.IsZero(); {
	case hidden && before.IsZero():
		rc.tell(EntryUnseen, bot, Data{Reason: Reason{Code: ReasonUnseen, Problem: rc.Unseen}})
	case !hidden && !before.IsZero():
		rc.tell(EntrySettled, bot, Data{Reason: Reason{Code: ReasonUnseen, Problem: before}})
	}
}

// heed takes over what the calendar says about rollouts under way. A way back and an emergency heed nothing, nor does what is
// being promoted: it is better finished. It tells when a freeze begins to pause the rollout, and when it goes on; of one that is
// rolled back meanwhile that is told instead.
func (rc *reconciliation) heed() {
	before, paused := rc.Frozen, rc.frozen()
	rc.Frozen, rc.Shut = nil, nil
	if rc.Phase < Preparing || rc.Phase > Awaiting || rc.Request.Back || rc.Request.Emergency {
		return
	}
	rc.Frozen, rc.Shut = rc.f.Frozen, rc.f.Shut
	switch {
	case rc.frozen() && !paused:
		rc.tell(EntryFrozen, bot, Data{Frozen: rc.Frozen})
	case rc.Frozen == nil && paused:
		rc.tell(EntrySettled, bot, Data{Frozen: before, Reason: Reason{Code: ReasonFrozen, Detail: cmp.Or(before.Name, before.Text)}})
	}
}

// frozen reports whether a freeze keeps the rollout from going to a further step.
func (r Rollout) frozen() bool { return r.Frozen != nil && r.Frozen.Running == PauseRunning }

// Evidence returns the verdict that these facts hold about the weight that the canary has: the judge's newest when it
// is about this very weight and fresh, else unknown.
func (r Rollout) Evidence(f Facts) Verdict {
	v := f.Verdict
	age := f.Now.Sub(v.At)
	if r.WeightAckedAt.IsZero() || !v.Since.Equal(r.WeightAckedAt) || age > 2*r.interval()+answering || age < -r.interval() {
		return Verdict{Result: Unknown, Since: r.WeightAckedAt, At: r.Verdict.At, Evidence: r.unasked()}
	}
	return v
}

// unasked is the evidence before the first answer.
func (r Rollout) unasked() []Evidence {
	if r.Verdict.Since.Equal(r.WeightAckedAt) && len(r.Verdict.Evidence) > 0 && r.Verdict.Evidence[0].Why == WhyNotAsked {
		return r.Verdict.Evidence
	}
	all := make([]Evidence, len(r.Spec.Checks))
	for i, c := range r.Spec.Checks {
		all[i] = Evidence{
			Check: c.Name, Result: Unknown, Why: WhyNotAsked, Threshold: c.Threshold, Ceiling: c.Ceiling,
			Comparison: c.Comparison, Margin: c.Compare, Unit: c.Unit, MinRequests: c.MinRequests,
		}
	}
	return all
}

// judge takes over the verdict and the judge's state. Where the canary never had traffic there is nothing to judge.
func (rc *reconciliation) judge() {
	if rc.WeightAckedAt.IsZero() || rc.Phase > Promoting {
		return
	}
	before := rc.Verdict
	if age := rc.f.Now.Sub(before.At); rc.f.Verdict.At.IsZero() && before.Since.Equal(rc.WeightAckedAt) && age >= 0 && age <= samplesEvery+2*rc.interval() {
		return // Prometheus was not asked since the restart: the stored verdict is still shown, and moves nothing forward
	}
	rc.Verdict = rc.Evidence(rc.f)
	if rc.f.Verdict.Since.Equal(rc.WeightAckedAt) {
		rc.Judge = rc.f.Judge
	}
	// A bake begins unknown; what is worth telling is a pass that was lost, and a failure.
	if before.Result != rc.Verdict.Result && (before.Result == Pass || rc.Verdict.Result == Fail) && rc.judged().DemandsEvidence() {
		v := rc.Verdict
		rc.tell(EntryVerdict, bot, Data{Verdict: &v, Weight: rc.judged().Weight})
	}
}

// readable reports whether the cluster could be read in this reconcile.
func (rc *reconciliation) readable() bool { return rc.w.Unreadable.IsZero() }

// ProblemNotAcknowledged says that the router does not take the route as it is, and not why.
const ProblemNotAcknowledged ProblemCode = "not_acknowledged"

// notAcknowledged is why the router does not take the route as it is.
func notAcknowledged(route Route) Problem {
	if !route.Problem.IsZero() {
		return route.Problem
	}
	return Problem{Code: ProblemNotAcknowledged}
}

// What people should know about while a phase goes on.
const (
	ProblemStableShort    ProblemCode = "stable_short"    // Count of its Limit pods are ready; Index % stay on the canary until it has more
	ProblemStableStrained ProblemCode = "stable_strained" // the same, and it takes all traffic all the same
	ProblemStableUnready  ProblemCode = "stable_unready"  // no pod of Object is ready: nothing moves forward
	ProblemSettling       ProblemCode = "settling"        // the router says no generation of the route Object: a weight counts after Span
)

// difficulty is what about the cluster makes the phase take longer, or is not as people expect.
func (rc *reconciliation) difficulty() Problem {
	route, o := rc.w.Route, rc.Spec.Objects
	if !route.Exists {
		return Problem{}
	}
	switch rc.Phase {
	case Preparing:
		if route.HasCanary && !rc.w.Service.Exists {
			return Problem{} // its Service comes next
		}
		if !rc.stableServes(rc.w) {
			return Problem{Code: ProblemStableUnready, Object: ObjectRef{Kind: "Deployment", Namespace: o.Namespace, Name: o.Stable}}
		}
		return route.Unresolved
	case Baking, Awaiting:
		if !route.Acknowledged {
			return notAcknowledged(route) // it stops the bake's clock
		}
	case Shifting, Returning, RollingBack:
		if p := rc.strain(); !p.IsZero() {
			return p
		}
		if route.Unversioned && rc.atWeight() && !rc.settled() {
			return Problem{
				Code: ProblemSettling, Object: ObjectRef{Kind: o.Route.Kind, Namespace: o.Namespace, Name: o.Route.Name}, Span: Settling,
			}
		}
	case Queued, Promoting, Cleaning, Releasing, Ended:
	}
	return Problem{}
}

// strain is that stable has fewer pods than the traffic that comes back to it takes.
func (rc *reconciliation) strain() Problem {
	ready, full := rc.w.Stable.Endpoints, rc.fullSize()
	if !rc.Phase.Ending() || rc.w.Route.share() == 0 || hasRoom(ready, full) {
		return Problem{}
	}
	switch left := weightDown(rc.Rollout, rc.w); {
	case left == nil: // none comes back yet
		return Problem{}
	case *left > 0:
		return Problem{Code: ProblemStableShort, Count: ready, Limit: full, Index: int(*left)}
	}
	return Problem{Code: ProblemStableStrained, Count: ready, Limit: full}
}

// observe records which of our writes the cluster shows, and keeps the canary's size in step with stable's.
func (rc *reconciliation) observe() {
	rc.Trouble = rc.w.Unreadable
	if rc.Trouble.IsZero() {
		rc.Trouble = rc.f.Refused
	}
	if rc.Trouble.IsZero() {
		rc.Trouble = rc.gitTrouble()
	}
	if rc.Trouble.IsZero() && rc.readable() {
		rc.Trouble = rc.difficulty()
	}
	if !rc.readable() || rc.Phase == Queued {
		return
	}
	rc.LastApplied = rc.lastApplied(rc.w)
	rc.PodsWait = rc.podsWait()
	rc.Admitted = rc.admitted()
	if rc.Phase.Forward() && !rc.blocked() {
		rc.Size = max(rc.Size, need(rc.Current().Weight, max(rc.Original.Stable.Replicas, rc.w.Stable.Replicas)))
		rc.Hold = max(rc.Hold, rc.w.Stable.Replicas)
	}
	rc.recordImageIDs()
	if rc.Phase.Ending() {
		rc.Ending.StableImage = ""
		left := rc.stableForeign(rc.w) || rc.ByOthers() // whoever wrote that has to put it back
		if rc.w.Stable.Exists && left && rc.w.Stable.Image != rc.wantedStable() {
			rc.Ending.StableImage = rc.w.Stable.Image
		}
	}
}

// wantedStable is the image that stable should run once the rollout has ended.
func (r Rollout) wantedStable() string {
	if r.Promoted && (r.Phase == Returning || r.Ending.Outcome == Succeeded) {
		return r.Image
	}
	return r.Original.Stable.Image
}

// need is how many replicas carry the weight: its share of stable's, rounded up, at least one.
func need(weight Weight, stable int) int {
	return max(1, int(math.Ceil(float64(int(weight)*stable)/100)))
}

// wake is when to reconcile again at the latest; watches and decisions wake earlier.
func (rc *reconciliation) wake() time.Time {
	next := rc.interval()
	soon := func(limit, span time.Duration) {
		if left := limit - span; left > 0 {
			next = min(next, left)
		}
	}
	switch rc.Phase {
	case Preparing, Shifting, Promoting, Cleaning, Releasing:
		next = min(next, settling)
	case Returning, RollingBack:
		next = min(next, settling)
		soon(rc.drain(), rc.Spans.Drained)
	case Baking:
		soon(rc.Current().Bake, rc.Spans.Bake)
	case Queued:
		if !rc.Orphaned() {
			next = min(next, settling)
		}
	case Awaiting:
	case Ended:
		return time.Time{}
	}
	return rc.f.Now.Add(next)
}

// NeedsCommit reports whether the new value has to be committed now, because more than spans, samples and the time of the
// reconcile changed. Those alone are committed once a minute.
func NeedsCommit(before, after Rollout) bool {
	if before.Phase != after.Phase || before.Turn != after.Turn || before.Seq != after.Seq {
		return true
	}
	return !reflect.DeepEqual(withoutSamples(before), withoutSamples(after))
}

// withoutSamples is the rollout without what changes in every reconcile.
func withoutSamples(r Rollout) Rollout {
	r.Spans = Spans{}
	r.ReconciledAt = time.Time{}
	r.Git.At = time.Time{}
	r.Judge = JudgeState{}
	r.Verdict = Verdict{Result: r.Verdict.Result, Since: r.Verdict.Since}
	if !r.Trouble.IsZero() {
		r.Trouble = Problem{Code: "some"}
	}
	r.PodsWait.Detail = "" // the kubelet tells it in other words between two attempts
	return r
}

// Carry copies what a worker knows beyond the last commit into a newer value, after a decision won the swap: its samples,
// and its spans while the phase is still the same. "Try again" restarts the clock of an ending, so that one is kept.
func Carry(mine, newer Rollout) Rollout {
	newer.ReconciledAt = mine.ReconciledAt
	if newer.Phase == mine.Phase && newer.Step == mine.Step {
		ending := newer.Spans.Ending
		newer.Spans = mine.Spans
		if mine.Stuck != nil && newer.Stuck == nil {
			newer.Spans.Ending = ending
		}
	}
	if newer.WeightAckedAt.Equal(mine.WeightAckedAt) {
		newer.Judge = mine.Judge
	}
	return newer
}
