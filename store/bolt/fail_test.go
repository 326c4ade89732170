package bolt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// sick is a disk that fails as long as it has a way to.
type sick struct {
	s    *bolt.Store
	fail func(*bolt.Store) error // before the writes of each transaction
	asks int
}

func (d *sick) sync() error {
	d.asks++
	if d.fail == nil {
		return nil
	}
	return d.fail(d.s)
}

// full has every write go to the device that is always full.
func full(s *bolt.Store) error {
	device, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer device.Close()
	return unix.Dup2(int(device.Fd()), int(bolt.File(s).Fd()))
}

// quota is what a sync says where the blocks are allotted only then.
func quota(*bolt.Store) error { return &os.PathError{Op: "sync", Err: syscall.EDQUOT} }

func unsynced(*bolt.Store) error  { return syscall.EIO }
func remounted(*bolt.Store) error { return &os.PathError{Op: "write", Err: syscall.EROFS} }
func closed(s *bolt.Store) error  { return bolt.File(s).Close() }
func panics(*bolt.Store) error    { panic("a page is not there") }

var failures = []struct {
	name string
	fail func(*bolt.Store) error
	want rollout.ProblemCode
}{
	{"a full disk", full, bolt.ProblemFull},
	{"a quota", quota, bolt.ProblemFull},
	{"a failed sync", unsynced, bolt.ProblemFailed},
	{"a disk that became read-only", remounted, bolt.ProblemReadOnly},
	{"a file that cannot be written", closed, bolt.ProblemFailed},
	{"pages that cannot be read", panics, bolt.ProblemFailed},
}

func TestNoFailureOfTheDiskIsFinal(t *testing.T) {
	t.Parallel()
	for _, c := range failures {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { survives(t, c.fail, c.want) })
		})
	}
}

func survives(t *testing.T, fail func(*bolt.Store) error, code rollout.ProblemCode) {
	path, d := place(t), &sick{}
	s := open(t, path, bolt.Options{Sync: d.sync})
	small(t, s)
	d.s, d.fail = s, fail
	want := dump(t, s)
	create := storetest.Move(storetest.Queued("late", 1), rollout.Queued, storetest.Epoch())
	for try := range 3 {
		for _, err := range []error{s.Commit(t.Context(), create), s.Err(), s.Probe(t.Context())} {
			if rollout.CodeOf(err) != rollout.Unavailable || rollout.ProblemOf(err).Code != code {
				t.Fatalf("try %d: got %v, want %s", try, err, code)
			}
		}
		if dump(t, s) != want {
			t.Fatalf("try %d: what is durable cannot be read any more", try)
		}
		if _, err := bolt.Open(t.Context(), path, bolt.Options{Wait: 1}); rollout.ProblemOf(err).Code != bolt.ProblemInUseBy {
			t.Fatalf("try %d: another process got %v", try, err)
		}
	}
	d.fail = nil
	recovers(t, s)
	commit(t, s, create)
	want = dump(t, s)
	shut(t, s)
	again := open(t, path, bolt.Options{})
	if dump(t, again) != want {
		t.Error("what was committed afterwards is not there")
	}
	shut(t, again)
}

// recovers probes the store, as each beat does, until it is well.
func recovers(t *testing.T, s *bolt.Store) {
	t.Helper()
	for range 3 {
		time.Sleep(time.Second) // of the bubble
		if s.Probe(t.Context()) == nil {
			if err := s.Err(); err != nil {
				t.Fatalf("the probe finds nothing, and there is %v", err)
			}
			return
		}
	}
	t.Fatalf("the disk is well, and the store is not: %v", s.Err())
}

// TestFailuresLoseNothing has commits fail and succeed in any order: what was answered is what is there.
func TestFailuresLoseNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, loseNothing)
}

func loseNothing(t *testing.T) {
	path, d := place(t), &sick{}
	s := open(t, path, bolt.Options{Sync: d.sync})
	d.s = s
	random := rand.New(rand.NewPCG(7, 8))
	stored, failed := map[string]string{}, 0
	for n := range 60 {
		d.fail = nil
		if c := random.IntN(2 * len(failures)); c < len(failures) {
			d.fail = failures[c].fail
		}
		key, value := fmt.Sprint(random.IntN(20)), fmt.Sprintf("%d%*d", n, random.IntN(5000), 0)
		if err := s.PutNote(t.Context(), "card", key, []byte(value)); err == nil {
			stored[key] = value
		} else if failed++; rollout.CodeOf(err) != rollout.Unavailable {
			t.Fatal(err)
		}
		d.fail = nil
		recovers(t, s)
		if _, err := bolt.Inspect(read(t, path)); err != nil {
			t.Fatalf("after %d: %v", n, err)
		}
	}
	notes, err := s.Notes(t.Context(), "card")
	if err != nil || len(notes) != len(stored) || failed < 10 {
		t.Fatalf("%d notes are there, want %d, %v; %d failed", len(notes), len(stored), err, failed)
	}
	for key, value := range stored {
		if string(notes[key]) != value {
			t.Errorf("the note %s is lost", key)
		}
	}
	shut(t, s)
}

func TestFailingDiskIsTriedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &sick{fail: unsynced}
		s := open(t, place(t), bolt.Options{Sync: d.sync})
		for range 600 {
			if err := s.PutNote(t.Context(), "card", "x", nil); !errors.Is(err, syscall.EIO) {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if d.asks < 55 || d.asks > 65 {
			t.Errorf("in a minute it was tried %d times", d.asks)
		}
		d.fail = nil
		time.Sleep(time.Second)
		if err := s.PutNote(t.Context(), "card", "x", nil); err != nil || s.Err() != nil {
			t.Errorf("a second later: %v, %v", err, s.Err())
		}
		shut(t, s)
	})
}

func TestStoreThatCanOnlyBeReadOpens(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.EROFS, syscall.EACCES} {
		synctest.Test(t, func(t *testing.T) { readOnly(t, errno) })
	}
}

func readOnly(t *testing.T, errno syscall.Errno) {
	path := place(t)
	s := open(t, path, bolt.Options{})
	small(t, s)
	want := dump(t, s)
	shut(t, s)
	readOnly := true
	s = open(t, path, bolt.WithOpenFile(bolt.Options{}, func(path string, flag int, mode os.FileMode) (*os.File, error) {
		if readOnly && flag&os.O_RDWR != 0 {
			return nil, &os.PathError{Op: "open", Path: path, Err: errno}
		}
		return os.OpenFile(path, flag, mode)
	}))
	for range 3 {
		for _, err := range []error{s.Err(), s.Probe(t.Context()), s.PutNote(t.Context(), "card", "x", nil)} {
			if rollout.CodeOf(err) != rollout.Unavailable || rollout.ProblemOf(err).Code != bolt.ProblemReadOnly {
				t.Errorf("got %v, want it read-only", err)
			}
		}
		if dump(t, s) != want {
			t.Error("it cannot be read")
		}
	}
	if _, err := bolt.Open(t.Context(), path, bolt.Options{Wait: 1}); rollout.ProblemOf(err).Code != bolt.ProblemInUseBy {
		t.Errorf("another process got %v", err)
	}
	readOnly = false
	recovers(t, s)
	if err := s.PutNote(t.Context(), "card", "x", nil); err != nil {
		t.Error(err)
	}
	shut(t, s)
}

// TestDiskThatNeverSyncsAgainCanBeRead has every sync fail, also those that should settle what the file holds.
func TestDiskThatNeverSyncsAgainCanBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &sick{}
		s := open(t, place(t), bolt.WithSyncFile(bolt.Options{Sync: d.sync}, func(file *os.File) error {
			if d.fail != nil {
				return d.fail(d.s)
			}
			return file.Sync()
		}))
		small(t, s)
		want := dump(t, s)
		d.fail = unsynced
		for range 20 {
			for _, err := range []error{s.PutNote(t.Context(), "card", "x", nil), s.Err(), s.Probe(t.Context())} {
				if !errors.Is(err, syscall.EIO) || rollout.ProblemOf(err).Code != bolt.ProblemFailed {
					t.Errorf("got %v", err)
				}
			}
			if dump(t, s) != want {
				t.Error("what is durable cannot be read any more")
			}
			time.Sleep(500 * time.Millisecond)
		}
		d.fail = nil
		recovers(t, s)
		try(t, s.PutNote(t.Context(), "card", "x", nil))
		shut(t, s)
	})
}
