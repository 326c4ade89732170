package split

// White box: how evenly turns are given is not part of the proxy's interface, yet a share of 5 % must be
// one in short stretches for the scenarios to be quick.

import "testing"

func TestTurnsAreEven(t *testing.T) {
	t.Parallel()
	given := turns{pods: map[string]int{}}
	backends := []backend{{"stable", 95}, {"canary", 5}, {"idle", 0}}
	for stretch := range 10 {
		count := map[string]int{}
		for range 20 {
			name, err := given.backend(backends)
			if err != nil {
				t.Fatal(err)
			}
			count[name]++
		}
		if count["canary"] != 1 || count["idle"] != 0 {
			t.Errorf("stretch %d of 20: %v, want one for the canary", stretch, count)
		}
	}
}

func TestTurnsNeedAWeight(t *testing.T) {
	t.Parallel()
	given := turns{pods: map[string]int{}}
	if name, err := given.backend([]backend{{"stable", 0}}); err == nil {
		t.Errorf("got %s, want an error when every weight is 0", name)
	}
	if address, err := given.pod("stable", nil); err == nil {
		t.Errorf("got %s, want an error when no pod is ready", address)
	}
}
