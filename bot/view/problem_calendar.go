package view

import (
	"strings"

	"canarybot.io/rollout"
)

// calendarSentences are those of freezes, locks and windows, and of the times that people type. The view does not import
// package calendar: it knows only its codes.
func calendarSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		rollout.ProblemFrozen:          "{service} is frozen{why}: no rollout of it starts{opens}. Rolling back works.",
		rollout.ProblemLocked:          "{service} is locked{why}: nobody but its owner starts a rollout of it{opens}. Rolling back works.",
		rollout.ProblemOutsideWindow:   "{service} is deployed in its window {value} only: no rollout of it starts{opens}. Rolling back works.",
		rollout.ProblemHoliday:         "Its window {value} stays shut on holidays, so no rollout of {service} starts{opens}. Rolling back works.",
		rollout.ProblemPromoteFrozen:   "{rollout} is paused by a freeze{why}: it cannot be promoted{opens}. It can be rolled back.",
		rollout.ProblemTooManyAtOnce:   "{service} has to wait: {count} rollouts are under way ({names}), and {limit} at once are the most.",
		rollout.ProblemTooManyOfTeam:   "{service} has to wait: {count} rollouts of team {value} are under way ({names}), and {limit} at once are the most.",
		rollout.ProblemTooManyClosures: "There are {limit} freezes and locks already, which is the most; end some.",
		rollout.ProblemClosureOver:     "Nothing was changed: that would be over already.",
		rollout.ProblemClosureEmpty:    "Nothing was changed: that would end before it begins.",
		rollout.ProblemNothingClosed:   "There is no {value} of {key} to end.",
		rollout.ProblemTooManyPending:  "{limit} deploys are pending already, which is the most; remove some.",
		rollout.ProblemPendingAlready:  "{service} {value} is pending already, as number {count}.",
		rollout.ProblemNotPending:      "No deploy with the number {count} is pending: it started, or somebody removed it.",
		rollout.ProblemNotInLine:       "Number {count} waits until {moment} and is in nobody's way; only what is in line goes ahead.",
		rollout.ProblemWaitedTooLong:   "It waited until {moment}, as long as a deploy may.",
		"no_such_team":                 "No service is of a team {quoted}.",
		"no_cron":                      "{quoted} is not a cron expression: {words}",
		"cron_never_comes":             "{quoted} never comes: no month has such a day.",
		"digest_too_often":             "{quoted} comes more often than once an hour, and nobody reads so many digests.",
		"time_past":                    "Nothing was changed: {quoted} is past, it was {moment}. Write a later time, such as tomorrow 10:00.",
		"time_ahead":                   "Nothing was recorded: {quoted} is still to come, {moment}. Write when it began, such as 9:30 or yesterday 17:00.",
		"time_far":                     "Nothing was changed: {quoted} is more than a year away ({moment}). Write a nearer time.",
		"time_gap":                     "Nothing was changed: {quoted} does not exist that day, for the clocks are put forward over it, to {moment}. Write another time.",
		"no_such_day":                  "Nothing was changed: there is no such day as {quoted}. Write for example Monday 9:00 or 2026-11-30 9:00.",
		"no_such_time":                 "Nothing was changed: there is no such time of day as {quoted}. Write for example 9:00, 5pm or 17:30.",
		"no_such_zone":                 "Nothing was changed: I know no time zone {want}. Write UTC, or the name of a place such as Europe/Berlin; without any it is your own.",
	}
}

// fillTime returns the value of a placeholder about when, and why until then.
func fillTime(p rollout.Problem, name string) string {
	switch name {
	case "{moment}":
		return at(p.Until)
	case "{opens}":
		if p.Until.IsZero() {
			return ""
		}
		return " before " + at(p.Until)
	case "{why}":
		why := p.Words
		if why == "" {
			why = p.Value
		}
		if why == "" {
			return ""
		}
		return " (" + strings.Trim(quoted(why), `"`) + ")"
	}
	return name
}
