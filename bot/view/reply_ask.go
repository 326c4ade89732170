package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// asked puts a question to the approvers: at a gate, or because evidence was unknown for too long.
func (t threadReply) asked() Message {
	if t.e.Data.Reason.Code == rollout.ReasonOrphaned && t.r.Orphan != nil {
		return t.askedAboutOrphan()
	}
	if t.e.Data.Reason.Code == rollout.ReasonDoubt {
		return t.askedAboutDoubts()
	}
	calls := t.mentionApprovers()
	limit := t.answerDeadline()
	if t.e.Data.Reason.Code == rollout.ReasonUnknown {
		lasted := span(t.r.Spec.Limits.UnknownLimit)
		m := message(paragraph(
			fmt.Sprintf("%s *%s is held, no verdict for %s*: the checks cannot be judged, so it stays as it is.", iconUnknown, fullName(t.r), lasted),
			joined(" ", calls, "Find out why, or roll back on "+t.cardLink()+".", limit)))
		m = m.withText("%s waits for a person: no verdict for %s. Find out why, or roll back. %s", fullName(t.r), lasted, limit)
		if v := t.e.Data.Verdict; v != nil {
			lines, drawn := evidence(*v), drawnEvidence(*v, "Checks, without a verdict for "+lasted)
			if worst, ok := v.Worst(); ok && remedy(t.r, worst) != "" {
				lines = append(lines, remedy(t.r, worst))
				if drawn != nil {
					drawn = append(drawn, section(remedy(t.r, worst)))
				}
			}
			m = m.withEither(drawn, list(lines))
		}
		return m
	}
	to := promotionTarget(t.r, t.e.Step)
	if len(t.to.Approvers) == 0 {
		calls = joined(" ", t.called(rollout.Actor{}, t.to.Notify.Waits),
			"Nobody can promote: "+code("policy.approvers")+" is empty. Roll back on "+t.cardLink()+", or add an approver.")
	} else {
		calls = joined(" ", calls, t.takes(), "Promote or roll back on "+t.cardLink()+".")
	}
	did, who := fmt.Sprintf("it did its %s at %s. Promote %s?", span(t.currentStep().Bake), t.currentStep().Weight, to), fullName(t.r)+" waits"
	if len(t.to.Shared) > 1 {
		to = targetOfAll(t.to.Shared)
		did, who = fmt.Sprintf("all are done with step %d. Promote %s?", t.e.Step+1, to), namesOf(t.to.Shared)+" wait"
	}
	return message(paragraph(
		fmt.Sprintf("%s *%s for a person*: %s", iconGoing, who, did), joined(" ", calls, limit))).
		withText("%s for approval: promote %s, or roll back. %s", who, to, limit)
}

// takes says how many approvals the step takes, where one of anybody is not enough.
func (t threadReply) takes() string {
	needed, but := t.currentStep().ApprovalsNeeded(), ""
	if t.to.Apart && t.r.Request.By.Kind == rollout.Person {
		but = "; " + actorName(t.r.Request.By) + ", who asked for it, does not count"
	}
	if needed < 2 && but == "" {
		return ""
	}
	return "It takes " + plural(needed, "approval", "approvals") + but + "."
}

// askedAboutDoubts puts what is seen to the approvers, with what each answer means.
func (t threadReply) askedAboutDoubts() Message {
	d := t.e.Data
	v := rollout.Verdict{}
	if d.Verdict != nil {
		v = *d.Verdict
	}
	what := asksAbout(t.r, v, d.Doubts)
	silence := fmt.Sprintf("*No answer*: it stays at %s.", d.Weight)
	if d.Left > 0 {
		silence = fmt.Sprintf("*No answer*: it stays at %s, and is rolled back %s.", d.Weight, at(t.e.At.Add(d.Left)))
	}
	return message(paragraph(
		fmt.Sprintf("%s *%s is held at %s, and a person decides*: %s", iconUnknown, fullName(t.r), d.Weight, what),
		joined(" ", t.mentionApprovers(), "Answer on "+t.cardLink()+"."),
		joined(" ", answers(t.r), silence))).
		withText("%s", joined(" ", fmt.Sprintf("%s is held at %s, and a person decides:", fullName(t.r), d.Weight), eachDoubt(v, d.Doubts, seen), t.answerDeadline())).
		withEvidence(v, "Checks at "+d.Weight.String())
}

// answerDeadline says when an unanswered question rolls the rollout back; empty if never.
func (t threadReply) answerDeadline() string {
	if t.e.Data.Left <= 0 {
		return ""
	}
	return "Rolls back " + at(t.e.At.Add(t.e.Data.Left)) + " if nobody answers."
}

// mentionApprovers returns mentions of the approvers, or a note that there are none.
func (t threadReply) mentionApprovers() string {
	calls := t.called(rollout.Actor{}, t.to.Approvers, t.to.Notify.Waits)
	if len(t.to.Approvers) == 0 {
		return joined(" ", calls, "Nobody may answer: "+code("policy.approvers")+" is empty.")
	}
	if calls == "" {
		return "Nobody may answer: the user groups of " + code("policy.approvers") + " are gone."
	}
	return calls
}

// reminded repeats an unanswered question in the channel, without mentions.
func (t threadReply) reminded() Message {
	question := ""
	if d := t.e.Data.Drift; d != nil {
		question = fullStop(capitalize(drifted(*d)))
	} else if all := t.e.Data.Doubts; len(all) > 0 {
		question = eachDoubt(rollout.Verdict{}, all, seen)
	}
	after := span(t.r.Spec.Limits.Remind)
	m := message(joined(" ", fmt.Sprintf("%s *%s has waited %s for a person*.", iconWarning, fullName(t.r), after), question,
		"Answer on "+t.cardLink()+".", t.answerDeadline())).
		withText("%s", joined(" ", fmt.Sprintf("%s has waited %s for a person.", fullName(t.r), after), question, t.answerDeadline()))
	m.Broadcast = true
	return m
}

func (t threadReply) drift() (Message, bool) {
	d := t.e.Data.Drift
	if d == nil {
		return Message{}, false
	}
	r := t.r
	if r.Drift = d; writtenElsewhere(r) {
		return message(paragraph(
			fmt.Sprintf("%s *%s is held*: %s. %s", iconWarning, fullName(t.r), drifted(*d), untilSettled(r)),
			joined(" ", t.mentionApprovers(), "Put it back "+whereWritten(r)+", or roll back on "+t.cardLink()+".", t.answerDeadline()))).
			withText("%s is held: %s. Put it back %s, or roll back.", fullName(r), drifted(*d), whereWritten(r)), true
	}
	return message(paragraph(
		fmt.Sprintf("%s *%s is held*: %s. %s", iconWarning, fullName(t.r), drifted(*d), untilSettled(r)),
		joined(" ", t.mentionApprovers(), "Override or roll back, on "+t.cardLink()+".", t.answerDeadline()))).
		withText("%s is held: %s. Override, or roll back.", fullName(t.r), drifted(*d)), true
}

func (t threadReply) settled() Message {
	what := "it goes on."
	switch d := t.e.Data.Drift; {
	case d != nil:
		what = fieldName(d.Field) + " is as it should be again; it goes on."
	case t.e.Data.Reason.Code == rollout.ReasonUnknown:
		what = "the checks can be judged again; it goes on."
	case t.e.Data.Reason.Code == rollout.ReasonDoubt:
		what = "what was asked about is over; it goes on."
	case t.e.Data.Reason.Code == rollout.ReasonStableGone:
		what = "stable is back; it goes on."
	case t.e.Data.Reason.Code == rollout.ReasonFrozen:
		what = "the freeze is over; it goes on."
	case t.e.Data.Reason.Code == rollout.ReasonUnseen:
		what = "people can see it again; it goes on."
	case t.e.Data.Reason.Code == rollout.ReasonStableEmpty:
		what = "stable has replicas again; it goes on."
	}
	return message(iconDone+" *Settled*: "+what).withText("%s: settled, %s", fullName(t.r), what)
}

// frozen says that a freeze keeps the rollout from going on, until when and why.
func (t threadReply) frozen() (Message, bool) {
	f := t.e.Data.Frozen
	if f == nil {
		return Message{}, false // the card says it
	}
	by := ""
	if f.By.ID != "" {
		by = " It was set by " + actorName(f.By) + "."
	}
	line := "goes to no further step " + untilWhen(*f) + fullStop(reasonOf(*f))
	return message(paragraph(fmt.Sprintf("%s *Frozen*: it %s%s", iconFrozen, line, by), "Checks and rollback go on.")).
		withText("%s is frozen: it %s", fullName(t.r), line), true
}

// fieldName is the display name of a managed field.
func fieldName(f rollout.Field) string {
	switch f {
	case rollout.FieldWeight:
		return "the canary's weight"
	case rollout.FieldCanaryImage:
		return "the canary's image"
	case rollout.FieldCanaryReplicas:
		return "the canary's size"
	case rollout.FieldStableImage:
		return "stable's image"
	case rollout.FieldImageID:
		return "what the pods run"
	case rollout.FieldStableUID:
		return "stable"
	case rollout.FieldRouteUID:
		return "the route"
	case rollout.FieldStableMin:
		return "the minimum of stable's autoscaler"
	}
	return word(string(f))
}

func (t threadReply) overwrote() (Message, bool) {
	d := t.e.Data.Drift
	if d == nil {
		return Message{}, false
	}
	what := fmt.Sprintf("%s set %s to %s while the canary was being taken away; it was set back to %s",
		manager(d.By), fieldName(d.Field), shown(*d, d.Value), shown(*d, d.Wanted))
	return message(iconWarning+" "+capitalize(what)+".").withText("%s: %s.", fullName(t.r), what), true
}

// shown is a drift's value for people.
func shown(d rollout.Drift, value string) string {
	switch d.Field {
	case rollout.FieldWeight:
		return word(value) + " %"
	case rollout.FieldCanaryImage, rollout.FieldStableImage:
		return named(value, d.Value, d.Wanted)
	case rollout.FieldImageID:
		return imageID(value, d.Wanted)
	case rollout.FieldCanaryReplicas, rollout.FieldStableUID, rollout.FieldRouteUID, rollout.FieldStableMin:
	}
	return word(value)
}

// stuck reports a rollout that cannot end. It needs a person, so it mentions the approvers.
func (t threadReply) stuck() Message {
	r, why := t.r, t.e.Data.Reason
	r.Drift = t.e.Data.Drift
	plain := plainly(r, why, t.e.Actor)
	reason := because(r, why, t.e.Actor)
	if why.Code == rollout.ReasonSlow && t.e.Data.Weight > 0 {
		plain = fmt.Sprintf("the canary could not be taken off traffic in %s; up to %s may still reach it", span(r.Spec.Limits.Stuck), t.e.Data.Weight)
		reason = joined(": ", plain, detailOf(why))
	}
	calls := t.called(rollout.Actor{}, t.to.Approvers, t.to.Notify.Stuck)
	if r.Spec.Plan.OnFail == rollout.HoldOnFail && why.Code.Judged() {
		return t.heldOnFail(reason, plain, calls)
	}
	m := message(paragraph(
		fmt.Sprintf("%s *%s is stuck*: %s It keeps trying.", iconBad, fullName(r), fullStop(reason)),
		joined(" ", calls, helpful(r, why)),
		"Then answer on "+t.cardLink()+".")).
		withText("%s is stuck: %s. It keeps trying; a person has to look.", fullName(r), plain)
	m.Broadcast = true
	return m
}

// heldOnFail reports what the bot would have rolled back, and who is to decide.
func (t threadReply) heldOnFail(reason, plain, calls string) Message {
	stays := "It stays at " + t.e.Data.Weight.String() + " of the traffic."
	m := message(paragraph(
		fmt.Sprintf("%s *%s fails, and is held*: %s %s", iconBad, fullName(t.r), fullStop(reason), stays),
		joined(" ", calls, holds),
		"Answer on "+t.cardLink()+".")).
		withText("%s fails, and is held: %s. %s A person has to decide.", fullName(t.r), plain, stays)
	m.Broadcast = true
	return m
}
