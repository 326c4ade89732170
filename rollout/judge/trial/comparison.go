package trial

import (
	"math"

	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/pack"
)

// runningShare is a share of bad requests that is learned scrape by scrape and slowly forgotten.
type runningShare struct {
	N   float64 `json:"n,omitempty"`
	Bad float64 `json:"bad,omitempty"`
}

// share returns the share expected of the next scrape; 1 % before the first.
func (k runningShare) share() float64 { return (k.Bad + 0.5) / (k.N + 50) }

// add learns a scrape. What is far out of the usual counts for no more than makes it unusual.
func (k *runningShare) add(c bet.Counts, limit float64) {
	const keep = 0.98
	k.N, k.Bad = pack.Down(k.N*keep+c.N), pack.Down(k.Bad*keep+min(c.Bad, limit))
}

// comparison compares one share of bad requests with stable's.
type comparison struct {
	Bet      bet.Mixture  `json:"bet"`   // against the canary
	Proof    float64      `json:"proof"` // nats against "not fine" since the step began
	Expected runningShare `json:"usual"` // share of stable
}

// factors are those of a comparison, for each alternative.
func (c *comparison) factors(o *Options, f *[bet.Effects]float64, canary, stable bet.Counts, margin bet.Margin) {
	expected := c.Expected.share()
	bound := margin.Bound(expected)
	for j, by := range effects {
		alternative := bet.Rates{Canary: bet.Odds(bound, by), Stable: expected}
		f[j] = o.capped(bet.LogRelative(canary, stable, alternative, margin), canary)
	}
}

// margin is that of a measure in a scrape, wider while pods are young.
func (o *Options) margin(m Measure, in Scrape) bet.Margin {
	margin, slack := o.Errors, in.Slack.Errors
	if m != ErrorMeasure {
		margin, slack = o.Latency, in.Slack.Slow[m-1]
	}
	if in.Hidden && !o.Off[Hidden] {
		margin = o.hidden(m)
	}
	margin.Slack += slack
	return margin
}

// hidden is the margin where pods cannot be told apart, nor be seen to differ.
func (o *Options) hidden(m Measure) bet.Margin {
	if m == ErrorMeasure {
		return bet.Margin{Ratio: max(3, o.Errors.Ratio), Slack: o.Errors.Slack}
	}
	return bet.Margin{Ratio: max(2, o.Latency.Ratio), Slack: o.Latency.Slack}
}

// proves bets on a scrape for the canary's health. Margins are those of old pods: what a young one may do is no proof.
func (c *comparison) proves(canary, stable bet.Counts, margin bet.Margin) {
	expected := c.Expected.share()
	fine := min(1.05*expected, 0.9*margin.Bound(expected))
	c.Proof += bet.LogWithin(canary, stable, bet.Rates{Canary: fine, Stable: expected}, margin)
}

// learn takes a scrape in that was bet on: proofs of health, ratios, and what is usual for stable.
func (s *State) learn(o *Options, in Scrape) {
	for m := range o.measures() {
		c, canary, stable := s.comparison(m), in.canary(o, m), in.stable(o, m)
		if in.Age >= o.CompareFrom {
			margin := o.Errors
			if m != ErrorMeasure {
				margin = o.Latency
			}
			c.proves(canary.counts, stable.counts, margin)
		}
		c.Expected.add(stable.raw, c.most(m, stable))
		for i, length := range stretchLengths {
			if length <= s.Recent.length() {
				s.Worst[m].remember(i, s.Recent.sum(m, 0, length).stable)
			}
		}
	}
	if in.Age >= o.CompareFrom {
		s.ErrorRatios.add(o, in.canary(o, ErrorMeasure).counts, in.stable(o, ErrorMeasure).counts)
		s.SlowRatios.add(o, in.canary(o, SlowMeasure(o.Slow)).counts, in.stable(o, SlowMeasure(o.Slow)).counts)
	}
}

// usualRequests is how many requests of stable have to be known before anything is unusual.
const usualRequests = 200

// most is how many bad requests of stable in a scrape are still usual.
func (c *comparison) most(m Measure, stable tempered) float64 {
	if c.Expected.N < usualRequests {
		return math.Inf(1)
	}
	e := c.Expected.share() * stable.raw.N
	phi := 1.0
	if stable.counts.N > 0 {
		phi = stable.raw.N / stable.counts.N
	}
	if m == ErrorMeasure {
		return 2*e + 3*math.Sqrt(e*phi) + 3
	}
	return 1.5*e + 4*math.Sqrt(e*phi) + 3
}

// longUnusual is for how many scrapes in a row stable may be out of its usual: what lasts longer is no matter of
// which side was scraped first, and is compared again.
const longUnusual = 12

// notice reports whether stable is out of its usual in a scrape.
func (s *State) notice(o *Options, in Scrape) bool {
	unusual := false
	for m := range o.measures() {
		stable := in.stable(o, m)
		unusual = unusual || stable.raw.Bad > s.comparison(m).most(m, stable)
	}
	if !unusual {
		s.Unusual = 0
		return false
	}
	s.Unusual++
	return s.Unusual <= longUnusual
}

// tempered are an arm's counts as measured, and as they are bet on.
type tempered struct{ raw, counts bet.Counts }

// temper divides counts by their over-dispersion; kappa is the spread.
func (a Arm) temper(raw bet.Counts, kappa float64) tempered {
	return tempered{raw, raw.Temper(1 + kappa*raw.N/float64(max(a.Pods, 1)))}
}

// canary is what the canary did by a measure.
func (in *Scrape) canary(o *Options, m Measure) tempered {
	return in.Canary.temper(in.Canary.counts(m), o.Spread(m))
}

// stable is what stable did.
func (in *Scrape) stable(o *Options, m Measure) tempered {
	return in.Stable.temper(in.Stable.counts(m), o.Spread(m))
}

// Spread is by how much pods differ by a measure.
func (o *Options) Spread(m Measure) float64 {
	if m == ErrorMeasure {
		return o.ErrorSpread
	}
	return o.SlowSpread[m-1]
}

// minOutageErrors is how many bad requests lift the cap of a scrape, where they are half of all.
const minOutageErrors = 10

// capped limits the factor of a single scrape, unless half of its requests were bad, and those not a few: a burst that
// the history did not contain does not suffice alone, an outage does. A smaller factor has a smaller mean, so the bound
// holds.
func (o *Options) capped(f float64, canary bet.Counts) float64 {
	if o.Cap > 0 && (canary.Bad < canary.N/2 || canary.Bad < minOutageErrors) {
		return min(f, o.Cap)
	}
	return f
}

// above bets against "the share is within its limit".
func (o *Options) above(f *[bet.Effects]float64, canary bet.Counts, limit float64) {
	for j, by := range effects {
		f[j] = o.capped(bet.LogAbove(canary, bet.Odds(limit, by), limit), canary)
	}
}
