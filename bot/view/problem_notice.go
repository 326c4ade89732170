package view

import (
	"canarybot.io/rollout"
)

// noticeSentences has the sentences for what people should know of the cluster at the start, and what does not keep a
// rollout from starting.
func noticeSentences() map[rollout.ProblemCode]string {
	const never = ": whoever comes in there never meets the canary, whose share counts only among the others."
	return map[rollout.ProblemCode]string{
		rollout.ProblemCanaryTemplate:  "The pods of {object} differ from stable's in these fields, so that nobody takes one side for the other: {names}.",
		rollout.ProblemVersionStays:    "The pods of {object} still say stable's version ({names}), as only the image changes: whoever counts by that takes one side for the other.",
		rollout.ProblemKeepsApart:      "{object} keeps all pods of its kind apart ({key}), the canary's too: each canary pod needs a place ({value}) without a pod of stable's.",
		rollout.ProblemServiceLocal:    "{object} has internalTrafficPolicy: Local, and so has the canary's: through it only nodes with a canary pod reach the canary.",
		rollout.ProblemServiceExposed:  "{object} lets users in by itself ({value})" + never,
		rollout.ProblemServiceBeside:   "{object} selects the pods of Deployment {othername} too" + never,
		rollout.ProblemScalerHeld:      "{object} would shrink stable while the canary takes its load: its minimum ({key}) goes from {count} to {limit} until this is over.",
		rollout.ProblemVerticalScaler:  "{object} restarts pods of {other} to resize them: a step may meet that, and look worse for it.",
		rollout.ProblemOtherWays:       "{object} also gets requests by {names}{more}" + never,
		rollout.ProblemOtherWaysCanary: "{object}, the canary's, also gets requests by {names}{more}: whoever comes in there meets the canary at any weight, also at 0.",
		rollout.ProblemOtherWaysUnread: "The bot may not list {names} in namespace {namespace}, so it does not know of other ways to the service there.",
	}
}
