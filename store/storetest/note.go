package storetest

import (
	"bytes"
	"errors"
	"strings"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

func noteCases() []testCase {
	return []testCase{
		{"a note is found until it is deleted, by kind and key", noteLife},
		{"a note may be empty, any bytes, or large", func(b *bed) {
			for _, value := range [][]byte{nil, {}, {0, 255, '\n'}, bytes.Repeat([]byte("x"), store.MaxNote)} {
				if err := b.PutNote(b.Context(), "card", "k", value); err != nil {
					b.Fatal(err)
				}
				b.reopen()
				got, ok, err := b.Note(b.Context(), "card", "k")
				if !bytes.Equal(got, value) || !ok || err != nil {
					b.Fatalf("%d bytes came back as %d, %v, %v", len(value), len(got), ok, err)
				}
			}
		}},
		{"a note does not share memory with its callers", func(b *bed) {
			value := []byte("one")
			if err := b.PutNote(b.Context(), "card", "k", value); err != nil {
				b.Fatal(err)
			}
			value[0] = 'X'
			got, _, _ := b.Note(b.Context(), "card", "k")
			got[1] = 'X'
			all, err := b.Notes(b.Context(), "card")
			if again, _, _ := b.Note(b.Context(), "card", "k"); string(again) != "one" || string(all["k"]) != "one" || err != nil {
				b.Fatalf("got %q and %q, %v", again, all, err)
			}
		}},
		{"nonsense is invalid", func(b *bed) {
			for _, c := range []struct {
				kind, key string
				size      int
			}{
				{"", "k", 1}, {"a/b", "k", 1}, {"Card", "k", 1}, {"card", "", 1}, {"card", strings.Repeat("k", 2000), 1},
				{"card", "k", store.MaxNote + 1},
			} {
				err := b.PutNote(b.Context(), c.kind, c.key, make([]byte, c.size))
				if rollout.CodeOf(err) != rollout.Invalid {
					b.Errorf("kind %q, key of %d bytes, %d bytes: got %v, want it invalid", c.kind, len(c.key), c.size, err)
				}
			}
		}},
	}
}

func noteLife(b *bed) {
	ctx := b.Context()
	if _, ok, err := b.Note(ctx, "card", "k"); ok || err != nil {
		b.Fatalf("got one in an empty store: %v", err)
	}
	if err := errors.Join(b.DeleteNote(ctx, "card", "k"), b.PutNote(ctx, "card", "k", []byte("1")),
		b.PutNote(ctx, "card", "k", []byte("2")), b.PutNote(ctx, "card", "a/b", []byte("3")),
		b.PutNote(ctx, "card2", "k", []byte("4"))); err != nil {
		b.Fatal(err)
	}
	b.reopen()
	got, err := b.Notes(ctx, "card")
	if diff := cmp.Diff(got, map[string][]byte{"k": []byte("2"), "a/b": []byte("3")}); diff != "" || err != nil {
		b.Fatalf("%v; -got +want:\n%s", err, diff)
	}
	if err := b.DeleteNote(ctx, "card", "k"); err != nil {
		b.Fatal(err)
	}
	b.reopen()
	if _, ok, err := b.Note(ctx, "card", "k"); ok || err != nil {
		b.Fatalf("it is still there: %v", err)
	}
	if got, ok, err := b.Note(ctx, "card2", "k"); string(got) != "4" || !ok || err != nil {
		b.Fatalf("the other kind has %q, %v, %v", got, ok, err)
	}
}
