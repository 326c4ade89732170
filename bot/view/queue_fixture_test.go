package view_test

import (
	"strings"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// queue has two deploys in line and one that waits for its moment.
func queue() rollout.Queue {
	request := func(version, by, text string) rollout.Request {
		return rollout.Request{Version: version, By: person(by), At: noon, Text: text}
	}
	return rollout.Queue{Last: 9, All: []rollout.Pending{
		{ID: 7, Service: "checkout", Request: request("v1.2.5", "U024BE7LH", "hot fix"), Since: noon},
		{ID: 8, Service: "checkout", Request: request("v1.2.6", "U0G9QF9C6", ""), Since: noon.Add(time.Minute)},
		{ID: 9, Service: "search", Request: request("v9", "U024BE7LH", "the <!channel> sale"), NotBefore: noon.Add(22 * time.Hour), Since: noon.Add(22 * time.Hour)},
	}}
}

// queueAnswers are the answers about pending deploys, and what the channel is told of them.
func queueAnswers() map[string]view.Message {
	a, q, c := view.Answers{}, queue(), closures()
	line, at := q.All[0], q.All[2]
	settled := func(s rollout.Settlement) rollout.Pending {
		p := line
		p.Settled = &s
		return p
	}
	approver, berlin := person("U0G9QF9C6"), noon.In(time.FixedZone("Europe/Berlin", 3600))
	why := func(closed ...rollout.Closure) error {
		return &rollout.ClosedError{Service: "search", Closed: rollout.Closed{By: closed, Opens: closed[0].Until}}
	}
	busy := &rollout.BusyError{Live: baking()}
	room := rollout.Refuse(rollout.Conflict, rollout.Problem{Code: rollout.ProblemTooManyAtOnce, Service: "checkout", Count: 3, Limit: 3, Names: []string{"search-7"}})
	return map[string]view.Message{
		"pended_busy":       a.Pended(line, 1, busy),
		"pended_closed":     a.Pended(line, 2, why(c[0])),
		"pended_room":       a.Pended(line, 1, room),
		"pended_at":         a.Pended(at, 0, nil),
		"pended_at_closed":  a.Pended(at, 0, why(c[3])),
		"offered_line":      a.OfferLine(a.Busy(launch(), busy, permalink), "production", "deploy checkout v1.2.5 --plan fast --queue hot fix"),
		"offered_line_long": a.OfferLine(a.Busy(launch(), busy, permalink), "production", "deploy checkout v1.2.5 --queue "+strings.Repeat("why ", 600)),
		"meant_moment":      a.MeantMoment("production", launch(), berlin, "deploy checkout v1.2.5 --at 2026-11-30T09:00:00+01:00 -- hot fix"),
		"queue":             a.Queue(q, "", noon),
		"queue_of":          a.Queue(q, "checkout", noon),
		"queue_none":        a.Queue(rollout.Queue{}, "", noon),
		"queue_none_of":     a.Queue(rollout.Queue{}, "checkout", noon),
		"queue_status":      a.Pending(a.Status(nil), q, "", noon),
		"settled_started":   a.SettledTold(settled(rollout.Settlement{At: noon, Rollout: "checkout-42"}), permalink),
		"settled_forbidden": a.SettledTold(settled(rollout.Settlement{At: noon, Problem: rollout.Problem{Code: rollout.ProblemNotAllowed, Key: "U024BE7LH", Value: "deploy"}}), ""),
		"settled_left":      a.SettledTold(settled(rollout.Settlement{At: noon, Problem: rollout.Problem{Code: rollout.ProblemNotAMember}}), ""),
		"settled_late": a.SettledTold(settled(rollout.Settlement{At: noon, Problem: rollout.Problem{Code: rollout.ProblemWaitedTooLong, Until: noon},
			InTheWay: rollout.Problem{Code: rollout.ProblemFrozen, Service: "checkout", Words: "sale"}}), ""),
		"settled_same": a.SettledTold(settled(rollout.Settlement{At: noon, Problem: rollout.Problem{Code: rollout.ProblemSameVersion, Service: "checkout", Value: "r/checkout:v1.2.5"}}), ""),
		"left":         a.LeftTold(line, line.Request.By),
		"left_others":  a.LeftTold(line, approver),
		"jumped":       a.JumpedTold(line, approver),
	}
}
