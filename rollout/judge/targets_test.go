package judge

import (
	"slices"
	"testing"

	"canarybot.io/rollout"
)

func TestTargetsUpdate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		canary rollout.Series
		stable rollout.Series
		ages   []float64 // of target a, in seconds, at scrape 3
	}{
		"it reports since the weight":      {counter("a", 1, 1, 1, 1), counter("s", 0, 1), []float64{30}},
		"it reported while it got ready":   {counter("a", -2, 0, 0, 0, 1, 1), counter("s", 0, 1), []float64{75}},
		"behind a proxy, since the weight": {counter("a", -2, 0, 0, 0, 1, 1), counter("a", 0, 1), []float64{45}},
		"it is another rollout's":          {counter("a", -4, 1, 1, 1), counter("s", 0, 1), nil},
	} {
		w := testWindow(3, requests(tt.canary), requests(tt.stable))
		var pods targets
		pods.update(w, after(3))
		_, known := pods.born("a")
		if known != (tt.ages != nil) {
			t.Errorf("%s: known is %t", name, known)
			continue
		}
		if got := pods.ages(w, []string{"a"}, after(3)); known && !slices.Equal(got, tt.ages) {
			t.Errorf("%s: age %v, want %v", name, got, tt.ages)
		}
	}
}

func TestTargetsLearnEachPodOnce(t *testing.T) {
	t.Parallel()
	w := testWindow(4, requests(counter("a", 0, 0, 5, 6), counter("b", 0, 0, 7, 8)), requests(counter("s", 0, 0, 1, 1)))
	var pods targets
	for end := 1; end <= 2; end++ {
		pods.update(w, after(end))
		pods.learn(newScrape(w, span{after(end - 1), after(end)}, &pods), [2]tally{})
	}
	if pods.Starts.Pods != 2 || len(pods.Learned) != 2 {
		t.Errorf("%v pods were learned: %v", pods.Starts.Pods, pods.Learned)
	}
}
