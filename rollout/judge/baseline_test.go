package judge

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"canarybot.io/rollout"
)

func TestBaselineChoosesBounds(t *testing.T) {
	t.Parallel()
	var buckets []rollout.Series
	for bound, within := range map[float64]float64{0.05: 400, 0.1: 750, 0.25: 920, 0.5: 980, 1: 999, math.Inf(1): 1000} {
		buckets = append(buckets, rollout.Series{Bound: bound, Points: []rollout.Point{{Value: within}}})
	}
	for name, tt := range map[string]struct {
		limit   float64
		seconds []float64
		slow    int
		coarse  bool
	}{
		"the limit is a bound":           {0.5, []float64{0.1, 0.25, 0.5, 1}, 2, false},
		"the limit is between two":       {0.7, []float64{0.1, 0.25, 0.5, 1}, 3, true},
		"the limit is beyond all bounds": {2, nil, 0, false},
	} {
		var b baseline
		b.chooseBounds(buckets, tt.limit)
		if !slices.Equal(b.Seconds, tt.seconds) || b.Slow != tt.slow || b.Coarse != tt.coarse || b.NoBound != (tt.seconds == nil) {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

// buckets are those of a histogram in which so many of 100,000 requests stayed within each bound.
func bucketsWithin(within map[float64]float64) (all []rollout.Series) {
	for bound, n := range within {
		label := strconv.FormatFloat(bound, 'g', -1, 64)
		all = append(all, rollout.Series{Labels: label, Bound: bound, Points: []rollout.Point{{Value: n}}})
	}
	return append(all, rollout.Series{Labels: "+Inf", Bound: math.Inf(1), Points: []rollout.Point{{Value: 100_000}}})
}

// Two bounds are beyond the limit, where hardly any request is; where none ever was, the next ones.
func TestBoundsBeyondTheLimit(t *testing.T) {
	t.Parallel()
	usual := map[float64]float64{0.05: 40_000, 0.1: 75_000, 0.25: 92_000, 0.5: 98_500, 1: 99_300, 2.5: 99_790, 5: 99_930, 10: 99_979, 30: 99_999}
	silent := maps.Clone(usual)
	for _, bound := range []float64{1, 2.5, 5, 10, 30} {
		silent[bound] = 100_000
	}
	for name, tt := range map[string]struct {
		within  map[float64]float64
		before  []string
		limit   float64
		seconds []float64
	}{
		"where few requests are":              {usual, nil, 0.5, []float64{0.1, 0.25, 0.5, 1, 2.5, 10}},
		"where none is":                       {silent, nil, 0.5, []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5}},
		"a limit beyond which nothing is":     {usual, nil, 30, []float64{0.1, 0.25, 0.5, 30}},
		"those of before":                     {usual, []string{"0.05", "0.25", "0.5", "1", "2.5", "5"}, 0.5, []float64{0.05, 0.25, 0.5, 1, 2.5, 5}},
		"another limit":                       {usual, []string{"0.05", "0.25", "0.5", "1", "2.5", "5"}, 0.1, []float64{0.05, 0.1, 0.25, 0.5, 2.5, 10}},
		"one of before is gone":               {usual, []string{"0.05", "0.25", "0.5", "1", "2.5", "7"}, 0.5, []float64{0.1, 0.25, 0.5, 1, 2.5, 10}},
		"those of a version that had no tail": {usual, []string{"0.1", "0.25", "0.5", "1"}, 0.5, []float64{0.1, 0.25, 0.5, 1, 2.5, 10}},
		"what nobody can have stored":         {usual, []string{"0.5", "0.5", "0.5", "0.5", "0.5", "0.5", "0.5"}, 0.5, []float64{0.1, 0.25, 0.5, 1, 2.5, 10}},
	} {
		b := baseline{StartBounds: tt.before}
		b.chooseBounds(bucketsWithin(tt.within), tt.limit)
		if !slices.Equal(b.Seconds, tt.seconds) || b.Seconds[b.Slow] != tt.limit {
			t.Errorf("%s: %v, the limit is %d; want %v", name, b.Seconds, b.Slow, tt.seconds)
		}
	}
}

func TestBaselineUpdate(t *testing.T) {
	t.Parallel()
	past := requests(counter("a", 0, 0, 150, 150, 150, 150), counter("b", 0, 0, 150, 150, 150, 150))
	large := rollout.Read{Requests: rollout.Reading{Why: rollout.WhyTooLarge}}
	part := past
	part.Errors.Why = rollout.WhyTimeout
	for name, tt := range map[string]struct {
		history  rollout.Read
		attempts int // before
		known    bool
		spread   float64
		rate     float64
	}{
		"the past is read":           {past, 0, true, 0, 20},
		"no answer":                  {rollout.Read{}, 0, false, 0, 0},
		"it is too large":            {large, 0, true, unknownSpread, 0},
		"a part is missing":          {part, 0, false, 0, 0},
		"a part is missing for ever": {part, 2*maxAttempts - 1, true, unknownSpread, 20},
	} {
		b := baseline{Attempts: tt.attempts}
		b.update(rollout.Case{
			Now:  after(5),
			Spec: rollout.Spec{Signals: rollout.Signals{Errors: "e"}, Checks: []rollout.Check{{Signal: rollout.ErrorSignal}}},
			Raw:  rollout.Raw{History: tt.history},
		})
		if b.Known != tt.known || b.ErrorSpread != tt.spread || math.Abs(b.Rate-tt.rate) > 1e-9 {
			t.Errorf("%s: known %t, spread %v, rate %v; want %t, %v, %v", name, b.Known, b.ErrorSpread, b.Rate, tt.known, tt.spread, tt.rate)
		}
	}
}

func TestSampleIntervalAndLag(t *testing.T) {
	t.Parallel()
	s := []rollout.Series{counter("a", 0, 1, -1, 1, -1, 1, -1, 1)}
	if got := sampleInterval(s); got != 30*time.Second {
		t.Errorf("the interval is %s, want 30s", got)
	}
	for seconds, want := range map[int]time.Duration{20: 0, 60: 45 * time.Second, 300: 0} {
		if got := sampleLag(s, 15*time.Second, after(6).Add(time.Duration(seconds)*time.Second)); got != want {
			t.Errorf("newest sample %d s ago: lag %s, want %s", seconds, got, want)
		}
	}
}
