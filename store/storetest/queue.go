package storetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

func queueCases() []testCase {
	return []testCase{
		{"nothing is pending in an empty store", func(b *bed) {
			if got, err := b.Queue(b.Context()); got.Revision != 0 || got.All != nil || err != nil {
				b.Fatalf("got %+v, %v", got, err)
			}
		}},
		{"what is pending is there after opening again, at the next revision", func(b *bed) {
			settled := pending(2, "api")
			settled.Settled = &rollout.Settlement{At: Epoch(), Problem: rollout.Problem{Code: rollout.ProblemNotAMember}}
			want := b.pend(pending(1, "checkout"), settled)
			b.reopen()
			got, err := b.Queue(b.Context())
			if diff := cmp.Diff(got, want); diff != "" || err != nil || got.Revision != 1 || got.Last != 2 {
				b.Fatalf("revision %d, %v; -got +want:\n%s", got.Revision, err, diff)
			}
		}},
		{"of two who change the same queue the second is a conflict", func(b *bed) {
			before, _ := b.Queue(b.Context())
			won := b.pend(pending(1, "checkout"))
			before.All = []rollout.Pending{pending(1, "api")}
			err := b.SetQueue(b.Context(), rollout.QueueChange{Next: before, At: Epoch()})
			if rollout.CodeOf(err) != rollout.Conflict || errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("got %v, want a conflict", err)
			}
			if got, _ := b.Queue(b.Context()); !cmp.Equal(got, won) {
				b.Fatalf("the loser left something: %+v", got)
			}
		}},
		{"a decision on the queue counts once", func(b *bed) {
			c := rollout.QueueChange{Next: rollout.Queue{All: []rollout.Pending{pending(1, "checkout")}}, Decision: "slack:1", At: Epoch()}
			if err := b.SetQueue(b.Context(), c); err != nil {
				b.Fatal(err)
			}
			b.reopen()
			c.Next.Revision++
			if err := b.SetQueue(b.Context(), c); !errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("got %v, want it decided", err)
			}
		}},
		{"the queue is audited, and the freezes and locks are not touched", func(b *bed) {
			set := b.close(frozen("sale"))
			p := pending(1, "checkout")
			entry := p.Audited(rollout.AuditPending, p.Request.By, Epoch(), rollout.Policy{})
			err := b.SetQueue(b.Context(), rollout.QueueChange{Next: rollout.Queue{All: []rollout.Pending{p}}, At: Epoch(), Audit: []rollout.AuditEntry{entry}})
			if err != nil {
				b.Fatal(err)
			}
			b.reopen()
			got, err := b.Audit(b.Context(), rollout.AuditQuery{Kinds: []rollout.AuditKind{rollout.AuditPending}})
			if err != nil || len(got) != 1 || got[0].Pending == nil || !cmp.Equal(*got[0].Pending, p) {
				b.Errorf("the audit has %+v, %v", got, err)
			}
			if now, _ := b.Closures(b.Context()); !cmp.Equal(now, set) {
				b.Errorf("the closures are %+v", now)
			}
		}},
		{"nonsense about the queue is invalid", func(b *bed) {
			for name, c := range map[string]rollout.QueueChange{
				"a negative revision": {Next: rollout.Queue{Revision: -1}},
				"too many":            {Next: rollout.Queue{All: make([]rollout.Pending, rollout.MostPending+1)}},
				"a decision, no time": {Decision: "slack:1"},
			} {
				if err := b.SetQueue(b.Context(), c); rollout.CodeOf(err) != rollout.Invalid {
					b.Errorf("%s: got %v, want it invalid", name, err)
				}
			}
		}},
	}
}

// pending is a deploy that waits for a day.
func pending(id int, service rollout.ServiceName) rollout.Pending {
	return rollout.Pending{
		ID: id, Service: service, NotBefore: Epoch().Add(24 * time.Hour), Since: Epoch().Add(24 * time.Hour),
		Request: rollout.Request{Version: "v2", By: rollout.Actor{Kind: rollout.Person, ID: "U1", Member: true}, At: Epoch(), Text: "sale"},
	}
}

// pend sets what is pending and returns the queue as stored.
func (b *bed) pend(all ...rollout.Pending) rollout.Queue {
	b.Helper()
	now, err := b.Queue(b.Context())
	now.All, now.Last = all, len(all)
	if err = errors.Join(err, b.SetQueue(b.Context(), rollout.QueueChange{Next: now, At: Epoch()})); err != nil {
		b.Fatal(err)
	}
	now.Revision++
	return now
}
