package judge

import (
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// baseline is the part of the state that is learned of stable before a rollout's signals are judged: which bounds of its
// latency histogram are compared, and what its recent past shows.
type baseline struct {
	Bounds  []string  `json:"bounds,omitempty"`  // as labels
	Seconds []float64 `json:"seconds,omitempty"` // the same, as durations; they rise
	Slow    int       `json:"slow,omitempty"`    // the one beyond which a request is slow
	Coarse  bool      `json:"coarse,omitempty"`  // it is not the limit itself but the next bound above
	NoBound bool      `json:"nothing,omitempty"` // no bound is at or above the limit
	Below   float64   `json:"below,omitempty"`   // the next bound below the limit, where it is coarse

	Known       bool                  `json:"known,omitempty"`        // the past was read
	ErrorSpread float64               `json:"error_spread,omitempty"` // by how much pods differ
	SlowSpread  [trial.Bounds]float64 `json:"slow_spread,omitzero"`
	SlowShare   [trial.Bounds]float64 `json:"usual,omitzero"` // of the requests, beyond each bound
	MemoryNoise float64               `json:"memory_noise,omitempty"`
	// Starts is how pods of the service started in earlier rollouts, by StartBounds.
	Starts      trial.Starts  `json:"starts,omitzero"`
	StartBounds []string      `json:"start_bounds,omitempty"`
	Interval    time.Duration `json:"gap,omitempty"`       // between two samples of a series
	Lag         time.Duration `json:"lag,omitempty"`       // of samples behind the end of a scrape, where it is long
	Attempts    int           `json:"tried,omitempty"`     // in vain, since something was learned
	Rate        float64       `json:"rate,omitempty"`      // requests a second
	NoErrors    bool          `json:"errorless,omitempty"` // no series of failed requests exists
	ErrorShare  float64       `json:"error_share,omitempty"`
	Pods        int           `json:"pods,omitempty"` // that report
}

const (
	// unknownSpread stands for how much pods differ where that cannot be read: more than most do.
	unknownSpread = 0.02
	// maxAttempts is how often one answer is asked for before the judge goes on without it.
	maxAttempts = 3
)

func (b *baseline) wantsBuckets(checks []rollout.Check) bool {
	return asks(checks, rollout.LatencySignal) && len(b.Bounds) == 0 && !b.NoBound
}

// wantsHistory: the past is read with the bounds that are compared. Where there are none, errors do not wait for long.
func (b *baseline) wantsHistory(checks []rollout.Check) bool {
	return !b.Known && (!b.wantsBuckets(checks) || b.Attempts >= maxAttempts)
}

func asks(checks []rollout.Check, signals ...rollout.Signal) bool {
	return slices.ContainsFunc(checks, func(check rollout.Check) bool { return slices.Contains(signals, check.Signal) })
}

// update learns from an answer what is not known yet.
func (b *baseline) update(c rollout.Case) {
	buckets, history := b.wantsBuckets(c.Spec.Checks), b.wantsHistory(c.Spec.Checks)
	if !buckets && !history {
		return
	}
	b.Attempts++
	if buckets && b.chooseBounds(c.Raw.Buckets.Series, latencyLimit(c.Spec.Checks)) {
		b.Known, b.Attempts = false, 0 // the past of these bounds is to be read
		return
	}
	if !history {
		return
	}
	b.learnHistory(c)
	if b.Known && !buckets {
		b.Attempts = 0
	}
}

// learnHistory learns from stable's past. A past of which a part is missing is asked for again; in the end pods are taken
// to differ.
func (b *baseline) learnHistory(c rollout.Case) {
	_, partial := firstWith(c.Raw.History.All(), unread)
	switch {
	case tooLarge(c.Raw.History):
		b.assumeSpread()
		b.Interval, b.Known = sampleInterval(reports(c.Raw.Stable)), true
	case len(reports(c.Raw.History)) == 0, partial && b.Attempts < 2*maxAttempts:
		return
	default:
		b.readHistory(c)
		if partial {
			b.assumeSpread()
		}
	}
}

// assumeSpread takes pods to differ where that cannot be read.
func (b *baseline) assumeSpread() {
	b.ErrorSpread = max(b.ErrorSpread, unknownSpread)
	for i := range b.SlowSpread {
		b.SlowSpread[i] = max(b.SlowSpread[i], unknownSpread)
	}
}

// slack is by how much margins are wider for pods of these ages, in seconds: the mean of what is known of starts, or,
// where nothing is known, a guess for the youngest.
func (b *baseline) slack(ages []float64, interval time.Duration) (sum trial.Slack) {
	if !b.Starts.Known() {
		return trial.GuessedSlack(slices.Min(ages), b.SlowShare)
	}
	for _, age := range ages {
		one := b.Starts.Slack(age, interval.Seconds())
		sum.Errors += one.Errors / float64(len(ages))
		for i := range sum.Slow {
			sum.Slow[i] += one.Slow[i] / float64(len(ages))
		}
	}
	if !slices.Equal(b.StartBounds, b.Bounds) { // starts were seen by other bounds
		sum.Slow = trial.GuessedSlack(slices.Min(ages), b.SlowShare).Slow
	}
	return sum
}
