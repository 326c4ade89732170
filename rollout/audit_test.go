package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// told is the timeline of a rollout with two steps that was rolled back at the second.
func told(start time.Time) []rollout.Entry {
	var all []rollout.Entry
	add := func(after time.Duration, kind rollout.EntryKind, actor rollout.Actor, data rollout.Data) {
		all = append(all, rollout.Entry{
			Rollout: "checkout-1", Seq: len(all) + 1, At: start.Add(after), Kind: kind, Actor: actor, Data: data,
		})
	}
	person := rollout.Actor{Kind: rollout.Person, ID: "U024BE7LH", Member: true}
	bot := rollout.Actor{Kind: rollout.Bot}
	add(0, rollout.EntryRequested, person, rollout.Data{Action: rollout.Deploy})
	add(time.Second, rollout.EntryStarted, bot, rollout.Data{DetectionPower: &rollout.DetectionPower{Requests: 100}})
	add(time.Second, rollout.EntryPhase, bot, rollout.Data{From: rollout.Queued, To: rollout.Preparing})
	add(10*time.Second, rollout.EntryPhase, bot, rollout.Data{From: rollout.Preparing, To: rollout.Shifting, Weight: 5})
	add(20*time.Second, rollout.EntryPhase, bot, rollout.Data{From: rollout.Shifting, To: rollout.Baking, Weight: 5})
	other := rollout.Actor{Kind: rollout.Person, ID: "U061F7AUR", Member: true}
	one := rollout.Approval{By: other, At: start.Add(110 * time.Second)}
	add(110*time.Second, rollout.EntryDecided, other, rollout.Data{
		Action: rollout.Promote, Approvals: []rollout.Approval{one}, Needed: 2,
	})
	add(120*time.Second, rollout.EntryDecided, person, rollout.Data{
		Action: rollout.Promote, Advice: rollout.AdviseForward, Needed: 2,
		Approvals: []rollout.Approval{one, {By: person, At: start.Add(120 * time.Second)}},
	})
	add(120*time.Second, rollout.EntryPhase, person, rollout.Data{From: rollout.Awaiting, To: rollout.Preparing, Weight: 5})
	add(140*time.Second, rollout.EntryPhase, bot, rollout.Data{From: rollout.Shifting, To: rollout.Baking, Weight: 50})
	add(150*time.Second, rollout.EntryAsked, bot, rollout.Data{})
	add(200*time.Second, rollout.EntryPhase, bot, rollout.Data{From: rollout.Baking, To: rollout.RollingBack})
	add(260*time.Second, rollout.EntryPhase, bot, rollout.Data{From: rollout.Releasing, To: rollout.Ended})
	add(260*time.Second, rollout.EntryEnded, bot, rollout.Data{Ending: &rollout.Ending{Outcome: rollout.RolledBack, Reason: rollout.Reason{Code: rollout.ReasonCheck}}})
	return all
}

// TestAuditedSaysHowARolloutWent looks at what the audit keeps of the last commit of a rollout, and of each commit before.
func TestAuditedSaysHowARolloutWent(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := rollout.Rollout{
		ID: "checkout-1", Service: "checkout", Image: "registry.example.com/shop/checkout:v1.2.4", Started: start.Add(time.Second),
		Ending: rollout.Ending{Outcome: rollout.RolledBack, WeightZero: start.Add(203 * time.Second)},
	}
	all := told(start)
	policy := rollout.Policy{Approvers: []string{"U024BE7LH"}}
	kept := rollout.Change{Rollout: r, Entries: all[len(all)-2:]}.Audited(all[:len(all)-2], policy)
	if len(kept) != 1 || kept[0].Kind != rollout.AuditEnded || kept[0].Rules == nil || kept[0].Image != r.Image || kept[0].Request == nil {
		t.Fatalf("got %+v", kept)
	}
	want := &rollout.AuditSummary{
		Outcome: rollout.RolledBack, Started: r.Started, Exposed: start.Add(20 * time.Second), Condemned: start.Add(200 * time.Second),
		WeightZero: r.Ending.WeightZero, Agreed: 1, Judged: 1,
		Approvers: []rollout.Approver{
			{By: rollout.Actor{Kind: rollout.Person, ID: "U061F7AUR", Member: true}, Action: rollout.Promote, At: start.Add(110 * time.Second)},
			{By: rollout.Actor{Kind: rollout.Person, ID: "U024BE7LH", Member: true}, Action: rollout.Promote, At: start.Add(120 * time.Second)},
		},
		Kept: 120*100*0.95 + 60*100*0.5,
	}
	if diff := cmp.Diff(kept[0].Summary, want); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
	var kinds []rollout.AuditKind
	for _, e := range (rollout.Change{Rollout: r, Entries: all}).Audited(nil, policy) {
		kinds = append(kinds, e.Kind)
	}
	if diff := cmp.Diff(kinds, []rollout.AuditKind{
		rollout.AuditRequested, rollout.AuditStarted, rollout.AuditPhase, rollout.AuditPhase, rollout.AuditDecided, rollout.AuditDecided,
		rollout.AuditPhase, rollout.AuditPhase, rollout.AuditEnded,
	}); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
}
