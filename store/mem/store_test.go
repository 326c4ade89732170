package mem_test

import (
	"errors"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/store/mem"
	"canarybot.io/store/storetest"
)

func TestConformance(t *testing.T) {
	stores := map[string]*mem.Store{} // what a disk is to others
	storetest.Run(t, func(_ testing.TB, dir string) storetest.Store {
		if stores[dir] == nil {
			stores[dir] = mem.New(mem.Options{})
		}
		return stores[dir]
	})
}

// TestRefusals has what a disk does to a store: what is stored afterwards, and what can be read meanwhile.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name           string
		refuse         func(*mem.Store, error)
		stored, opaque bool
	}{
		{"a full disk", (*mem.Store).Refuse, false, false},
		{"a file that is gone", (*mem.Store).RefuseReads, false, true},
		{"a disk that takes too long", (*mem.Store).Late, true, false},
	} {
		s := mem.New(mem.Options{})
		c.refuse(s, errors.New("no space left on device"))
		create := storetest.Move(storetest.Queued("checkout", 1), rollout.Queued, storetest.Epoch())
		for _, err := range []error{s.Commit(t.Context(), create), s.PutNote(t.Context(), "card", "x", nil), s.Probe(t.Context()), s.Err()} {
			if rollout.CodeOf(err) != rollout.Unavailable {
				t.Errorf("%s: got %v, want it unavailable", c.name, err)
			}
		}
		if _, err := s.Open(t.Context(), ""); (rollout.CodeOf(err) == rollout.Unavailable) != c.opaque {
			t.Errorf("%s: a read got %v", c.name, err)
		}
		c.refuse(s, nil)
		if err := errors.Join(s.Probe(t.Context()), s.Err()); err != nil {
			t.Errorf("%s: it is over, and there is %v", c.name, err)
		}
		open, err := s.Open(t.Context(), "")
		if err != nil || (len(open) == 1) != c.stored {
			t.Errorf("%s: %d rollouts are stored, %v", c.name, len(open), err)
		}
	}
}
