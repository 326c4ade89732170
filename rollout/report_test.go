package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// ended is what the audit has of a rollout that was asked for a quarter of an hour before.
func ended(at time.Time, outcome rollout.Outcome, why rollout.ReasonCode) rollout.AuditEntry {
	e := rollout.AuditEntry{
		At: at, Kind: rollout.AuditEnded, Service: "checkout", Reason: rollout.Reason{Code: why},
		Request: &rollout.Request{At: at.Add(-15 * time.Minute)}, Summary: &rollout.AuditSummary{Outcome: outcome, Agreed: 1, Judged: 1},
	}
	if outcome == rollout.RolledBack {
		e.Summary.Exposed, e.Summary.Condemned, e.Summary.WeightZero = at.Add(-10*time.Minute), at.Add(-2*time.Minute), at.Add(-time.Minute)
		e.Summary.Kept = 1000
	}
	return e
}

func TestReport(t *testing.T) {
	t.Parallel()
	to := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	from := to.Add(-30 * 24 * time.Hour)
	back := ended(to.Add(-time.Hour), rollout.Succeeded, rollout.ReasonNone)
	back.Request.Back = true
	unexposed := ended(to.Add(-time.Hour), rollout.RolledBack, rollout.ReasonCanary)
	unexposed.Summary.Exposed = time.Time{}
	other := ended(to.Add(-time.Hour), rollout.Succeeded, rollout.ReasonNone)
	other.Service = "payments"
	all := []rollout.AuditEntry{
		ended(to, rollout.Succeeded, rollout.ReasonNone), ended(to.Add(-time.Hour), rollout.Succeeded, rollout.ReasonNone),
		ended(to.Add(-time.Hour), rollout.RolledBack, rollout.ReasonCheck), ended(to.Add(-time.Hour), rollout.RolledBack, rollout.ReasonPerson),
		unexposed, back, other,
		ended(to.Add(-time.Hour), rollout.RolledBack, rollout.ReasonReplaced),                // not bad
		ended(to.Add(-time.Hour), rollout.Cancelled, rollout.ReasonPreflight),                // none
		ended(from.Add(-time.Second), rollout.RolledBack, rollout.ReasonCheck),               // too old
		{At: to.Add(-time.Hour), Kind: rollout.AuditIncident, Service: "checkout"},           // counts
		{At: from.Add(-time.Hour), Kind: rollout.AuditIncident, Service: "checkout"},         // too old
		{At: to.Add(-time.Hour), Kind: rollout.AuditEnded, Service: "checkout", Text: "old"}, // without a summary
	}
	got := rollout.NewReport(all, from, to, func(e rollout.AuditEntry) bool { return e.Service == "checkout" })
	want := rollout.Report{
		From: from, To: to, Rollouts: 5, Succeeded: 2, RolledBack: 3, RolledBackAlone: 2, Undone: 1, Incidents: 1,
		Detection: 8 * time.Minute, Detected: 2, Lead: 15 * time.Minute, Recovery: 9 * time.Minute, Agreed: 6, Judged: 6, Kept: 3000,
		Agreements: []rollout.ServiceAgreement{{Service: "checkout", Agreed: 6, Judged: 6, InRow: 6, Since: to.Add(-time.Hour)}},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
	if got.Days() != 30 {
		t.Errorf("%v days", got.Days())
	}
}

func TestSinceWhenPeopleAgreeWithTheJudge(t *testing.T) {
	t.Parallel()
	to := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	entry := func(service rollout.ServiceName, hours, agreed, judged int) rollout.AuditEntry {
		e := ended(to.Add(-time.Duration(hours)*time.Hour), rollout.Succeeded, rollout.ReasonNone)
		e.Service, e.Summary.Agreed, e.Summary.Judged = service, agreed, judged
		return e
	}
	all := []rollout.AuditEntry{ // newest first, as stores return them
		entry("search", 1, 0, 1), entry("checkout", 2, 2, 2), entry("checkout", 3, 0, 0), entry("checkout", 4, 1, 1),
		entry("payments", 5, 1, 1), entry("checkout", 6, 1, 2), entry("search", 7, 3, 3),
	}
	got := rollout.NewReport(all, to.Add(-24*time.Hour), to, func(rollout.AuditEntry) bool { return true }).Agreements
	want := []rollout.ServiceAgreement{
		{Service: "checkout", Agreed: 4, Judged: 5, InRow: 3, Since: to.Add(-4 * time.Hour)},
		{Service: "payments", Agreed: 1, Judged: 1, InRow: 1, Since: to.Add(-5 * time.Hour)},
		{Service: "search", Agreed: 3, Judged: 4},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
}

func TestTrend(t *testing.T) {
	t.Parallel()
	to := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	every := func(rollout.AuditEntry) bool { return true }
	for _, c := range []struct {
		name                 string
		hours, parts, oldest int // the oldest part's length in hours
	}{
		{"an hour", 1, 0, 0}, {"a day", 24, 0, 0}, {"almost two days", 47, 0, 0}, {"two days", 48, 2, 24}, {"two days and an hour", 49, 2, 25},
		{"20 days", 480, 20, 24}, {"a month", 720, 4, 216}, {"20 weeks", 3360, 20, 168}, {"a year", 8760, 19, 552}, {"ten years", 87600, 19, 8544},
	} {
		from := to.Add(-time.Duration(c.hours) * time.Hour)
		var entries []rollout.AuditEntry
		for at := from; !at.After(to); at = at.Add(time.Duration(max(1, c.hours/100)) * time.Hour) {
			entries = append(entries, ended(at, rollout.Succeeded, rollout.ReasonNone))
		}
		all := rollout.Trend(entries, from, to, every)
		if len(all) != c.parts {
			t.Errorf("%s: %d parts, want %d", c.name, len(all), c.parts)
			continue
		}
		if c.parts == 0 {
			continue
		}
		counted := 0
		for i, p := range all {
			counted += p.Rollouts
			if i > 0 && !p.From.Equal(all[i-1].To) {
				t.Errorf("%s: part %d begins at %s, the one before ends at %s", c.name, i, p.From, all[i-1].To)
			}
		}
		if length := all[0].To.Sub(all[0].From); !all[0].From.Equal(from) || !all[c.parts-1].To.Equal(to) || length != time.Duration(c.oldest)*time.Hour {
			t.Errorf("%s: from %s to %s, the oldest is of %s", c.name, all[0].From, all[c.parts-1].To, length)
		}
		if counted != len(entries) {
			t.Errorf("%s: %d of %d are counted", c.name, counted, len(entries))
		}
	}
}
