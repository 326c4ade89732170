package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"canarybot.io/rollout"
)

func readCases() []testCase {
	return []testCase{
		{"an empty store answers with nothing", emptyStore},
		{"what is open comes by service and number", func(b *bed) {
			for _, n := range []int{10, 11} {
				b.one(Move(Queued("b", n), rollout.Queued, Epoch()))
			}
			b.one(Move(Queued("b-a", 1), rollout.Preparing, Epoch()))
			b.one(Move(Queued("a", 1), rollout.Ended, Epoch()))
			b.one(Move(Queued("a", 2), rollout.Queued, Epoch()))
			b.one(Move(Queued("a", 10), rollout.Queued, Epoch()))
			b.reopen()
			for service, want := range map[rollout.ServiceName][]rollout.ID{
				"": {"a-2", "a-10", "b-10", "b-11", "b-a-1"}, "a": {"a-2", "a-10"}, "b": {"b-10", "b-11"}, "b-a": {"b-a-1"}, "c": nil,
			} {
				got, err := b.Open(b.Context(), service)
				if diff := cmp.Diff(ids(got), want); diff != "" || err != nil {
					b.Fatalf("of %q: %v; -got +want:\n%s", service, err, diff)
				}
			}
		}},
		{"history comes newest first, at most the limit", func(b *bed) {
			for n := 1; n <= 11; n++ {
				b.one(Move(Queued("checkout", n), rollout.Ended, Epoch()))
			}
			b.one(Move(Queued("checkout2", 1), rollout.Ended, Epoch()))
			for limit, want := range map[int][]rollout.ID{
				-1: nil, 0: nil, 1: {"checkout-11"}, 3: {"checkout-11", "checkout-10", "checkout-9"},
			} {
				got, err := b.History(b.Context(), "checkout", limit)
				if diff := cmp.Diff(ids(got), want); diff != "" || err != nil {
					b.Fatalf("limit %d: %v; -got +want:\n%s", limit, err, diff)
				}
			}
			if got, err := b.History(b.Context(), "checkout", 100); len(got) != 11 || err != nil {
				b.Fatalf("got %d, %v; want all 11", len(got), err)
			}
		}},
		{"the timeline comes in order, from where one has it", timeline},
		{"a context that has ended reads nothing", endedContext},
	}
}

func emptyStore(b *bed) {
	ctx := b.Context()
	if _, err := b.Load(ctx, "checkout-1"); rollout.CodeOf(err) != rollout.NotFound {
		b.Errorf("load: got %v, want not found", err)
	}
	if _, err := b.Load(ctx, "no id"); rollout.CodeOf(err) != rollout.NotFound {
		b.Errorf("load of nonsense: got %v, want not found", err)
	}
	open, err := b.Open(ctx, "")
	history, err2 := b.History(ctx, "checkout", 10)
	entries, err3 := b.Timeline(ctx, "checkout-1", 0)
	if len(open)+len(history)+len(entries) != 0 || errors.Join(err, err2, err3) != nil {
		b.Errorf("got %v, %v, %v, %v", open, history, entries, errors.Join(err, err2, err3))
	}
	b.holder("checkout", "")
}

func timeline(b *bed) {
	c := Move(Queued("checkout", 1), rollout.Queued, Epoch())
	next := Move(c.Rollout, rollout.Preparing, Epoch().Add(time.Second))
	c.Rollout, c.Entries = next.Rollout, append(c.Entries, next.Entries...) // two entries in one change
	want := c.Entries
	r := b.one(c)
	for range 10 {
		c := Move(r, rollout.Shifting, Epoch().Add(time.Minute))
		want = append(want, c.Entries...)
		r = b.one(c)
	}
	b.one(Move(Queued("checkout", 12), rollout.Queued, Epoch())) // its key begins like the first one's
	b.reopen()
	for _, after := range []int{-1, 0, 1, 9, 12, 13, 1 << 60} {
		got, err := b.Timeline(b.Context(), "checkout-1", after)
		if diff := cmp.Diff(got, want[min(max(after, 0), 12):], cmpopts.EquateEmpty()); diff != "" || err != nil {
			b.Fatalf("after %d: %v; -got +want:\n%s", after, err, diff)
		}
	}
}

func endedContext(b *bed) {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	_, err1 := b.Load(ctx, "checkout-1")
	_, err2 := b.Open(ctx, "")
	_, err3 := b.History(ctx, "checkout", 1)
	_, err4 := b.Timeline(ctx, "checkout-1", 0)
	_, err5 := b.Holder(ctx, "checkout")
	_, err6 := b.NextNumber(ctx, "checkout")
	_, _, err7 := b.Note(ctx, "card", "x")
	_, err8 := b.Notes(ctx, "card")
	for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
		if !errors.Is(err, context.Canceled) {
			b.Errorf("read %d: got %v, want the context's error", i+1, err)
		}
	}
}

func ids(all []rollout.Rollout) []rollout.ID {
	var out []rollout.ID
	for _, r := range all {
		out = append(out, r.ID)
	}
	return out
}
