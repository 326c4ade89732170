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
	case rollout.Deploy, rollout.AutoGate, GoBack:
		what = fmt.Sprintf("%s %s is on its way, as %s.", iconCanary, fullName(r), id)
		if r.Behind != "" {
			what = fmt.Sprintf("%s %s is queued as %s; %s is rolled back first.", iconGoing, fullName(r), id, word(string(r.Behind)))
		}
	case rollout.Promote:
		what = fmt.Sprintf("%s %s is promoted: it %s.", iconDone, id, promotedTo(r))
	case rollout.Rollback:
		what = fmt.Sprintf("%s %s is being rolled back; everyone returns to %s.", iconBack, id, oldVersion(r))
		if r.Ending.Outcome == rollout.Cancelled {
			what = fmt.Sprintf("%s %s is cancelled; nothing was changed in the cluster.", iconBad, id)
		}
	case rollout.Pause:
		what = fmt.Sprintf("%s %s is paused; checks and rollback go on.", iconPaused, id)
	case rollout.Resume:
		what = fmt.Sprintf("%s %s goes on.", iconGoing, id)
	case rollout.Accept:
		what = fmt.Sprintf("%s %s goes on: nobody is asked about that again in this rollout; what gets worse is still rolled back.", iconDone, id)
	case rollout.Override:
		what = fmt.Sprintf("%s %s overrides the change.", iconDone, id)
	case rollout.Retry:
		what = fmt.Sprintf("%s %s tries again.", iconGoing, id)
	case rollout.Abandon:
		what = fmt.Sprintf("%s %s is abandoned; its thread lists what it left in the cluster.", iconBad, id)
	default:
		what = fmt.Sprintf("%s Done.", iconDone)
	}
	return message(joined(" ", what, anchor(link, "Its card"))).withText("%s", what)
}

// promotedTo says where a committed promotion leads.
func promotedTo(r rollout.Rollout) string {
	if r.Phase == rollout.Promoting {
		return promotionMove(r, r.Step)
	}
	return promotionMove(r, r.Step-1)
}

// DryRun renders the result of a preflight; r is the rollout that would have started.
func (a Answers) DryRun(r rollout.Rollout, p rollout.Preflight) Message {
	r.Original = p.Original
	head := fmt.Sprintf("*Dry run of %s*: ", fullName(r))
	switch {
	case !p.Unreadable.IsZero():
		return message(iconUnknown + " " + head + "nothing can be said yet: " + fullStop(short(p.Unreadable)))
	case !p.Passes():
		return message(fmt.Sprintf("%s %sit would not start, for %s. Nothing was changed.", iconBad, head, plural(len(p.Problems)+len(p.Checks), "reason", "reasons"))).
			withBlocks(list(preflight(p.Problems, p.Checks))...)
	}
	lines := []string{
		fmt.Sprintf("%s %sit would start. Nothing was changed.", iconDone, head),
		change(r),
		capitalize(describePlan(r.Spec.Plan)) + ".",
		DetectionPower(p.DetectionPower, r.Spec.Plan),
		Errorless(p.DetectionPower),
	}
	lines = append(lines, checkBacktests(p.Backtests)...)
	if len(p.Original.TemplateDiffers) > 0 {
		lines = append(lines, iconWarning+" "+differs(p.Original.TemplateDiffers))
	}
	return message(paragraph(lines...)).withText("Dry run of %s: it would start. Nothing was changed.", fullName(r)).
		withBlocks(list(notices(p.Notices))...)
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
	name, where := word(string(last.Service)), environment(last)
	v := Value{Environment: last.Spec.Environment, Rollout: last.ID, Turn: last.Turn, Action: GoBack}
	do := button{
		action: GoBack, label: fmt.Sprintf("Roll back to %s", brief(to, from)), style: "danger",
		confirm: &confirm{
			fmt.Sprintf("Roll %s back?", name),
			fmt.Sprintf("Everyone in %s goes from %s to %s at once; no check is asked.", where, brief(from, to), brief(to, from)), "Roll back", "Keep it",
		},
	}
	return message(paragraph(
		fmt.Sprintf("%s *Nothing is rolling out for %s*, so there is nothing to stop.", iconBack, name),
		fmt.Sprintf("I can roll %s in %s back from %s to %s: %s is started beside it, everyone goes there at once, and then stable is changed. No check is asked.",
			name, where, named(from, to), named(to, from), named(to, from)))).
		withText("Nothing is rolling out for %s. Rolling back from %s to %s has to be confirmed.", name, named(from, to), named(to, from)).
		withBlocks(actions(v, []button{do})...)
}
