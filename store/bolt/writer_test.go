package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// disk is a disk whose syncs a test lets through one by one.
type disk struct {
	syncs int
	let   chan error
}

func (d *disk) sync() error {
	d.syncs++
	return <-d.let
}

// slow opens a store on such a disk, within a bubble.
func slow(t *testing.T) (*bolt.Store, *disk) {
	d := &disk{let: make(chan error)}
	return open(t, place(t), bolt.Options{Sync: d.sync}), d
}

// first starts the commit of a service's first rollout and returns where its answer arrives.
func first(ctx context.Context, s *bolt.Store, service string) <-chan error {
	answer := make(chan error, 1)
	go func() {
		answer <- s.Commit(ctx, storetest.Move(storetest.Queued(rollout.ServiceName(service), 1), rollout.Queued, storetest.Epoch()))
	}()
	synctest.Wait()
	return answer
}

func TestOneSyncCarriesAllThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := slow(t)
		alone := first(t.Context(), s, "alone")
		var many []<-chan error
		for i := range 50 {
			many = append(many, first(t.Context(), s, fmt.Sprintf("s%d", i)))
		}
		loser := first(t.Context(), s, "s7") // refused by what stands before it in the same transaction
		d.let <- nil
		synctest.Wait()
		if err := <-alone; err != nil {
			t.Error(err)
		}
		select {
		case <-many[0]:
			t.Error("a commit was answered before its sync")
		case <-loser:
			t.Error("a commit was refused on the strength of one that is not stored yet")
		default:
		}
		d.let <- nil
		won := 0
		for _, answer := range append(many, loser) {
			if err := <-answer; err == nil {
				won++
			} else if rollout.CodeOf(err) != rollout.Conflict {
				t.Error(err)
			}
		}
		if d.syncs != 2 || won != 50 {
			t.Errorf("%d syncs carried %d commits of 50", d.syncs-1, won)
		}
		shut(t, s)
	})
}

func TestWhoGivesUpBeforeItsTurnChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := slow(t)
		ctx, cancel := context.WithCancel(t.Context())
		taken := first(ctx, s, "taken")
		waiting := first(ctx, s, "waiting")
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
		d.let <- nil
		if err := <-taken; err != nil {
			t.Errorf("what the writer had taken got %v", err)
		}
		if open, err := s.Open(t.Context(), ""); len(open) != 1 || err != nil {
			t.Errorf("%d rollouts are stored, %v", len(open), err)
		}
		shut(t, s)
	})
}

func TestRefusedChangesNeedNoSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := slow(t)
		r := storetest.Queued("checkout", 1)
		r.Revision = 4
		if err := s.Commit(t.Context(), storetest.Move(r, rollout.Baking, storetest.Epoch())); rollout.CodeOf(err) != rollout.Conflict {
			t.Error(err)
		}
		if d.syncs != 0 {
			t.Errorf("%d syncs", d.syncs)
		}
		shut(t, s)
	})
}

func TestFailedSyncFailsAllThatWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := place(t)
		d := &disk{let: make(chan error)}
		s := open(t, path, bolt.Options{Sync: d.sync})
		one := first(t.Context(), s, "one")
		d.let <- nil
		if err := <-one; err != nil {
			t.Fatal(err)
		}
		answers := []<-chan error{first(t.Context(), s, "two"), first(t.Context(), s, "three")}
		late := first(t.Context(), s, "one")
		cause := syscall.EIO
		d.let <- cause
		d.let <- cause
		for _, answer := range append(answers, late) {
			if err := <-answer; rollout.CodeOf(err) != rollout.Unavailable || !errors.Is(err, cause) {
				t.Errorf("got %v, want it unavailable", err)
			}
		}
		want := rollout.Problem{Code: bolt.ProblemFailed, Key: path, Words: "input/output error"}
		if diff := cmp.Diff(want, rollout.ProblemOf(s.Err())); diff != "" {
			t.Errorf("the problem (-want +got):\n%s", diff)
		}
		if open, err := s.Open(t.Context(), ""); len(open) != 1 || open[0].ID != "one-1" || err != nil {
			t.Errorf("%d rollouts can be read, %v", len(open), err)
		}
		shut(t, s)
	})
}

func TestCloseFinishesWhatIsInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := place(t)
		d := &disk{let: make(chan error)}
		s := open(t, path, bolt.Options{Sync: d.sync})
		taken := first(t.Context(), s, "taken")
		waiting := first(t.Context(), s, "waiting")
		closed := make(chan error, 2)
		for range 2 {
			go func() { closed <- s.Close() }()
		}
		synctest.Wait()
		if err := <-waiting; rollout.CodeOf(err) != rollout.Unavailable {
			t.Errorf("who waited got %v", err)
		}
		select {
		case <-closed:
			t.Error("closed before the transaction was finished")
		default:
		}
		d.let <- nil
		if err := errors.Join(<-taken, <-closed, <-closed); err != nil {
			t.Error(err)
		}
		if _, err := s.Load(t.Context(), "taken-1"); rollout.CodeOf(err) != rollout.Unavailable {
			t.Errorf("a read after the end got %v", err)
		}
		if s.Err() != nil {
			t.Errorf("a closed store is not a broken one: %v", s.Err())
		}
	})
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := open(t, place(t), bolt.Options{})
	small(t, s)
	shut(t, s)
}

func TestLockedFileIsNamedWithinFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := place(t)
		s := open(t, path, bolt.Options{})
		start := time.Now()
		_, err := bolt.Open(t.Context(), path, bolt.Options{})
		if took := time.Since(start); took > 5*time.Second+100*time.Millisecond || took < 4*time.Second {
			t.Errorf("it took %s", took)
		}
		want := rollout.Problem{Code: bolt.ProblemInUseBy, Key: path, Value: strconv.Itoa(os.Getpid())}
		if diff := cmp.Diff(want, rollout.ProblemOf(err)); diff != "" {
			t.Errorf("the problem (-want +got):\n%s", diff)
		}
		shut(t, s)
	})
}

func TestLockIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := place(t)
		s := open(t, path, bolt.Options{})
		time.AfterFunc(3*time.Second, func() { shut(t, s) })
		shut(t, open(t, path, bolt.Options{}))

		s = open(t, path, bolt.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := bolt.Open(ctx, path, bolt.Options{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		shut(t, s)
	})
}
