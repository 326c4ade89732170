package judge

import (
	"testing"

	"canarybot.io/rollout"
)

func TestMissingAlign(t *testing.T) {
	t.Parallel()
	full := counter("s", 0, 0, 100, 100, 100, 100, 100)
	for name, tt := range map[string]struct {
		canary, stable rollout.Series
		judged         []int // by how many intervals the span of each scrape is; 0: it is not judged
		silent         int
	}{
		"both report":             {counter("a", 0, 0, 1, 1, 1), full, []int{1, 1, 1}, 0},
		"the canary misses one":   {counter("a", 0, 0, 1, -1, 1), full, []int{1, 0, 1}, 0},
		"the canary is gone":      {counter("a", 0, 0, 1), full, []int{1, 0, 0, 0}, 3},
		"stable is gone":          {counter("a", 0, 0, 1, 1, 1), counter("s", 0, 0, 100), []int{1, 0, 0}, 0},
		"each scrape comes late":  {counter("a", 0, 0, 1, -1, 1, -1), full, []int{1, 0, 1, 0}, 0},
		"neither arm reports now": {counter("a", 0, 0, 1), counter("s", 0, 0, 100), []int{1, 0, 0}, 0},
	} {
		w := testWindow(5, requests(tt.canary), requests(tt.stable))
		var m missing
		for i, intervals := range tt.judged {
			over := span{after(i), after(i + 1)}
			s, ok := m.align(w, over)
			if got := int(s.to.Sub(s.from) / testInterval); ok != (intervals > 0) || ok && got != intervals {
				t.Errorf("%s: scrape %d: judged %t over %d intervals, want %d", name, i, ok, got, intervals)
			}
		}
		if m.Silent != tt.silent {
			t.Errorf("%s: %d silent scrapes, want %d", name, m.Silent, tt.silent)
		}
	}
}

func TestMissingLatency(t *testing.T) {
	t.Parallel()
	var m missing
	timeout := rollout.Reading{Why: rollout.WhyTimeout}
	for i, tt := range []struct {
		latency rollout.Reading
		want    latencyGap
	}{{rollout.Reading{}, latencyRead}, {timeout, latencyMissing}, {timeout, latencyMissing}, {rollout.Reading{}, latencyBack}, {rollout.Reading{}, latencyRead}} {
		canary := requests(counter("a", 0, 0, 1))
		canary.Latency = tt.latency
		if got := m.update(&scrape{window: testWindow(2, canary, rollout.Read{})}); got != tt.want {
			t.Errorf("scrape %d: %v, want %v", i, got, tt.want)
		}
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		m      missing
		served float64
		want   bool
	}{
		"silent for long enough":        {missing{Silent: silentSamples, Requests: 1000}, 1, true},
		"not yet":                       {missing{Silent: silentSamples - 1, Requests: 1000}, 1, false},
		"too few requests were due":     {missing{Silent: silentSamples, Requests: 100}, 1, false},
		"it never served, and had time": {missing{Silent: silentSamples, Requests: 1000}, 0, true},
	} {
		if got := tt.m.gone(testWindow(9, rollout.Read{}, rollout.Read{}), tt.served); got != tt.want {
			t.Errorf("%s: gone is %t, want %t", name, got, tt.want)
		}
	}
}
