package mem_test

import (
	"context"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/store/mem"
	"canarybot.io/store/storetest"
)

func TestFaultyStore(t *testing.T) {
	create := storetest.Move(storetest.Queued("checkout", 1), rollout.Baking, storetest.Epoch())
	calls := map[mem.Op]func(context.Context, *mem.Faulty) error{
		mem.OpCommit:     func(ctx context.Context, f *mem.Faulty) error { return f.Commit(ctx, create) },
		mem.OpLoad:       func(ctx context.Context, f *mem.Faulty) error { _, err := f.Load(ctx, "x-1"); return err },
		mem.OpOpen:       func(ctx context.Context, f *mem.Faulty) error { _, err := f.Open(ctx); return err },
		mem.OpHistory:    func(ctx context.Context, f *mem.Faulty) error { _, err := f.History(ctx, "x", 1); return err },
		mem.OpTimeline:   func(ctx context.Context, f *mem.Faulty) error { _, err := f.Timeline(ctx, "x-1", 0); return err },
		mem.OpHolder:     func(ctx context.Context, f *mem.Faulty) error { _, err := f.Holder(ctx, "x"); return err },
		mem.OpNextNumber: func(ctx context.Context, f *mem.Faulty) error { _, err := f.NextNumber(ctx, "x"); return err },
		mem.OpPutNote:    func(ctx context.Context, f *mem.Faulty) error { return f.PutNote(ctx, "card", "k", nil) },
		mem.OpNote:       func(ctx context.Context, f *mem.Faulty) error { _, _, err := f.Note(ctx, "card", "k"); return err },
		mem.OpNotes:      func(ctx context.Context, f *mem.Faulty) error { _, err := f.Notes(ctx, "card"); return err },
		mem.OpDeleteNote: func(ctx context.Context, f *mem.Faulty) error { return f.DeleteNote(ctx, "card", "k") },
	}
	for op, call := range calls {
		f := &mem.Faulty{Store: mem.New(mem.Options{}), Fault: mem.Failing(op)}
		if err := call(t.Context(), f); rollout.CodeOf(err) != rollout.Unavailable {
			t.Errorf("%s: got %v, want it unavailable", op, err)
		}
		f.Fault = mem.Failing("nothing")
		if err := call(t.Context(), f); rollout.CodeOf(err) == rollout.Unavailable {
			t.Errorf("%s fails for another one's sake: %v", op, err)
		}
		f.Fault = mem.Failing()
		if err := call(t.Context(), f); rollout.CodeOf(err) != rollout.Unavailable {
			t.Errorf("%s goes on when everything fails: %v", op, err)
		}
	}
}

func TestLostAnswerIsOfAStoredChange(t *testing.T) {
	f := &mem.Faulty{Store: mem.New(mem.Options{}), Lost: mem.Failing(mem.OpCommit)}
	err := f.Commit(t.Context(), storetest.Move(storetest.Queued("checkout", 1), rollout.Baking, storetest.Epoch()))
	if rollout.CodeOf(err) != rollout.Unavailable {
		t.Errorf("got %v, want it unavailable", err)
	}
	if r, err := f.Load(t.Context(), "checkout-1"); r.Revision != 1 || err != nil {
		t.Errorf("revision %d is stored, %v", r.Revision, err)
	}
}
