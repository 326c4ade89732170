package series_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"canarybot.io/rollout/analysis/series"
)

var epoch = time.Unix(1_700_000_000, 0)

func at(scrape int) time.Time { return epoch.Add(time.Duration(scrape) * 15 * time.Second) }

func points(values ...float64) []series.Point {
	var all []series.Point
	for i, v := range values {
		all = append(all, series.Point{At: at(i), Value: v})
	}
	return all
}

func always(b series.Birth) func(series.Series) series.Birth {
	return func(series.Series) series.Birth { return b }
}

func TestIncrements(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values []float64
		birth  series.Birth
		want   float64
	}{
		"it grows":                        {[]float64{10, 15, 15, 22}, series.FromFirst, 12},
		"a new one counts from nothing":   {[]float64{10, 15}, series.FromZero, 15},
		"a reset counts what came since":  {[]float64{10, 15, 3, 7}, series.FromFirst, 12},
		"a reset to nothing":              {[]float64{10, 0, 4}, series.FromFirst, 4},
		"odd values are no counter's":     {[]float64{10, math.NaN(), -1, math.Inf(1), 12}, series.FromFirst, 2},
		"one sample is only a beginning":  {[]float64{10}, series.FromFirst, 0},
		"one sample of a new one counts":  {[]float64{3}, series.FromZero, 3},
		"a lost scrape loses no requests": {[]float64{10, 40}, series.FromFirst, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c series.Counter
			if got := c.Add([]series.Series{{Labels: "a", Points: points(tt.values...)}}, at(100), always(tt.birth)); got != tt.want {
				t.Errorf("grown by %v, want %v", got, tt.want)
			}
		})
	}
}

// draw is one counter's life: what truly happened, with resets, and which of its scrapes were stored.
func draw(t *rapid.T, name string) (s series.Series, truth float64) {
	s.Labels = name
	value := float64(rapid.IntRange(0, 50).Draw(t, name+" begins at"))
	stored := 0.0 // what is stored now; a reset loses what lies between the last stored sample and itself
	for i := range rapid.IntRange(1, 25).Draw(t, name+" scrapes") {
		if i > 0 {
			if rapid.IntRange(0, 9).Draw(t, fmt.Sprint(name, " resets ", i)) == 0 {
				value = 0
			}
			value += float64(rapid.IntRange(0, 30).Draw(t, fmt.Sprint(name, " grows ", i)))
			if rapid.IntRange(0, 5).Draw(t, fmt.Sprint(name, " is lost ", i)) == 0 {
				continue
			}
			if value >= stored {
				truth += value - stored
			} else {
				truth += value
			}
		}
		stored = value
		s.Points = append(s.Points, series.Point{At: at(i), Value: value})
	}
	return s, truth
}

// However the samples are cut into answers, in whatever order, and however often one is repeated: the sum is the same,
// and it is what the stored samples show.
func TestEachSampleCountsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []series.Series
		want := 0.0
		for i := range rapid.IntRange(1, 4).Draw(t, "series") {
			s, truth := draw(t, fmt.Sprint("s", i))
			all, want = append(all, s), want+truth
		}
		var c series.Counter
		got := 0.0
		for until := 0; until < 26; until += rapid.IntRange(1, 6).Draw(t, "answer") {
			from := rapid.IntRange(0, until+1).Draw(t, "window begins") // answers overlap, or leave nothing out that was consumed
			var answer []series.Series
			for _, s := range all {
				part := series.Series{Labels: s.Labels}
				for _, p := range s.Points {
					consumed := c.Last[s.Labels].At
					if !p.At.After(at(until)) && (p.At.After(consumed) || !p.At.Before(at(from))) {
						part.Points = append(part.Points, p)
					}
				}
				if rapid.Bool().Draw(t, "shuffled") {
					slices.Reverse(part.Points)
				}
				answer = append(answer, part)
			}
			got += c.Add(answer, at(until), always(series.FromFirst))
		}
		got += c.Add(all, at(100), always(series.FromFirst))
		if math.Abs(got-want) > 1e-6 {
			t.Fatalf("grown by %v, the stored samples show %v", got, want)
		}
	})
}

func TestAlignedIsWhereBothArmsAreKnown(t *testing.T) {
	t.Parallel()
	canary, stable := []series.Series{{Points: points(1, 2, 3)}}, []series.Series{{Points: points(1, 2)}, {Points: points(1)}}
	if got := series.Aligned(canary, stable); !got.Equal(at(1)) {
		t.Errorf("aligned at %s", got)
	}
	if got := series.Aligned(nil, stable); !got.IsZero() {
		t.Errorf("aligned at %s without a canary", got)
	}
}

func TestStaleGoesByTheSamplesOwnTime(t *testing.T) {
	t.Parallel()
	for scrapes, want := range map[int]bool{0: false, 2: false, 3: true} {
		if got := series.Stale(at(0), at(scrapes).Add(time.Second), 15*time.Second); got != want {
			t.Errorf("%d scrapes old: stale is %t", scrapes, got)
		}
	}
	if !series.Stale(time.Time{}, at(0), time.Second) {
		t.Error("no sample at all is not stale")
	}
}

func TestForgetKeepsWhatIsHeard(t *testing.T) {
	t.Parallel()
	var c series.Counter
	c.Add([]series.Series{{Labels: "old", Points: points(1)}, {Labels: "new", Points: points(1, 2, 3)}}, at(9), always(series.FromFirst))
	c.Forget(at(1))
	if _, ok := c.Last["old"]; ok || len(c.Last) != 1 {
		t.Errorf("kept %v", c.Last)
	}
}
