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
	Starts      trial.Starts  `json:"started,omitzero"`
	StartBounds []string      `json:"start_bounds,omitempty"`
	Interval    time.Duration `json:"gap,omitempty"`       // between two samples of a series
	Lag         time.Duration `json:"lag,omitempty"`       // of samples behind the end of a scrape, where it is long
	Attempts    int           `json:"tried,omitempty"`     // in vain, since something was learned
	Rate        float64       `json:"rate,omitempty"`      // requests a second
	NoErrors    bool          `json:"errorless,omitempty"` // no series of failed requests exists
	ErrorShare  float64       `json:"error_share,omitempty"`
	Pods        int           `json:"pods,omitempty"` // that report
	Worst       trial.Worst   `json:"worst,omitzero"` // stretches of stable's past, until the bets begin
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

// update learns from an answer what is not known yet, and reports whether stable's past was read now.
func (b *baseline) update(c rollout.Case) (learned bool) {
	buckets, history := b.wantsBuckets(c.Spec.Checks), b.wantsHistory(c.Spec.Checks)
	if !buckets && !history {
		return false
	}
	b.Attempts++
	if buckets && b.chooseBounds(c.Raw.Buckets.Series, latencyLimit(c.Spec.Checks)) {
		b.Known, b.Attempts = false, 0 // the past of these bounds is to be read
		return false
	}
	if !history {
		return false
	}
	b.learnHistory(c)
	if b.Known && !buckets {
		b.Attempts = 0
	}
	return b.Known
}

// shares are stable's, of bad requests by each measure.
func (b *baseline) shares() (all trial.Shares) {
	all[trial.ErrorMeasure] = b.ErrorShare
	for i, share := range b.SlowShare {
		all[trial.SlowMeasure(i)] = share
	}
	return all
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

// warmUp is how long pods take until they are as others, in seconds: as learned, or as guessed.
func (b *baseline) warmUp(young float64) float64 {
	if b.Starts.Known() {
		return b.Starts.WarmUp()
	}
	return young
}

// slack is by how much margins are wider for pods of these ages, in seconds: the mean of what is known of starts, or,
// where nothing is known, a guess for the youngest. After twice the warm-up of the step being young is no excuse any
// more: pods that are replaced all the time are not fine.
func (b *baseline) slack(sc *scrape) (sum trial.Slack) {
	step, young := sc.to.Sub(sc.since).Seconds(), sc.options.MemoryFrom
	if step > 2*b.warmUp(young) {
		return trial.Slack{}
	}
	guess := trial.GuessedSlack(slices.Min(sc.ages), b.SlowShare)
	if !b.Starts.Known() {
		return guess
	}
	half := sc.interval.Seconds() / 2
	for _, age := range sc.ages {
		one := b.Starts.Slack(max(age-half, 0), sc.options.Spread)
		sum.Errors += one.Errors / float64(len(sc.ages))
		for i := range sum.Slow {
			sum.Slow[i] += one.Slow[i] / float64(len(sc.ages))
		}
	}
	if !slices.Equal(b.StartBounds, b.Bounds) { // starts were seen by other bounds
		sum.Slow = guess.Slow
	}
	return sum
}
