package view

import (
	"fmt"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// OnlyNamed answers a message that names the bot and does not begin with it, or shows somebody else's words.
func (a Answers) OnlyNamed() Message {
	return message(paragraph(
		"You named me, and nothing was done: a message is a command only if it begins with my name and says nothing else.",
		"For example "+a.typed("status")+". What there is: "+a.typed("help")))
}

// Edited answers an edited message that would be a command.
func (a Answers) Edited() Message {
	return sentenceMessage("Nothing was done: an edit is no command, whatever the message said before. Typed anew it counts.")
}

// NotForApps answers an app or a workflow. It is for the thread, where people read it.
func (a Answers) NotForApps() Message {
	return message("Nothing was done: I take commands from people, not from apps and workflows, whose rights nobody can check. " +
		"Somebody of you has to write it. I say this once here.")
}

// TooLateToStart answers a command that starts something and was on its way for too long.
func (a Answers) TooLateToStart(late time.Duration) Message {
	return sentenceMessage("Nothing was started: Slack delivered that only now, %s after it was written. If it still holds, write it again.", span(late))
}

// WrittenBeforeQuestion answers a decision that is older than the question that the card shows.
func (a Answers) WrittenBeforeQuestion(id rollout.ID) Message {
	return sentenceMessage("Nothing was changed: you wrote that before %s asked what its card asks now. Look at its card and decide again.", id)
}

// WrittenBeforeStart answers a decision that is older than the rollout that it would be about.
func (a Answers) WrittenBeforeStart(id rollout.ID) Message {
	return sentenceMessage("Nothing was changed: you wrote that before %s began. Look at its card; if it is meant, write it again.", id)
}

// plainForm says how to write a command so that it can be nothing but one.
func (a Answers) plainForm(e *command.Error) string {
	switch {
	case e.Meant == "" || clip(e.Meant, maxWords) != e.Meant: // cut short it would be another command
		form, _ := command.FormOf(e.Verb)
		return "If it is meant: " + a.usage(form)
	case e.Problem == command.Talk:
		return fmt.Sprintf("If it is meant: %s; with a reason: %s", a.typed(e.Meant), a.typed(e.Meant+" because …"))
	}
	return "If it is meant: " + a.typed(e.Meant)
}
