package view

import (
	"canarybot.io/rollout"
)

// rolloutSentences are those of package rollout.
func rolloutSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		rollout.ProblemStampLeft:       "the annotation canarybot.io/applied on what {rollout} wrote",
		rollout.ProblemObjectLeft:      "{resource} in {namespace}",
		rollout.ProblemWeightLeft:      "the canary's weight in {resource}",
		rollout.ProblemImageLeft:       "an image on {resource} that is not the one it had",
		rollout.ProblemNotAcknowledged: "the route is not acknowledged any more",
	}
}

// engineSentences are those of package engine. The view does not import it: the codes are its port to people.
func engineSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		"metrics_timeout":     "Prometheus cannot be asked: no answer in time",
		"metrics_unavailable": "Prometheus cannot be asked: {said}",
		"stable_is_new":       "stable's pods are new, and Prometheus has not measured them yet",
	}
}

// slackSentences are those of package cards, about a rollout's channel.
func slackSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		"bot_not_in_channel": "slack.channel: the bot is not in {value}, so nobody would see this rollout; type /invite @{want} there.",
		"channel_not_found":  "slack.channel: Slack knows no channel {value} that the bot may see; change the name, or type /invite in it if it is private.",
		"channel_archived":   "slack.channel: {value} is archived; name another one.",
	}
}
