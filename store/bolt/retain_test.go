package bolt_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// TestFileStopsGrowing lives through many rollouts with their timelines, decisions and notes, and looks at the size
// in between. It ends with the check of the whole file that Open does.
func TestFileStopsGrowing(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{Keep: 5}))
	at, half := storetest.Epoch(), int64(0)
	for n := 1; n <= 60; n++ {
		r := storetest.Queued("checkout", n)
		for i, phase := range rollout.Phases() {
			r.Trouble = rollout.Text(strings.Repeat("x", 100*n%3000))
			at = at.Add(time.Hour)
			c := storetest.Decided(storetest.Move(r, phase, at), rollout.DecisionID(fmt.Sprintf("slack:%d.%d", n, i)))
			commit(t, s, c)
			r = c.Rollout
			r.Revision++
		}
		if err := s.PutNote(t.Context(), "card", string(r.ID), []byte(strings.Repeat("y", 500))); err != nil {
			t.Fatal(err)
		}
		if n == 30 {
			half = size(t, path)
		}
	}
	if whole := size(t, path); whole > half+half/4 {
		t.Errorf("after 30 rollouts the file had %d bytes, after 60 it has %d", half, whole)
	}
	shut(t, s)
	s = open(t, path, bolt.Options{})
	all, err := s.History(t.Context(), "checkout", 1000)
	notes, err2 := s.Notes(t.Context(), "card")
	if len(all) != 5 || len(notes) != 5 || err != nil || err2 != nil {
		t.Errorf("%d rollouts and %d notes are left, %v, %v", len(all), len(notes), err, err2)
	}
	shut(t, s)
}

func size(tb testing.TB, path string) int64 {
	tb.Helper()
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}
