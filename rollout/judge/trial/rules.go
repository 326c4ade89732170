package trial

import (
	"math"
	"slices"

	"canarybot.io/rollout/judge/bet"
)

// Rule keeps a canary from being rolled back though the bets suffice. Every rule only delays or prevents; so the budget
// of errors holds with all of them.
type Rule int

// The rules, in the order in which they are applied.
const (
	NoRule   Rule = iota
	Common        // stable is out of its usual, or was within the last scrapes: both may have the same trouble
	Present       // the newest scrapes do not show it any more
	Lasting       // nor did those before the newest two yet
	Young         // pods have only started, and it is not known how they start
	Warming       // nor whether it takes them longer to be as fast as others
	Unpaired      // stable has no traffic: it has to last
	Support       // a limit is exceeded, and the comparison with stable does not say so
	Usual         // stable was as bad before
	Hidden        // one target reports for all pods, which may differ
	Alone         // it began in the middle of the step, on the only pod
	Small         // slower, by less than what is acted on
	Distant       // memory reaches its limit within the hour, and not soon
	Rules         // how many there are
)

var ruleNames = [Rules]string{
	"none", "common", "present", "lasting", "young", "warming", "unpaired", "support", "usual", "hidden", "alone", "small", "distant",
}

// String returns the rule's name in lower snake case.
func (r Rule) String() string {
	if r < 0 || r >= Rules {
		return "none"
	}
	return ruleNames[r]
}

// ParseRule reads a rule's name; ok is false where there is none of that name.
func ParseRule(name string) (r Rule, ok bool) {
	at := slices.Index(ruleNames[1:], name)
	return Rule(at + 1), at >= 0
}

// RuleSet is a set of rules.
type RuleSet [Rules]bool

// shape is what the rules look at: one measure in the newest scrapes.
type shape struct {
	*recent
	measure Measure
	margin  bet.Margin
	least   float64 // a share that is fine in any case
	usual   float64 // stable's share
	worst   worst
	phi     float64 // by which the canary's counts are over-dispersed
}

// excess is by how much the canary's share exceeds what is fine beside stable in so many scrapes.
func (s shape) excess(after, scrapes int) float64 {
	p := s.sum(s.measure, after, scrapes)
	return share(p.canary) - max(s.margin.Bound(s.blend(p.stable)), s.least)
}

// lately is over how many of the newest scrapes the strength of a fault is measured.
const lately = 8

// few is the fewest scrapes in which three bad requests are expected at the strength of the latest ones.
func (s shape) few() int {
	const expected = 3
	all := s.sum(s.measure, 0, lately).canary
	strength := share(all)
	n := 0.0
	for k := 1; k < min(lately, s.length()); k++ {
		if n += s.at(k - 1).Canary.counts(s.measure).N; n*strength >= expected {
			return k
		}
	}
	return min(lately, s.length())
}

// thin reports whether the canary gets hardly any requests: less than a hundred in all scrapes that are remembered.
func (s shape) thin() bool {
	return s.sum(s.measure, 0, remembered).canary.N < 100*float64(s.length())/remembered
}

// present reports whether the newest scrapes show at least a quarter of what the latest ones do. Of thin traffic all
// that is remembered counts.
func (s shape) present() bool {
	if s.thin() {
		return s.excess(0, remembered) > 0
	}
	strength := s.excess(0, lately)
	return strength > 0 && s.excess(0, s.few()) >= strength/4
}

// LastingScrapes is how many scrapes it takes at least to act on what is no catastrophe.
const LastingScrapes = 3

// lasting reports whether it was there before the newest two scrapes as well, as strong as half of it and with two bad
// requests where as many are to be expected, at any time that is remembered. A catastrophe needs less.
func (s shape) lasting(stableWell bool) bool {
	if s.catastrophe(stableWell) || s.thin() {
		return true
	}
	const newest = LastingScrapes - 1
	few := s.few()
	strength := s.excess(0, few)
	for after := newest; after < s.length(); after++ {
		length := min(few, s.length()-after)
		c := s.sum(s.measure, after, length).canary
		if c.Bad >= max(1, min(2, c.N*strength/2)) && s.excess(after, length) >= strength/2 {
			return true
		}
	}
	return false
}

// catastrophe reports whether it is so bad that one scrape suffices, where half of the requests fail, or two.
func (s shape) catastrophe(stableWell bool) bool {
	newest := s.at(0).Canary.counts(s.measure)
	if s.measure == ErrorMeasure && stableWell && newest.Bad >= minOutageErrors && newest.Bad >= newest.N/2 && s.excess(0, 1) >= 0.4 {
		return true
	}
	far := 0.35
	if s.measure == ErrorMeasure {
		far = 0.15
	}
	return s.length() >= 2 && s.excess(0, 2) >= far && s.excess(0, 1) >= far/2 && s.excess(1, 1) >= far/2
}

// beyondUsual reports whether some stretch that ends now is a quarter worse than stable's worst of the same length, by
// more than two standard errors.
func (s shape) beyondUsual() bool {
	for i, length := range stretchLengths {
		if length > s.length() {
			break
		}
		c := s.sum(s.measure, 0, length).canary
		if c.N <= 0 {
			continue
		}
		p := share(c)
		if p-2*math.Sqrt(p*(1-p)/c.N*s.phi) > 1.25*s.worst[i] {
			return true
		}
	}
	return false
}

// lastsUnpaired reports whether it lasts where stable has no traffic: for 13 of the 16 that are remembered, or with
// about half of all requests for three. Of thin traffic all that is remembered counts.
func (s shape) lastsUnpaired() bool {
	const of, most, outage = remembered, 13, 3
	if s.sum(s.measure, 0, outage).canary.N > 0 && s.length() >= outage {
		whole := true
		for i := range outage {
			c := s.at(i).Canary.counts(s.measure)
			whole = whole && c.Bad >= 0.4*c.N && c.Bad >= minOutageErrors
		}
		if whole {
			return true
		}
	}
	if s.length() < of {
		return false
	}
	all := s.sum(s.measure, 0, of).canary
	if all.N*share(all) < 3*of { // too few bad requests to tell scrapes from each other
		const half = remembered / 2
		return s.length() == remembered && s.excess(0, half) > 0 && s.excess(half, half) > 0
	}
	n := 0
	for i := range of {
		if s.excess(i, 1) > 0 {
			n++
		}
	}
	return n >= most
}

// fromTheBeginning reports whether it was there in the first scrapes of the step already.
func (s shape) fromTheBeginning() bool {
	if s.Seen > remembered {
		return false
	}
	return s.excess(s.length()-2, 2) >= s.excess(0, lately)/2
}

// small reports whether the canary is slower by less than what is acted on.
func (s shape) small(acted bet.Margin) bool {
	p := s.sum(s.measure, 0, remembered)
	c := share(p.canary)
	return c-math.Sqrt(c*(1-c)/max(p.canary.N, 1)*s.phi) <= acted.Bound(s.blend(p.stable))
}

// blend is stable's share in some scrapes; where it had few requests, its usual one counts too.
func (s shape) blend(stable bet.Counts) float64 {
	const worth = 50 // requests that the usual share counts for
	return (stable.Bad + s.usual*worth) / (stable.N + worth)
}

// lastsWhole reports whether it is there in the whole of what is remembered: in each pair of scrapes, as strong as a
// third of it.
func (s shape) lastsWhole() bool {
	if s.length() < remembered {
		return false
	}
	strength := s.excess(0, lately)
	for i := 0; i < remembered; i += 2 {
		if s.excess(i, 2) < strength/3 {
			return false
		}
	}
	return true
}
