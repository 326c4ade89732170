package trial

import (
	"math"
)

const (
	// quietScrapes is after how many scrapes in a row without it what was seen against the canary keeps nobody any more.
	quietScrapes = 4
	// forgivenScrapes is after how many the bets on it are given back.
	forgivenScrapes = remembered
)

// quiet is for how many scrapes in a row nothing was seen of what a check is about.
func (s *State) quiet(c Check) int {
	switch c {
	case Errors, ErrorLimit:
		return s.Quiet[0]
	case Latency, SlowLimit:
		return s.Quiet[1]
	case Memory, Share, Strata, Hangs, Restarts, ClientErrors, Checks:
	}
	return 0
}

// forgive gives back what was bet on something that is over: such bets fall to one at most. A bet that is lowered stays
// one.
func (s *State) forgive() {
	for i := range requestBets {
		quiet := s.Quiet[0]
		if i != int(ErrorMeasure) && i != errorLimitBet {
			quiet = s.Quiet[1]
		}
		if quiet >= forgivenScrapes {
			s.mixture(i).Lower()
		}
	}
}

// shape is what the rules look at.
func (s *State) shape(o *Options, m Measure, in Scrape) shape {
	h := shape{recent: &s.Recent, measure: m, usual: s.comparison(m).Expected.share(), worst: s.Worst[m]}
	h.phi = max(1, 1+o.Spread(m)*in.Canary.counts(m).N/float64(max(in.Canary.Pods, 1)))
	h.margin = o.margin(m, in)
	return h
}

// measureOf is what a check measures.
func (s *State) measureOf(o *Options, c Check) (m Measure, ok bool) {
	switch c {
	case Errors, ErrorLimit:
		return ErrorMeasure, true
	case Latency:
		return SlowMeasure(s.WorstBound), true
	case SlowLimit:
		return SlowMeasure(o.Slow), true
	case Memory, Share, Strata, Hangs, Restarts, ClientErrors, Checks:
	}
	return 0, false
}

// young reports whether pods are too young for what they do to be acted on, where it is not known how they start: for a
// third of that time to err, because what errs is seldom still starting. After twice that time of the step it is no excuse.
func (s *State) young(o *Options, m Measure, in Scrape) bool {
	age := o.Young
	if m == ErrorMeasure {
		age /= 3
	}
	return in.Age < age && float64(s.StepScrapes)*o.Interval <= 2*o.Young
}

// farSlower reports whether the canary is so slow, by any bound, that no start explains it once pods are no longer young.
func (s *State) farSlower(o *Options, in Scrape) bool {
	for b := range Bounds {
		if h := s.shape(o, SlowMeasure(b), in); h.catastrophe(true) {
			return true
		}
	}
	return false
}

// warming is how many times as long as pods are young they may take until they are as fast as others, where it is not
// known how they start: ten minutes of three.
const warming = 10.0 / 3

// minStable is how many requests of stable in the latest scrapes there have to be to compare with.
const minStable = 20

// decisive returns the check to act on, or to doubt with the rule that speaks against it: the one that contributes most.
// Where that is in doubt another one that suffices alone may not be, and a doubt about one check must not hide it. Traffic
// that stays away is not acted on for that alone, and must not carry another check past its rules.
func (s *State) decisive(o *Options, worst Check, in Scrape) (Check, Rule) {
	rule := s.speaksAgainst(o, worst, in)
	if rule == NoRule && worst != Share {
		return worst, NoRule
	}
	for c := range Checks {
		if c == worst || c == Share || !s.alone(o, c) {
			continue
		}
		switch other := s.speaksAgainst(o, c, in); {
		case other == NoRule:
			return c, NoRule
		case rule == NoRule && other != Present:
			worst, rule = c, other
		}
	}
	return worst, rule
}

// speaksAgainst returns the first rule that speaks against acting on a check.
func (s *State) speaksAgainst(o *Options, c Check, in Scrape) Rule {
	if c == Memory && !o.Off[Distant] && s.distant(o) {
		return Distant
	}
	m, ok := s.measureOf(o, c)
	if !ok {
		return NoRule
	}
	h := s.shape(o, m, in)
	paired := s.Recent.sum(m, 0, lately).stable.N >= minStable
	limit := c == ErrorLimit || c == SlowLimit
	if !paired { // there is only stable's past to compare with, so the limit counts where that is more
		h.least = o.limit(c)
	}
	comparison := Errors
	if m != ErrorMeasure {
		comparison = Latency
	}
	for _, rule := range [...]struct {
		Rule
		against bool
	}{
		{Common, s.Recent.unusual(0)},
		{Present, !h.present()},
		{Lasting, !h.lasting(!s.Recent.at(0).Unusual)},
		{Young, s.young(o, m, in) && !(m == ErrorMeasure && h.catastrophe(true))},
		{Warming, m != ErrorMeasure && o.Young > 0 && in.Age < warming*o.Young && float64(s.StepScrapes)*o.Interval <= 2*warming*o.Young && !s.farSlower(o, in)},
		{Unpaired, !paired && !h.lastsUnpaired()},
		{Support, paired && limit && s.Odds[comparison] < math.Log(supportOdds)},
		{Usual, !h.beyondUsual()},
		{Alone, m != ErrorMeasure && in.Canary.Pods == 1 && paired && !h.fromTheBeginning() && !h.lastsWhole()},
		{Small, m != ErrorMeasure && paired && h.small(o.Acted)},
	} {
		if rule.against && !o.Off[rule.Rule] {
			return rule.Rule
		}
	}
	return NoRule
}

// limit is that of a check; 0: it has none.
func (o *Options) limit(c Check) float64 {
	switch c {
	case ErrorLimit:
		return o.ErrorLimit
	case SlowLimit:
		return o.SlowLimit
	case Errors, Latency, Memory, Share, Strata, Hangs, Restarts, ClientErrors, Checks:
	}
	return 0
}

// supportOdds are what the comparison with stable has to say for a limit to be acted on.
const supportOdds = 20
