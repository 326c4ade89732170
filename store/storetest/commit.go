package storetest

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

func commitCases() []testCase {
	return []testCase{
		{"what is created can be loaded, at revision 1", func(b *bed) {
			want := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			if diff := cmp.Diff(b.load("checkout-1"), want); diff != "" || want.Revision != 1 {
				b.Fatalf("revision %d; -got +want:\n%s", want.Revision, diff)
			}
		}},
		{"everything is there after opening again", func(b *bed) {
			id := b.ID()
			r := b.one(Move(Queued("checkout", 1), rollout.Preparing, Epoch()))
			r = b.one(WithoutEntry(r, Epoch().Add(time.Second)))
			b.reopen()
			if diff := cmp.Diff(b.load("checkout-1"), r); diff != "" {
				b.Fatalf("-got +want:\n%s", diff)
			}
			if b.ID() != id || id == "" {
				b.Fatalf("the store's id was %q and is %q", id, b.ID())
			}
		}},
		{"a change made from an older revision is a conflict", func(b *bed) {
			old := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			won := b.one(Move(old, rollout.Preparing, Epoch()))
			b.refused(rollout.Conflict, Move(old, rollout.Ended, Epoch()))
			if diff := cmp.Diff(b.load("checkout-1"), won); diff != "" {
				b.Fatalf("the loser left something: -got +want:\n%s", diff)
			}
		}},
		{"a change made from a revision that never was is a conflict", func(b *bed) {
			r := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			r.Revision += 5
			b.refused(rollout.Conflict, Move(r, rollout.Preparing, Epoch()))
			other := Queued("payments", 1)
			other.Revision = 3
			b.refused(rollout.Conflict, Move(other, rollout.Queued, Epoch()))
		}},
		{"a change that was decided by an older revision of another rollout is a conflict", func(b *bed) {
			other := b.one(Move(Queued("payments", 1), rollout.Queued, Epoch()))
			c := Move(b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch())), rollout.Preparing, Epoch())
			c.Given = map[rollout.ID]rollout.Revision{other.ID: other.Revision}
			newer := b.one(Move(other, rollout.Preparing, Epoch()))
			b.refused(rollout.Conflict, c)
			c.Given[other.ID] = newer.Revision
			b.one(c)
		}},
		{"a change that was decided by a rollout that is not there is a conflict", func(b *bed) {
			c := Move(Queued("checkout", 1), rollout.Queued, Epoch())
			c.Given = map[rollout.ID]rollout.Revision{"payments-1": 1}
			b.refused(rollout.Conflict, c)
		}},
		{"creating what is there is a conflict", func(b *bed) {
			b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			b.refused(rollout.Conflict, Move(Queued("checkout", 1), rollout.Queued, Epoch()))
		}},
		{"a number that was passed over is not given out any more", func(b *bed) {
			b.one(Move(Queued("checkout", 7), rollout.Queued, Epoch()))
			b.refused(rollout.Conflict, Move(Queued("checkout", 6), rollout.Queued, Epoch()))
		}},
		{"all changes or none", allOrNone},
		{"no change is no error", func(b *bed) { b.commit() }},
		{"a store that is well says so and is not changed by it", func(b *bed) {
			want := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			if err := b.Probe(b.Context()); err != nil {
				b.Fatal(err)
			}
			if diff := cmp.Diff(b.load("checkout-1"), want); diff != "" {
				b.Fatalf("-got +want:\n%s", diff)
			}
		}},
		{"a context that has ended commits nothing", func(b *bed) {
			ctx, cancel := context.WithCancel(b.Context())
			cancel()
			if err := b.Commit(ctx, Move(Queued("checkout", 1), rollout.Queued, Epoch())); !errors.Is(err, context.Canceled) {
				b.Fatalf("got %v, want the context's error", err)
			}
			if _, err := b.Load(b.Context(), "checkout-1"); rollout.CodeOf(err) != rollout.NotFound {
				b.Fatalf("load: got %v, want not found", err)
			}
		}},
		{"what is written down later may change in the caller's hands", func(b *bed) {
			c := Move(Queued("checkout", 1), rollout.Queued, Epoch())
			want := b.one(c)
			want.Spec.Plan.Steps = append([]rollout.Step(nil), c.Rollout.Spec.Plan.Steps...)
			c.Rollout.Spec.Plan.Steps[0].Weight = 99
			b.load("checkout-1").Spec.Plan.Steps[1].Weight = 98
			if diff := cmp.Diff(b.load("checkout-1"), want); diff != "" {
				b.Fatalf("-got +want:\n%s", diff)
			}
		}},
		{"nonsense is invalid and leaves nothing", nonsense},
	}
}

func allOrNone(b *bed) {
	old := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
	now := b.one(WithoutEntry(old, Epoch()))
	b.refused(rollout.Conflict,
		Decided(Move(Queued("checkout", 2), rollout.Preparing, Epoch()), "slack:1"), Move(old, rollout.Ended, Epoch()))
	if _, err := b.Load(b.Context(), "checkout-2"); rollout.CodeOf(err) != rollout.NotFound {
		b.Fatalf("load: got %v, want not found", err)
	}
	if n, err := b.NextNumber(b.Context(), "checkout"); n != 2 || err != nil {
		b.Fatalf("the next number is %d, %v; want 2", n, err)
	}
	b.commit(Decided(Move(Queued("checkout", 2), rollout.Preparing, Epoch()), "slack:1"), Move(now, rollout.Ended, Epoch()))
}

func nonsense(b *bed) {
	change := func(edit func(*rollout.Change)) rollout.Change {
		c := Move(Queued("checkout", 1), rollout.Queued, Epoch())
		edit(&c)
		return c
	}
	for _, c := range []struct {
		name   string
		change rollout.Change
	}{
		{"an id that is none", change(func(c *rollout.Change) { c.Rollout.ID = "checkout" })},
		{"no id", change(func(c *rollout.Change) { c.Rollout.ID = "" })},
		{"an id that is a path", change(func(c *rollout.Change) { c.Rollout.ID, c.Rollout.Service = "a/b-1", "a/b" })},
		{"another service's id", change(func(c *rollout.Change) { c.Rollout.Service = "payments" })},
		{"a negative revision", change(func(c *rollout.Change) { c.Rollout.Revision = -1 })},
		{"another rollout's entry", change(func(c *rollout.Change) { c.Entries[0].Rollout = "payments-1" })},
		{"an entry left out", change(func(c *rollout.Change) { c.Entries = nil })},
		{"an entry that starts late", change(func(c *rollout.Change) { c.Entries[0].Seq, c.Rollout.Seq = 2, 2 })},
		{"an entry of another number", change(func(c *rollout.Change) { c.Entries[0].Seq = 2 })},
		{"a value that JSON cannot say", change(func(c *rollout.Change) {
			c.Rollout.Spec.Checks = []rollout.Check{{Threshold: math.NaN()}}
		})},
		{"a decision without an entry", rollout.Change{Rollout: Queued("checkout", 1), Decision: "slack:1"}},
	} {
		if err := b.Commit(b.Context(), c.change); rollout.CodeOf(err) != rollout.Invalid {
			b.Errorf("%s: got %v, want it invalid", c.name, err)
		}
	}
	ok := change(func(*rollout.Change) {})
	b.refused(rollout.Invalid, ok, ok)
	if open, err := b.Open(b.Context(), ""); len(open) != 0 || err != nil {
		b.Fatalf("something was stored: %v, %v", open, err)
	}
	b.one(ok)
}
