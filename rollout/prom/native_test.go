package prom

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
)

func TestBoundsOf(t *testing.T) {
	t.Parallel()
	root := math.Sqrt2
	bucket := func(lower, upper, count float64) *model.HistogramBucket {
		return &model.HistogramBucket{Lower: model.FloatString(lower), Upper: model.FloatString(upper), Count: model.FloatString(count)}
	}
	for name, tt := range map[string]struct {
		buckets model.HistogramBuckets
		want    string
	}{
		"nothing":                     {nil, ""},
		"a power of two each":         {model.HistogramBuckets{bucket(0.25, 0.5, 3)}, "0.5:3 1:3 2:3"},
		"a gap":                       {model.HistogramBuckets{bucket(0.125, 0.25, 3), bucket(1, 2, 1)}, "0.25:3 0.5:3 1:3 2:4"},
		"two for each power":          {model.HistogramBuckets{bucket(1, root, 3)}, "1.41:3 2:3 2.83:3"},
		"zero counts too":             {model.HistogramBuckets{bucket(-1e-128, 1e-128, 2), bucket(0.5, 1, 3)}, "1e-128:2 1:5 2:5"},
		"only zero":                   {model.HistogramBuckets{bucket(-1e-128, 1e-128, 2)}, "1e-128:2"},
		"one that is missing":         {model.HistogramBuckets{nil, bucket(1, 2, 3)}, "2:3"},
		"bounds of one's own":         {model.HistogramBuckets{bucket(0.1, 0.3, 3), bucket(0.3, 1, 1)}, "0.3:3 1:4"},
		"not on the grid":             {model.HistogramBuckets{bucket(0.3, 0.6, 3)}, "0.6:3"},
		"of two resolutions":          {model.HistogramBuckets{bucket(0.5, 1, 3), bucket(1, root, 1)}, "1:3 1.41:4"},
		"no end":                      {model.HistogramBuckets{bucket(1, math.Inf(1), 3)}, "+Inf:3"},
		"no number":                   {model.HistogramBuckets{bucket(math.NaN(), math.NaN(), 3)}, "NaN:3"},
		"upside down":                 {model.HistogramBuckets{bucket(2, 1, 3)}, "1:3"},
		"larger than what is of use":  {model.HistogramBuckets{bucket(8, 16, 3)}, "16:3"},
		"less than what is measured":  {model.HistogramBuckets{bucket(math.Exp2(-40), math.Exp2(-39), 3)}, "1.82e-12:3"},
		"what no client would expose": {model.HistogramBuckets{bucket(0.5, 1, 1), bucket(math.Exp2(1022), math.Exp2(1023), 1)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, b := range boundsOf(&model.SampleHistogram{Buckets: tt.buckets}, 3) {
				got = append(got, fmt.Sprintf("%.3g:%g", b.bound, b.within))
			}
			if len(got) > 1<<13 {
				t.Fatalf("%d bounds", len(got))
			}
			if text := strings.Join(got, " "); text != tt.want && tt.want != "" {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
	// Eight for each power of two is what client libraries have at most, and then some.
	fine := boundsOf(&model.SampleHistogram{Buckets: model.HistogramBuckets{bucket(math.Exp2(-9), math.Exp2(-9+1.0/256), 1)}}, maxBound)
	if last := fine[len(fine)-1].bound; last < 64 || len(fine) > 1<<12+1 {
		t.Errorf("at the finest resolution %d bounds up to %g", len(fine), last)
	}
}

// Buckets that become wider count no less than before, whosever they are.
func TestBucketsThatBecomeWider(t *testing.T) {
	t.Parallel()
	wide := &model.SampleHistogram{Count: 10, Buckets: model.HistogramBuckets{{Lower: 0.5, Upper: 1, Count: 9}, {Lower: 1, Upper: 2, Count: 1}}}
	fine := &model.SampleHistogram{Count: 8, Buckets: model.HistogramBuckets{
		{Lower: 0.5, Upper: model.FloatString(math.Sqrt2 / 2), Count: 6}, {Lower: model.FloatString(math.Sqrt2 / 2), Upper: 1, Count: 1}, {Lower: 1, Upper: model.FloatString(math.Sqrt2), Count: 1},
	}}
	stream := func(all ...*model.SampleHistogram) *model.SampleStream {
		s := &model.SampleStream{}
		for i, h := range all {
			s.Histograms = append(s.Histograms, model.SampleHistogramPair{Timestamp: model.Time(i), Histogram: h})
		}
		return s
	}
	in := rawInquiry{native: true, bounds: []string{"0.7071067811865476"}}
	for name, tt := range map[string]struct {
		own, other *model.SampleStream
		want       []float64
	}{
		"all are fine":     {stream(fine, fine), stream(fine), []float64{6, 6}},
		"its own is wide":  {stream(fine, wide), stream(fine), []float64{7, 9}},
		"another's is":     {stream(fine, fine), stream(fine, wide), []float64{7, 7}},
		"nobody is heard":  {stream(nil), stream(), nil},
		"it has no bucket": {stream(&model.SampleHistogram{}), stream(), []float64{0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := in.nativeSeries(tt.own, coarsest(model.Matrix{tt.own}, model.Matrix{tt.other, nil}))
			for i, p := range got[0].Points {
				if p.Value != tt.want[i] {
					t.Errorf("sample %d counts %g within the bound, want %g", i, p.Value, tt.want[i])
				}
			}
			if len(got[0].Points) != len(tt.want) {
				t.Errorf("%d samples, want %d", len(got[0].Points), len(tt.want))
			}
		})
	}
}
