package trial

import (
	"math"

	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/pack"
)

// Measure is a share of bad requests that is compared: of errors, or of those slower than one of the bounds.
type Measure int

// measures is how many there are: errors, and one for each bound.
const measures = 1 + Bounds

// ErrorMeasure is the share of errors; those of slow requests follow.
const ErrorMeasure Measure = 0

// SlowMeasure is the share of the requests beyond a bound, an index.
func SlowMeasure(bound int) Measure { return Measure(1 + bound) }

// bounds are how many bounds are compared, and measures how many measures.
func (o *Options) bounds() int {
	if o.Bounds <= 0 || o.Bounds > Bounds {
		return Bounds
	}
	return o.Bounds
}

func (o *Options) measures() Measure { return SlowMeasure(o.bounds()) }

// counts are an arm's requests by a measure, and the bad ones among them.
func (a *Arm) counts(m Measure) bet.Counts {
	if m == ErrorMeasure {
		return bet.Counts{N: a.Requests, Bad: a.Errors}
	}
	return bet.Counts{N: a.Timed, Bad: a.Slow[m-1]}
}

// Shares are shares of bad requests by each measure.
type Shares [measures]float64

// remembered is how many of a step's newest scrapes are remembered.
const remembered = 16

// recent are the newest scrapes of the step. The zero value is a step before its first scrape.
type recent struct {
	Scrapes [remembered]seen `json:"scrapes,omitzero"`
	Seen    int              `json:"seen,omitempty"` // of this step; the newest is at Seen-1 modulo remembered
}

// seen is a scrape that is remembered.
type seen struct {
	Canary  Arm  `json:"c,omitzero"`
	Stable  Arm  `json:"s,omitzero"`
	Unusual bool `json:"u,omitempty"` // stable was out of its usual
}

func (r *recent) add(s seen) {
	r.Scrapes[r.Seen%remembered] = s
	r.Seen++
}

// length is how many scrapes are remembered.
func (r *recent) length() int { return min(r.Seen, remembered) }

// at returns a scrape by how many came after it.
func (r *recent) at(after int) *seen { return &r.Scrapes[(r.Seen-1-after)%remembered] }

// pair is what both arms did by a measure.
type pair struct{ canary, stable bet.Counts }

// sum adds up so many scrapes, of which the newest has so many after it. Where fewer are remembered, it is those.
func (r *recent) sum(m Measure, after, scrapes int) (p pair) {
	for i := after; i < min(after+scrapes, r.length()); i++ {
		s := r.at(i)
		c, st := s.Canary.counts(m), s.Stable.counts(m)
		p.canary.N, p.canary.Bad = p.canary.N+c.N, p.canary.Bad+c.Bad
		p.stable.N, p.stable.Bad = p.stable.N+st.N, p.stable.Bad+st.Bad
	}
	return p
}

// share is that of the bad requests; 0 of nothing.
func share(c bet.Counts) float64 {
	if c.N <= 0 {
		return 0
	}
	return c.Bad / c.N
}

// unusual reports whether stable was out of its usual around a scrape: in it, in the two after it as far as they are
// known, or in the three before.
func (r *recent) unusual(after int) bool {
	for i := max(after-2, 0); i <= after+3 && i < r.length(); i++ {
		if r.at(i).Unusual {
			return true
		}
	}
	return false
}

// stretchLengths are the lengths, in scrapes, of the stretches of which stable's worst is remembered.
var stretchLengths = [...]int{1, 2, 4, 8, 16}

// worst is the largest share of bad requests that stable had in stretches of each length, less what chance may have
// added.
type worst [len(stretchLengths)]float64

// remember takes a stretch in.
func (w *worst) remember(length int, c bet.Counts) {
	if c.N > 0 {
		w[length] = max(w[length], pack.Down((c.Bad-1.5*math.Sqrt(c.Bad+1))/c.N))
	}
}

// Worst is what stable's past tells: for each measure the worst stretches of each length.
type Worst [measures]worst

// Remember takes a part of stable's past in: scrape by scrape, what it did by a measure.
func (w *Worst) Remember(m Measure, scrapes []bet.Counts) {
	for i, length := range stretchLengths {
		var sum bet.Counts
		for k, c := range scrapes {
			sum.N, sum.Bad = sum.N+c.N, sum.Bad+c.Bad
			if k >= length {
				sum.N, sum.Bad = sum.N-scrapes[k-length].N, sum.Bad-scrapes[k-length].Bad
			}
			if k >= length-1 {
				w[m].remember(i, sum)
			}
		}
	}
}
