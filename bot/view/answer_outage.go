package view

import (
	"fmt"
	"time"

	"canarybot.io/rollout"
)

// OutageBegan says in a channel that nothing can be saved.
func (a Answers) OutageBegan(o rollout.Outage) Message {
	return message(paragraph(
		fmt.Sprintf("%s *I cannot save anything since %s*: %s.", iconWarning, at(o.Since), escape(o.Words, maxWords)),
		"Every rollout stays where it is. I go on judging and take bad canaries off traffic; *Roll back* works, nothing else does. "+
			"Cards show what was saved last.")).
		withText("Canarybot cannot save anything: every rollout stays where it is; only Roll back works.")
}

// TakenOff says in a channel that a rollout is rolled back without being saved. Link is its card's address; empty: unknown.
func (a Answers) TakenOff(r rollout.Rollout, link string) Message {
	return message(paragraph(
		fmt.Sprintf("%s *%s is being taken off traffic*: %s", iconBack, fullName(r), fullStop(because(r, r.Ending.Reason, r.Ending.By))),
		joined(" ", "That could not be saved; the rest of the rollback follows when it can be.", anchor(link, "Its card")))).
		withText("%s is being taken off traffic: %s", fullName(r), plainly(r, r.Ending.Reason, r.Ending.By))
}

// OutageOver says in a channel that everything can be saved again.
func (a Answers) OutageOver(after time.Duration) Message {
	return message(fmt.Sprintf("%s I can save again, after %s. Rollouts go on where they were.", iconDone, span(after.Round(roughly(after)))))
}

// InOutage adds to an answer that nothing can be saved now.
func (a Answers) InOutage(m Message, o rollout.Outage) Message {
	return m.withBlocks(context(fmt.Sprintf("%s Nothing can be saved since %s (%s): rollouts stay where they are, and only *Roll back* works.",
		iconWarning, at(o.Since), escape(o.Words, maxWords))))
}

// roughly is how exactly people want to know a time.
func roughly(d time.Duration) time.Duration {
	if d < time.Minute {
		return 10 * time.Second
	}
	return time.Minute
}
