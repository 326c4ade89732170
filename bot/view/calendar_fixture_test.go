package view_test

import (
	"strings"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// calendarProblems has each problem of freezes, locks, windows and typed times, as it is found.
func calendarProblems() []rollout.Problem {
	opens := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	typed := func(code rollout.ProblemCode, what string) rollout.Problem {
		return rollout.Problem{Code: code, Value: what, Until: opens}
	}
	return []rollout.Problem{
		{Code: rollout.ProblemFrozen, Service: "checkout", Words: "sale", Until: opens},
		{Code: rollout.ProblemFrozen, Service: "checkout", Value: "christmas"},
		{Code: rollout.ProblemFrozen, Service: "checkout"},
		{Code: rollout.ProblemLocked, Service: "checkout", Words: "debugging", Until: opens},
		{Code: rollout.ProblemOutsideWindow, Service: "checkout", Value: "office", Until: opens},
		{Code: rollout.ProblemHoliday, Service: "checkout", Value: "office", Until: opens},
		{Code: rollout.ProblemPromoteFrozen, Rollout: "checkout-42", Value: "christmas", Until: opens},
		{Code: rollout.ProblemTooManyAtOnce, Service: "checkout", Count: 3, Limit: 3, Names: []string{"search-7", "cart-2", "mail-1"}},
		{Code: rollout.ProblemTooManyOfTeam, Service: "checkout", Count: 1, Limit: 1, Names: []string{"cart-2"}, Value: "shop"},
		{Code: rollout.ProblemTooManyClosures, Limit: rollout.MostClosures},
		{Code: rollout.ProblemClosureOver},
		{Code: rollout.ProblemClosureEmpty},
		{Code: rollout.ProblemNothingClosed, Value: "freeze", Key: "checkout"},
		{Code: rollout.ProblemTooManyPending, Limit: rollout.MostPending},
		{Code: rollout.ProblemPendingAlready, Service: "checkout", Value: "v1.2.4", Count: 7},
		{Code: rollout.ProblemNotPending, Count: 7},
		{Code: rollout.ProblemNotInLine, Service: "checkout", Count: 7, Until: opens},
		{Code: rollout.ProblemWaitedTooLong, Service: "checkout", Until: opens},
		{Code: "no_such_team", Value: "shop"},
		{Code: "no_cron", Value: "@daily", Words: "five fields are wanted"},
		{Code: "cron_never_comes", Value: "0 0 30 2 *"},
		{Code: "digest_too_often", Value: "* 9 * * MON"},
		typed("time_past", "today 8:00"),
		typed("time_ahead", "tomorrow 9:00"),
		typed("time_far", "2036-11-30"),
		typed("time_gap", "tomorrow 2:30"),
		typed("no_such_day", "30 February"),
		typed("no_such_time", "25:00"),
		{Code: "no_such_zone", Value: "tomorrow 10:00 CET", Want: "CET"},
	}
}

// closures has each kind of closure, as it is found.
func closures() []rollout.Closure {
	monday := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	by, at := person("U024BE7LH"), noon
	return []rollout.Closure{
		{Kind: rollout.FreezeClosure, From: at, Until: monday, Text: `"sale"`, By: by, At: at},
		{Kind: rollout.FreezeClosure, Scope: rollout.Scope{Team: "shop"}, From: monday, Text: "audit", By: by, At: at},
		{Kind: rollout.FreezeClosure, Scope: rollout.Scope{Service: "checkout"}, Name: "christmas", From: at, Until: monday, Running: rollout.PauseRunning},
		{Kind: rollout.FreezeClosure, Name: "migration", From: at, Running: rollout.ReturnRunning},
		{Kind: rollout.LockClosure, Scope: rollout.Scope{Service: "checkout"}, From: at, Until: monday, Text: "debugging", By: by, At: at},
		{Kind: rollout.WindowClosure, Scope: rollout.Scope{Service: "checkout"}, Name: "office", Until: monday},
		{Kind: rollout.HolidayClosure, Scope: rollout.Scope{Service: "checkout"}, Name: "office", Until: monday},
	}
}

// closureAnswers are the answers about freezes, locks and windows.
func closureAnswers() map[string]view.Message {
	a, all := view.Answers{}, closures()
	freeze, lock := all[0], all[4]
	inBerlin := freeze
	inBerlin.Until = freeze.Until.In(time.FixedZone("Europe/Berlin", 3600))
	pausing := freeze
	pausing.Running = rollout.PauseRunning
	planned := all[1]
	planned.Until = planned.From.Add(time.Hour)
	ended := rollout.Reopening{Kind: rollout.FreezeClosure, Actor: person("U0G9QF9C6"), At: noon, Text: "the sale is over"}
	unlocked := rollout.Reopening{Kind: rollout.LockClosure, Scope: lock.Scope, Actor: lock.By, At: noon}
	return map[string]view.Message{
		"closed_all":      a.Closed(launch(), rollout.Closed{By: all, Opens: freeze.Until.Add(time.Hour)}),
		"closed_forever":  a.Closed(launch(), rollout.Closed{By: all[3:4]}),
		"closed_lock":     a.Closed(launch(), rollout.Closed{By: []rollout.Closure{lock}, Opens: lock.Until}),
		"closed_holiday":  a.Closed(launch(), rollout.Closed{By: all[6:], Opens: freeze.Until}),
		"frozen":          a.ClosureSet(freeze),
		"frozen_later":    a.ClosureSet(all[1]),
		"frozen_told":     a.ClosureTold(freeze),
		"locked":          a.ClosureSet(lock),
		"locked_already":  a.Locked(lock),
		"unfrozen":        a.Reopened(ended, all[:1]),
		"unlocked":        a.Reopened(unlocked, all[4:5]),
		"closures":        a.Closures(all[:5], noon),
		"closures_none":   a.Closures(nil, noon),
		"closures_status": a.Status(nil).Closing(all[:5], noon),
		"meant_time":      a.MeantTime("production", inBerlin, "freeze all until 2026-11-30T09:00:00+01:00 -- sale"),
		"meant_span":      a.MeantTime("production", planned, "freeze team:shop from 2026-11-30T08:00:00Z for 1h"),
		"meant_running":   a.MeantTime("production", pausing, "freeze all until 2026-11-30T08:00:00Z --running pause"),
		"frozen_running":  a.ClosureSet(pausing),
		"meant_long":      a.MeantTime("production", lock, "lock checkout until 2026-11-30T08:00:00Z -- "+strings.Repeat("why ", 600)),
	}
}
