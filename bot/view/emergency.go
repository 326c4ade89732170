package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// emergency is the first reply about a rollout that went without bakes and gates: the channel and the approvers hear of it at
// once.
func (t threadReply) emergency() Message {
	r := t.r
	calls := t.called(rollout.Actor{}, without(t.to.Approvers, r.Request.By.ID)) // who asked may not review
	m := message(paragraph(
		fmt.Sprintf("%s *%s is an emergency* by %s%s", iconBad, fullName(r), actorName(r.Request.By), endSentence(reasonSuffix(r.Request.Text))),
		"It skips bakes, gates, freezes and locks. Whoever may can still roll it back at any moment.",
		joined(" ", calls, "One of you who did not ask for it reviews it by "+at(r.Request.At.Add(rollout.ReviewWithin))+": "+t.answers.typed("review "+string(r.ID))))).
		withText("%s: emergency by %s. It skips bakes, gates, freezes and locks.", fullName(r), actorName(r.Request.By))
	m.Broadcast = true
	return m
}

// ReviewDue reminds the approvers of an emergency that nobody has reviewed. Link is its card's; empty: unknown.
func (a Answers) ReviewDue(r rollout.Rollout, approvers []string, link string) Message {
	calls := ""
	if len(approvers) > 0 {
		calls = mentions(approvers)
	}
	what := fmt.Sprintf("%s: review due. It was an emergency by %s, and nobody has reviewed it", fullName(r), actorName(r.Request.By))
	return message(paragraph(
		fmt.Sprintf("%s %s.", iconWarning, what),
		joined(" ", calls, "Look at "+anchorOr(link, "its card")+", then say so: "+a.typed("review "+string(r.ID))))).
		withText("%s.", what)
}
