package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// row is one transition of a rollout's life. Rows are tried in order, rolling back first: the first that matches wins,
// and where none does the rollout keeps its phase.
type row struct {
	name string
	from []Phase
	to   Phase
	// when describes the condition for the docs; holds decides it.
	when  string
	holds func(*reconciliation) bool
	// then completes the move; nil: nothing but the phase changes.
	then func(*reconciliation)
}

var (
	forward     = []Phase{Preparing, Shifting, Baking, Awaiting, Promoting}
	canRollBack = []Phase{Preparing, Shifting, Baking, Awaiting, Promoting, Returning}
)

// table is the life of a rollout. It is never changed.
var table = []row{
	{"cancelled: held", []Phase{Queued}, Ended, "another rollout holds the service, and it is not the one that this one replaces",
		(*reconciliation).heldByAnother, func(rc *reconciliation) {
			rc.cancel(Reason{Code: ReasonHeld, Detail: string(rc.f.Holder)}, Preflight{})
		}},
	{"cancelled: preflight", []Phase{Queued}, Ended, "the preflight found problems", (*reconciliation).preflightFailed,
		func(rc *reconciliation) { rc.cancel(Reason{Code: ReasonPreflight}, *rc.f.Preflight) }},
	{"cancelled: unreadable", []Phase{Queued}, Ended, "the cluster or Prometheus could not be asked for two minutes", (*reconciliation).overdue,
		func(rc *reconciliation) {
			rc.cancel(Reason{Code: ReasonUnreadable, Problem: rc.unreadable()}, Preflight{})
		}},

	{"cancelled: a sibling", []Phase{Queued}, Ended, "a rollout that it goes together with is rolled back, or ended without being promoted",
		(*reconciliation).siblingLost, func(rc *reconciliation) { rc.cancel(rc.becauseOfSibling(), Preflight{}) }},
	{"cancelled: orphan gone", []Phase{Queued}, Ended, "the orphan that it asks about is gone", (*reconciliation).orphanGone,
		func(rc *reconciliation) { rc.cancel(Reason{Code: ReasonOrphanGone}, Preflight{}) }},

	{"rollback: annotation on an orphan", []Phase{Queued}, RollingBack, "canarybot.io/rollback=now stands on the orphan that it asks about",
		func(rc *reconciliation) bool { return rc.Orphaned() && rc.readable() && rc.w.Rollback != "" }, (*reconciliation).rollBackByAnnotation},
	{"rollback: annotation", canRollBack, RollingBack, "canarybot.io/rollback=now stands on the route or a Deployment",
		func(rc *reconciliation) bool { return rc.readable() && rc.w.Rollback != "" }, (*reconciliation).rollBackByAnnotation},
	{"rollback: weight zero", forward, RollingBack, "somebody set the canary's weight to 0", (*reconciliation).weightTaken,
		rollBackBecause(ReasonWeightZero)},
	{"rollback: route gone", forward, RollingBack, "somebody deleted the route",
		func(rc *reconciliation) bool { return rc.readable() && !rc.w.Route.Exists && rc.knownRouteUID() != "" }, rollBackBecause(ReasonRouteGone)},
	{"rollback: canary gone", forward, RollingBack, "somebody deleted the canary, or put another in its place",
		func(rc *reconciliation) bool {
			return rc.readable() && rc.knownCanaryUID() != "" && !rc.ownCanary(rc.w.Canary)
		}, rollBackBecause(ReasonCanaryGone)},
	{"rollback: service gone", forward, RollingBack, "somebody deleted the canary's Service while it has traffic",
		func(rc *reconciliation) bool {
			return rc.readable() && rc.w.Route.share() > 0 && rc.ourWeight(rc.w.Route) > 0 && !rc.w.Service.Exists
		}, rollBackBecause(ReasonServiceGone)},
	{"rollback: check", forward, RollingBack, "a check fails beyond its limit while the canary has traffic",
		func(rc *reconciliation) bool {
			return rc.Verdict.Result == Fail && !rc.WeightAckedAt.IsZero() && rc.Spec.Plan.DemandsEvidence()
		}, (*reconciliation).rollBackByCheck},
	{"rollback: canary", forward, RollingBack, "the canary crashes, runs out of memory, cannot get its image, is refused its pods, or passes its progress deadline",
		func(rc *reconciliation) bool {
			return rc.readable() && rc.ownCanary(rc.w.Canary) && rc.w.Canary.Failure.Condemns()
		},
		func(rc *reconciliation) { rc.rollBack(Reason{Code: ReasonCanary, Failure: rc.w.Canary.Failure}, bot) }},
	{"rollback: image differs", forward, RollingBack, "a pod of the new version runs another image than the one that was judged",
		(*reconciliation).imageDiffers, rollBackBecause(ReasonImageDiffers)},
	{"rollback: stable", []Phase{Promoting}, RollingBack, "stable fails with the new image",
		(*reconciliation).stableFails,
		func(rc *reconciliation) { rc.rollBack(Reason{Code: ReasonStable, Failure: rc.w.Stable.Failure}, bot) }},
	{"rollback: promotion refused", []Phase{Promoting}, RollingBack, "Git does not take the promotion, or its pull request was closed",
		(*reconciliation).promotionRefused, (*reconciliation).rollBackRefused},
	{"rollback: write refused", forward, RollingBack, "the API server refuses a write, and no further try would mend that",
		func(rc *reconciliation) bool { return rc.readable() && rc.f.Refused.Final() },
		func(rc *reconciliation) { rc.rollBack(Reason{Code: ReasonWriteRefused, Problem: rc.f.Refused}, bot) }},
	{"rollback: deadline", forward, RollingBack, "the phase's deadline passed", (*reconciliation).overdue, (*reconciliation).rollBackByDeadline},
	{"rollback: unanswered", forward, RollingBack, "nobody answered in time",
		func(rc *reconciliation) bool {
			return rc.Spec.Limits.Wait > 0 && rc.Spans.Waiting >= rc.Spec.Limits.Wait
		}, func(rc *reconciliation) { rc.rollBack(Reason{Code: ReasonUnanswered, Evidence: rc.doubted()}, bot) }},
	{"rollback: unknown", forward, RollingBack, "evidence was unknown for too long, and the service asks for rollback then", (*reconciliation).unknownTooLong,
		func(rc *reconciliation) { rc.rollBack(Reason{Code: ReasonUnknown, Evidence: rc.worst()}, bot) }},
	{"rollback: frozen", []Phase{Preparing, Shifting, Baking, Awaiting}, RollingBack, "a freeze holds that rolls back what is under way",
		func(rc *reconciliation) bool { return rc.Frozen != nil && rc.Frozen.Running == ReturnRunning },
		func(rc *reconciliation) {
			rc.rollBack(Reason{Code: ReasonFrozen, Detail: cmp.Or(rc.Frozen.Name, rc.Frozen.Text)}, bot)
		}},

	{"rollback: a sibling", forward, RollingBack, "a rollout that it goes together with is rolled back, or ended without being promoted",
		(*reconciliation).siblingLost, func(rc *reconciliation) { rc.rollBack(rc.becauseOfSibling(), bot) }},

	{"start", []Phase{Queued}, Preparing, "the preflight passes and nobody holds the service; the same holds for all that it goes together with",
		func(rc *reconciliation) bool { return rc.mayStart() && rc.together() }, (*reconciliation).start},
	{"pods ready", []Phase{Preparing}, Shifting, "the canary's pods are ready and among its endpoints, the step before still passes, and no freeze pauses it",
		func(rc *reconciliation) bool {
			return rc.readable() && !rc.blocked() && !rc.frozen() && rc.ready() && rc.w.Stable.Exists && mayForward(rc.Rollout, rc.f)
		}, nil},
	{"acknowledged", []Phase{Shifting}, Baking, "the route has the step's weight, acknowledged",
		(*reconciliation).weightReached, (*reconciliation).beginBake}, // also while paused or held: what has traffic is judged
	{"ask", []Phase{Baking}, Awaiting, "the bake is covered and the verdict passes; the gate is manual, and all that it goes together with have come as far",
		func(rc *reconciliation) bool { return rc.baked() && rc.Current().Gate == Manual && rc.together() }, func(rc *reconciliation) { rc.endStep(); rc.tell(EntryAsked, bot, Data{Left: rc.patience()}) }},
	{"next step", []Phase{Baking}, Preparing, "the bake is covered and the verdict passes; the gate is auto, its window open, and nothing that it goes together with keeps it",
		func(rc *reconciliation) bool { return rc.baked() && !rc.last() && rc.Shut == nil && rc.released() }, func(rc *reconciliation) { rc.endStep(); rc.Step++; rc.Extended = 0 }},
	{"promote", []Phase{Baking}, Promoting, "the bake of the last step is covered and the verdict passes; the gate is auto, its window open, and nothing that it goes together with keeps it",
		func(rc *reconciliation) bool { return rc.baked() && rc.last() && rc.Shut == nil && rc.released() }, func(rc *reconciliation) { rc.endStep(); rc.StableWritten = true }},
	{"stable rolled out", []Phase{Promoting}, Returning, "stable is rolled out at the new image",
		func(rc *reconciliation) bool { return rc.readable() && !rc.blocked() && rc.promoted() }, func(rc *reconciliation) { rc.Promoted = true }},
	{"drained", []Phase{Returning}, Cleaning, "weight 0 is acknowledged and drained", (*reconciliation).drained,
		func(rc *reconciliation) { rc.Ending.Outcome = Succeeded; rc.beginCleanup() }},
	{"rolled back", []Phase{RollingBack}, Cleaning, "weight 0 is acknowledged and drained, and stable is rolled out at the old image if it was touched; where Git promotes, the promotion is no longer in Git",
		func(rc *reconciliation) bool {
			return rc.drained() && stableRestored(rc.Rollout, rc.w) && rc.gitRestored(rc.f.Now)
		},
		func(rc *reconciliation) { rc.Ending.Outcome = RolledBack; rc.beginCleanup() }},
	{"canary removed", []Phase{Cleaning}, Releasing, "no canary endpoint is left, and stable's autoscaler is as it was",
		func(rc *reconciliation) bool { return rc.podsGone() && (!rc.scaled(rc.w) || rc.unheld(rc.w.Scaler)) }, nil},
	{"released", []Phase{Releasing}, Ended, "route, Services, stamps and annotations are as they were",
		func(rc *reconciliation) bool {
			return rc.readable() && rc.podsGone() && len(Writes(rc.Rollout, rc.f)) == 0
		}, (*reconciliation).end},
}

// rollBackBecause returns a move that rolls the rollout back for the reason, decided by the bot.
func rollBackBecause(code ReasonCode) func(*reconciliation) {
	return func(rc *reconciliation) { rc.rollBack(Reason{Code: code, Evidence: nil}, bot) }
}

// move takes the first row that matches.
func (rc *reconciliation) move() {
	for i := range table {
		row := &table[i]
		if !slices.Contains(row.from, rc.Phase) || !row.holds(rc) || rc.asksInstead(row) {
			continue
		}
		from := rc.Phase
		if row.then != nil {
			row.then(rc)
		}
		rc.enter(row.to)
		weight, _ := rc.Weight()
		data := Data{From: from, To: row.to, Weight: weight}
		if row.to == RollingBack {
			data.Reason = rc.Ending.Reason
		}
		rc.tell(EntryPhase, bot, data)
		if row.to == Ended {
			ending := rc.Ending
			rc.tell(EntryEnded, rc.Ending.By, Data{Ending: &ending})
		}
		return
	}
}

// enter starts a phase: its spans begin at zero, and the rollout is no longer stuck.
func (r *Rollout) enter(to Phase) {
	if to == RollingBack || to == Returning {
		r.UndoRevision = r.Revision + 1
	}
	if to >= Returning {
		r.Paused, r.Held, r.Doubts, r.Drift, r.Reminded = false, false, nil, nil, false
		if r.Override != nil && r.Override.Field != FieldStableImage {
			r.Override = nil // an override of stable is kept: its write may still be in flight
		}
		r.Spans.Waiting, r.Spans.Unknown = 0, 0
	}
	r.Phase, r.Ready = to, false
	r.Spans.Deadline, r.Spans.Ending, r.Spans.Settled, r.Spans.Drained, r.Spans.Furthest = 0, 0, 0, 0, 0
	r.Stuck = nil
}

func (rc *reconciliation) heldByAnother() bool {
	return rc.f.Holder != "" && rc.f.Holder != rc.Behind
}

func (rc *reconciliation) preflightFailed() bool {
	return rc.f.Holder == "" && rc.f.Preflight != nil && rc.f.Preflight.Unreadable.IsZero() && !rc.f.Preflight.Passes()
}

func (rc *reconciliation) mayStart() bool {
	return rc.f.Holder == "" && rc.f.Preflight != nil && rc.f.Preflight.Passes()
}

func (rc *reconciliation) unreadable() Problem {
	if rc.f.Preflight != nil && !rc.f.Preflight.Unreadable.IsZero() {
		return rc.f.Preflight.Unreadable
	}
	return rc.w.Unreadable
}

// overdue reports whether the phase has a deadline and passed it.
func (rc *reconciliation) overdue() bool {
	limit := rc.deadline()
	return limit > 0 && rc.Spans.Deadline >= limit
}

func (rc *reconciliation) weightTaken() bool {
	if !rc.readable() || !rc.w.Route.Exists || rc.w.Route.share() > 0 {
		return false
	}
	known := rc.knownRouteUID()
	return rc.ourWeight(rc.w.Route) > 0 && (known == "" || known == rc.w.Route.UID)
}

// stableFails reports whether stable fails with the new image. Where stable may have been failing before the start,
// Kubernetes may still report that the previous image missed its progress deadline: our own deadline, as long, counts
// there. A quota without room for one pod more may have it when an old pod is gone.
func (rc *reconciliation) stableFails() bool {
	failure := rc.w.Stable.Failure
	if !rc.readable() || rc.w.Stable.Image != rc.Image || !failure.Condemns() || failure.Kind == OverQuota {
		return false
	}
	return failure.Kind != ProgressDeadline || rc.Spec.Plan.DemandsEvidence()
}

func (rc *reconciliation) unknownTooLong() bool {
	return rc.Spec.Limits.OnUnknown == RollbackOnUnk && rc.unknownForLong()
}

// doubted is the evidence that people are asked about; nil: none.
func (rc *reconciliation) doubted() *Evidence {
	for _, e := range rc.Verdict.Evidence {
		if slices.Contains(rc.Doubts, Acceptance{Check: e.Check, Why: e.Why}) {
			return &e
		}
	}
	return nil
}

func (rc *reconciliation) worst() *Evidence {
	if e, ok := rc.Verdict.Worst(); ok {
		return &e
	}
	return nil
}

// baked reports whether the step's bake is over: covered by passing evidence, or health proved where that is switched
// on. A bake of 0 needs neither.
func (rc *reconciliation) baked() bool {
	step := rc.Current()
	if rc.blocked() || rc.frozen() || !rc.weightReached() || !rc.Unseen.IsZero() { // nobody could be asked, nor see where it goes
		return false
	}
	if !step.DemandsEvidence() {
		return true
	}
	return rc.passes() && (rc.Spans.Bake >= step.Bake || rc.proved())
}

// proved reports whether proved health may end the bake: where that is switched on, once the step and all bakes
// together have lasted as long as they must.
func (rc *reconciliation) proved() bool {
	j := rc.Spec.Judging
	return rc.Spec.Prove && rc.Extended == 0 && rc.Verdict.Proved && rc.Spans.Bake >= j.Dwell && (!rc.last() || rc.Spans.Baked+rc.Spans.Bake >= j.Bake)
}

func (rc *reconciliation) drained() bool {
	return rc.offTraffic() && rc.Spans.Drained >= rc.drain()
}

// podsGone reports whether no canary endpoint is left and the canary is as it was originally. A canary that is not ours
// belongs to somebody else and is left alone.
func (rc *reconciliation) podsGone() bool {
	if !rc.readable() {
		return false
	}
	c := rc.w.Canary
	switch {
	case !c.Exists:
		return c.Endpoints == 0
	case !rc.ownCanary(c):
		return true
	default:
		return !rc.createsCanary() && rc.cleaned(c) && c.Endpoints == 0
	}
}

func (rc *reconciliation) start() {
	rc.Original = rc.f.Preflight.Original
	if pinned := rc.f.Preflight.Pinned; pinned != "" {
		rc.Image = pinned
	}
	rc.Started = rc.f.Now
	if rc.f.Preflight.ByLimits {
		rc.Spec.Checks = ByLimits(rc.Spec.Checks)
	}
	rc.Size = need(rc.Current().Weight, rc.Original.Stable.Replicas)
	rc.Hold = rc.Original.Stable.Replicas
	data := Data{Differs: rc.Original.TemplateDiffers, Notices: rc.f.Preflight.Notices}
	if f := rc.f.Preflight.DetectionPower; len(f.Detections) > 0 || f.Coarse != nil {
		data.DetectionPower = &f
	}
	rc.tell(EntryStarted, bot, data)
}

func (rc *reconciliation) beginBake() {
	rc.WeightAckedAt = rc.f.Now
	rc.Verdict = Verdict{Result: Unknown, Since: rc.WeightAckedAt}
	rc.Verdict.Evidence = rc.unasked()
	rc.Spans.Bake, rc.Spans.Unknown = 0, 0
	if len(rc.ImageIDs) == 0 {
		rc.ImageIDs = rc.w.Canary.ImageIDs
	}
}

func (rc *reconciliation) endStep() {
	v := rc.Verdict
	rc.Spans.Baked += rc.Spans.Bake
	rc.tell(EntryStep, bot, Data{Weight: rc.Current().Weight, Verdict: &v})
}

// rollBack begins to roll back for the reason.
func (r *Rollout) rollBack(why Reason, by Actor) {
	r.Ending.Reason, r.Ending.By = why, by
}

func (rc *reconciliation) rollBackByAnnotation() {
	by := Actor{Kind: Kube, ID: string(rc.w.Rollback)}
	rc.rollBack(Reason{Code: ReasonAnnotation}, by)
	rc.tell(EntryDecided, by, Data{Action: Rollback, Reason: Reason{Code: ReasonAnnotation}})
	rc.entries[len(rc.entries)-1].Decision = rc.w.Rollback
}

func (rc *reconciliation) rollBackByCheck() {
	rc.Ending.Breach = rc.Verdict.At
	rc.rollBack(Reason{Code: ReasonCheck, Evidence: rc.worst()}, bot)
}

func (rc *reconciliation) rollBackByDeadline() {
	why := Reason{Code: ReasonDeadline, Problem: rc.f.Refused, Failure: rc.w.Canary.Failure}
	// In every other phase it is the canary that did not come in time.
	//exhaustive:ignore
	switch rc.Phase {
	case Shifting:
		why.Failure = Failure{}
		if why.Problem.IsZero() {
			why.Problem = rc.w.Route.Problem
		}
	case Promoting:
		if rc.ByOthers() && rc.w.Stable.Image != rc.Image {
			why.Code, why.Failure, why.Problem = ReasonNotWritten, Failure{}, rc.Git.Unreadable
			break
		}
		why.Code, why.Failure = ReasonStable, Failure{Kind: ProgressDeadline, Detail: rc.w.Stable.Failure.Detail}
	default:
	}
	rc.rollBack(why, bot)
}

// beginCleanup begins to remove the canary's pods; the outcome is fixed.
func (rc *reconciliation) beginCleanup() {
	rc.CleanupRevision = rc.Revision + 1
}

func (rc *reconciliation) cancel(why Reason, p Preflight) {
	rc.Ending = Ending{Outcome: Cancelled, Reason: why, By: bot, Left: p.Problems, Checks: p.Checks}
	rc.Ending.At = rc.f.Now
}

func (rc *reconciliation) end() { rc.Ending.At = rc.f.Now }

// Table returns the table of a rollout's life as Markdown, for the docs.
func Table() string {
	var s strings.Builder
	s.WriteString("| from | when | to |\n|---|---|---|\n")
	for _, row := range table {
		names := make([]string, len(row.from))
		for i, p := range row.from {
			names[i] = strings.ReplaceAll(p.String(), "_", " ")
		}
		fmt.Fprintf(&s, "| %s | %s | %s |\n", strings.Join(names, ", "), row.when, strings.ReplaceAll(row.to.String(), "_", " "))
	}
	return s.String()
}
