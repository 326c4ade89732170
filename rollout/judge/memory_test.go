package judge

import (
	"testing"

	"canarybot.io/rollout"
)

func TestMemoryUpdate(t *testing.T) {
	t.Parallel()
	gauge := func(target string, first int, values ...float64) rollout.Series {
		s := rollout.Series{Target: target}
		for i, v := range values {
			if v >= 0 {
				s.Points = append(s.Points, rollout.Point{At: after(first + i), Value: v})
			}
		}
		return s
	}
	for name, tt := range map[string]struct {
		canary []rollout.Series
		want   []float64 // new readings, scrape by scrape
		over   int
	}{
		"the largest pod counts":         {[]rollout.Series{gauge("a", 1, 100, 110), gauge("b", 1, 200, 90)}, []float64{200, 110}, 0},
		"it is read every other scrape":  {[]rollout.Series{gauge("a", 1, 100, -1, 120)}, []float64{100, 0, 120}, 0},
		"two readings at the limit":      {[]rollout.Series{gauge("a", 1, 500, 501)}, []float64{500, 501}, 2},
		"one reading at the limit":       {[]rollout.Series{gauge("a", 1, 500, -1)}, []float64{500, 0}, 1},
		"it falls below the limit again": {[]rollout.Series{gauge("a", 1, 500, 400)}, []float64{500, 400}, 0},
		"it was read before the weight":  {[]rollout.Series{gauge("a", -1, 600, 600)}, []float64{0, 0}, 0},
	} {
		canary := requests(counter("a", 0, 0, 1, 1, 1))
		canary.Memory.Series = tt.canary
		w := testWindow(4, canary, rollout.Read{})
		var m memory
		for i, want := range tt.want {
			if got := m.update(&scrape{window: w, span: span{after(i), after(i + 1)}}); got != want {
				t.Errorf("%s: scrape %d: %v, want %v", name, i, got, want)
			}
		}
		if m.OverLimit != tt.over {
			t.Errorf("%s: %d readings at the limit, want %d", name, m.OverLimit, tt.over)
		}
	}
}
