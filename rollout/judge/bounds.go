package judge

import (
	"cmp"
	"math"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// histogram is a latency histogram over the recent past.
type histogram struct {
	buckets []rollout.Series // with a finite bound; they rise
	within  []float64        // requests in each
	all     float64          // requests
	known   bool             // there is any bucket
}

// newHistogram takes the newest value of each bucket that can be one. A bucket has at least what smaller ones have, and
// where the store says less, as where the sums are extrapolated, the larger value counts.
func newHistogram(buckets []rollout.Series) (h histogram) {
	buckets = slices.Clone(buckets)
	slices.SortFunc(buckets, func(a, b rollout.Series) int { return cmp.Compare(a.Bound, b.Bound) })
	for _, b := range buckets {
		value, ok := series.Last(b.Points)
		if !ok || math.IsNaN(b.Bound) || math.IsInf(b.Bound, -1) {
			continue
		}
		h.known, h.all = true, max(h.all, value)
		if !math.IsInf(b.Bound, 1) {
			h.buckets, h.within = append(h.buckets, b), append(h.within, h.all)
		}
	}
	return h
}

// beyond is the share of requests that are slower than a bucket's bound.
func (h histogram) beyond(bucket int) float64 { return 1 - h.within[bucket]/h.all }

// nearest returns the bucket that is nearest to a share of slower requests, of those after one that are not taken; -1:
// none.
func (h histogram) nearest(share float64, after int, taken []int) (best int) {
	best, least := -1, math.Inf(1)
	if h.all <= 0 {
		return best
	}
	for i := after + 1; i < len(h.buckets); i++ {
		far := math.Abs(math.Log(max(h.beyond(i), 1e-6) / share))
		if far < least && !slices.Contains(taken, i) {
			best, least = i, far
		}
	}
	return best
}

// latencyLimit is the duration, in seconds, beyond which a request is slow.
func latencyLimit(checks []rollout.Check) (limit float64) {
	for _, check := range checks {
		if check.Signal == rollout.LatencySignal {
			limit = check.Bound
		}
	}
	return limit
}

// chooseBounds chooses the bounds that are compared. A limit between two bounds is judged at the next one above: what is
// slower than that is slower than the limit for certain. It reports whether there was a histogram to choose from.
func (b *baseline) chooseBounds(buckets []rollout.Series, limit float64) bool {
	h := newHistogram(buckets)
	if !h.known {
		return false
	}
	at := slices.IndexFunc(h.buckets, func(s rollout.Series) bool { return s.Bound >= limit*(1-1e-9) })
	if at < 0 {
		b.NoBound = true
		return true
	}
	if b.Coarse = h.buckets[at].Bound > limit*(1+1e-9); b.Coarse && at > 0 {
		b.Below = h.buckets[at-1].Bound
	}
	chosen := h.chosen(at)
	if before, all := h.those(b.StartBounds); all && slices.Contains(before, at) && len(before) == len(chosen) {
		chosen = before
	}
	for i, c := range chosen {
		if c == at {
			b.Slow = i
		}
		b.Bounds, b.Seconds = append(b.Bounds, h.buckets[c].Labels), append(b.Seconds, h.buckets[c].Bound)
		b.SlowShare[i] = 0
		if h.all > 0 {
			b.SlowShare[i] = h.beyond(c)
		}
	}
	return true
}

// chosen are the buckets that are compared: the one at the service's own limit, those that a quarter, a twelfth and a
// fiftieth of stable's requests exceed, as nearly as the histogram has them, and two beyond the limit that hardly any
// does: a tail that grows longer shows there alone.
func (h histogram) chosen(at int) []int {
	chosen := []int{at}
	for _, share := range []float64{0.25, 0.08, 0.02} {
		if i := h.nearest(share, -1, chosen); i >= 0 {
			chosen = append(chosen, i)
		}
	}
	for _, share := range []float64{0.002, 0.0002} {
		if i := h.nearest(share, at, chosen); i >= 0 {
			chosen = append(chosen, i)
		}
	}
	slices.Sort(chosen)
	return chosen
}

// those are the buckets with these labels, if the histogram has all of them. What is known of starts is known by the
// bounds of earlier rollouts; chosen anew each time, near ties would turn, and it would be lost.
func (h histogram) those(labels []string) (found []int, all bool) {
	for _, label := range labels {
		if i := slices.IndexFunc(h.buckets, func(s rollout.Series) bool { return s.Labels == label }); i >= 0 {
			found = append(found, i)
		}
	}
	slices.Sort(found)
	return found, len(found) == len(labels) && len(found) > 0 && len(found) <= trial.Bounds
}
