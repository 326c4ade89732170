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
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
	if got.Days() != 30 {
		t.Errorf("%v days", got.Days())
	}
}
