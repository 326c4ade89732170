package storetest

import (
	"context"
	"os"
	"testing"

	"canarybot.io/rollout"
)

// Store is what a store provides: rollouts, notes for other packages, and Close.
type Store interface {
	rollout.Store
	// PutNote stores a small record under its kind and key, durably, replacing the previous one.
	PutNote(ctx context.Context, kind, key string, value []byte) error
	// Note returns one note; ok is false when there is none.
	Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error)
	// Notes returns every note of the kind by its key.
	Notes(ctx context.Context, kind string) (map[string][]byte, error)
	// DeleteNote removes a note. Deleting a missing note is not an error.
	DeleteNote(ctx context.Context, kind, key string) error
	// Record appends entries to the audit and stores the notes, all or nothing, durably. A decision of an entry counts once.
	Record(ctx context.Context, entries []rollout.AuditEntry, notes ...rollout.StoredNote) error
	// Audit returns the entries of the audit that the query asks for, newest first.
	Audit(ctx context.Context, q rollout.AuditQuery) ([]rollout.AuditEntry, error)
	// AuditHead returns where the audit ends, and when it began.
	AuditHead(ctx context.Context) (rollout.AuditHead, error)
	// Close ends the store and everything it started.
	Close() error
}

// Open opens the store in the directory, which is empty the first time. It keeps store.Keep ended rollouts.
type Open func(tb testing.TB, dir string) Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"commit", commitCases()}, {"decision", decisionCases()}, {"service", serviceCases()},
		{"read", readCases()}, {"note", noteCases()}, {"closures", closureCases()}, {"queue", queueCases()}, {"audit", auditCases()}, {"together", togetherCases()},
	} {
		for _, c := range group.cases {
			t.Run(group.name+"/"+c.name, func(t *testing.T) { c.run(newBed(t, open)) })
		}
	}
	t.Run("model", func(t *testing.T) { runMachine(t, open) })
}

type testCase struct {
	name string
	run  func(b *bed)
}

// bed is a store under test with its directory.
type bed struct {
	testing.TB
	Store
	open Open
	dir  string
}

func newBed(tb testing.TB, open Open) *bed {
	tb.Helper()
	dir, err := os.MkdirTemp(tb.TempDir(), "store")
	if err != nil {
		tb.Fatal(err)
	}
	b := &bed{TB: tb, open: open, dir: dir, Store: open(tb, dir)}
	tb.Cleanup(b.end)
	return b
}

// reopen closes the store and opens it again.
func (b *bed) reopen() {
	b.Helper()
	b.end()
	b.Store = b.open(b.TB, b.dir)
}

func (b *bed) end() {
	if err := b.Close(); err != nil {
		b.Errorf("close: %v", err)
	}
}

// commit makes a commit that must succeed and returns the rollouts as stored.
func (b *bed) commit(changes ...rollout.Change) []rollout.Rollout {
	b.Helper()
	if err := b.Commit(b.Context(), changes...); err != nil {
		b.Fatalf("commit: %v", err)
	}
	stored := make([]rollout.Rollout, len(changes))
	for i, c := range changes {
		stored[i] = c.Rollout
		stored[i].Revision++
	}
	return stored
}

// one is commit for a single change.
func (b *bed) one(c rollout.Change) rollout.Rollout {
	b.Helper()
	return b.commit(c)[0]
}

// refused makes a commit that must fail with the code.
func (b *bed) refused(code rollout.Code, changes ...rollout.Change) {
	b.Helper()
	err := b.Commit(b.Context(), changes...)
	if got := rollout.CodeOf(err); got != code {
		b.Fatalf("commit: got %v (code %q), want the code %q", err, got, code)
	}
}

// load returns a rollout that must exist.
func (b *bed) load(id rollout.ID) rollout.Rollout {
	b.Helper()
	r, err := b.Load(b.Context(), id)
	if err != nil {
		b.Fatalf("load %s: %v", id, err)
	}
	return r
}
