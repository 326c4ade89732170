package bolt_test

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// hanging checks that the error says that the disk takes too long, after so long.
func hanging(t *testing.T, start time.Time, want time.Duration, err error) {
	t.Helper()
	if took := time.Since(start); took != want || rollout.ProblemOf(err).Code != bolt.ProblemHangs || rollout.CodeOf(err) != rollout.Unavailable {
		t.Errorf("after %s: got %v, want after %s that the disk hangs", took, err, want)
	}
}

func TestCommitGivesUpOnADiskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := slow(t)
		one := first(t.Context(), s, "one")
		d.let <- nil
		if err := <-one; err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		stuck, behind := first(t.Context(), s, "stuck"), first(t.Context(), s, "behind")
		hanging(t, start, 10*time.Second, <-stuck)
		hanging(t, start, 10*time.Second, <-behind)
		for range 100 {
			hanging(t, start, 10*time.Second, <-first(t.Context(), s, "after"))
		}
		hanging(t, start, 10*time.Second, s.Probe(t.Context()))
		hanging(t, start, 10*time.Second, s.Err())
		if open, err := s.Open(t.Context(), ""); len(open) != 1 || err != nil {
			t.Errorf("meanwhile %d rollouts can be read, %v", len(open), err)
		}
		d.let <- nil
		synctest.Wait()
		if err := s.Err(); err != nil {
			t.Errorf("the disk goes on, and there is %v", err)
		}
		again := first(t.Context(), s, "stuck")
		if err := <-again; rollout.CodeOf(err) != rollout.Conflict {
			t.Errorf("what was stored late got %v, want a conflict", err)
		}
		if open, err := s.Open(t.Context(), ""); len(open) != 2 || err != nil {
			t.Errorf("%d rollouts are stored, %v: who never had its turn must not be", len(open), err)
		}
		shut(t, s)
	})
}

// TestWhoGaveUpIsNotStoredLater hangs while the file is opened again, before any change is made.
func TestWhoGaveUpIsNotStoredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let, hang := make(chan bool), false
		d := &sick{fail: unsynced}
		s := open(t, place(t), bolt.WithOpenFile(bolt.Options{Sync: d.sync}, func(path string, flag int, mode os.FileMode) (*os.File, error) {
			if hang {
				<-let
			}
			return os.OpenFile(path, flag, mode)
		}))
		if err := <-first(t.Context(), s, "one"); err == nil {
			t.Fatal("it was stored")
		}
		d.fail, hang = nil, true
		start := time.Now()
		hanging(t, start, 10*time.Second, <-first(t.Context(), s, "two"))
		hang = false
		let <- true
		synctest.Wait()
		if open, err := s.Open(t.Context(), ""); len(open) != 0 || err != nil {
			t.Errorf("%d rollouts are stored, %v", len(open), err)
		}
		if err := s.Commit(t.Context(), storetest.Move(storetest.Queued("two", 1), rollout.Queued, storetest.Epoch())); err != nil {
			t.Error(err)
		}
		shut(t, s)
	})
}

func TestReadGivesUpOnADiskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, place(t), bolt.Options{})
		let, start := make(chan bool), time.Now()
		hanging(t, start, 10*time.Second, bolt.Read(t.Context(), s, func() { <-let }))
		for range 100 {
			hanging(t, start, 10*time.Second, bolt.Read(t.Context(), s, func() { t.Error("it was read") }))
		}
		hanging(t, start, 10*time.Second, s.Err())
		let <- true
		synctest.Wait()
		if err := errors.Join(s.Err(), bolt.Read(t.Context(), s, func() {})); err != nil {
			t.Error(err)
		}
		shut(t, s)
	})
}

func TestCloseGivesUpOnADiskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := slow(t)
		stuck, start := first(t.Context(), s, "stuck"), time.Now()
		if err := s.Close(); rollout.ProblemOf(err).Code != bolt.ProblemNotClosed || time.Since(start) != 10*time.Second {
			t.Errorf("after %s: got %v", time.Since(start), err)
		}
		<-stuck
		d.let <- nil
	})
}
