package judge

import (
	"cmp"
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

// everything is the bound of the bucket that counts every request.
var everything = math.Inf(1)

// setup is what is found out once, before a rollout's signals are judged: which bounds of the latency histogram are
// compared, and by how much stable's pods differ from each other.
type setup struct {
	Bounds  []string  `json:"bounds,omitempty"`  // as labels
	Seconds []float64 `json:"seconds,omitempty"` // the same, as durations; they rise
	Slow    int       `json:"slow,omitempty"`    // the one beyond which a request is slow
	Coarse  bool      `json:"coarse,omitempty"`  // it is not the limit itself but the next bound above
	Nothing bool      `json:"nothing,omitempty"` // no bound is at or above the limit
	Below   float64   `json:"below,omitempty"`   // the next bound below the limit, where it is coarse

	Known       bool                  `json:"known,omitempty"` // stable's past was read
	ErrorSpread float64               `json:"error_spread,omitempty"`
	SlowSpread  [trial.Bounds]float64 `json:"slow_spread,omitzero"`
	Usual       [trial.Bounds]float64 `json:"usual,omitzero"` // share of stable's requests beyond each bound
	MemoryNoise float64               `json:"memory_noise,omitempty"`
	// Starts is how pods of the service started in earlier rollouts, by StartBounds.
	Starts      trial.Starts  `json:"starts,omitzero"`
	StartBounds []string      `json:"start_bounds,omitempty"`
	Gap         time.Duration `json:"gap,omitempty"`   // between two samples of stable's series
	Lag         time.Duration `json:"lag,omitempty"`   // by which they come later than a scrape's end, where that is long
	Tried       int           `json:"tried,omitempty"` // since something was learned, in vain
	// Rate, ErrorShare and Pods are stable's: requests a second, the share of bad ones, and targets.
	Rate       float64 `json:"rate,omitempty"`
	Errorless  bool    `json:"errorless,omitempty"` // no series of failed requests was there
	ErrorShare float64 `json:"error_share,omitempty"`
	Pods       int     `json:"pods,omitempty"`
}

// unknownSpread is taken for how much pods differ where there are too many of them to ask: more than most do.
const unknownSpread = 0.02

// tooLarge reports whether an answer was too large to be read.
func tooLarge(r rollout.Read) bool {
	return slices.ContainsFunc(r.All(), func(one rollout.Reading) bool { return one.Why == rollout.WhyTooLarge })
}

func asks(c rollout.Case, signals ...rollout.Signal) bool {
	return slices.ContainsFunc(c.Spec.Checks, func(one rollout.Check) bool { return slices.Contains(signals, one.Signal) })
}

func (s *setup) wantsBuckets(c rollout.Case) bool {
	return asks(c, rollout.LatencySignal) && len(s.Bounds) == 0 && !s.Nothing
}

// wantsHistory: the past is asked about with the bounds that are compared. Where there is nothing of them, errors are not
// kept waiting for long.
func (s *setup) wantsHistory(c rollout.Case) bool {
	return !s.Known && (!s.wantsBuckets(c) || s.Tried >= patient)
}

// patient is how often one answer is asked for before it is done without.
const patient = 3

// learn takes what was asked for into account.
func (s *setup) learn(c rollout.Case) {
	buckets, history := s.wantsBuckets(c), s.wantsHistory(c)
	if !buckets && !history {
		return
	}
	s.Tried++
	if buckets && len(c.Raw.Buckets.Series) > 0 {
		s.choose(c)
		s.Known, s.Tried = false, 0 // the past of these bounds is to be seen
		return
	}
	_, some := firstWith(c.Raw.History.All(), missing)
	switch {
	case !history:
		return
	case tooLarge(c.Raw.History):
		s.doubt()
		s.Gap, s.Known = gap(heardBy(c.Raw.Stable)), true
	case len(heardBy(c.Raw.History)) > 0 && (!some || s.Tried >= 2*patient):
		s.look(c)
		if some {
			s.doubt()
		}
	}
	if s.Known && !buckets {
		s.Tried = 0
	}
}

// doubt takes pods to differ where nobody could say by how much.
func (s *setup) doubt() {
	s.ErrorSpread = max(s.ErrorSpread, unknownSpread)
	for b := range s.SlowSpread {
		s.SlowSpread[b] = max(s.SlowSpread[b], unknownSpread)
	}
}

// choose picks the bounds that are compared: those that a quarter, a twelfth and a fiftieth of stable's requests are
// slower than, as nearly as the histogram has them, and the service's own limit. Limits between two bounds are judged
// at the next one above: what is slower than that is slower than the limit for certain.
func (s *setup) choose(c rollout.Case) {
	limit := 0.0
	for _, check := range c.Spec.Checks {
		if check.Signal == rollout.LatencySignal {
			limit = check.Bound
		}
	}
	buckets := slices.Clone(c.Raw.Buckets.Series)
	slices.SortFunc(buckets, func(a, b rollout.Series) int { return cmp.Compare(a.Bound, b.Bound) })
	all := 0.0
	for _, b := range buckets {
		all = max(all, b.Points[0].Value)
	}
	finite := slices.DeleteFunc(buckets, func(b rollout.Series) bool { return math.IsInf(b.Bound, 0) })
	at := slices.IndexFunc(finite, func(b rollout.Series) bool { return b.Bound >= limit*(1-1e-9) })
	if at < 0 {
		s.Nothing = true
		return
	}
	if s.Coarse = finite[at].Bound > limit*(1+1e-9); s.Coarse && at > 0 {
		s.Below = finite[at-1].Bound
	}
	picked := []int{at}
	for _, share := range []float64{0.25, 0.08, 0.02} {
		best, least := -1, math.Inf(1)
		for i, b := range finite {
			beyond := 1 - b.Points[0].Value/all
			if far := math.Abs(math.Log(max(beyond, 1e-6) / share)); all > 0 && far < least && !slices.Contains(picked, i) {
				best, least = i, far
			}
		}
		if best >= 0 {
			picked = append(picked, best)
		}
	}
	for len(picked) < trial.Bounds { // too few buckets: the limit stands in, and counts no more than once
		picked = append(picked, at)
	}
	slices.Sort(picked)
	for i, p := range picked {
		if p == at {
			s.Slow = i
		}
		s.Bounds, s.Seconds = append(s.Bounds, finite[p].Labels), append(s.Seconds, finite[p].Bound)
		s.Usual[i] = 0
		if all > 0 {
			s.Usual[i] = 1 - finite[p].Points[0].Value/all
		}
	}
}

// slack is by how much margins are wider for pods of these ages, in seconds: the mean over them of what is known of
// starts, or where nothing is, a guess for the youngest.
func (s *setup) slack(ages []float64, interval float64) (sum trial.Slack) {
	if !s.Starts.Known() {
		return trial.GuessedSlack(slices.Min(ages), s.Usual)
	}
	for _, age := range ages {
		one := s.Starts.Slack(age, interval)
		sum.Errors += one.Errors / float64(len(ages))
		for b := range sum.Slow {
			sum.Slow[b] += one.Slow[b] / float64(len(ages))
		}
	}
	if !slices.Equal(s.StartBounds, s.Bounds) { // other bounds are compared now: what is known of these is a guess
		sum.Slow = trial.GuessedSlack(slices.Min(ages), s.Usual).Slow
	}
	return sum
}

// options returns what the trial is judged by. Checks that are not asked, or only inform, bet nothing that counts.
func (s *setup) options(c rollout.Case) trial.Options {
	o := trial.Defaults(planned(c))
	o.Interval = scrape(c).Seconds()
	j := c.Spec.Judging
	o.Alpha = cmp.Or(j.Alpha, o.Alpha)
	if j.ErrorRatio > 0 {
		o.Errors = bet.Margin{Ratio: j.ErrorRatio, Slack: j.ErrorSlack}
	}
	if j.LatencyRatio > 0 {
		o.Latency = bet.Margin{Ratio: j.LatencyRatio, Slack: j.LatencySlack}
	}
	o.Dwell = max(o.Dwell, int(math.Ceil(float64(j.Dwell)/float64(scrape(c)))))
	o.ErrorSpread, o.SlowSpread, o.Slow = s.ErrorSpread, s.SlowSpread, s.Slow
	o.MemoryFrom = j.Young.Seconds()
	switch {
	case !s.Known: // by how much stable's pods differ is not known yet
		o.CompareFrom = math.Inf(1)
	case !s.Starts.Known():
		o.CompareFrom = j.Young.Seconds()
	}
	o.Weights = [trial.Checks]float64{}
	defaults := trial.Defaults(1).Weights
	count := func(checks ...trial.Check) {
		for _, k := range checks {
			o.Weights[k] = defaults[k]
		}
	}
	for _, check := range c.Spec.Checks {
		if check.DryRun {
			continue
		}
		switch check.Signal {
		case rollout.ErrorSignal, rollout.SuccessSignal:
			count(trial.Errors, trial.ErrorLimit, trial.Share)
		case rollout.LatencySignal:
			count(trial.Latency, trial.SlowLimit, trial.Share)
		case rollout.MemorySignal:
			count(trial.Memory)
		case rollout.NoSignal:
		}
	}
	s.limits(c, &o)
	return o
}

// limits sets the service's own limits. Where two checks set one, the stricter of those that decide counts.
func (s *setup) limits(c rollout.Case, o *trial.Options) {
	o.ErrorLimit, o.SlowLimit = 0, 0
	decided := map[*float64]bool{}
	set := func(to *float64, limit float64, decides bool) {
		if *to == 0 || decides && (!decided[to] || limit < *to) {
			*to = limit
		}
		decided[to] = decided[to] || decides
	}
	for _, check := range c.Spec.Checks {
		switch check.Signal {
		case rollout.ErrorSignal:
			set(&o.ErrorLimit, check.Threshold, !check.DryRun)
		case rollout.SuccessSignal:
			set(&o.ErrorLimit, 1-check.Threshold, !check.DryRun)
		case rollout.LatencySignal:
			o.SlowLimit = check.Share
		case rollout.MemorySignal:
			o.MemoryLimit, o.MemoryNoise = check.Threshold, cmp.Or(s.MemoryNoise, check.Threshold/200)
		case rollout.NoSignal:
		}
	}
	if len(s.Bounds) == 0 {
		o.Weights[trial.Latency], o.Weights[trial.SlowLimit] = 0, 0
	}
}

// planned is how many scrapes the whole rollout is to have.
func planned(c rollout.Case) int {
	total := time.Duration(0)
	for _, step := range c.Spec.Plan.Steps {
		total += max(step.Bake, time.Minute)
	}
	return max(8, int(total/scrape(c)))
}
