package series_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
)

// row is what one scrape of a target stored: requests, errors, those within a bound, and all of the histogram. A
// negative value is a sample that is missing.
type row [4]float64

const none = -1

// stored are the counters of one target, as scrapes stored them.
func stored(target string, rows ...row) rollout.Read {
	var of [4]rollout.Series
	for i := range of {
		of[i] = rollout.Series{Target: target, Labels: fmt.Sprint(target, i)}
		for n, r := range rows {
			if r[i] >= 0 || math.IsNaN(r[i]) {
				of[i].Points = append(of[i].Points, rollout.Point{At: at(n), Value: r[i]})
			}
		}
	}
	of[2].Bound, of[3].Bound = 0.5, math.Inf(1)
	reading := func(all ...rollout.Series) rollout.Reading {
		all = slices.DeleteFunc(all, func(s rollout.Series) bool { return len(s.Points) == 0 })
		return rollout.Reading{Series: all}
	}
	return rollout.Read{Requests: reading(of[0]), Errors: reading(of[1]), Latency: reading(of[2], of[3])}
}

// counted is what a read shows between the first scrape and one: counters that begin later count from zero.
func counted(r rollout.Read, to time.Time) row {
	start := func(s rollout.Series) series.Start {
		if len(s.Points) > 0 && s.Points[0].At.After(at(0)) {
			return series.FromZero
		}
		return series.FromFirst
	}
	grown := func(bound float64, all ...rollout.Series) (sum float64) {
		for _, s := range all {
			if s.Bound == bound {
				sum += (&series.Near{}).Grown(s.Points, at(-1), to, start(s))
			}
		}
		return sum
	}
	return row{
		grown(0, r.Requests.Series...), grown(0, r.Errors.Series...),
		grown(0.5, r.Latency.Series...), grown(math.Inf(1), r.Latency.Series...),
	}
}

func TestMend(t *testing.T) {
	t.Parallel()
	old := func(requests float64) row { // of a target that has long served
		return row{1000 + requests, 10 + requests/100, 990 + requests*0.99, 1000 + requests}
	}
	less := func(r row, by ...float64) row {
		for i, v := range by {
			r[i] -= v
		}
		return r
	}
	nan := math.NaN()
	for name, tt := range map[string]struct {
		rows []row
		want row
	}{
		"nothing falls": {[]row{old(0), old(100), old(200)}, row{200, 2, 198, 200}},

		// Noise.
		"all of the histogram is one too low": {[]row{old(0), old(100), less(old(100), 0, 0, 0, 1), old(300)}, row{300, 3, 297, 300}},
		"the requests are one too low":        {[]row{old(0), old(100), less(old(100), 1), old(300)}, row{300, 3, 297, 300}},
		"many dips":                           {[]row{old(0), old(100), less(old(100), 1), old(200), less(old(200), 0, 0, 0, 1), old(300)}, row{300, 3, 297, 300}},
		"a fraction too low":                  {[]row{old(0.5), old(100.5), less(old(100.5), .25), old(200.5)}, row{200, 2, 198, 200}},
		"a copy that is a scrape behind":      {[]row{old(0), old(100), old(200), old(100), old(400)}, row{400, 4, 396, 400}},
		"two copies in turn":                  {[]row{old(0), old(200), old(100), old(400), old(300), old(600), old(500), old(800)}, row{800, 8, 792, 800}},
		"a copy of the quiet time before":     {[]row{{2, 0, 2, 2}, {3, 0, 3, 3}, {1003, 9, 1000, 1003}, {3, 0, 3, 3}, {2003, 19, 2000, 2003}}, row{2001, 19, 1998, 2001}},
		"a dip of three scrapes":              {[]row{old(0), old(200), old(100), old(120), old(140), old(300)}, row{300, 3, 297, 300}},
		"a dip while nothing happens":         {[]row{old(0), old(100), old(99), old(99), old(99), old(99), old(99), old(100), old(100)}, row{100, 1, 99, 100}},
		"the dip comes last":                  {[]row{old(0), old(100), old(99)}, row{100, 1, 99, 100}},
		"one bucket alone dips":               {[]row{old(0), old(100), less(old(200), 0, 0, 150), old(300)}, row{300, 3, 297, 300}},

		// Restarts.
		"a restart":                         {[]row{old(0), old(100), {30, 3, 20, 30}, {60, 5, 40, 60}}, row{160, 6, 139, 160}},
		"to nothing":                        {[]row{old(0), old(100), {0, 0, 0, 0}, {60, 5, 40, 60}}, row{160, 6, 139, 160}},
		"errors are more than before":       {[]row{old(0), {1100, 11, 1089, 1100}, {30, 25, 20, 30}}, row{130, 26, 119, 130}},
		"errors come back later":            {[]row{old(0), old(100), {30, none, 30, 30}, {60, none, 60, 60}, {90, 4, 90, 90}}, row{190, 5, 189, 190}},
		"after a scrape that was lost":      {[]row{old(0), old(100), {none, none, none, none}, {30, 3, 20, 30}}, row{130, 4, 119, 130}},
		"few requests before":               {[]row{{0, 0, 0, 0}, {2, 0, 2, 2}, {3, 0, 3, 3}, {1, 1, 1, 1}}, row{4, 1, 4, 4}},
		"twice":                             {[]row{old(0), {30, 3, 20, 30}, {10, 1, 5, 10}, {40, 2, 35, 40}}, row{70, 5, 55, 70}},
		"hidden: it is higher already":      {[]row{{5, 0, 5, 5}, {9, 0, 9, 9}, {20, 0, 20, 20}}, row{15, 0, 15, 15}},
		"of a target that has only errors":  {[]row{{none, 50, none, none}, {none, 60, none, none}, {none, 4, none, none}}, row{0, 14, 0, 0}},
		"of one that has only a histogram":  {[]row{{none, none, 900, 1000}, {none, none, 990, 1100}, {none, none, 20, 30}}, row{0, 0, 110, 130}},
		"at the moment of a missing sample": {[]row{old(0), old(100), {nan, 3, 20, 30}, {60, 5, 40, 60}}, row{160, 6, 139, 160}},

		// What is neither.
		"one bucket alone is reset":          {[]row{old(0), old(100), less(old(200), 0, 0, 1188), less(old(300), 0, 0, 1188), less(old(400), 0, 0, 1188), less(old(500), 0, 0, 1188), less(old(600), 0, 0, 1188)}, row{500, 5, 495, 500}},
		"the histogram alone is reset":       {[]row{old(0), old(100), {1200, 12, 0, 0}, {1300, 13, 99, 100}, {1400, 14, 198, 200}, {1500, 15, 297, 300}}, row{400, 4, 396, 400}},
		"one of eight workers ends":          {[]row{old(0), old(100), old(0), old(20), old(40), old(60), old(80)}, row{180, 1.8, 178.2, 180}},
		"errors were away and are few again": {[]row{old(0), old(100), {1200, none, 1188, 1200}, {1300, 2, 1287, 1300}}, row{300, 3, 297, 300}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := stored("a", tt.rows...)
			got := counted(series.Mend(before), at(100))
			if diff := cmp.Diff(tt.want, got, cmpApprox()); diff != "" {
				t.Errorf("requests, errors, within the bound, all (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(stored("a", tt.rows...), before, cmpApprox()); diff != "" {
				t.Errorf("what was read was changed:\n%s", diff)
			}
			other := stored("b", old(0), old(100))
			both := stored("a", tt.rows...)
			both.Requests.Series = append(both.Requests.Series, other.Requests.Series...)
			if all := counted(series.Mend(both), at(100)); math.Abs(all[0]-tt.want[0]-100) > 1e-6 {
				t.Errorf("beside another target %v requests, want %v", all[0], tt.want[0]+100)
			}
		})
	}
}

func cmpApprox() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool {
		return a == b || math.Abs(a-b) < 1e-6 || math.IsNaN(a) && math.IsNaN(b)
	})
}

// Samples of two times, of which one came twice with another value, and out of order.
func TestMendSamplesInAnyOrder(t *testing.T) {
	t.Parallel()
	s := rollout.Series{Target: "a", Points: []rollout.Point{{At: at(2), Value: 5}, {At: at(0), Value: 100}, {At: at(1), Value: 110}, {At: at(1), Value: 90}}}
	r := series.Mend(rollout.Read{Requests: rollout.Reading{Series: []rollout.Series{s}}})
	if got := increase(r.Requests.Series, at(-1), at(9), always(series.FromFirst)); got != 15 {
		t.Errorf("grown by %v, want 15", got)
	}
}

// Two copies of a target whose series stay apart, by a label of the store's, are scraped in turn: neither is taken for away
// at the scrapes of the other.
func TestMendCopiesSideBySide(t *testing.T) {
	t.Parallel()
	var all []rollout.Series
	for copy, values := range [][]float64{{1000, 1100, 1099, 1300, 1400}, {990, 1090, 1190, 1290, 1390}} {
		s := rollout.Series{Target: "a", Labels: fmt.Sprint(copy)}
		for i, v := range values {
			s.Points = append(s.Points, rollout.Point{At: at(i).Add(time.Duration(copy) * 7 * time.Second), Value: v})
		}
		all = append(all, s)
	}
	r := series.Mend(rollout.Read{Requests: rollout.Reading{Series: all}})
	if got := increase(r.Requests.Series, at(-1), at(9), always(series.FromFirst)); got != 800 {
		t.Errorf("grown by %v, want 800", got)
	}
}

// life is the truth about a target, second by second: counters that never fall.
type life []row

func drawLife(t *rapid.T, seconds int) life {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	rate := rapid.SampledFrom([]float64{0, 0.05, 1, 30}).Draw(t, "requests a second")
	bursts := rapid.Bool().Draw(t, "bursts")
	all := make(life, seconds)
	for s := 1; s < seconds; s++ {
		r := all[s-1]
		n := math.Floor(rate*2*rng.Float64() + rng.Float64())
		if bursts && rng.IntN(40) == 0 {
			n *= 100
		}
		for range int(n) {
			r[0], r[3] = r[0]+1, r[3]+1
			if rng.IntN(50) == 0 {
				r[1]++
			}
			if rng.IntN(20) != 0 {
				r[2]++
			}
		}
		all[s] = r
	}
	return all
}

// Of a target whose samples come from two copies, one of them up to a scrape behind, in any turn, as many requests are
// counted as there were, or at least as many as the newest sample shows.
func TestTwoCopiesInTurn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const scrape = 15
		truth := drawLife(t, 40*scrape)
		behind := rapid.IntRange(1, scrape).Draw(t, "behind")
		flaps := rapid.IntRange(1, 4).Draw(t, "one of so many flaps")
		var rows []row
		last := 0 // second of the newest sample's truth
		for n := 3; n < 40; n++ {
			at := n * scrape
			if n > 5 && rapid.IntRange(0, flaps).Draw(t, fmt.Sprint("flap ", n)) == 0 {
				at -= scrape + behind // of the scrape before, and that behind
			}
			rows, last = append(rows, truth[at]), at
		}
		got := counted(series.Mend(stored("a", rows...)), at(100))
		first, most, least := truth[3*scrape], truth[39*scrape], truth[last]
		for i := range got {
			if got[i] > most[i]-first[i]+1e-6 || got[i] < least[i]-first[i]-1e-6 {
				t.Fatalf("counter %d: counted %v, there were %v, of which the newest sample shows %v", i, got[i], most[i]-first[i], least[i]-first[i])
			}
		}
		if bad := got[3] - got[2]; bad > most[3]-most[2]-first[3]+first[2]+1e-6 {
			t.Fatalf("%v slow requests, there were %v", bad, most[3]-most[2]-first[3]+first[2])
		}
	})
}

// After a restart of a target that has served for long everything counts from zero, whatever was noise before.
func TestARestartCountsFromZero(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var rows []row
		value := row{5000, 50, 4000, 5000}
		grow := func() {
			n := float64(rapid.IntRange(0, 60).Draw(t, "grows"))
			bad := min(n, float64(rapid.IntRange(0, 60).Draw(t, "errors")))
			for i, by := range []float64{n, bad, n - bad, n} {
				value[i] += by
			}
		}
		scrape := func(dips bool) {
			r := value
			if dips && rapid.IntRange(0, 3).Draw(t, "dips") == 0 {
				r[rapid.SampledFrom([]int{0, 3}).Draw(t, "which")]--
			}
			rows = append(rows, r)
		}
		scrape(false)
		for range rapid.IntRange(1, 6).Draw(t, "scrapes before") {
			grow()
			scrape(true)
		}
		grow()
		scrape(false)
		before := value
		value = row{}
		for range rapid.IntRange(1, 6).Draw(t, "scrapes after") {
			grow()
			scrape(false)
		}
		got := counted(series.Mend(stored("a", rows...)), at(100))
		for i, first := range (row{5000, 50, 4000, 5000}) {
			if want := before[i] - first + value[i]; math.Abs(got[i]-want) > 1e-6 {
				t.Fatalf("counter %d: counted %v, want %v of %v", i, got[i], want, rows)
			}
		}
	})
}
