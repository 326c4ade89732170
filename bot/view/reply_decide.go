package view

import (
	"fmt"
	"strings"

	"canarybot.io/rollout"
)

// decided reports a decision and its effect.
func (t threadReply) decided() (Message, bool) {
	by, reason := actorName(t.e.Actor), reasonSuffix(t.e.Data.Text)
	var mark, did, then string
	switch t.e.Data.Action {
	case rollout.Promote:
		mark, did, then = iconDone, "Approved by", t.approved()
	case rollout.PromoteNow:
		mark, did = iconWarning, "Promoted before its bake was over by"
		then = fmt.Sprintf("Skipped: %s of %s at %s. It %s.", span(t.e.Data.Left), span(t.currentStep().Bake), t.currentStep().Weight, promotionMove(t.r, t.e.Step))
	case rollout.Review:
		mark, did, then = iconDone, "Reviewed by", ""
	case rollout.Rollback:
		return t.rollback(), true
	case rollout.Pause:
		mark, did, then = iconPaused, "Paused by", "It stays as it is; checks and rollback go on."
	case rollout.Resume:
		mark, did, then = iconGoing, "Resumed by", "It goes on."
	case rollout.Extend:
		mark, did, then = iconGoing, "Extended by", "It bakes "+span(rollout.Extension)+" longer at "+t.currentStep().Weight.String()+"."
	case rollout.Override:
		mark, did, then = iconDone, "Overridden by", t.setBack()
	case rollout.Accept:
		mark, did, then = iconDone, "Told to go on by", fullStop("Fine in this rollout: "+nameDoubts(t.e.Data.Doubts))+" What gets worse is still rolled back."
	case rollout.Retry:
		mark, did, then = iconGoing, "Told to try again by", ""
	case rollout.Abandon:
		mark, did, then = iconBad, "Abandoned by", "Nothing more is changed in the cluster."
	case rollout.Deploy, rollout.AutoGate, rollout.EmergencyDeploy, rollout.Freeze, rollout.Unfreeze, rollout.Requeue:
		return Message{}, false
	default:
		return Message{}, false
	}
	return message(joined(" ", fmt.Sprintf("%s *%s* %s%s", mark, did, by, endSentence(reason)), then)).
		withText("%s", joined(" ", fmt.Sprintf("%s: %s %s%s", fullName(t.r), lower(did), by, endSentence(reason)), then)), true
}

// approved says what an approval led to: the next step, or that others have to approve as well.
func (t threadReply) approved() string {
	moves := "It " + promotionMove(t.r, t.e.Step) + "."
	given, needed := len(t.e.Data.Approvals), t.e.Data.Needed
	switch {
	case given >= needed && t.e.Data.To == rollout.Awaiting: // a sibling needs more
		return "It waits for the approvals of those that it goes together with."
	case needed < 2:
		return moves
	case given < needed:
		return fmt.Sprintf("That is %d of %d approvals.", given, needed)
	}
	return joined(" ", "Approved before by "+approvers(t.e.Data.Approvals[:given-1])+".", moves)
}

// approvers names who approved.
func approvers(all []rollout.Approval) string {
	var names []string
	for _, a := range all {
		names = append(names, actorName(a.By))
	}
	return strings.Join(names, " and ")
}

func (t threadReply) rollback() Message {
	by, reason := actorName(t.e.Actor), reasonSuffix(t.e.Data.Text)
	mark, did, what := iconBack, "Rollback", fmt.Sprintf("Everyone returns to %s.", oldVersion(t.r))
	switch {
	case t.e.Data.From == rollout.Queued && t.e.Data.To == rollout.Ended:
		mark, did, what = iconBad, "Cancelled", "It had not started; nothing was changed."
	case t.e.Actor.Kind == rollout.Kube:
		by, reason = "somebody with rights on the cluster", ", who set "+code("canarybot.io/rollback=now")
	case t.e.Data.Reason.Code == rollout.ReasonReplaced:
		reason += "; " + word(t.e.Data.Reason.Detail) + " comes instead"
	}
	return message(fmt.Sprintf("%s *%s* by %s%s %s", mark, did, by, endSentence(reason), what)).
		withText("%s: %s by %s%s %s", fullName(t.r), lower(did), by, endSentence(reason), what)
}

// endSentence ends a sentence after a reason, or without one.
func endSentence(reason string) string {
	if reason == "" {
		return "."
	}
	return fullStop(reason)
}

func (t threadReply) setBack() string {
	d := t.e.Data.Drift
	if d != nil && d.Field == rollout.FieldImageID {
		return fmt.Sprintf("Image %s counts as what was judged.", imageID(d.Value, d.Wanted))
	}
	if d != nil {
		return fmt.Sprintf("%s is set back from %s to %s.", capitalize(fieldName(d.Field)), shown(*d, d.Value), shown(*d, d.Wanted))
	}
	return ""
}
