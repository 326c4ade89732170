package storetest

import (
	"errors"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

func decisionCases() []testCase {
	return []testCase{
		{"the same decision counts once, also after opening again", func(b *bed) {
			r := b.one(Decided(Move(Queued("checkout", 1), rollout.Preparing, Epoch()), "slack:1"))
			b.decided(Decided(Move(r, rollout.Shifting, Epoch()), "slack:1"))
			b.reopen()
			b.decided(Decided(Move(r, rollout.Shifting, Epoch()), "slack:1"))
			if got := b.load("checkout-1").Phase; got != rollout.Preparing {
				b.Fatalf("the rollout is %s", got)
			}
			b.one(Decided(Move(r, rollout.Shifting, Epoch()), "slack:2"))
		}},
		{"that it counted is said before that the revision is old", func(b *bed) {
			old := Move(Queued("checkout", 1), rollout.Preparing, Epoch())
			b.one(Decided(old, "slack:1"))
			b.decided(Decided(old, "slack:1"))
		}},
		{"it counts once across rollouts", func(b *bed) {
			b.one(Decided(Move(Queued("checkout", 1), rollout.Queued, Epoch()), "slack:1"))
			b.decided(Decided(Move(Queued("payments", 1), rollout.Queued, Epoch()), "slack:1"))
		}},
		{"one decision may stand in several changes of one commit", func(b *bed) {
			old := b.one(Move(Queued("checkout", 1), rollout.Baking, Epoch()))
			b.commit(Decided(Move(old, rollout.RollingBack, Epoch()), "slack:1"),
				Decided(Move(Queued("checkout", 2), rollout.Queued, Epoch()), "slack:1"))
			b.decided(Decided(Move(Queued("checkout", 3), rollout.Queued, Epoch()), "slack:1"))
		}},
		{"a commit that failed did not count the decision", func(b *bed) {
			old := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			now := b.one(WithoutEntry(old, Epoch()))
			b.refused(rollout.Conflict, Decided(Move(old, rollout.Ended, Epoch()), "slack:1"))
			b.one(Decided(Move(now, rollout.Ended, Epoch()), "slack:1"))
		}},
		{"it says which rollout it made or was about, also after opening again", func(b *bed) {
			b.remembers("slack:1", "", false)
			old := b.one(Decided(Move(Queued("checkout", 1), rollout.Baking, Epoch()), "slack:1"))
			b.remembers("slack:1", "checkout-1", true)
			b.commit(Decided(Move(old, rollout.RollingBack, Epoch()), "slack:2"),
				Decided(Move(Queued("checkout", 2), rollout.Queued, Epoch()), "slack:2"))
			b.reopen()
			b.remembers("slack:1", "checkout-1", true)
			b.remembers("slack:2", "checkout-2", true)
			b.refused(rollout.Conflict, Decided(Move(old, rollout.Ended, Epoch()), "slack:3"))
			b.remembers("slack:3", "", false)
		}},
		{"it is remembered for a week and forgotten in passing", func(b *bed) {
			r := b.one(Decided(Move(Queued("checkout", 1), rollout.Preparing, Epoch()), "slack:1"))
			r = b.one(Move(r, rollout.Shifting, Epoch().Add(store.Remember)))
			b.decided(Decided(Move(r, rollout.Baking, Epoch().Add(store.Remember)), "slack:1"))
			r = b.one(Move(r, rollout.Baking, Epoch().Add(store.Remember+time.Minute)))
			b.remembers("slack:1", "", false)
			b.one(Decided(Move(r, rollout.Awaiting, Epoch().Add(store.Remember+time.Minute)), "slack:1"))
		}},
	}
}

func (b *bed) decided(c rollout.Change) {
	b.Helper()
	if err := b.Commit(b.Context(), c); !errors.Is(err, rollout.ErrDecided) {
		b.Fatalf("commit: got %v, want that it was decided", err)
	}
}

func (b *bed) remembers(decision rollout.DecisionID, id rollout.ID, ok bool) {
	b.Helper()
	gotID, got, err := b.Decided(b.Context(), decision)
	if err != nil || gotID != id || got != ok {
		b.Fatalf("%s: got %q, %t, %v; want %q, %t", decision, gotID, got, err, id, ok)
	}
}
