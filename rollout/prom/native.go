package prom

import (
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// nativeSeries turns a native histogram into one counter for each bound: the requests that stayed within it, or within
// the next higher bound that all compared histograms share: a client or Prometheus may widen buckets at any time, and
// the counts must not drop because of that.
func (i rawInquiry) nativeSeries(s *model.SampleStream, edges float64) []rollout.Series {
	out := make([]rollout.Series, 0, len(i.bounds)+1)
	for _, text := range append(slices.Clone(i.bounds), "+Inf") {
		bound, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		one := rollout.Series{Target: target(s.Metric), Labels: s.Metric.String() + text, Bound: bound * i.scale()}
		for _, h := range s.Histograms {
			if h.Histogram == nil {
				continue
			}
			count := 0.0
			for _, b := range h.Histogram.Buckets {
				if b != nil && float64(b.Upper) <= edge(bound, edges)*(1+1e-9) {
					count += float64(b.Count)
				}
			}
			if math.IsInf(bound, 1) {
				count = float64(h.Histogram.Count)
			}
			one.Points = append(one.Points, rollout.Point{At: h.Timestamp.Time(), Value: count})
		}
		out = append(out, one)
	}
	return out
}

// edge is the bound itself, or the next higher one at that many buckets for each power of two; 0: the buckets are of
// another kind.
func edge(bound, perPower float64) float64 {
	if perPower <= 0 || bound < minBound || math.IsInf(bound, 1) {
		return bound
	}
	k := math.Log2(bound) * perPower
	if near := math.Round(k); math.Abs(k-near) < 1e-6 {
		return bound
	}
	return math.Exp2(math.Ceil(k) / perPower)
}

// coarsest returns the lowest resolution among native histograms; 0 if there is none, or one of another kind.
func coarsest(all ...model.Value) (perPower float64) {
	for _, v := range all {
		matrix, _ := v.(model.Matrix)
		for _, stream := range matrix {
			if stream == nil {
				continue
			}
			for _, h := range stream.Histograms {
				if h.Histogram == nil {
					continue
				}
				if one, exponential := resolution(h.Histogram.Buckets); exponential && (perPower == 0 || one < perPower) {
					perPower = one
				}
			}
		}
	}
	return perPower
}

// maxBound is the latency, in seconds, up to which the bounds of a native histogram are listed.
const maxBound = 120.0

// counted is how much of a histogram is within a bound.
type counted struct{ bound, within float64 }

// boundsOf returns the counts of a native histogram within each of its bounds, ascending. An answer contains only
// buckets that are not empty; the bounds between them, and above them up to the largest, are filled in: at a resolution
// of 2^s buckets for each power of two they are 2^(k/2^s), for every integer k. See
// https://prometheus.io/docs/specs/native_histograms/#schema
func boundsOf(h *model.SampleHistogram, largest float64) []counted {
	const most = 1 << 12 // of the bounds that are filled in: 16 powers of two at the finest resolution
	var all []counted
	perPower, exponential := resolution(h.Buckets)
	within, filled := 0.0, 0
	fill := func(below float64) {
		if !exponential || len(all) == 0 || all[len(all)-1].bound < minBound {
			return
		}
		for k := math.Round(math.Log2(all[len(all)-1].bound)*perPower) + 1; filled < most; k++ {
			bound := math.Exp2(k / perPower)
			if !(bound < below*(1-1e-9)) {
				return
			}
			all = append(all, counted{bound, within})
			filled++
		}
	}
	for _, b := range h.Buckets { // in ascending order
		if b == nil {
			continue
		}
		fill(float64(b.Upper))
		within += float64(b.Count)
		all = append(all, counted{float64(b.Upper), within})
	}
	fill(largest)
	return all
}

// minBound is below every latency; anything closer to zero is in the zero bucket.
const minBound = 1e-9

// resolution returns how many buckets there are for each power of two, and whether the buckets are of that kind at all.
func resolution(buckets model.HistogramBuckets) (perPower float64, exponential bool) {
	for _, b := range buckets {
		if b == nil || float64(b.Lower) < minBound {
			continue
		}
		is := 1 / math.Log2(float64(b.Upper)/float64(b.Lower))
		if schema := math.Log2(is); math.Abs(schema-math.Round(schema)) > 1e-6 || schema < -4.5 || schema > 8.5 {
			return 0, false
		}
		is = math.Exp2(math.Round(math.Log2(is)))
		at := math.Log2(float64(b.Upper)) * is
		if perPower != 0 && perPower != is || math.Abs(at-math.Round(at)) > 1e-6 {
			return 0, false
		}
		perPower = is
	}
	return perPower, perPower > 0
}
