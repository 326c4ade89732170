package view_test

import (
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// auditAnswers are the answers about what was decided and how it went.
func auditAnswers() map[string]view.Message {
	a := view.Answers{}
	from := noon.Add(-30 * 24 * time.Hour)
	rate, detection, incidents, deploys := 0.12, 47*time.Minute, 2.5, 1.8
	month := rollout.Report{
		From: from, To: noon, Rollouts: 41, Succeeded: 38, RolledBack: 3, RolledBackAlone: 2, Undone: 1, Incidents: 1,
		Detection: 40 * time.Second, Detected: 3, Lead: 26 * time.Minute, Recovery: 55 * time.Second, Agreed: 37, Judged: 38, Kept: 61_200,
		Agreements: []rollout.ServiceAgreement{
			{Service: "checkout", Agreed: 22, Judged: 22, InRow: 22, Since: noon.Add(-27 * 24 * time.Hour)},
			{Service: "payments", Agreed: 9, Judged: 9, InRow: 9, Since: noon.Add(-8 * 24 * time.Hour)},
			{Service: "search", Agreed: 1, Judged: 1, InRow: 1, Since: noon.Add(-50 * time.Hour)},
			{Service: "tax", Agreed: 3, Judged: 4}, {Service: "ui", Agreed: 1, Judged: 1}, {Service: "web", Agreed: 1, Judged: 1},
		},
	}
	early := month
	early.Agreements = early.Agreements[1:4]
	trend := func(days int, about view.Reported) view.Message {
		m, ok := a.Trend(weeks(days), about)
		if !ok {
			panic("there is nothing to show")
		}
		return m
	}
	head := rollout.AuditHead{Seq: 6, Hash: "ab12ab12ab12ab12ab12ab12ab12ab12", Began: from}
	return map[string]view.Message{
		"audit":          a.Audit("checkout", audited(), head),
		"audit_one":      a.Audit("", audited()[:1], rollout.AuditHead{Seq: 1, Hash: head.Hash}),
		"audit_nothing":  a.Audit("checkout", nil, rollout.AuditHead{}),
		"report":         a.Report(month, view.Reported{}),
		"report_early":   a.Report(early, view.Reported{}),
		"report_trend":   trend(7, view.Reported{Baseline: rollout.Baseline{RollbackRate: &rate}}),
		"report_days":    trend(1, view.Reported{Team: "payments"}),
		"report_years":   trend(200, view.Reported{Service: "checkout"}),
		"report_picture": trend(7, view.Reported{}).WithPicture("F0CHART", a.TrendPicture(weeks(7), view.Reported{})),
		"report_nothing": a.Report(rollout.Report{From: from, To: noon}, view.Reported{Service: "checkout", Began: noon.Add(-time.Hour)}),
		"report_before": a.Report(month, view.Reported{Team: "payments", Baseline: rollout.Baseline{
			RollbackRate: &rate, Detection: &detection, Incidents: &incidents, Deploys: &deploys,
		}}),

		"incident":         a.IncidentRecorded("checkout", time.Time{}, ending(rollout.Succeeded, nil)),
		"incident_live":    a.IncidentRecorded("checkout", noon, baking()),
		"incident_never":   a.IncidentRecorded("checkout", time.Time{}, rollout.Rollout{}),
		"incident_told":    a.IncidentTold(incident()),
		"incident_meant":   a.MeantIncident("production", incident(), "incident checkout at 2026-11-28T13:00:00+01:00 -- payments failed"),
		"incident_no_form": a.NoIncidentForm(ending(rollout.Succeeded, nil)),
		"incident_none":    a.NoIncident(baking()),
		"gone_service":     a.GoneService("checkout"),
	}
}

// incident is one that somebody reported in the words of an attacker.
func incident() rollout.AuditEntry {
	return rollout.AuditEntry{
		Kind: rollout.AuditIncident, At: noon.Add(12 * time.Minute), Began: noon, Service: "checkout", Rollout: "checkout-42", Actor: person("U0LAN0Z89"),
		Text: "<!channel> *payments* `failed` :fire:\n<https://evil.example|click>",
	}
}

// weeks are four spans of so many days.
func weeks(days int) (all []rollout.Report) {
	length := time.Duration(days) * 24 * time.Hour
	for i, of := range [][2]int{{9, 1}, {0, 0}, {12, 3}, {20, 0}} {
		p := rollout.Report{From: noon.Add(time.Duration(i-4) * length), To: noon.Add(time.Duration(i-3) * length), Rollouts: of[0], RolledBack: of[1], Succeeded: of[0] - of[1]}
		if of[1] > 0 {
			p.Detection, p.Detected, p.Incidents = time.Duration(i+40)*time.Second, of[1], i
		}
		all = append(all, p)
	}
	return all
}

// audited are entries of the audit, newest first: an emergency from its request to its review.
func audited() []rollout.AuditEntry {
	asked := rollout.Request{Version: "v1.2.4", By: person("U024BE7LH"), At: noon, Emergency: true}
	entry := func(seq int64, e rollout.AuditEntry) rollout.AuditEntry {
		e.Seq, e.At, e.Service, e.Rollout = seq, noon.Add(time.Duration(seq)*time.Minute), "checkout", "checkout-42"
		return e
	}
	return []rollout.AuditEntry{
		entry(6, rollout.AuditEntry{Kind: rollout.AuditIncident, Actor: person("U0LAN0Z89"), Began: noon.Add(2 * time.Minute), Text: "payments failed for ten minutes"}),
		entry(5, rollout.AuditEntry{Kind: rollout.AuditDecided, Actor: person("U0G9QF9C6"), Action: rollout.Review, Text: "it was right"}),
		entry(4, rollout.AuditEntry{Kind: rollout.AuditEnded, Summary: &rollout.AuditSummary{Outcome: rollout.Succeeded}}),
		entry(3, rollout.AuditEntry{Kind: rollout.AuditPhase, To: rollout.Promoting, Weight: 50}),
		entry(2, rollout.AuditEntry{Kind: rollout.AuditStarted}),
		entry(1, rollout.AuditEntry{Kind: rollout.AuditRequested, Actor: person("U024BE7LH"), Request: &asked, Image: "r/checkout:v1.2.4", Text: "payments fail"}),
	}
}
