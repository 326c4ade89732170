package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// Accepted confirms a decision; the action is Deploy for a rollout that was just created. Link is the card's; empty:
// unknown.
func (a Answers) Accepted(r rollout.Rollout, action rollout.Action, link string) Message {
	id := word(string(r.ID))
	var what string
	switch action {
	case rollout.Deploy, rollout.AutoGate, rollout.EmergencyDeploy, GoBack, GoBackGently:
		what = fmt.Sprintf("%s %s is on its way, as %s.", iconCanary, fullName(r), id)
		if r.Behind != "" {
			what = fmt.Sprintf("%s %s is queued as %s; %s is rolled back first.", iconGoing, fullName(r), id, word(string(r.Behind)))
		}
	case rollout.Promote:
		if waits := siblingsApprovals(r); len(r.Approvals) > 0 && waits != "" {
			what = fmt.Sprintf("%s You approved %s: it %s.", iconDone, id, waits)
			break
		}
		if n := len(r.Approvals); n > 0 {
			what = fmt.Sprintf("%s You approved %s, as %d of %d: it waits for %s.", iconDone, id, n, r.Current().ApprovalsNeeded(),
				plural(r.ApprovalsMissing(), "other person", "other people"))
			break
		}
		what = fmt.Sprintf("%s %s is promoted: it %s.", iconDone, id, promotedTo(r)) + alsoPromoted(r)
	case rollout.PromoteNow:
		what = fmt.Sprintf("%s %s is promoted before its bake is over: it %s.", iconDone, id, promotedTo(r))
	case rollout.Review:
		what = fmt.Sprintf("%s Your review of %s is noted.", iconDone, id)
	case rollout.Rollback:
		what = fmt.Sprintf("%s %s is being rolled back; everyone returns to %s.", iconBack, id, oldVersion(r))
		if r.Ending.Outcome == rollout.Cancelled {
			what = fmt.Sprintf("%s %s is cancelled; nothing was changed in the cluster.", iconBad, id)
		}
	case rollout.Pause:
		what = fmt.Sprintf("%s %s is paused; checks and rollback go on.", iconPaused, id)
	case rollout.Resume:
		what = fmt.Sprintf("%s %s goes on.", iconGoing, id)
	case rollout.Extend:
		what = fmt.Sprintf("%s %s bakes %s longer.", iconGoing, id, span(rollout.Extension))
	case rollout.Accept:
		what = fmt.Sprintf("%s %s goes on: nobody is asked about that again in this rollout; what gets worse is still rolled back.", iconDone, id)
	case rollout.Override:
		what = fmt.Sprintf("%s %s overrides the change.", iconDone, id)
	case rollout.Retry:
		what = fmt.Sprintf("%s %s tries again.", iconGoing, id)
	case rollout.Abandon:
		what = fmt.Sprintf("%s %s is abandoned; its thread lists what it left in the cluster.", iconBad, id)
	case rollout.Freeze, rollout.Unfreeze, rollout.Requeue: // ClosureSet, Reopened and LeftTold
		fallthrough
	default:
		what = fmt.Sprintf("%s Done.", iconDone)
	}
	return message(joined(" ", what, anchor(link, "Its card"))).withText("%s", what)
}

// AcceptedForAll is Accepted for a decision that holds for every one that goes together with the rollout.
func (a Answers) AcceptedForAll(r rollout.Rollout, action rollout.Action, link string) Message {
	m := a.Accepted(r, action, "")
	also := "The same holds for all that go together with it."
	return message(joined(" ", m.Text, also, anchor(link, "Their card"))).withText("%s %s", m.Text, also)
}

// AcceptedTogether confirms that several rollouts which go together were created.
func (a Answers) AcceptedTogether(all []rollout.Rollout) Message {
	var lines []string
	for _, r := range all {
		lines = append(lines, "• "+dotted(fullName(r), "as "+word(string(r.ID))))
	}
	head := fmt.Sprintf("%s %s go together: none goes on before all are as far, and all are rolled back together.", iconCanary, plural(len(all), "rollout", "rollouts"))
	return message(paragraph(append([]string{head}, lines...)...)).withText("%s", head)
}

// Rechecking says that the checks are asked again. Link is the card's; empty: unknown.
func (a Answers) Rechecking(r rollout.Rollout, link string) Message {
	return message(fmt.Sprintf("%s Asking Prometheus about %s now; %s shows what it says.", iconGoing, word(string(r.ID)), anchorOr(link, "the card")))
}

// NothingToRecheck says that no check is asked of the rollout now.
func (a Answers) NothingToRecheck(r rollout.Rollout) Message {
	return message(word(string(r.ID)) + " has no traffic to judge now: nothing was asked.")
}

// promotedTo says where a committed promotion leads.
func promotedTo(r rollout.Rollout) string {
	if r.Phase == rollout.Promoting {
		return promotionMove(r, r.Step)
	}
	return promotionMove(r, r.Step-1)
}

// RolledBackAlready answers a rollback request when the last rollout was a rollback already: the previous version is
// the one that was rolled back.
func (a Answers) RolledBackAlready(back rollout.Rollout) Message {
	name := word(string(back.Service))
	return message(paragraph(
		fmt.Sprintf("%s *%s was rolled back already*: from %s to %s, in %s, by %s, %s. Rolling back once more would be to %s.",
			iconBack, name, oldVersion(back), newVersion(back), word(string(back.ID)), actorName(back.Request.By), at(back.Ending.At), oldVersion(back)),
		"Deploy another version by name: "+a.typed("deploy "+string(back.Service)+" VERSION"))).
		withText("%s was rolled back already, from %s to %s.", name, oldVersion(back), newVersion(back))
}

// OfferRollback describes a rollback to the previous version, with a button that starts it. Last is the service's
// newest rollout, which the button names; from and to are images.
func (a Answers) OfferRollback(last rollout.Rollout, from, to string) Message {
	sure := fmt.Sprintf("Everyone in %s goes from %s to %s at once; no check is asked.", environment(last), brief(from, to), brief(to, from))
	return offerRollback(last, from, to, GoBack, "everyone goes there at once, and then stable is changed. No check is asked.", sure)
}

// OfferGentleRollback is OfferRollback by the service's own plan.
func (a Answers) OfferGentleRollback(last rollout.Rollout, from, to string, plan rollout.Plan) Message {
	sure := fmt.Sprintf("%s goes from %s to %s in %s step by step, and is judged at each.", word(string(last.Service)), brief(from, to), brief(to, from), environment(last))
	return offerRollback(last, from, to, GoBackGently, "and judged as any canary is: "+describePlan(plan)+".", sure)
}

func offerRollback(last rollout.Rollout, from, to string, action rollout.Action, way, sure string) Message {
	name, where := word(string(last.Service)), environment(last)
	v := Value{Environment: last.Spec.Environment, Rollout: last.ID, Turn: last.Turn, Action: action}
	do := button{
		action: action, label: fmt.Sprintf("Roll back to %s", brief(to, from)), style: "danger",
		confirm: &confirm{fmt.Sprintf("Roll %s back?", name), sure, "Roll back", "Keep it"},
	}
	return message(paragraph(
		fmt.Sprintf("%s *Nothing is rolling out for %s*, so there is nothing to stop.", iconBack, name),
		fmt.Sprintf("I can roll %s in %s back from %s to %s: %s is started beside it, %s", name, where, named(from, to), named(to, from), named(to, from), way))).
		withText("Nothing is rolling out for %s. Rolling back from %s to %s has to be confirmed.", name, named(from, to), named(to, from)).
		withBlocks(actions(v, []button{do})...)
}
