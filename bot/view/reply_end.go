package view

import (
	"fmt"
	"time"

	"canarybot.io/rollout"
)

// ended reports how a rollout ended.
func (t threadReply) ended() (Message, bool) {
	if t.e.Data.Ending == nil {
		return Message{}, false
	}
	r := t.r
	r.Phase, r.Ending = rollout.Ended, *t.e.Data.Ending
	m, ok := t.end(r)
	return m.withBlocks(incidentButton(r)...), ok
}

// end says how the rollout ended.
func (t threadReply) end(r rollout.Rollout) (Message, bool) {
	switch r.Ending.Outcome {
	case rollout.Succeeded:
		return t.succeeded(r), true
	case rollout.RolledBack:
		return t.rolledBack(r), true
	case rollout.Cancelled:
		return cancelled(r), true
	case rollout.Abandoned:
		return abandoned(r), true
	}
	return Message{}, false
}

// Ended tells a channel that reads nothing else of the rollout how it ended, in a few lines. It mentions nobody. Link is
// the card's; empty: unknown.
func Ended(r rollout.Rollout, link string) Message {
	what := withoutMentions(status(r), true)
	return message(paragraph(
		dotted("*"+word(string(r.Service))+"*", environment(r), change(r)), what,
		dotted(word(string(r.ID)), quoted(r.Request.Text), anchor(link, "its card")))).
		withText("%s: %s.", fullName(r), what)
}

func (t threadReply) succeeded(r rollout.Rollout) Message {
	what := fmt.Sprintf("%s. %s", allTraffic(r), t.todo(r))
	return message(paragraph(append([]string{
		fmt.Sprintf("%s *%s succeeded*: %s", iconDone, fullName(r), what),
		capitalize(fullStop(totalTime(r))),
	}, leftovers(r)...)...)).withText("%s succeeded: %s", fullName(r), what)
}

// todo says what people do next.
func (t threadReply) todo(r rollout.Rollout) string {
	switch {
	case r.Ending.StableImage != "" && r.Spec.Promote.By == rollout.ByGate && rollout.SameImage(r.Ending.StableImage, r.Image):
		return "Stable was given " + newVersion(r) + " already: put " + oldVersion(r) + " back where it is written."
	case r.Ending.StableImage != "":
		return "Somebody else set that image while it ended; look whether it is meant."
	case r.Ending.Outcome == rollout.Succeeded && r.Request.Back:
		return "Look into " + oldVersion(r) + " before it is deployed again."
	case r.Ending.Outcome == rollout.Succeeded:
		return "If it turns out bad: " + t.answers.typed("rollback "+string(r.Service))
	case r.Ending.Reason.Code == rollout.ReasonUnanswered && r.Ending.Reason.Evidence == nil && r.Image != "":
		return "To start it again: " + t.answers.typed("deploy "+string(r.Service)+" "+typedVersion(r.Image)+" --replace")
	case r.Ending.Reason.Code == rollout.ReasonSibling:
		return "Look into " + word(r.Ending.Reason.Detail) + ": " + t.answers.typed("why "+r.Ending.Reason.Detail)
	case r.Image == "":
		return "Look into it: " + t.answers.typed("why "+string(r.ID))
	}
	return "Look into " + newVersion(r) + ": " + t.answers.typed("why "+string(r.ID))
}

func (t threadReply) rolledBack(r rollout.Rollout) Message {
	why := plainly(r, r.Ending.Reason, r.Ending.By)
	if r.Ending.Reason.Code == rollout.ReasonPerson {
		why = because(r, r.Ending.Reason, r.Ending.By)
	}
	what := joined(" ", fullStop(why), fullStop(allTraffic(r)), t.todo(r))
	m := message(paragraph(append([]string{
		fmt.Sprintf("%s *%s rolled back*: %s", iconBack, fullName(r), what),
		failureDetail(r),
		rollbackTimes(r),
		t.promotedSiblings(r),
	}, leftovers(r)...)...)).withText("%s rolled back: %s", fullName(r), what)
	m.Broadcast = !byItself(r.Ending.Reason)
	return m
}

// failureDetail returns a machine's text about the failure.
func failureDetail(r rollout.Rollout) string {
	if r.Ending.Reason.Code == rollout.ReasonPerson {
		return ""
	}
	return fullStop(detailOf(r.Ending.Reason))
}

// rollbackTimes returns the times of a rollback: the check failed, off traffic, total duration.
func rollbackTimes(r rollout.Rollout) string {
	end := r.Ending
	breach, zero := "", ""
	if !end.Breach.IsZero() {
		breach = "a check failed " + exactly(end.Breach)
	}
	if !end.WeightZero.IsZero() {
		zero = "off traffic " + exactly(end.WeightZero)
	}
	if d := end.WeightZero.Sub(end.Breach); breach != "" && zero != "" && d >= 0 {
		zero += ", " + later(d)
	}
	return fullStop(capitalize(dotted(breach, zero, totalTime(r))))
}

// later says how long after something.
func later(d time.Duration) string {
	if d < time.Second {
		return "at once"
	}
	return span(d) + " later"
}

func cancelled(r rollout.Rollout) Message {
	why := because(r, r.Ending.Reason, r.Ending.By)
	m := message(paragraph(
		fmt.Sprintf("%s *%s was cancelled before it started*: %s Nothing was changed.", iconBad, fullName(r), fullStop(why)),
		"Asked for by "+actorName(r.Request.By)+".")).
		withText("%s was cancelled before it started: %s Nothing was changed.", fullName(r), fullStop(why))
	return m.withBlocks(list(preflight(r.Ending.Left, r.Ending.Checks))...)
}

func abandoned(r rollout.Rollout) Message {
	why := because(r, r.Ending.Reason, r.Ending.By)
	m := message(paragraph(
		fmt.Sprintf("%s *%s was abandoned*: %s Nothing more is changed in the cluster.", iconBad, fullName(r), fullStop(why)),
		capitalize(fullStop(totalTime(r))))).
		withText("%s was abandoned: %s Look at what it left in the cluster.", fullName(r), fullStop(why))
	if len(r.Ending.Left) > 0 {
		m = m.withBlocks(section("Left in the cluster:")).withBlocks(list(bullets(r.Ending.Left))...)
	}
	return m
}

// bullets makes a list of problems.
func bullets(all []rollout.Problem) []string {
	lines := Problems(all)
	for i, sentence := range lines {
		lines[i] = "• " + sentence
	}
	return lines
}
