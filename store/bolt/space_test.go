package bolt_test

import (
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

const mib = 1 << 20

// volume is a small one. What is allotted to the file stays the file's.
type volume struct{ free, total, until int64 }

func (v *volume) allocate(at, size int64) error {
	need := max(0, at+size-v.until)
	if need > v.free {
		return syscall.ENOSPC
	}
	v.free, v.until = v.free-need, max(v.until, at+size)
	return nil
}

func (v *volume) statfs() (free, total int64) { return v.free, v.total }

func TestSpaceIsKeptForWhatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path, v := place(t), &volume{free: 40 * mib, total: 64 * mib}
		s := open(t, path, bolt.WithDisk(bolt.WithoutSync(bolt.Options{}), v.allocate, v.statfs))
		at := storetest.Epoch()
		r := storetest.Queued("checkout", 1)
		step := func(to rollout.Phase) error {
			c := storetest.Move(r, to, at)
			err := s.Commit(t.Context(), c)
			if err == nil {
				r = c.Rollout
				r.Revision++
			}
			return err
		}
		try(t, step(rollout.Baking))
		v.free = 7 * mib
		err := s.Commit(t.Context(), storetest.Move(storetest.Queued("payments", 1), rollout.Queued, at))
		want := rollout.Problem{Code: rollout.ProblemStoreLow, Key: path, Value: rollout.ProblemOf(err).Value, Want: "8.0 MiB"}
		if diff := cmp.Diff(want, rollout.ProblemOf(err)); diff != "" || rollout.CodeOf(err) != rollout.Forbidden {
			t.Errorf("a new rollout got %v", err)
		}
		try(t, s.Err(), step(rollout.Awaiting))

		v.free = 0
		fillUp(t, s)
		for range 3 {
			for _, err := range []error{s.Err(), s.Probe(t.Context()), step(rollout.Baking), step(rollout.Promoting)} {
				if rollout.CodeOf(err) != rollout.Unavailable || rollout.ProblemOf(err).Code != bolt.ProblemFull {
					t.Errorf("got %v, want the disk to be full", err)
				}
			}
		}
		if err := s.PutNote(t.Context(), "card", "large", make([]byte, mib)); rollout.ProblemOf(err).Code != bolt.ProblemFull {
			t.Errorf("a large note got %v", err)
		}
		try(t, s.PutNote(t.Context(), "card", "checkout-1", []byte("shown")))
		try(t, step(rollout.RollingBack), step(rollout.Cleaning), step(rollout.Ended))
		if rollout.ProblemOf(s.Err()).Code != bolt.ProblemFull {
			t.Errorf("the reserve is used up, and there is %v", s.Err())
		}
		v.free = 30 * mib
		try(t, s.Probe(t.Context()), s.Err(), s.Commit(t.Context(), storetest.Move(storetest.Queued("payments", 1), rollout.Baking, at)))
		shut(t, s)
	})
}

// fillUp writes notes until no more are taken.
func fillUp(t *testing.T, s *bolt.Store) {
	t.Helper()
	for i := range 100 {
		time.Sleep(time.Second)
		if err := s.PutNote(t.Context(), "card", strings.Repeat("x", i+1), make([]byte, mib)); err != nil {
			return
		}
	}
	t.Fatal("the disk is never full")
}

func TestUsageIsKnown(t *testing.T) {
	t.Parallel()
	v := &volume{free: 40 * mib, total: 64 * mib}
	s := open(t, place(t), bolt.WithDisk(bolt.WithoutSync(bolt.Options{}), v.allocate, v.statfs))
	try(t, s.PutNote(t.Context(), "card", "x", make([]byte, mib)), s.DeleteNote(t.Context(), "card", "x"), s.Probe(t.Context()))
	if size, free, volume := s.Usage(); size < mib || free < mib || free >= size || volume != v.free {
		t.Errorf("got %d, %d and %d", size, free, volume)
	}
	shut(t, s)
}
