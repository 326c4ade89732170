package mem

import (
	"context"

	"canarybot.io/rollout"
)

var _ rollout.Store = (*Faulty)(nil)

// Op names a method of the store for Faulty.
type Op string

// The operations.
const (
	OpCommit     Op = "commit"
	OpLoad       Op = "load"
	OpOpen       Op = "open"
	OpHistory    Op = "history"
	OpTimeline   Op = "timeline"
	OpHolder     Op = "holder"
	OpNextNumber Op = "next_number"
	OpPutNote    Op = "put_note"
	OpNote       Op = "note"
	OpNotes      Op = "notes"
	OpDeleteNote Op = "delete_note"
)

// Faulty is a store that fails when Fault says so: with the error that it returns, before anything happened. Fault
// may also block, or panic to play a crash. Lost is asked after a commit or a note was stored: its error is an answer
// that never came, so the caller does not know that the change counts. Both may be nil.
type Faulty struct {
	*Store
	Fault func(op Op) error
	Lost  func(op Op) error
}

// Failing returns a Fault that makes these operations Unavailable, all of them when none is named.
func Failing(ops ...Op) func(Op) error {
	return func(op Op) error {
		for _, o := range ops {
			if o == op {
				return failure(op)
			}
		}
		if len(ops) == 0 {
			return failure(op)
		}
		return nil
	}
}

func failure(op Op) error {
	return rollout.Errorf(rollout.Unavailable, "The store failed on purpose, at %s.", op)
}

func ask(fault func(Op) error, op Op) error {
	if fault == nil {
		return nil
	}
	return fault(op)
}

// around runs a write between Fault and Lost.
func (f *Faulty) around(op Op, write func() error) error {
	if err := ask(f.Fault, op); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return ask(f.Lost, op)
}

// Commit is Store.Commit with faults.
func (f *Faulty) Commit(ctx context.Context, changes ...rollout.Change) error {
	return f.around(OpCommit, func() error { return f.Store.Commit(ctx, changes...) })
}

// Load is Store.Load with faults.
func (f *Faulty) Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error) {
	if err := ask(f.Fault, OpLoad); err != nil {
		return rollout.Rollout{}, err
	}
	return f.Store.Load(ctx, id)
}

// Open is Store.Open with faults.
func (f *Faulty) Open(ctx context.Context) ([]rollout.Rollout, error) {
	if err := ask(f.Fault, OpOpen); err != nil {
		return nil, err
	}
	return f.Store.Open(ctx)
}

// History is Store.History with faults.
func (f *Faulty) History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error) {
	if err := ask(f.Fault, OpHistory); err != nil {
		return nil, err
	}
	return f.Store.History(ctx, service, limit)
}

// Timeline is Store.Timeline with faults.
func (f *Faulty) Timeline(ctx context.Context, id rollout.ID, after int) ([]rollout.Entry, error) {
	if err := ask(f.Fault, OpTimeline); err != nil {
		return nil, err
	}
	return f.Store.Timeline(ctx, id, after)
}

// Holder is Store.Holder with faults.
func (f *Faulty) Holder(ctx context.Context, service rollout.ServiceName) (rollout.ID, error) {
	if err := ask(f.Fault, OpHolder); err != nil {
		return "", err
	}
	return f.Store.Holder(ctx, service)
}

// NextNumber is Store.NextNumber with faults.
func (f *Faulty) NextNumber(ctx context.Context, service rollout.ServiceName) (int, error) {
	if err := ask(f.Fault, OpNextNumber); err != nil {
		return 0, err
	}
	return f.Store.NextNumber(ctx, service)
}

// PutNote is Store.PutNote with faults.
func (f *Faulty) PutNote(ctx context.Context, kind, key string, value []byte) error {
	return f.around(OpPutNote, func() error { return f.Store.PutNote(ctx, kind, key, value) })
}

// Note is Store.Note with faults.
func (f *Faulty) Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error) {
	if err := ask(f.Fault, OpNote); err != nil {
		return nil, false, err
	}
	return f.Store.Note(ctx, kind, key)
}

// Notes is Store.Notes with faults.
func (f *Faulty) Notes(ctx context.Context, kind string) (map[string][]byte, error) {
	if err := ask(f.Fault, OpNotes); err != nil {
		return nil, err
	}
	return f.Store.Notes(ctx, kind)
}

// DeleteNote is Store.DeleteNote with faults.
func (f *Faulty) DeleteNote(ctx context.Context, kind, key string) error {
	return f.around(OpDeleteNote, func() error { return f.Store.DeleteNote(ctx, kind, key) })
}
