package bolt_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// bloat fills the file and empties it again.
func bloat(t *testing.T, s *bolt.Store) {
	t.Helper()
	for i := range 4 {
		try(t, s.PutNote(t.Context(), "bulk", fmt.Sprint(i), make([]byte, mib)))
	}
	for i := range 4 {
		try(t, s.DeleteNote(t.Context(), "bulk", fmt.Sprint(i)))
	}
}

func TestFileIsCompactedWhileItIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := place(t)
		s := open(t, path, bolt.CompactingFrom(bolt.Options{}, mib))
		small(t, s)
		want := dump(t, s)
		bloat(t, s)
		write(t, path+".older", read(t, path))
		time.Sleep(time.Hour) // it was compacted when it was half empty
		try(t, s.PutNote(t.Context(), "bulk", "x", nil), s.DeleteNote(t.Context(), "bulk", "x"))
		synctest.Wait()
		if n := size(t, path); n > mib/2 {
			t.Errorf("the file has %d bytes", n)
		}
		if size, free, _ := s.Usage(); size > mib/2 || free > size {
			t.Errorf("the file has %d bytes, %d of them free", size, free)
		}
		if err := s.Err(); err != nil || dump(t, s) != want {
			t.Errorf("something else is stored, %v", err)
		}
		alone(t, path, path+".older")
		if _, err := bolt.Open(t.Context(), path, bolt.Options{Wait: 1}); rollout.ProblemOf(err).Code != bolt.ProblemInUseBy {
			t.Errorf("another process got %v", err)
		}
		try(t, s.PutNote(t.Context(), "card", "late", []byte("1")))
		want = dump(t, s)
		try(t, os.Rename(path, path+".now"), os.Rename(path+".older", path))
		if err := s.Probe(t.Context()); rollout.ProblemOf(err).Code != bolt.ProblemReplaced {
			t.Errorf("a copy from before got %v", err)
		}
		try(t, os.Rename(path+".now", path))
		recovers(t, s)
		shut(t, s)
		s = open(t, path, bolt.Options{})
		if dump(t, s) != want {
			t.Error("something else is there after opening again")
		}
		shut(t, s)
	})
}

// alone checks that nothing else lies beside the files.
func alone(t *testing.T, files ...string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Dir(files[0]))
	if err != nil || len(left) != len(files) {
		t.Errorf("the directory holds %v, %v", left, err)
	}
}

func TestNothingIsCompactedOverAnotherFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := place(t)
		s := open(t, path, bolt.CompactingFrom(bolt.Options{}, mib))
		write(t, path+".other", read(t, path))
		small(t, s)
		bloat(t, s)
		time.Sleep(time.Hour)
		try(t, os.Rename(path, path+".old"), os.Rename(path+".other", path))
		before := read(t, path)
		if err := s.PutNote(t.Context(), "bulk", "x", nil); rollout.ProblemOf(err).Code != bolt.ProblemReplaced {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if !bytes.Equal(read(t, path), before) {
			t.Error("a file that is not the store's was overwritten")
		}
		shut(t, s)
	})
}

func TestLeftoversOfACrashAreRemoved(t *testing.T) {
	t.Parallel()
	path := place(t)
	write(t, filepath.Join(filepath.Dir(path), ".canarybot.db.new-123"), []byte("half a file"))
	s := open(t, path, bolt.Options{})
	alone(t, path)
	shut(t, s)
}

// TestTenThousandRollouts ends ten thousand rollouts of fifty services, each with what a judge remembers. In a bubble no store gives
// up a disk that a busy machine makes slow.
func TestTenThousandRollouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const services, each, limit = 50, 200, 16 * mib
		path, at := place(t), storetest.Epoch()
		s := open(t, path, bolt.CompactingFrom(bolt.WithoutSync(bolt.Options{Limit: limit}), 4*mib))
		random := rand.New(rand.NewPCG(1, 2))
		judge := make([]byte, 4<<10)
		for i := range judge {
			judge[i] = byte(random.UintN(256))
		}
		old := storetest.Queued("s0", 1)
		commit(t, s, storetest.Move(old, rollout.Queued, at))
		largest := int64(0)
		for n := 2; n <= each+1; n++ {
			var end []rollout.Change
			for i := range services {
				at = at.Add(time.Minute)
				r := storetest.Queued(rollout.ServiceName(fmt.Sprintf("s%d", i)), n)
				r.Judge, r.Original.Stable.Image = rollout.StoredJudgeState(judge), "registry.example.com/shop/checkout:v1.2.3"
				r.Request.Text = strings.Repeat("because ", 200)
				r.Ending.Outcome, r.Ending.At = rollout.Succeeded, at
				end = append(end, storetest.Move(r, rollout.Ended, at))
			}
			commit(t, s, end...)
			largest = max(largest, size(t, path))
		}
		if size, free, _ := s.Usage(); size-free > limit+limit/10 || largest > 3*limit {
			t.Errorf("%d bytes are stored, and the file had up to %d", size-free, largest)
		}
		history, err := s.History(t.Context(), "s1", 1000)
		if len(history) < 20 || len(history) >= each || err != nil {
			t.Fatalf("%d rollouts of a service are left, %v", len(history), err)
		}
		for i, r := range history {
			if has := len(r.Judge.Bytes()) > 0; has != (i == 0) || r.ID != rollout.NewID("s1", each+1-i) {
				t.Errorf("%s is left, and what the judge remembered: %t", r.ID, has)
			}
		}
		entries, err := s.Timeline(t.Context(), "s1-2", 0)
		if len(entries) != 1 || err != nil {
			t.Errorf("the timeline of one that is gone has %d entries, %v", len(entries), err)
		}
		if r, err := s.Load(t.Context(), old.ID); err != nil || r.Terminal() {
			t.Errorf("what has not ended is gone: %v", err)
		}
		shut(t, s)
		shut(t, open(t, path, bolt.Options{}))
	})
}

// TestLimitFreesTimelinesToo has nothing but timelines of rollouts that are gone.
func TestLimitFreesTimelinesToo(t *testing.T) {
	t.Parallel()
	s := open(t, place(t), bolt.WithoutSync(bolt.Options{Keep: 2, Limit: mib}))
	for n := 1; n <= 10; n++ { // one timeline of 300 KB each
		r := storetest.Queued("checkout", n)
		c := storetest.Move(r, rollout.Ended, storetest.Epoch().Add(time.Duration(n)*time.Hour))
		c.Entries[0].Data.Text = strings.Repeat("because ", 40000)
		commit(t, s, c)
	}
	size, free, _ := s.Usage()
	if size-free > 3*mib/2 {
		t.Errorf("%d bytes are stored", size-free)
	}
	if entries, err := s.Timeline(t.Context(), "checkout-10", 0); len(entries) != 1 || err != nil {
		t.Errorf("the newest timeline has %d entries, %v", len(entries), err)
	}
	shut(t, s)
}
