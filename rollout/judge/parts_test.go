package judge

import (
	"time"

	"canarybot.io/rollout"
)

// The tests of the parts are white-box: a part alone is not reachable through the public API.

const testInterval = 15 * time.Second

var weightSet = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)

// after is the time so many scrapes after the weight was set.
func after(scrapes int) time.Time { return weightSet.Add(time.Duration(scrapes) * testInterval) }

// counter is a series that begins at a scrape and grows by each value in turn; a negative one is a missing sample.
func counter(target string, first int, growth ...float64) rollout.Series {
	s := rollout.Series{Target: target, Labels: target}
	total := 0.0
	for i, g := range growth {
		if g < 0 {
			continue
		}
		total += g
		s.Points = append(s.Points, rollout.Point{At: after(first + i), Value: total})
	}
	return s
}

// requests are an arm of which only requests were read.
func requests(all ...rollout.Series) rollout.Read {
	return rollout.Read{Requests: rollout.Reading{Series: all}}
}

// testWindow is a window at a time so many scrapes after the weight, in which the canary has a tenth of the traffic.
func testWindow(scrapes int, canary, stable rollout.Read) *window {
	return normalise(rollout.Case{
		Since: weightSet, Now: after(scrapes),
		Raw: rollout.Raw{Canary: canary, Stable: stable},
		Spec: rollout.Spec{
			Signals: rollout.Signals{Requests: "r", Errors: "e", Memory: "m"},
			Checks:  []rollout.Check{{Name: "memory", Signal: rollout.MemorySignal, Threshold: 500}},
			Plan:    rollout.Plan{Steps: []rollout.Step{{Weight: 10, Bake: time.Minute}}},
		},
	}, &baseline{})
}

// scrapeAt is the scrape that ended so many scrapes after the weight.
func scrapeAt(w *window, end int) (*scrape, *targets) {
	var t targets
	t.update(w, after(end))
	return newScrape(w, span{after(end - 1), after(end)}, &t), &t
}
