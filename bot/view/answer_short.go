package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// sentenceMessage makes a message from one sentence, escaped.
func sentenceMessage(format string, args ...any) Message {
	return message(escape(fmt.Sprintf(format, args...), 2*maxWords))
}

// Overloaded answers a command that was dropped because too many came at once.
func (a Answers) Overloaded() Message {
	return sentenceMessage("Too much is going on at this moment. Nothing was done; please try again.")
}

// UnknownPerson refuses an action because Slack did not say who the person is.
func (a Answers) UnknownPerson() Message {
	return sentenceMessage("Slack does not say who you are just now, so nothing was changed. Try again in a moment; whoever is named in the policy may roll back even now.")
}

// What keeps Canarybot from knowing who is in a user group.
const (
	ProblemGroupsUnknown rollout.ProblemCode = "groups_unknown" // Slack does not answer
	ProblemNoGroups      rollout.ProblemCode = "no_groups"      // it does not let the bot ask, or there are none
)

// NoGroups refuses an action that only a user group might allow, while nobody knows who is in it.
func (a Answers) NoGroups(why rollout.Problem, action rollout.Action, policy rollout.Policy) Message {
	return message(joined(" ", "Nothing was changed.", fullStop(Problem(why)), a.whoMay(policy, action)))
}

// WithoutGroups says beside an answer that it goes by people's ids alone.
func (a Answers) WithoutGroups(m Message) Message {
	return m.withBlocks(context(iconWarning + " Slack does not say who is in the user groups that the policies name: what a group allows is not shown."))
}

// ForeignButton answers a press on a button that this bot never made.
func (a Answers) ForeignButton() Message {
	return sentenceMessage("Nothing was changed. That button is not one of mine.")
}

// OtherEnvironment answers a press on a button of another environment's bot.
func (a Answers) OtherEnvironment(theirs, ours string) Message {
	return sentenceMessage("That button belongs to %s, and I only look after %s. Nothing was changed.", theirs, ours)
}

// NotTheCard answers a button press on a message that is not the rollout's card.
func (a Answers) NotTheCard(id rollout.ID) Message {
	return sentenceMessage("That is not the card of %s. Nothing was changed; use the buttons on its card.", id)
}

// NoCardYet answers a button press while the rollout's card is unknown.
func (a Answers) NoCardYet(id rollout.ID) Message {
	return sentenceMessage("The card of %s is not up to date. Nothing was changed; try again in a moment.", id)
}

// EndedButLive answers a decision about a rollout that has ended while another one of its service is live.
func (a Answers) EndedButLive(ended, live rollout.ID) Message {
	return sentenceMessage("Nothing was changed: %s has ended, and %s is rolling out now. Name that one, or just the service.", ended, live)
}

// NothingBefore answers a rollback where there is no version to go back to.
func (a Answers) NothingBefore(service rollout.ServiceName) Message {
	return sentenceMessage("Nothing is rolling out for %s, and I know of no earlier version of it. Deploy one by name.", service)
}

// OutdatedOffer answers a press on the offer to roll back after something else was rolled out.
func (a Answers) OutdatedOffer() Message {
	return sentenceMessage("Nothing was changed. Something was rolled out since that was shown. Ask again.")
}

// AskingChecks says that the checks are being asked; their answers follow.
func (a Answers) AskingChecks(service rollout.ServiceName) Message {
	return sentenceMessage("Asking Prometheus about %s …", service)
}

// DryRunStarted says that a dry run is under way; its result follows.
func (a Answers) DryRunStarted(services ...rollout.ServiceName) Message {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = string(s)
	}
	need := "needs"
	if len(names) > 1 {
		need = "need"
	}
	return message(fmt.Sprintf("Looking at everything that %s %s to start; nothing is changed …", several(names, " and "), need))
}
