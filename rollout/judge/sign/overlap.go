package sign

import (
	"math"
	"slices"

	"canarybot.io/rollout"
)

// By how much blocks repeat each other is taken for a little before it is measured: as if so many blocks had shown it.
const (
	assumedLikeness = 0.3
	assumedBlocks   = 6
)

// overlap is how many blocks say as much as one that repeats none: (1+r)/(1-r), with r the likeness of neighbours, as for
// the mean of a series in which what is left of a disturbance shrinks by r from block to block.
func (s *State) overlap(m rollout.Margin) float64 {
	excess := s.excess(m, kept)
	if m.Ratio > 0 { // as a part of the value, so that what swings in both sides cancels
		for i, b := range s.Recent {
			excess[i] /= max(math.Abs(float64(b[0])), float64(b[1]), math.SmallestNonzeroFloat32)
		}
	}
	n := float64(len(excess))
	r := (n*likeness(excess) + assumedBlocks*assumedLikeness) / (n + assumedBlocks)
	return (1 + r) / (1 - r)
}

// likeness is the correlation of neighbours, 0 to 0.95. A fault that begins is no likeness: where a single step explains
// most of what there is, each side of it has its own mean.
func likeness(all []float64) float64 {
	const least = 4
	n := len(all)
	if n < least {
		return 0
	}
	all = clip(all)
	step := stepOf(all)
	before, after := all[:step], all[step:]
	spread := squares(before) + squares(after)
	if least := 1e-9 * max(slices.Max(all), -slices.Min(all)); spread <= least*least {
		return 0 // no more than rounding
	}
	r := (products(before) + products(after)) / spread
	r += (1 + 4*max(r, 0)) / float64(n) // the means are of the same few blocks, which makes neighbours look less alike
	return min(max(r, 0), 0.95)
}

// stepOf returns where the values step up or down for good: the split that leaves least beside the means of both sides. It
// is their end where that explains less than five sixths of what there is.
func stepOf(all []float64) int {
	const enough = 5.0 / 6
	n := len(all)
	m, sum, total := mean(all), 0.0, 0.0
	at, explained := n, 0.0
	for i, v := range all {
		if i >= 2 && i <= n-2 { // what two means explain: sum is of the deviations before
			if by := sum * sum * float64(n) / float64(i*(n-i)); by > explained {
				at, explained = i, by
			}
		}
		sum += v - m
		total += (v - m) * (v - m)
	}
	if explained < enough*total {
		return n
	}
	return at
}

// clip returns the values with what lies far from their median moved closer: a single one must not hide the others.
func clip(all []float64) []float64 {
	middle := median(all)
	far := make([]float64, len(all))
	for i, v := range all {
		far[i] = math.Abs(v - middle)
	}
	most := 5 * median(far)
	clipped := slices.Clone(all)
	for i, v := range clipped {
		clipped[i] = min(max(v, middle-most), middle+most)
	}
	return clipped
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func mean(all []float64) float64 {
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return sum / float64(max(len(all), 1))
}

// squares is the sum of squares around the mean.
func squares(all []float64) (sum float64) {
	m := mean(all)
	for _, v := range all {
		sum += (v - m) * (v - m)
	}
	return sum
}

// products is the sum of the products of neighbours around the mean.
func products(all []float64) (sum float64) {
	m := mean(all)
	for i := 1; i < len(all); i++ {
		sum += (all[i] - m) * (all[i-1] - m)
	}
	return sum
}
