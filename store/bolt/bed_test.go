package bolt_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// place returns the path of a store that is not there yet.
func place(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "canarybot.db")
}

// open opens a store that must open. The caller closes it.
func open(tb testing.TB, path string, o bolt.Options) *bolt.Store {
	tb.Helper()
	s, err := bolt.Open(tb.Context(), path, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func shut(tb testing.TB, s *bolt.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

func commit(tb testing.TB, s *bolt.Store, changes ...rollout.Change) {
	tb.Helper()
	if err := s.Commit(tb.Context(), changes...); err != nil {
		tb.Fatal(err)
	}
}

func read(tb testing.TB, path string) []byte {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func write(tb testing.TB, path string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// small fills the store with a little of everything.
func small(tb testing.TB, s *bolt.Store) {
	tb.Helper()
	at := storetest.Epoch()
	commit(tb, s, storetest.Decided(storetest.Move(storetest.Queued("checkout", 1), rollout.Ended, at), "slack:1"))
	commit(tb, s, storetest.Decided(storetest.Move(storetest.Queued("checkout", 2), rollout.Baking, at), "slack:2"),
		storetest.Move(storetest.Queued("payments", 1), rollout.Queued, at))
	r, err := s.Load(tb.Context(), "checkout-2")
	if err != nil {
		tb.Fatal(err)
	}
	for range 5 {
		commit(tb, s, storetest.Move(r, rollout.Awaiting, at))
		r.Revision, r.Seq, r.Phase = r.Revision+1, r.Seq+1, rollout.Awaiting
	}
	for i := range 12 { // enough for a branch page
		value := strings.Repeat(fmt.Sprint(i), 400)
		if err := s.PutNote(tb.Context(), "card", fmt.Sprintf("checkout-%d", i), []byte(value)); err != nil {
			tb.Fatal(err)
		}
	}
}

// dump returns everything that can be read from the store.
func dump(tb testing.TB, s *bolt.Store) string {
	tb.Helper()
	ctx, all := tb.Context(), map[string]any{"id": s.ID()}
	keep := func(name string, v any, err error) {
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		all[name] = v
	}
	open, err := s.Open(ctx, "")
	keep("open", open, err)
	for _, service := range []rollout.ServiceName{"checkout", "payments"} {
		history, err := s.History(ctx, service, 1000)
		keep("history "+string(service), history, err)
		for _, r := range history {
			entries, err := s.Timeline(ctx, r.ID, 0)
			keep("timeline "+string(r.ID), entries, err)
		}
		holder, err := s.Holder(ctx, service)
		keep("holder "+string(service), holder, err)
		n, err := s.NextNumber(ctx, service)
		keep("number "+string(service), n, err)
	}
	notes, err := s.Notes(ctx, "card")
	keep("notes", notes, err)
	text, err := json.MarshalIndent(all, "", " ")
	keep("text", "", err)
	return string(text)
}
