package view_test

import (
	"fmt"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// digests are what a channel is told of a week, and what whoever asks sees of it.
func digests() map[string]view.Message {
	a := view.Answers{}
	next := view.Upcoming{Channel: "#releases", Next: noon.Add(7 * 24 * time.Hour)}
	payments := view.Upcoming{Channel: "#payments", Scopes: []rollout.Scope{{Team: "payments"}}, Next: noon.Add(8 * 24 * time.Hour)}
	all := map[string]view.Message{
		"digest":         a.Digest(week()),
		"digest_nothing": a.Digest(view.Digest{Environment: "production", Now: noon, Period: rollout.Period{From: noon.Add(-7 * 24 * time.Hour), To: noon}}),
		"digest_quiet": a.Digest(view.Digest{
			Environment: "production", Scopes: []rollout.Scope{{Team: "payments"}, {Service: "checkout"}}, Now: noon, Waiting: []rollout.Rollout{in(rollout.Awaiting)},
			Period: rollout.Period{From: noon.Add(-7 * 24 * time.Hour), To: noon}, Closures: closures()[:1],
		}),
		"digest_long":    a.Digest(longWeek()),
		"digest_now":     a.DigestNow(week(), next, []view.Upcoming{payments}),
		"digest_none":    a.DigestNow(week(), view.Upcoming{}, nil),
		"digest_unknown": a.NoDigest("#relaeses", []view.Upcoming{next, payments}),
	}
	for i, p := range []rollout.Problem{
		{Code: "bot_not_in_channel", Value: "#releases", Want: "canary"}, {Code: "channel_not_found", Value: "#releases"}, {Code: "channel_archived", Value: "#releases"},
		{Code: "channel_shared", Value: "#releases"}, {Code: "channel_unknown", Value: "#releases"}, {Code: "slack_may_not_post", Value: "#releases", Want: "restricted_action"},
		{Code: "slack_refuses_message", Value: "#releases", Want: "invalid_blocks"}, {Code: "slack_refuses_bot", Value: "#releases", Want: "token_revoked"},
	} {
		troubled := next
		troubled.Trouble = p
		all[fmt.Sprintf("digest_trouble_%d", i+1)] = a.DigestNow(view.Digest{Environment: "production", Now: noon, Period: rollout.Period{From: noon.Add(-time.Hour), To: noon}}, troubled, nil)
	}
	return all
}

// week is a week with everything that a digest tells.
func week() view.Digest {
	from := noon.Add(-7 * 24 * time.Hour)
	rolledBack := ending(rollout.RolledBack, nil)
	before := rollout.Report{From: from.Add(-7 * 24 * time.Hour), To: from, Rollouts: 31, Succeeded: 26, RolledBack: 5, Detection: 70 * time.Second, Detected: 4, Incidents: 2}
	return view.Digest{
		Environment: "production", Now: noon, Failed: []rollout.Rollout{rolledBack}, Waiting: []rollout.Rollout{in(rollout.Awaiting)},
		Queue:    queue(),
		Closures: closures()[:5], Windows: []rollout.Opening{{Window: "office", Changes: noon.Add(45 * time.Hour)}, {Window: "tokyo", Open: true, Changes: noon.Add(4 * time.Hour)}, {Window: "never"}},
		Links: map[rollout.ID]string{"checkout-40": permalink, rolledBack.ID: permalink},
		Period: rollout.Period{
			From: from, To: noon, Before: &before,
			Deployed: []rollout.Deployed{
				{Service: "checkout", Rollout: "checkout-40", Old: "r/checkout:v1.2.0", New: "r/checkout:v1.2.3", Times: 4, Back: 1},
				{Service: "search", Rollout: "search-7", Old: "r/search:v2.0.0", New: "r/search:v2.0.1", Times: 1},
			},
			Failed:    []rollout.AuditEntry{{Rollout: rolledBack.ID}},
			Incidents: []rollout.AuditEntry{{Service: "checkout", Rollout: "checkout-40", At: noon.Add(-30 * time.Hour), Began: noon.Add(-31 * time.Hour), Text: "payments failed for ten minutes"}},
			Report:    rollout.Report{From: from, To: noon, Rollouts: 41, Succeeded: 38, RolledBack: 3, Detection: 40 * time.Second, Detected: 3, Incidents: 1},
		},
	}
}

// longWeek is one in which there is more of everything than a message holds.
func longWeek() view.Digest {
	d := week()
	d.Period.Deployed, d.Period.Incidents, d.Failed, d.Waiting, d.Closures = nil, nil, nil, nil, nil
	for i := range 300 {
		name := rollout.ServiceName(fmt.Sprintf("service-with-a-long-name-%d", i+1))
		d.Period.Deployed = append(d.Period.Deployed, rollout.Deployed{
			Service: name, Rollout: rollout.NewID(name, 7), Old: "r/" + string(name) + ":release-2026-11-20-1", New: "r/" + string(name) + ":release-2026-11-27-1", Times: 2,
		})
		d.Period.Failed = append(d.Period.Failed, rollout.AuditEntry{Service: name})
		d.Period.Incidents = append(d.Period.Incidents, rollout.AuditEntry{Service: name, At: noon, Text: "customers could not pay"})
		d.Waiting = append(d.Waiting, in(rollout.Awaiting))
		d.Closures = append(d.Closures, rollout.Closure{Kind: rollout.FreezeClosure, Scope: rollout.Scope{Service: name}, From: noon.Add(-time.Hour), Text: "the database moves"})
		if len(d.Failed) < view.MostInDigest {
			d.Failed = append(d.Failed, ending(rollout.RolledBack, nil))
		}
	}
	return d
}
