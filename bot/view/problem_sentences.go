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
		rollout.ProblemCommitLeft:      "the promotion in Git: {value}",
		rollout.ProblemImageLeft:       "an image on {resource} that is not the one it had",
		rollout.ProblemMinLeft:         "the minimum of {count} replicas in {resource}",
		rollout.ProblemNotAcknowledged: "the route is not acknowledged any more",
		rollout.ProblemStableShort: "Stable has {count} of {limit} pods ready: {index} % of the traffic stays on the canary while stable grows, " +
			"for a minute at most.",
		rollout.ProblemStableStrained: "Stable has {count} of {limit} pods ready, and takes all traffic all the same.",
		rollout.ProblemStableUnready:  "No pod of {resource} is ready: nothing moves forward until one is.",
		rollout.ProblemSettling:       "{object} does not say whether its gateway took the weight: it counts once it has stood for {span}.",
		rollout.ProblemNotAMember:     "Only full members of this Slack workspace may do that; guests and other workspaces may not.",
		rollout.ProblemNotAllowed:     "You ({key}) may not {action} here.",
		rollout.ProblemForeignImage:   "{quoted} is not an image in {want}, the repository that the configuration allows.",
		rollout.ProblemNotAVersion:    "{quoted} is not a version: give a tag such as v1.2.4, a digest sha256:…, or a full reference.",
		rollout.ProblemTagMoved:       "The tag {key} names another image now ({value}); this rollout goes on with the one that it started with ({want}).",
		rollout.ProblemUnreleased: "{service} runs {version}, which Canarybot did not release (the last that it did is {wantversion}), " +
			"so there is no going back from it; deploy a version by name.",
	}
}

// decisionSentences are those of refused decisions.
func decisionSentences() map[rollout.ProblemCode]string {
	const notNow = "{rollout} cannot be promoted now: "
	const onceAllPass = ". It can be once every check passes."
	return map[rollout.ProblemCode]string{
		rollout.ProblemDecidedAlready:   "That was already decided; nothing was done twice.",
		rollout.ProblemEnded:            "{rollout} has ended; to change {service} now, start a new rollout.",
		rollout.ProblemMovedOn:          "{rollout} moved on since that was shown; look at its card and decide again.",
		rollout.ProblemNotPaused:        "{rollout} is not paused.",
		rollout.ProblemPausedAlready:    "{rollout} is paused already.",
		rollout.ProblemCannotPause:      "{rollout} is {phase} and cannot be paused any more; it can be rolled back.",
		rollout.ProblemNotADecision:     "To {action} is not a decision about a rollout.",
		rollout.ProblemPromotingAlready: "{rollout} is promoting already.",
		ProblemGroupsUnknown:            "Slack does not say just now who is in the user groups that may; try again in a moment.",
		ProblemNoGroups: "Canarybot cannot read user groups, so they give nobody a right: add the scope usergroups:read to the Slack app or, " +
			"where the workspace's plan has no user groups, name people's ids in the policy.",
		rollout.ProblemNothingBakes:       "{rollout} is {phase}: only a step that bakes can bake longer, or be promoted before that is over.",
		rollout.ProblemOwnRollout:         "You asked for {rollout}, so somebody else has to approve it.",
		rollout.ProblemApprovedAlready:    "You approved {rollout} already; it waits for others.",
		rollout.ProblemWaitsForSiblings:   "{rollout} is done with its step and waits for {names}: nothing is promoted before all are as far.",
		rollout.ProblemSiblingNotThere:    "{rollout} goes together with it and is {phase}: nothing is promoted before it is as far.",
		rollout.ProblemSiblingLost:        "{rollout} goes together with it and does not go on, so both are rolled back.",
		rollout.ProblemNotAPerson:         "A person has to approve {rollout}, in Slack.",
		rollout.ProblemAutoNeedsApproval:  "Without --auto: people have to approve this plan, and with it nobody would be asked.",
		rollout.ProblemBaking:             "{rollout} is still baking at {count} %: {span} to go while its checks pass.",
		rollout.ProblemNotAtAGate:         "{rollout} is {phase}; it asks for a promotion when a step is done.",
		rollout.ProblemUnseen:             "{rollout} cannot be promoted while people cannot see it; its status says why.",
		rollout.ProblemResumeFirst:        "{rollout} is paused; resume it first.",
		rollout.ProblemAnswerDriftFirst:   "Somebody changed what {rollout} steers; answer that on its card first.",
		rollout.ProblemAnswerStuckFirst:   "{rollout} is stuck; answer that on its card first.",
		rollout.ProblemNoVerdict:          notNow + "there is no verdict yet" + onceAllPass,
		rollout.ProblemCheckFails:         notNow + "the check {check} fails" + onceAllPass,
		rollout.ProblemCheckUnknown:       notNow + "the check {check} is unknown ({reason})" + onceAllPass,
		rollout.ProblemTooFewRequests:     notNow + "the check {check} has seen {count} of the {limit} requests that it needs" + onceAllPass,
		rollout.ProblemRollingBackAlready: "{rollout} is rolling back already.",
		rollout.ProblemOutcomeFixed: "{rollout} is {phase} and its outcome is fixed; once it is done, roll back {service} again " +
			"to deploy the version before.",
		rollout.ProblemAnswerDoubtFirst: "{rollout} is held, and a person decides; answer that on its card first: go on, or roll back.",
		rollout.ProblemNoDoubt:          "{rollout} is not held by a doubt; there is nothing to accept.",
		rollout.ProblemNoDrift:          "Nobody changed what {rollout} steers; there is nothing to override.",
		rollout.ProblemWrittenByOthers:  "Canarybot does not write stable's image in {service}: change it where it is written, or roll back {rollout}.",
		rollout.ProblemDriftChanged:     "Somebody changed it again, to {value}; look at the card of {rollout} and decide again.",
		rollout.ProblemNothingToRetry:   "{rollout} is not stuck; there is nothing to try again.",
		rollout.ProblemNotStuck:         "{rollout} is not stuck; only a stuck rollout can be abandoned.",
		rollout.ProblemReasonMissing:    "That needs a reason, which the others will read; give one for {rollout}.",
		rollout.ProblemBakeForSeveral:   "{count} people have to approve {rollout}, so its bake is not skipped; let them know, and wait for it.",
		rollout.ProblemBakeTogether:     "Others go together with {rollout}, so its bake is not skipped; wait until all are as far.",
		rollout.ProblemNothingToReview:  "{rollout} is no emergency that has ended; there is nothing to review.",
		rollout.ProblemReviewedAlready:  "{rollout} was reviewed already.",
		rollout.ProblemIncidentAhead:    "Nothing was recorded: {moment} is still to come. Name the time when it began.",
		rollout.ProblemIncidentBefore:   "Nothing was recorded: {rollout} was asked for {moment}, and no incident of it began before. Name a later time.",
		rollout.ProblemOwnEmergency:     "You asked for {rollout}, so somebody else has to review it.",
	}
}

// engineSentences are those of package engine, which the view does not import: it knows only the codes.
func engineSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		"emergency_needs_reason": "An emergency needs a reason, which the others will read.",
		"metrics_timeout":        "Prometheus cannot be asked: no answer in time",
		"metrics_unavailable":    "Prometheus cannot be asked: {said}",
		"git_differs":            "{object} runs {value}, and Git says {want}: what applies Git may change it while this goes on.",
		"stable_is_new":          "stable's pods are new, and Prometheus has not measured them yet",
		"no_such_service":        "There is no service {quoted} in the configuration.",
		"no_such_plan":           "{service} has no plan {quoted}; it has {names}.",
		"nothing_before":         "{service} has no earlier version that Canarybot knows of; deploy one by name.",
		"rolled_back_already":    "{service} was rolled back from {version} by {rollout} already; deploy another version by name.",
	}
}

// storeSentences are those of package store and its implementations: what people read when the bot cannot start, or
// when a rollout does not exist.
func storeSentences() map[rollout.ProblemCode]string {
	const own = ": one Canarybot works on one store. Stop the other one, or give this one a store.path in a directory of its own."
	const again = "Canarybot tries again by itself; until then nothing moves forward."
	const untouched = " It was left as it is. "
	return map[rollout.ProblemCode]string{
		"no_such_rollout":     "There is no rollout {quoted}, or it ended so long ago that it was forgotten.",
		"changed_meanwhile":   "{rollout} changed in the meantime; read it again.",
		"number_taken":        "The number of {rollout} is taken; ask for the next one.",
		"store_not_a_file":    "{key} is not a file: store.path must name one.",
		"store_not_opened":    "The store {key} could not be opened.",
		"store_not_permitted": "{key} may not be read and written by this user: change its owner, or the security context's fsGroup.",
		"store_newer":         "{key} was written by a newer Canarybot (schema {count}; this one knows {limit})." + untouched + "Run the newer version again.",
		"store_foreign":       "{key} is not a store of Canarybot ({said})." + untouched + "Let store.path name another file, or move this one away.",
		"store_damaged": "{key} is damaged ({said})." + untouched + "Restore it from a backup; or move it away and start with a new store, " +
			"which asks about what it finds in the cluster.",
		"store_unreadable":      "The store {key} could not be read.",
		"store_no_directory":    "The directory {key} for the store does not exist: make it, or mount a volume there.",
		"store_bad_directory":   "The directory {key} for the store cannot be used.",
		"store_not_a_directory": "{key} is not a directory, so no store can be in it.",
		"store_network":         "{key} lies on a network file system ({value}), where locks and syncs cannot be relied on: give the store a volume on a block device or a local disk.",
		"store_not_made":        "The store {key} could not be made.",
		"store_not_locked":      "The store {key} could not be locked.",
		"store_in_use":          "{key} is in use by another process" + own,
		"store_in_use_by":       "{key} is in use by another process (process {value})" + own,
		"store_not_closed":      "The store {key} could not be closed.",
		"store_failed":          "The disk of the store {key} fails ({said}). " + again,
		"store_full":            "The disk of the store {key} is full: make room on it. " + again,
		"store_low": "The volume of the store {key} has only {value} free, and a new rollout needs {want}: the rest is kept for those under way. " +
			"Make room on it, or give the store a larger volume.",
		"store_read_only": "The store {key} can be read and not written: make it and its volume writable. " + again,
		"store_hangs":     "The disk of the store {key} does not answer. " + again,
		"store_gone": "The store {key} is gone: it was deleted or moved, or its volume was taken away. Put it back, and Canarybot goes on by itself; " +
			"or restart Canarybot, which begins with a new store and asks about what it finds in the cluster.",
		"store_replaced": "Another store, or an older copy, took the place of {key}. Put the right one back, and Canarybot goes on by itself; " +
			"or restart Canarybot, which goes on with the one that is there.",
		"store_missing":     "There is no store {key}.",
		"backup_there":      "{key} is there already: name a file that is not.",
		"backup_not_made":   "The copy {key} could not be made.",
		"store_closed":      "The store {key} is closed: Canarybot is shutting down.",
		"record_unexpected": "The stored record {quoted} in {key} does not say what this version of Canarybot expects.",
	}
}

// degradedSentences answer who decides while the store cannot commit. The engine has them.
func degradedSentences() map[rollout.ProblemCode]string {
	const cannot = "Canarybot cannot save anything ({said})"
	return map[rollout.ProblemCode]string{
		"degraded": cannot + ": it goes on judging and takes bad canaries off traffic, and until that is mended only a rollback is taken.",
		"uncertain": cannot + ": whether this was saved shows when it can again, in the rollout's thread or in " +
			"`history`; if not, it was as if never asked.",
		"rollback_unsaved": "The traffic of {rollout} is being taken off its canary now, though that could not be saved: " + cannot +
			". The rest of the rollback follows as soon as it can.",
	}
}

// metricsSentences are those of package prom about the store of the metrics.
func metricsSentences() map[rollout.ProblemCode]string {
	const limits = "{service} is judged by its limits alone, and not compared with stable"
	return map[rollout.ProblemCode]string{
		"metrics_no_raw":    "The metrics store returns no raw samples ({said}), so " + limits + ".",
		"metrics_resampled": "The metrics store returns other samples than it was given, fewer or more or at other times, so " + limits + ".",
		"metrics_reported_twice": "Each counter of {service} is reported with {count} values of the label {quoted}, so " + limits +
			"; select one of them in services.{service}.select, or have the store merge them.",
		"metrics_replicas": "{count} servers report each counter of {service}, told apart by the label {quoted}: one of them is counted, but queries " +
			"of your own see all; have the store merge them (Thanos: --query.replica-label={value}).",
		"metrics_many_groups":      "The label {quoted} of {service}'s requests has {count} values: the {limit} busiest are looked at one by one, all others together.",
		"metrics_no_groups":        "The counter of {key} of {service} has series without the label {quoted}: they are looked at together. Look at services.{service}.signals.by.",
		"metrics_pods_not_counted": "Pods whose names begin like those of {service} are not counted as its: {names} ({count} in all).",
		"metrics_pods_doubtful": "Pods are counted as those of {service} by names that may be somebody else's: {names} ({count} in all); " +
			"if they are, write services.{service}.select.",
	}
}

// settingSentences are those of the environment and the clients that are made from the configuration.
func settingSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		"configuration_unreadable": "The configuration cannot be read.",
		"secret_set_twice":         "Both {key} and {key}_FILE are set; set one of them.",
		"secret_missing":           "Neither {key} nor {key}_FILE is set.",
		"secret_unreadable":        "No token can be read from the file that {key}_FILE names.",
		"secret_malformed":         "{key} does not hold a secret: it is empty or contains spaces.",
		"slack_address":            "{key} is not the address of an API; write https://HOST/PATH/, without user, query and fragment.",
		"slack_clear_text":         "{key} leads to {value} unencrypted, and the tokens go there; write https://, or set SLACK_API_INSECURE to allowed where nobody can listen on the way.",
		"insecure_word":            "{key} is {quoted}; it may be unset, or allowed.",
		"prometheus_settings":      "Prometheus: {words}",
		"kubernetes_client":        "No client for Kubernetes can be made.",
		"kubernetes_unreachable":   "Kubernetes cannot be reached: set KUBECONFIG, or run inside a cluster.",
	}
}

// slackSentences are those of buttons and, from package cards, of a rollout's channel.
func slackSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		problemMalformedButton: "That button is not one of mine, or it is too old to be read; nothing was changed.",
		"bot_not_in_channel":   "slack.channel: the bot is not in {value}, so nobody would see this rollout; type /invite @{want} there.",
		"channel_not_found":    "slack.channel: Slack knows no channel {value} that the bot may see; change the name, or type /invite in it if it is private.",
		"channel_shared": "slack.channel: {value} is shared with another organisation, or about to be, whose people would read every card; " +
			"name another channel, or write slack.shared_channels: allowed.",
		"channel_unknown": "slack.channel: Slack does not let the bot see with whom {value} is shared; add the scopes channels:read and groups:read " +
			"to the Slack app and reinstall it.",
		"channel_archived": "slack.channel: {value} is archived; name another one.",
		"slack_may_not_post": "Slack lets the bot post nothing in {value} ({want}); allow it in that channel's posting permissions, " +
			"or name another one in slack.channel.",
		"slack_refuses_bot":     "Slack refuses the bot ({want}); look at the app, its tokens and its scopes: canarybot validate --live says more.",
		"slack_refuses_message": "Slack takes no message about this rollout in {value} ({want}); the bot's log has the details.",
	}
}
