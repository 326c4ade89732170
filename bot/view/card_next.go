package view

import (
	"strings"
	"time"

	"canarybot.io/rollout"
)

// defaultProgress is how long pods may take if stable's Deployment sets no deadline; it is the domain's default.
const defaultProgress = 10 * time.Minute

// anybody stands for those who may answer where they are not named.
const anybody = "a person"

// whoAnswers names those who are asked, the first of them if there are many. An edit of a card notifies nobody.
func whoAnswers(approvers []string) string {
	const most = 3
	if len(approvers) == 0 {
		return anybody
	}
	var names []string
	for _, id := range approvers[:min(len(approvers), most)] {
		names = append(names, mentionGroup(id))
	}
	if more := len(approvers) - most; more > 0 {
		names = append(names, plural(more, "other", "others"))
	}
	last := len(names) - 1
	return joined(" or ", strings.Join(names[:last], ", "), names[last])
}

// next says what happens next without a decision, and when; empty if nothing does. Who has those who are asked.
func next(r rollout.Rollout, who string) string {
	switch {
	case r.Orphaned():
		return "stays as it is until " + who + " answers"
	case r.HeldOnFail():
		return "stays at " + share(r) + " until " + who + " answers: judge again, or roll back"
	case r.Stuck != nil:
		return "keeps trying; a person can help with the buttons"
	case !r.Unseen.IsZero() && r.Phase.Forward():
		return "stays as it is until people can see it"
	case writtenElsewhere(r):
		return joined("; ", "waits until stable runs what it ran, by a change "+whereWritten(r)+", or "+who+" rolls back", giveUp(r, "does"))
	case r.Drift != nil:
		return joined("; ", "waits until "+who+" answers: override, or roll back", giveUp(r, "answers"))
	case frozen(r):
		return "goes to no further step while it is frozen, " + untilWhen(*r.Frozen) + "; checks and rollback go on"
	case r.Paused:
		return joined("; ", "stays as it is until somebody resumes it", giveUp(r, "does"))
	case r.Held && len(r.Doubts) > 0:
		return joined("; ", "stays at "+judgedStep(r).Weight.String()+" until "+who+" answers, or its checks pass", giveUp(r, "answers"))
	case r.Held:
		return joined("; ", "goes on when its checks can be judged again", waitsFor(who), giveUp(r, "answers"))
	}
	if waitingForSiblings(r) != "" {
		return afterSiblings(r)
	}
	switch r.Phase {
	case rollout.Queued, rollout.Ended:
		return ""
	case rollout.Preparing:
		return joined("; ", "shifts to "+r.Current().Weight.String()+" when the pods are ready", deadline(r, podDeadline(r)))
	case rollout.Shifting:
		return joined("; ", afterShift(r), deadline(r, r.Spec.Limits.Shift))
	case rollout.Baking:
		return afterBake(r)
	case rollout.Awaiting:
		if r.Verdict.Result != rollout.Pass && r.Current().DemandsEvidence() {
			return joined("; ", "can be promoted once every check passes", waitsFor(who), giveUp(r, "answers"))
		}
		if waits := siblingsApprovals(r); waits != "" {
			return joined("; ", waits, giveUp(r, "answers"))
		}
		return joined("; ", waitsForApprovals(r, who), giveUp(r, "answers"))
	case rollout.Promoting:
		return joined("; ", "the canary leaves when every pod of stable runs "+newVersion(r), deadline(r, promotionDeadline(r)))
	case rollout.Returning:
		return "removes the canary once its last requests are done"
	case rollout.RollingBack:
		return afterRollback(r)
	case rollout.Cleaning, rollout.Releasing:
		return "leaves route and Services as they were found"
	}
	return ""
}

// waitsFor says who is asked; empty where nobody is named, as the status says the rest.
func waitsFor(who string) string {
	if who == anybody {
		return ""
	}
	return "waits for " + who
}

// waitsForApprovals is waitsFor where several have to approve.
func waitsForApprovals(r rollout.Rollout, who string) string {
	if r.Current().ApprovalsNeeded() < 2 {
		return waitsFor(who)
	}
	more := plural(r.ApprovalsMissing(), "approval", "approvals")
	if len(r.Approvals) > 0 {
		more = plural(r.ApprovalsMissing(), "more approval", "more approvals")
	}
	return joined(" of ", "waits for "+more, strings.TrimPrefix(waitsFor(who), "waits for "))
}

// podDeadline is how long pods may take to be ready.
func podDeadline(r rollout.Rollout) time.Duration {
	if r.Original.Progress > 0 {
		return r.Original.Progress
	}
	return defaultProgress
}

// deadline says when a phase that does not finish is rolled back.
func deadline(r rollout.Rollout, limit time.Duration) string {
	left := limit - r.Spans.Deadline
	if limit <= 0 || left <= 0 || r.ReconciledAt.IsZero() {
		return ""
	}
	return "rolls back " + at(r.ReconciledAt.Add(left)) + " if not"
}

// giveUp says when the rollout is rolled back because nobody does what it waits for.
func giveUp(r rollout.Rollout, does string) string {
	return giveUpAt(r, r.ReconciledAt, r.Spec.Limits.Wait-r.Spans.Waiting, does)
}

func giveUpAt(r rollout.Rollout, from time.Time, left time.Duration, does string) string {
	if r.Spec.Limits.Wait <= 0 || from.IsZero() {
		return ""
	}
	return "rolls back " + at(from.Add(max(left, 0))) + " if nobody " + does
}

func afterShift(r rollout.Rollout) string {
	if step := r.Current(); step.DemandsEvidence() {
		return "bakes for " + span(step.Bake) + " once the route has the weight"
	}
	return "goes on once the route has the weight"
}

// afterBake says what ends a bake, or what prolongs it.
func afterBake(r rollout.Rollout) string {
	step := r.Current()
	worst, bad := r.Verdict.Worst()
	switch {
	case !step.DemandsEvidence():
		return gateOpens(r, time.Time{})
	case bad && worst.Result == rollout.Fail:
		return onFailure(r)
	case bad && worst.Why == rollout.WhyFailingOnce:
		return onFailure(r) + " if it fails again; the bake stands still until then"
	case bad && worst.InDoubt():
		return joined("; ", "goes on when that is over; the bake stands still until then", unknownLimit(r))
	case r.Verdict.Result != rollout.Pass:
		return joined("; ", "the bake stands still until every check can be judged", unknownLimit(r))
	case r.ReconciledAt.IsZero():
		return gateOpens(r, time.Time{})
	}
	return gateOpens(r, r.ReconciledAt.Add(max(step.Bake-r.Spans.Bake, 0)))
}

// onFailure says what follows a failure.
func onFailure(r rollout.Rollout) string {
	if r.Spec.Plan.OnFail == rollout.HoldOnFail {
		return "stays as it is and asks a person"
	}
	return "rolls back"
}

// gateOpens says what follows the bake.
func gateOpens(r rollout.Rollout, when time.Time) string {
	opens := "then"
	if !when.IsZero() {
		opens = at(when)
	}
	if r.Current().Gate == rollout.Auto {
		if shut(r) && r.Shut.Until.After(when) {
			return promotionMove(r, r.Step) + " " + joined(" ", "when its window "+word(r.Shut.Name)+" is open,", at(r.Shut.Until), "at the earliest")
		}
		if !r.Current().DemandsEvidence() {
			opens = "as soon as the route has the weight"
		}
		return promotionMove(r, r.Step) + " " + opens
	}
	return joined("; ", "asks for approval "+opens, giveUpAt(r, when, r.Spec.Limits.Wait, "answers"))
}

// unknownLimit says what follows from unknown evidence, and when.
func unknownLimit(r rollout.Rollout) string {
	left := r.Spec.Limits.UnknownLimit - r.Spans.Unknown
	if r.Spec.Limits.UnknownLimit <= 0 || r.ReconciledAt.IsZero() || left <= 0 {
		return ""
	}
	then := "asks for approval "
	if r.Spec.Limits.OnUnknown == rollout.RollbackOnUnk {
		then = "rolls back "
	}
	return then + at(r.ReconciledAt.Add(left)) + " if that lasts"
}
