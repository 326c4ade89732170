package storetest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/store/audit"
)

func auditCases() []testCase {
	return []testCase{
		{"what a commit audits is there, in its order and numbered", func(b *bed) {
			b.one(Audited(Move(Queued("checkout", 1), rollout.Queued, Epoch()), Entry("first", Epoch()), Entry("second", Epoch())))
			b.reopen()
			b.one(Audited(Move(Queued("payments", 1), rollout.Queued, Epoch()), Entry("third", Epoch())))
			b.audited(rollout.AuditQuery{}, "third 3", "second 2", "first 1")
		}},
		{"what was refused is not audited", func(b *bed) {
			old := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			b.one(Move(old, rollout.Preparing, Epoch()))
			b.refused(rollout.Conflict, Audited(Move(old, rollout.Ended, Epoch()), Entry("lost", Epoch())))
			b.refused(rollout.Invalid, Audited(Move(Queued("payments", 1), rollout.Queued, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)), Entry("year", Epoch())))
			b.audited(rollout.AuditQuery{})
		}},
		{"a policy stands once, before whoever names it", policies},
		{"a query finds what it asks for, newest first", queries},
		{"it outlives the rollouts", func(b *bed) {
			r := b.one(Audited(Move(Queued("checkout", 1), rollout.Ended, Epoch()), Entry("kept", Epoch())))
			for n := range 3 {
				var many []rollout.Change
				for i := range 200 {
					many = append(many, Move(Queued("checkout", 2+n*200+i), rollout.Ended, Epoch()))
				}
				b.commit(many...)
			}
			if _, err := b.Load(b.Context(), r.ID); rollout.CodeOf(err) != rollout.NotFound {
				b.Fatalf("the rollout is there: %v", err)
			}
			b.audited(rollout.AuditQuery{Rollout: r.ID}, "kept 1")
		}},
		{"what a freeze or a lock audits is there", func(b *bed) {
			c := rollout.ClosureChange{Decision: "slack:1", At: Epoch(), Audit: []rollout.AuditEntry{Entry("locked", Epoch())}}
			if err := b.SetClosures(b.Context(), c); err != nil {
				b.Fatal(err)
			}
			if err := b.SetClosures(b.Context(), c); !errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("got %v, want that it counted already", err)
			}
			b.reopen()
			b.audited(rollout.AuditQuery{}, "locked 1")
		}},
		{"a record and its notes are stored together", func(b *bed) {
			note := rollout.StoredNote{Kind: "lock", Key: "checkout", Value: []byte("x")}
			if err := b.Record(b.Context(), []rollout.AuditEntry{Entry("locked", Epoch())}, note); err != nil {
				b.Fatal(err)
			}
			bad := rollout.StoredNote{Kind: "No Kind", Key: "checkout", Value: []byte("x")}
			if err := b.Record(b.Context(), []rollout.AuditEntry{Entry("lost", Epoch())}, bad); rollout.CodeOf(err) != rollout.Invalid {
				b.Fatalf("got %v, want invalid", err)
			}
			b.reopen()
			b.audited(rollout.AuditQuery{}, "locked 1")
			if value, ok, err := b.Note(b.Context(), "lock", "checkout"); string(value) != "x" || !ok || err != nil {
				b.Fatalf("the note is %q, %t, %v", value, ok, err)
			}
			note.Value = nil
			if err := b.Record(b.Context(), []rollout.AuditEntry{Entry("unlocked", Epoch())}, note); err != nil {
				b.Fatal(err)
			}
			if _, ok, err := b.Note(b.Context(), "lock", "checkout"); ok || err != nil {
				b.Fatalf("the note is there: %v", err)
			}
		}},
		{"a decision of a record counts once", func(b *bed) {
			e := Entry("incident", Epoch())
			e.Decision = "slack:1"
			if err := b.Record(b.Context(), []rollout.AuditEntry{e}); err != nil {
				b.Fatal(err)
			}
			b.reopen()
			if err := b.Record(b.Context(), []rollout.AuditEntry{e}); !errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("got %v, want that it counted already", err)
			}
			if err := b.Commit(b.Context(), Decided(Move(Queued("checkout", 1), rollout.Queued, Epoch()), "slack:1")); !errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("a commit: got %v, want that it counted already", err)
			}
			b.audited(rollout.AuditQuery{}, "incident 1")
		}},
		{"it ends where its head says", func(b *bed) {
			start := audit.Start(b.ID())
			if head, err := b.AuditHead(b.Context()); head != (rollout.AuditHead{Hash: start.Hash}) || err != nil {
				b.Fatalf("an empty one ends at %+v, %v", head, err)
			}
			drafts, err := audit.Drafts([]rollout.AuditEntry{Entry("first", Epoch())})
			if err != nil {
				b.Fatal(err)
			}
			b.one(Audited(Move(Queued("checkout", 1), rollout.Queued, Epoch()), Entry("first", Epoch())))
			b.reopen()
			_, want := drafts[0].Append(start)
			if head, err := b.AuditHead(b.Context()); head != (rollout.AuditHead{Seq: 1, Hash: want.Hash, Began: Epoch()}) || err != nil {
				b.Fatalf("it ends at %+v, %v; want %+v", head, err, want)
			}
		}},
	}
}

// Entry returns an entry of the audit with the text.
func Entry(text string, at time.Time) rollout.AuditEntry {
	return rollout.AuditEntry{At: at, Kind: rollout.AuditDecided, Service: "checkout", Rollout: "checkout-1", Text: text}
}

// Audited returns the change with entries of the audit.
func Audited(c rollout.Change, entries ...rollout.AuditEntry) rollout.Change {
	c.Audit = entries
	return c
}

// audited compares the texts and numbers of the entries that the query finds.
func (b *bed) audited(q rollout.AuditQuery, want ...string) {
	b.Helper()
	all, err := b.Audit(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	var got []string
	for _, e := range all {
		got = append(got, strings.TrimSpace(e.Text+" "+string(rune('0'+e.Seq))))
	}
	if diff := cmp.Diff(got, want); diff != "" {
		b.Fatalf("%+v: -got +want:\n%s", q, diff)
	}
}

func policies(b *bed) {
	under := func(text string, p rollout.Policy) rollout.AuditEntry {
		e := Entry(text, Epoch())
		e.Rules = &p
		return e
	}
	first := rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U2"}}
	second := rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U1"}}
	if err := b.Record(b.Context(), []rollout.AuditEntry{under("a", first), under("b", first)}); err != nil {
		b.Fatal(err)
	}
	b.reopen()
	if err := b.Record(b.Context(), []rollout.AuditEntry{under("c", second), under("d", first)}); err != nil {
		b.Fatal(err)
	}
	b.audited(rollout.AuditQuery{}, "d 6", "c 5", "4", "b 3", "a 2", "1")
	all, err := b.Audit(b.Context(), rollout.AuditQuery{})
	if err != nil {
		b.Fatal(err)
	}
	slices.Reverse(all)
	for _, c := range []struct {
		of, at int
		policy rollout.Policy
	}{{1, 0, first}, {2, 0, first}, {4, 3, second}, {5, 0, first}} {
		named, rules := all[c.of], all[c.at]
		if named.Policy == "" || named.Policy != rules.Policy || named.Rules != nil || rules.Rules == nil || cmp.Diff(*rules.Rules, c.policy) != "" {
			b.Errorf("entry %d names %q; entry %d has %q with %+v", c.of+1, named.Policy, c.at+1, rules.Policy, rules.Rules)
		}
	}
}

func queries(b *bed) {
	entry := func(text string, after time.Duration, kind rollout.AuditKind, id rollout.ID) rollout.AuditEntry {
		e := Entry(text, Epoch().Add(after))
		e.Kind, e.Rollout = kind, id
		e.Service, _, _ = id.Split()
		return e
	}
	if err := b.Record(b.Context(), []rollout.AuditEntry{
		entry("a", 0, rollout.AuditEnded, "checkout-1"), entry(`"kind":"ended"`, time.Hour, rollout.AuditDecided, "checkout-2"),
		entry("c", 2*time.Hour, rollout.AuditIncident, ""), entry("d", 3*time.Hour, rollout.AuditEnded, "checkout-2"),
		entry("e", 3*time.Hour-time.Second, rollout.AuditEnded, "checkout-20"),
	}); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		q    rollout.AuditQuery
		want []string
	}{
		{rollout.AuditQuery{Limit: 2}, []string{"e 5", "d 4"}},
		{rollout.AuditQuery{Kinds: []rollout.AuditKind{rollout.AuditEnded}}, []string{"e 5", "d 4", "a 1"}},
		{rollout.AuditQuery{Kinds: []rollout.AuditKind{rollout.AuditEnded, rollout.AuditIncident}, Since: Epoch().Add(2 * time.Hour)}, []string{"e 5", "d 4", "c 3"}},
		{rollout.AuditQuery{Since: Epoch().Add(3 * time.Hour)}, []string{"d 4"}},
		{rollout.AuditQuery{Rollout: "checkout-2"}, []string{"d 4", `"kind":"ended" 2`}},
		{rollout.AuditQuery{Service: "checkout", Limit: 1}, []string{"e 5"}},
		{rollout.AuditQuery{Service: "payments"}, nil},
	} {
		b.audited(c.q, c.want...)
	}
}
