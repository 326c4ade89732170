package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// row is one line of the table of a rollout's life. Rows are tried in order, rolling back first; the first that
// matches wins, and where none does the rollout stays.
type row struct {
	name string
	from []Phase
	to   Phase
	// when says the condition in the docs; holds decides it.
	when  string
	holds func(*beat) bool
	// then completes the move; nil: nothing but the phase changes.
	then func(*beat)
}

var (
	forward     = []Phase{Preparing, Shifting, Baking, Awaiting, Promoting}
	canTurnBack = []Phase{Preparing, Shifting, Baking, Awaiting, Promoting, Returning}
)

// table is the life of a rollout. It is never changed.
var table = []row{
	{"cancelled: held", []Phase{Queued}, Ended, "another rollout holds the service, and it is not the one that this one replaces",
		(*beat).heldByAnother, func(b *beat) { b.cancel(Reason{Code: ReasonHeld, Detail: string(b.f.Holder)}, Preflight{}) }},
	{"cancelled: preflight", []Phase{Queued}, Ended, "the preflight found problems", (*beat).preflightFailed,
		func(b *beat) { b.cancel(Reason{Code: ReasonPreflight}, *b.f.Preflight) }},
	{"cancelled: unreadable", []Phase{Queued}, Ended, "the cluster or Prometheus could not be asked for two minutes", (*beat).overdue,
		func(b *beat) { b.cancel(Reason{Code: ReasonUnreadable, Detail: b.unreadable()}, Preflight{}) }},

	{"cancelled: orphan gone", []Phase{Queued}, Ended, "the orphan that it asks about is gone", (*beat).orphanGone,
		func(b *beat) { b.cancel(Reason{Code: ReasonOrphanGone}, Preflight{}) }},

	{"rollback: annotation on an orphan", []Phase{Queued}, RollingBack, "canarybot.io/rollback=now stands on the orphan that it asks about",
		func(b *beat) bool { return b.Orphaned() && b.readable() && b.w.Rollback != "" }, (*beat).backByAnnotation},
	{"rollback: annotation", canTurnBack, RollingBack, "canarybot.io/rollback=now stands on the route or a Deployment",
		func(b *beat) bool { return b.readable() && b.w.Rollback != "" }, (*beat).backByAnnotation},
	{"rollback: weight zero", forward, RollingBack, "somebody set the canary's weight to 0", (*beat).weightTaken,
		because(ReasonWeightZero)},
	{"rollback: route gone", forward, RollingBack, "somebody deleted the route",
		func(b *beat) bool { return b.readable() && !b.w.Route.Exists && b.knownRouteUID() != "" }, because(ReasonRouteGone)},
	{"rollback: canary gone", forward, RollingBack, "somebody deleted the canary, or put another in its place",
		func(b *beat) bool { return b.readable() && b.knownCanaryUID() != "" && !b.ownCanary(b.w.Canary) }, because(ReasonCanaryGone)},
	{"rollback: service gone", forward, RollingBack, "somebody deleted the canary's Service while it has traffic",
		func(b *beat) bool {
			return b.readable() && b.w.Route.share() > 0 && b.ourWeight(b.w.Route) > 0 && !b.w.Service.Exists
		}, because(ReasonServiceGone)},
	{"rollback: check", forward, RollingBack, "a check fails beyond its limit while the canary has traffic",
		func(b *beat) bool {
			return b.Verdict.Result == Fail && !b.Acked.IsZero() && b.Spec.Plan.DemandsEvidence()
		}, (*beat).backByCheck},
	{"rollback: canary", forward, RollingBack, "the canary crashes, runs out of memory, cannot get its image, or passes its progress deadline",
		func(b *beat) bool { return b.readable() && b.ownCanary(b.w.Canary) && b.w.Canary.Failure.Condemns() },
		func(b *beat) { b.back(Reason{Code: ReasonCanary, Failure: b.w.Canary.Failure}, bot) }},
	{"rollback: image differs", forward, RollingBack, "a pod of the new version runs another image than the one that was judged",
		(*beat).imageDiffers, because(ReasonImageDiffers)},
	{"rollback: stable", []Phase{Promoting}, RollingBack, "stable fails with the new image",
		(*beat).stableFails,
		func(b *beat) { b.back(Reason{Code: ReasonStable, Failure: b.w.Stable.Failure}, bot) }},
	{"rollback: deadline", forward, RollingBack, "the phase's deadline passed", (*beat).overdue, (*beat).backByDeadline},
	{"rollback: unanswered", forward, RollingBack, "nobody answered within the wait",
		func(b *beat) bool { return b.Spec.Limits.Wait > 0 && b.Spans.Waiting >= b.Spec.Limits.Wait }, because(ReasonUnanswered)},
	{"rollback: unknown", forward, RollingBack, "evidence was unknown for too long, and the service asks for rollback then", (*beat).unknownTooLong,
		func(b *beat) { b.back(Reason{Code: ReasonUnknown, Evidence: b.worst()}, bot) }},

	{"start", []Phase{Queued}, Preparing, "the preflight passes and nobody holds the service", (*beat).mayStart, (*beat).start},
	{"pods ready", []Phase{Preparing}, Shifting, "the canary's pods are ready and among its endpoints, and the step before still passes",
		func(b *beat) bool {
			return b.readable() && !b.still() && b.ready() && b.w.Stable.Exists && mayForward(b.Rollout, b.f)
		}, nil},
	{"acknowledged", []Phase{Shifting}, Baking, "the route has the step's weight, acknowledged",
		(*beat).weightStands, (*beat).beginBake}, // also while paused or held: what has traffic is judged
	{"ask", []Phase{Baking}, Awaiting, "the bake is covered and the verdict passes; the gate is manual",
		func(b *beat) bool { return b.baked() && b.Current().Gate == Manual }, func(b *beat) { b.endStep(); b.tell(EntryAsked, bot, Data{Left: b.patience()}) }},
	{"next step", []Phase{Baking}, Preparing, "the bake is covered and the verdict passes; the gate is auto",
		func(b *beat) bool { return b.baked() && !b.last() }, func(b *beat) { b.endStep(); b.Step++ }},
	{"promote", []Phase{Baking}, Promoting, "the bake of the last step is covered and the verdict passes; the gate is auto",
		func(b *beat) bool { return b.baked() && b.last() }, func(b *beat) { b.endStep(); b.Touched = true }},
	{"stable rolled out", []Phase{Promoting}, Returning, "stable is rolled out at the new image",
		func(b *beat) bool { return b.readable() && !b.still() && b.promoted() }, func(b *beat) { b.Promoted = true }},
	{"drained", []Phase{Returning}, Cleaning, "weight 0 is acknowledged and drained", (*beat).drained,
		func(b *beat) { b.Ending.Outcome = Succeeded; b.clean() }},
	{"taken back", []Phase{RollingBack}, Cleaning, "weight 0 is acknowledged and drained, and stable is rolled out at the old image if it was touched",
		func(b *beat) bool { return b.drained() && stableRestored(b.Rollout, b.w) },
		func(b *beat) { b.Ending.Outcome = RolledBack; b.clean() }},
	{"canary removed", []Phase{Cleaning}, Releasing, "no canary endpoint is left", (*beat).podsGone, nil},
	{"released", []Phase{Releasing}, Ended, "route, Services, stamps and annotations are as found",
		func(b *beat) bool { return b.readable() && b.podsGone() && len(Writes(b.Rollout, b.f)) == 0 }, (*beat).end},
}

// because returns a move that takes the rollout back for the reason, decided by the bot.
func because(code ReasonCode) func(*beat) {
	return func(b *beat) { b.back(Reason{Code: code, Evidence: nil}, bot) }
}

// move takes the first row that matches.
func (b *beat) move() {
	for i := range table {
		row := &table[i]
		if !slices.Contains(row.from, b.Phase) || !row.holds(b) {
			continue
		}
		from := b.Phase
		if row.then != nil {
			row.then(b)
		}
		b.enter(row.to)
		weight, _ := b.Weight()
		data := Data{From: from, To: row.to, Weight: weight}
		if row.to == RollingBack {
			data.Reason = b.Ending.Reason
		}
		b.tell(EntryPhase, bot, data)
		if row.to == Ended {
			ending := b.Ending
			b.tell(EntryEnded, b.Ending.By, Data{Ending: &ending})
		}
		return
	}
}

// enter starts a phase: its spans begin at nothing, and what was stuck is not any more.
func (r *Rollout) enter(to Phase) {
	if to == RollingBack || to == Returning {
		r.Undo = r.Revision + 1
	}
	if to >= Returning {
		r.Paused, r.Held, r.Drift, r.Reminded = false, false, nil, false
		if r.Overrule != nil && r.Overrule.Field != FieldStableImage {
			r.Overrule = nil // a person's answer about stable stands: their write may still be under way
		}
		r.Spans.Waiting, r.Spans.Unknown = 0, 0
	}
	r.Phase = to
	r.Spans.Deadline, r.Spans.Ending, r.Spans.Drained, r.Spans.Furthest = 0, 0, 0, 0
	r.Stuck = nil
}

func (b *beat) heldByAnother() bool {
	return b.f.Holder != "" && b.f.Holder != b.Behind
}

func (b *beat) preflightFailed() bool {
	return b.f.Holder == "" && b.f.Preflight != nil && b.f.Preflight.Unreadable == "" && !b.f.Preflight.Passes()
}

func (b *beat) mayStart() bool {
	return b.f.Holder == "" && b.f.Preflight != nil && b.f.Preflight.Passes()
}

func (b *beat) unreadable() string {
	if b.f.Preflight != nil && b.f.Preflight.Unreadable != "" {
		return b.f.Preflight.Unreadable
	}
	return b.w.Unreadable
}

// overdue reports whether the phase has a deadline and passed it.
func (b *beat) overdue() bool {
	limit := b.deadline()
	return limit > 0 && b.Spans.Deadline >= limit
}

func (b *beat) weightTaken() bool {
	if !b.readable() || !b.w.Route.Exists || b.w.Route.share() > 0 {
		return false
	}
	known := b.knownRouteUID()
	return b.ourWeight(b.w.Route) > 0 && (known == "" || known == b.w.Route.UID)
}

func (b *beat) imageDiffers() bool {
	if !b.readable() || len(b.ImageIDs) == 0 {
		return false
	}
	other := func(id string) bool { return !slices.Contains(b.ImageIDs, id) }
	if b.ownCanary(b.w.Canary) && b.w.Canary.Image == b.Image && slices.ContainsFunc(b.w.Canary.ImageIDs, other) {
		return true
	}
	return b.Phase == Promoting && b.w.Stable.Image == b.Image && slices.ContainsFunc(b.w.Stable.ImageIDs, other)
}

// stableFails reports whether stable fails with the new image. Where it may have been failing at the start already,
// Kubernetes may still tell of the progress deadline that the image before passed: there our own, as long, is what counts.
func (b *beat) stableFails() bool {
	failure := b.w.Stable.Failure
	if !b.readable() || b.w.Stable.Image != b.Image || !failure.Condemns() {
		return false
	}
	return failure.Kind != ProgressDeadline || b.Spec.Plan.DemandsEvidence()
}

func (b *beat) unknownTooLong() bool {
	limits := b.Spec.Limits
	return limits.OnUnknown == RollbackOnUnk && limits.UnknownLimit > 0 && b.Spans.Unknown >= limits.UnknownLimit
}

func (b *beat) worst() *Evidence {
	if e, ok := b.Verdict.Worst(); ok {
		return &e
	}
	return nil
}

// baked reports whether the step's bake is over: covered by passing evidence, or health proved where that is switched
// on. A bake of 0 asks for neither.
func (b *beat) baked() bool {
	step := b.Current()
	if b.still() || !b.weightStands() {
		return false
	}
	if !step.DemandsEvidence() {
		return true
	}
	return b.passes() && (b.Spans.Bake >= step.Bake || b.proved())
}

// proved reports whether proved health may end the bake: where that is switched on, once the step and all bakes
// together have lasted as long as they must.
func (b *beat) proved() bool {
	j := b.Spec.Judging
	return b.Spec.Prove && b.Verdict.Proved && b.Spans.Bake >= j.Dwell && (!b.last() || b.Spans.Baked+b.Spans.Bake >= j.Bake)
}

func (b *beat) drained() bool {
	return b.undone() && b.Spans.Drained >= b.Spec.Limits.Drain
}

// podsGone reports whether no canary endpoint is left and the canary is as found. A canary that is not ours was put
// there by somebody else and is left alone.
func (b *beat) podsGone() bool {
	if !b.readable() {
		return false
	}
	c := b.w.Canary
	switch {
	case !c.Exists:
		return c.Endpoints == 0
	case !b.ownCanary(c):
		return true
	default:
		return !b.createsCanary() && b.cleaned(c) && c.Endpoints == 0
	}
}

func (b *beat) start() {
	b.Found = b.f.Preflight.Found
	b.Started = b.f.Now
	b.Size = need(b.Current().Weight, b.Found.Stable.Replicas)
	data := Data{Problems: b.Found.TemplateDiffers}
	if f := b.f.Preflight.Foresight; len(f.Sees) > 0 || f.Coarse != nil {
		data.Foresight = &f
	}
	b.tell(EntryStarted, bot, data)
}

func (b *beat) beginBake() {
	b.Acked = b.f.Now
	b.Verdict = Verdict{Result: Unknown, Since: b.Acked}
	b.Verdict.Evidence = b.unasked()
	b.Spans.Bake, b.Spans.Unknown = 0, 0
	if len(b.ImageIDs) == 0 {
		b.ImageIDs = b.w.Canary.ImageIDs
	}
}

func (b *beat) endStep() {
	v := b.Verdict
	b.Spans.Baked += b.Spans.Bake
	b.tell(EntryStep, bot, Data{Weight: b.Current().Weight, Verdict: &v})
}

// back begins to roll back for the reason.
func (r *Rollout) back(why Reason, by Actor) {
	r.Ending.Reason, r.Ending.By = why, by
}

func (b *beat) backByAnnotation() {
	by := Actor{Kind: Kube, ID: string(b.w.Rollback)}
	b.back(Reason{Code: ReasonAnnotation}, by)
	b.tell(EntryDecided, by, Data{Action: Rollback, Reason: Reason{Code: ReasonAnnotation}})
	b.entries[len(b.entries)-1].Decision = b.w.Rollback
}

func (b *beat) backByCheck() {
	b.Ending.Breach = b.Verdict.At
	b.back(Reason{Code: ReasonCheck, Evidence: b.worst()}, bot)
}

func (b *beat) backByDeadline() {
	why := Reason{Code: ReasonDeadline, Detail: b.f.Refused, Failure: b.w.Canary.Failure}
	switch b.Phase {
	case Shifting:
		why.Failure = Failure{}
		if why.Detail == "" {
			why.Detail = b.w.Route.Detail
		}
	case Promoting:
		why.Code, why.Failure = ReasonStable, Failure{Kind: ProgressDeadline, Detail: b.w.Stable.Failure.Detail}
	default:
	}
	b.back(why, bot)
}

// clean begins to remove the canary's pods; the outcome is fixed.
func (b *beat) clean() {
	b.Clean = b.Revision + 1
}

func (b *beat) cancel(why Reason, p Preflight) {
	b.Ending = Ending{Outcome: Cancelled, Reason: why, By: bot, Left: p.Problems, Checks: p.Checks}
	b.Ending.At = b.f.Now
}

func (b *beat) end() { b.Ending.At = b.f.Now }

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
