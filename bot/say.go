package bot

import (
	"cmp"
	"errors"
	"fmt"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// Sentences that package view does not have yet, all through its escaping.

// plainly makes a message of one sentence that is ours but for what %q and %s put into it.
func plainly(format string, args ...any) view.Message {
	return view.Answers{}.Error(rollout.Errorf(rollout.Invalid, format, args...))
}

func overloaded() view.Message {
	return plainly("Too much is going on at this moment. Nothing was done; please try again.")
}

// errNotLookedUp is an answer, not a failure: nothing was done, and that is final.
var errNotLookedUp = errors.New("the person could not be looked up")

func sayNotLookedUp() view.Message {
	return plainly("Slack does not say who you are just now, so nothing was changed. Try again in a moment; rolling back still works.")
}

func otherEnvironment(theirs, ours string) view.Message {
	return plainly("That button belongs to %s, and I only look after %s. Nothing was changed.", theirs, ours)
}

func notTheCard(id rollout.ID) view.Message {
	return plainly("That is not the card of %s. Nothing was changed; use the buttons on its card.", id)
}

func endedButLive(ended, live rollout.ID) view.Message {
	return plainly("Nothing was changed: %s has ended, and %s is rolling out now. Name that one, or just the service.", ended, live)
}

func noCardYet(id rollout.ID) view.Message {
	return plainly("The card of %s is not up to date. Nothing was changed; try again in a moment.", id)
}

func asking(service rollout.ServiceName) view.Message {
	return plainly("Asking Prometheus about %s …", service)
}

func rehearsing(service rollout.ServiceName) view.Message {
	return plainly("Looking at everything that %s needs to start; nothing is changed …", service)
}

func nothingBefore(service rollout.ServiceName) view.Message {
	return plainly("Nothing is rolling out for %s, and I know of no earlier version of it. Deploy one by name.", service)
}

func notInChannel(channel, name string) string {
	name = cmp.Or(name, "canarybot")
	return fmt.Sprintf("slack.channel: the bot is not in %s, so nobody would see this rollout; type /invite @%s there.", channel, name)
}

func noChannel(channel string) string {
	return fmt.Sprintf("slack.channel: Slack knows no channel %s that the bot may see; change the name, or type /invite in it if it is private.", channel)
}

func archivedChannel(channel string) string {
	return fmt.Sprintf("slack.channel: %s is archived; name another one.", channel)
}
