package series_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
)

var epoch = time.Unix(1_700_000_000, 0)

func at(scrape int) time.Time { return epoch.Add(time.Duration(scrape) * 15 * time.Second) }

func points(values ...float64) []rollout.Point {
	var all []rollout.Point
	for i, v := range values {
		all = append(all, rollout.Point{At: at(i), Value: v})
	}
	return all
}

// increase is by how much counters grew, of whatever samples.
func increase(all []rollout.Series, from, to time.Time, start func(rollout.Series) series.Start) (sum float64) {
	clean, falls := series.Clean(rollout.Read{Requests: rollout.Reading{Series: all}}, time.Time{}, at(1000))
	var near series.Near
	mended := series.Mend(clean)
	if !falls {
		mended = clean // there is nothing to mend
	}
	for _, s := range mended.Requests.Series {
		sum += near.Grown(s.Points, from, to, start(s))
	}
	return sum
}

func always(b series.Start) func(rollout.Series) series.Start {
	return func(rollout.Series) series.Start { return b }
}

func TestIncrements(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values []float64
		start  series.Start
		want   float64
	}{
		"it grows":                        {[]float64{10, 15, 15, 22}, series.FromFirst, 12},
		"a new one counts from nothing":   {[]float64{10, 15}, series.FromZero, 15},
		"odd values are no counter's":     {[]float64{10, math.NaN(), -1, math.Inf(1), 12}, series.FromFirst, 2},
		"one sample is only a beginning":  {[]float64{10}, series.FromFirst, 0},
		"one sample of a new one counts":  {[]float64{3}, series.FromZero, 3},
		"a lost scrape loses no requests": {[]float64{10, 40}, series.FromFirst, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := increase([]rollout.Series{{Labels: "a", Points: points(tt.values...)}}, at(-1), at(100), always(tt.start)); got != tt.want {
				t.Errorf("grown by %v, want %v", got, tt.want)
			}
		})
	}
}

// draw is one counter's life: what truly happened, and which of its scrapes were stored.
func draw(t *rapid.T, name string) (s rollout.Series, truth float64) {
	s.Labels = name
	begins := float64(rapid.IntRange(0, 50).Draw(t, name+" begins at"))
	value := begins
	for i := range rapid.IntRange(1, 25).Draw(t, name+" scrapes") {
		if i > 0 {
			value += float64(rapid.IntRange(0, 30).Draw(t, fmt.Sprint(name, " grows ", i)))
			if rapid.IntRange(0, 5).Draw(t, fmt.Sprint(name, " is lost ", i)) == 0 {
				continue
			}
		}
		truth = value - begins
		s.Points = append(s.Points, rollout.Point{At: at(i), Value: value})
	}
	return s, truth
}

// However time is cut, in whatever order samples come, and however often one is repeated: the sum is the same, and it is
// what the stored samples show.
func TestEachSampleCountsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []rollout.Series
		want := 0.0
		for i := range rapid.IntRange(1, 4).Draw(t, "series") {
			s, truth := draw(t, fmt.Sprint("s", i))
			if rapid.Bool().Draw(t, "repeated") {
				s.Points = append(s.Points, s.Points...)
			}
			if rapid.Bool().Draw(t, "shuffled") {
				slices.Reverse(s.Points)
			}
			all, want = append(all, s), want+truth
		}
		got := 0.0
		from := at(-1)
		for until := 0; until < 26; until += rapid.IntRange(1, 6).Draw(t, "answer") {
			got += increase(all, from, at(until), always(series.FromFirst))
			from = at(until)
		}
		got += increase(all, from, at(100), always(series.FromFirst))
		if math.Abs(got-want) > 1e-6 {
			t.Fatalf("grown by %v, the stored samples show %v", got, want)
		}
	})
}

func TestWhoWasHeard(t *testing.T) {
	t.Parallel()
	all := []rollout.Series{
		{Target: "b", Points: points(1, 2, 3)}, {Target: "a", Points: points(1)}, {Target: "b", Points: points(4, 5, 6, 7)},
	}
	if got := series.Newest(all); !got.Equal(at(3)) {
		t.Errorf("newest %s", got)
	}
	if got := series.Largest(all, at(-1), at(1)); got != 5 {
		t.Errorf("largest %v", got)
	}
}
