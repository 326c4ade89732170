package view_test

import (
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// short are the answers of one sentence, and what the preflight says about the channel.
func short() map[string]view.Message {
	a := view.Answers{}
	return map[string]view.Message{
		"overloaded":        a.Overloaded(),
		"unknown_person":    a.UnknownPerson(),
		"no_groups":         a.NoGroups(rollout.Problem{Code: view.ProblemNoGroups}, rollout.Promote, rollout.Policy{Approvers: []string{"S0614TZR7"}}),
		"foreign_button":    a.ForeignButton(),
		"other_environment": a.OtherEnvironment("staging", "production"),
		"not_the_card":      a.NotTheCard("checkout-42"),
		"no_card_yet":       a.NoCardYet("checkout-42"),
		"ended_but_live":    a.EndedButLive("checkout-41", "checkout-42"),
		"nothing_before":    a.NothingBefore("checkout"),
		"outdated_offer":    a.OutdatedOffer(),
		"asking_checks":     a.AskingChecks("checkout"),
		"dry_run_started":   a.DryRunStarted("checkout"),
		"only_named":        view.Answers{Command: "@canary"}.OnlyNamed(),
		"edited":            a.Edited(),
		"not_for_apps":      a.NotForApps(),
		"too_late_to_start": a.TooLateToStart(6 * time.Minute),
		"before_question":   a.WrittenBeforeQuestion("checkout-42"),
		"before_start":      a.WrittenBeforeStart("checkout-42"),
		"dry_run_channel": a.DryRun(in(rollout.Queued), rollout.Preflight{Problems: []rollout.Problem{
			{Code: "bot_not_in_channel", Value: "#deploys", Want: "canarybot-staging"},
			{Code: "bot_not_in_channel", Value: "#deploys", Want: "canarybot"},
			{Code: "channel_not_found", Value: "#deplyos"}, {Code: "channel_archived", Value: "#old"},
		}}),
	}
}
