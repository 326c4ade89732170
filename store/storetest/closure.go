package storetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

func closureCases() []testCase {
	return []testCase{
		{"there are none in an empty store", func(b *bed) {
			if got, err := b.Closures(b.Context()); got.Revision != 0 || got.All != nil || err != nil {
				b.Fatalf("got %+v, %v", got, err)
			}
		}},
		{"what is set is there after opening again, at the next revision", func(b *bed) {
			want := b.close(frozen("sale"), frozen("holidays"))
			b.reopen()
			got, err := b.Closures(b.Context())
			if diff := cmp.Diff(got, want); diff != "" || err != nil || got.Revision != 1 {
				b.Fatalf("revision %d, %v; -got +want:\n%s", got.Revision, err, diff)
			}
		}},
		{"of two who change the same value the second is a conflict", func(b *bed) {
			before, _ := b.Closures(b.Context())
			won := b.close(frozen("first"))
			before.All = []rollout.Closure{frozen("second")}
			err := b.SetClosures(b.Context(), rollout.ClosureChange{Next: before, At: Epoch()})
			if rollout.CodeOf(err) != rollout.Conflict || errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("got %v, want a conflict", err)
			}
			if got, _ := b.Closures(b.Context()); !cmp.Equal(got, won) {
				b.Fatalf("the loser left something: %+v", got)
			}
		}},
		{"a decision counts once, also when it is about a rollout", func(b *bed) {
			c := rollout.ClosureChange{Next: rollout.Closures{All: []rollout.Closure{frozen("sale")}}, Decision: "slack:1", At: Epoch()}
			if err := b.SetClosures(b.Context(), c); err != nil {
				b.Fatal(err)
			}
			b.reopen()
			c.Next.Revision++
			if err := b.SetClosures(b.Context(), c); !errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("got %v, want it decided", err)
			}
			made := Move(Queued("checkout", 1), rollout.Queued, Epoch())
			made.Decision = "slack:1"
			if err := b.Commit(b.Context(), made); !errors.Is(err, rollout.ErrDecided) {
				b.Fatalf("got %v, want it decided", err)
			}
			if id, ok, err := b.Decided(b.Context(), "slack:1"); id != "" || !ok || err != nil {
				b.Fatalf("got %q, %v, %v, want it remembered without a rollout", id, ok, err)
			}
		}},
		{"a start that was decided by older closures is a conflict, and nothing is left of it", func(b *bed) {
			before, _ := b.Closures(b.Context())
			b.close(frozen("sale"))
			made := Move(Queued("checkout", 1), rollout.Queued, Epoch())
			made.Closures = &before.Revision
			b.refused(rollout.Conflict, made)
			if _, err := b.Load(b.Context(), "checkout-1"); rollout.CodeOf(err) != rollout.NotFound {
				b.Fatalf("it was stored: %v", err)
			}
			now, _ := b.Closures(b.Context())
			made.Closures = &now.Revision
			b.one(made)
		}},
		{"a change that asks for no closures does not care", func(b *bed) {
			b.close(frozen("sale"))
			b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
		}},
		{"nonsense is invalid", func(b *bed) {
			for name, c := range map[string]rollout.ClosureChange{
				"a negative revision": {Next: rollout.Closures{Revision: -1}},
				"too many":            {Next: rollout.Closures{All: make([]rollout.Closure, rollout.MostClosures+1)}},
				"a decision, no time": {Decision: "slack:1"},
			} {
				if err := b.SetClosures(b.Context(), c); rollout.CodeOf(err) != rollout.Invalid {
					b.Errorf("%s: got %v, want it invalid", name, err)
				}
			}
		}},
	}
}

// frozen is a freeze of everything for a day.
func frozen(why string) rollout.Closure {
	return rollout.Closure{
		Kind: rollout.FreezeClosure, From: Epoch(), Until: Epoch().Add(24 * time.Hour), Text: why,
		By: rollout.Actor{Kind: rollout.Person, ID: "U1", Member: true}, At: Epoch(),
	}
}

// close sets the closures and returns them as stored.
func (b *bed) close(all ...rollout.Closure) rollout.Closures {
	b.Helper()
	now, err := b.Closures(b.Context())
	now.All = all
	if err = errors.Join(err, b.SetClosures(b.Context(), rollout.ClosureChange{Next: now, At: Epoch()})); err != nil {
		b.Fatal(err)
	}
	now.Revision++
	return now
}
