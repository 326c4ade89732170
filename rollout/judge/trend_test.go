package judge

import (
	"testing"

	"canarybot.io/rollout"
)

func TestTrendUpdate(t *testing.T) {
	t.Parallel()
	var all trend
	for i := range trendScrapes + 5 {
		did := [2]tally{{Requests: 1000, Errors: float64(i)}, {Requests: 3000, Errors: 1}}
		all.update(did, [2]float64{123456, 0}, 0)
	}
	errors, success := all.of(rollout.ErrorSignal), all.of(rollout.SuccessSignal)
	last := len(errors) - 1
	switch {
	case len(errors) != trendScrapes:
		t.Errorf("%d scrapes are kept, want %d", len(errors), trendScrapes)
	case errors[0][0] != 0.005, errors[last][0] != 0.028, success[last][0] != 1-0.028:
		t.Errorf("from %v to %v, as success %v", errors[0], errors[last], success[last])
	case all.Extremes.Errors != [2]float64{0, 0.028}:
		t.Errorf("extremes %+v", all.Extremes)
	case all.of(rollout.MemorySignal)[0][0] != 123000:
		t.Errorf("memory %v keeps other than three digits", all.of(rollout.MemorySignal)[0])
	}
}
