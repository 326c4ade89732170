package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// What ended at the border of two spans is told in one of them, and what is not wanted in none.
func TestPeriod(t *testing.T) {
	t.Parallel()
	to := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	from := to.Add(-7 * 24 * time.Hour)
	end := func(id rollout.ID, at time.Time, outcome rollout.Outcome, before, image string) rollout.AuditEntry {
		e := ended(at, outcome, rollout.ReasonCheck)
		e.Rollout, e.Before, e.Image = id, before, image
		e.Service, _, _ = id.Split()
		return e
	}
	back := end("checkout-4", to.Add(-3*time.Hour), rollout.Succeeded, "v3", "v2")
	back.Request.Back = true
	replaced := end("checkout-5", to.Add(-2*time.Hour), rollout.RolledBack, "v2", "v4")
	replaced.Reason.Code = rollout.ReasonReplaced
	all := []rollout.AuditEntry{
		end("checkout-1", from, rollout.Succeeded, "v0", "v1"), // the span before has it
		end("checkout-2", from.Add(time.Second), rollout.Succeeded, "v1", "v2"),
		end("checkout-3", to.Add(-4*time.Hour), rollout.Succeeded, "v2", "v3"),
		back, replaced,
		end("api-9", to, rollout.Succeeded, "v8", "v9"),
		end("api-8", to.Add(-time.Hour), rollout.RolledBack, "v8", "v9"),
		end("checkout-6", to.Add(-time.Minute), rollout.Abandoned, "v2", "v5"),
		end("checkout-7", to.Add(-time.Minute), rollout.Cancelled, "v2", "v5"),
		end("checkout-8", to.Add(time.Second), rollout.Succeeded, "v2", "v5"), // came later
		end("mail-1", to.Add(-time.Hour), rollout.Succeeded, "v1", "v2"),      // not wanted
		{At: to.Add(-time.Hour), Kind: rollout.AuditIncident, Service: "checkout", Text: "first"},
		{At: to, Kind: rollout.AuditIncident, Service: "checkout", Text: "second"},
		{At: from, Kind: rollout.AuditIncident, Service: "checkout", Text: "before"},
		{At: to, Kind: rollout.AuditEnded, Service: "checkout"}, // without a summary
	}
	wants := func(e rollout.AuditEntry) bool { return e.Service != "mail" }
	for _, order := range []string{"oldest first", "newest first"} {
		p := rollout.NewPeriod(all, from, to, from.Add(-7*24*time.Hour), wants)
		want := []rollout.Deployed{
			{Service: "api", Rollout: "api-9", Old: "v8", New: "v9", Times: 1},
			{Service: "checkout", Rollout: "checkout-4", Old: "v1", New: "v2", Times: 3, Back: 1},
		}
		if diff := cmp.Diff(p.Deployed, want); diff != "" {
			t.Errorf("%s: deployed (-got +want):\n%s", order, diff)
		}
		var told []string
		for _, e := range slices.Concat(p.Failed, p.Incidents) {
			told = append(told, string(e.Rollout)+e.Text)
		}
		if diff := cmp.Diff(told, []string{"checkout-6", "api-8", "second", "first"}); diff != "" {
			t.Errorf("%s: failed, and incidents (-got +want):\n%s", order, diff)
		}
		if p.Report.Rollouts != 4 || p.Report.Undone != 1 || p.Report.Incidents != 2 || p.Before == nil || p.Before.Rollouts != 1 || p.Before.Incidents != 1 {
			t.Errorf("%s: got %+v and before %+v", order, p.Report, p.Before)
		}
		slices.Reverse(all)
	}
	if p := rollout.NewPeriod(all, from, to, from.Add(-time.Hour), wants); p.Before != nil {
		t.Errorf("the audit is not that old, and yet it was %+v before", *p.Before)
	}
	if p := rollout.NewPeriod(all, to.Add(-time.Second), to.Add(-time.Millisecond), from, wants); !p.Quiet() {
		t.Errorf("nothing happened, and yet: %+v", p)
	}
}
