package split

import (
	"errors"
	"fmt"
	"slices"
)

// turns hands out turns among the backends of one split and the pods of each, as evenly as can be: a
// backend of weight 5 among 100 gets every twentieth turn, not one in twenty on average.
type turns struct {
	backends []backend
	given    []int64        // how many turns each backend had
	total    int64          // their sum
	pods     map[string]int // by backend: how many turns its pods had
}

// backend returns whose turn it is. Weights that differ from those before start a new count.
func (t *turns) backend(backends []backend) (string, error) {
	if !slices.Equal(t.backends, backends) {
		t.backends, t.given, t.total = backends, make([]int64, len(backends)), 0
	}
	var sum int64
	for _, b := range backends {
		sum += b.weight
	}
	if sum == 0 {
		return "", errors.New("no backend has a weight")
	}
	t.total++
	chosen, most := -1, int64(0)
	for i, b := range backends {
		// What this backend lacks, times sum, of what it should have had after this turn.
		lack := t.total*b.weight - t.given[i]*sum
		if b.weight > 0 && (chosen < 0 || lack > most) {
			chosen, most = i, lack
		}
	}
	t.given[chosen]++
	return backends[chosen].service, nil
}

// pod returns the pod of a backend whose turn it is.
func (t *turns) pod(backend string, pods []string) (string, error) {
	if len(pods) == 0 {
		return "", fmt.Errorf("service %s has no ready pod", backend)
	}
	t.pods[backend]++
	return pods[t.pods[backend]%len(pods)], nil
}
