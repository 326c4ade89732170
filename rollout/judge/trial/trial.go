package trial

import (
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/pack"
)

// Arm is what one arm did between two scrapes.
type Arm struct {
	Requests float64
	Errors   float64
	Timed    float64         // requests whose duration is known
	Slow     [Bounds]float64 // of them, those slower than each bound; bounds rise
	Pods     int
}

// Scrape is what both arms did in the same seconds.
type Scrape struct {
	Canary, Stable Arm
	Weight         float64 // the canary's share of the traffic, 0 to 1
	Least          float64 // the smallest share that is still fine
	Age            float64 // of the youngest canary pod, in seconds
	Slack          Slack   // by how much margins and limits are wider while the canary's pods are young
	Memory         float64 // of the canary's largest pod, in bytes; 0: no new reading
	Hidden         bool    // one target reports for all pods of a version
	Beside         Beside  // how the bets stand that are placed elsewhere
}

// The bets that are placed on requests, as indices: on each measure beside stable, and on the limits.
const (
	errorLimitBet = measures + iota
	slowLimitBet
	requestBets
)

// factors are those of one scrape, for each bet on requests.
type factors [requestBets][bet.Effects]float64

// pendingScrapes is for how many scrapes a bet may still be given back: sides are scraped at different moments, so what
// hit both may show on stable a scrape or two after it showed on the canary.
const pendingScrapes = 2

// State is a trial between two scrapes, as it is stored. The zero value is a trial before its first scrape. The bets are
// those of the scrapes that are settled; those of the newest are in Pending.
type State struct {
	Errors      comparison              `json:"errors"`
	Slow        [Bounds]comparison      `json:"slow"` // one for each bound
	ErrorLimit  bet.Mixture             `json:"error_limit"`
	SlowLimit   bet.Mixture             `json:"slow_limit"`
	Memory      bet.Mixture             `json:"memory"`
	Share       bet.Mixture             `json:"share"`
	Scrapes     int                     `json:"seen"`
	StepScrapes int                     `json:"dwelt"` // of this step
	Block       block                   `json:"block,omitzero"`
	ErrorRatios ratioBets               `json:"erring,omitzero"`
	SlowRatios  ratioBets               `json:"slower,omitzero"` // beyond the service's limit
	Pending     [pendingScrapes]factors `json:"pending,omitzero"`
	Pendings    int                     `json:"pendings,omitempty"` // how many there are; the oldest comes first
	Recent      recent                  `json:"recently,omitzero"`
	Worst       Worst                   `json:"worst,omitzero"`    // of stable
	Unusual     int                     `json:"unusual,omitempty"` // scrapes in a row in which stable was out of its usual
	Quiet       [2]int                  `json:"quiet,omitzero"`    // scrapes in a row in which errors, slowness were fine
	Odds        [Checks]float64         `json:"odds,omitzero"`     // logarithms of the bets, with those that are pending
	WorstBound  int                     `json:"worst_bound,omitempty"`
}

// effects are the odds of the alternatives beyond a bound.
var effects = [bet.Effects]float64{1.4, 2, 3.5, 7, 18, 60, 300}

// Advance begins the next step: the bets against the canary go on, the proofs of its health start again. Bets that are
// pending are given up: what comes after them is of another weight, and tells nothing about them.
func (s *State) Advance() {
	s.Pending, s.Pendings = [pendingScrapes]factors{}, 0
	s.StepScrapes, s.Errors.Proof, s.Recent, s.Quiet = 0, 0, recent{}, [2]int{}
	for b := range s.Slow {
		s.Slow[b].Proof = 0
	}
}

// Begin takes in what is known of stable's past before the first scrape: its share of bad requests by each measure, of
// so many requests, and its worst.
func (s *State) Begin(shares Shares, requests float64, worst Worst) {
	s.Worst = worst
	n := min(requests, 5000)
	for m := range Measure(measures) {
		s.comparison(m).Expected = runningShare{N: n, Bad: n * shares[m]}
	}
}

// comparison is the one by a measure.
func (s *State) comparison(m Measure) *comparison {
	if m == ErrorMeasure {
		return &s.Errors
	}
	return &s.Slow[m-1]
}

// mixture is one of the bets on requests.
func (s *State) mixture(i int) *bet.Mixture {
	switch i {
	case errorLimitBet:
		return &s.ErrorLimit
	case slowLimitBet:
		return &s.SlowLimit
	}
	return &s.comparison(Measure(i)).Bet
}

// Add bets on one more scrape and returns the verdict.
func (s *State) Add(o *Options, in Scrape) Verdict {
	unusual := s.notice(o, in)
	s.Recent.add(seen{in.Canary, in.Stable, unusual})
	if s.Pendings == pendingScrapes {
		s.settle(o)
	}
	s.Pending[s.Pendings] = s.factors(o, in).coarse()
	s.Pendings++
	s.learn(o, in)
	s.memory(o, in)
	s.traffic(o, in)
	s.Scrapes++
	s.StepScrapes++
	s.Odds, s.WorstBound = s.odds(o)
	in.Beside.join(&s.Odds)
	v := s.verdict(o, in)
	s.forgive()
	return v
}

// settle makes the oldest of the pending bets final.
func (s *State) settle(o *Options) {
	f := s.kept(o, 0)
	for i := range f {
		s.mixture(i).Step(&f[i], o.Planned)
	}
	copy(s.Pending[:], s.Pending[1:])
	s.Pendings--
	s.Pending[s.Pendings] = factors{}
}

// kept are a pending scrape's factors. Around a scrape in which stable was out of its usual nothing is bet against the
// canary: a factor is lowered to one at most, never raised, so a bet stays one.
func (s *State) kept(o *Options, i int) factors {
	f := s.Pending[i]
	if o.Off[Common] || !s.Recent.unusual(s.Pendings-1-i) {
		return f
	}
	for b := range f {
		for j := range f[b] {
			f[b][j] = min(f[b][j], 0)
		}
	}
	return f
}

// odds are the logarithms of all bets, with those that are pending, and the bound whose bet says most.
func (s *State) odds(o *Options) (logs [Checks]float64, worstBound int) {
	var request [requestBets]float64
	var kept [pendingScrapes]factors
	for p := range s.Pendings {
		kept[p] = s.kept(o, p)
	}
	for i := range request {
		m := *s.mixture(i)
		for p := range s.Pendings {
			m.Step(&kept[p][i], o.Planned)
		}
		request[i] = m.Log()
	}
	var even [Bounds]float64
	for b := range o.bounds() {
		even[b] = 1
	}
	logs = [Checks]float64{
		Errors: request[ErrorMeasure], ErrorLimit: request[errorLimitBet], SlowLimit: request[slowLimitBet],
		Memory: s.Memory.Log(), Share: s.Share.Log(),
	}
	logs[Latency], worstBound = mean(request[SlowMeasure(0):errorLimitBet], even[:])
	return logs, worstBound
}

// factors are a scrape's, by what was known before it.
func (s *State) factors(o *Options, in Scrape) (f factors) {
	if in.Age >= o.CompareFrom {
		for m := range o.measures() {
			s.comparison(m).factors(o, &f[m], in.canary(o, m).counts, in.stable(o, m).counts, o.margin(m, in))
		}
	}
	if o.ErrorLimit > 0 {
		o.above(&f[errorLimitBet], in.canary(o, ErrorMeasure).counts, o.ErrorLimit+in.Slack.Errors)
	}
	if o.SlowLimit > 0 {
		o.above(&f[slowLimitBet], in.canary(o, SlowMeasure(o.Slow)).counts, o.SlowLimit+in.Slack.Slow[o.Slow])
	}
	return f
}

// coarse are the factors rounded down, for they are stored: a smaller factor is a smaller bet.
func (f factors) coarse() factors {
	for b := range f {
		for j := range f[b] {
			f[b][j] = pack.Down(f[b][j])
		}
	}
	return f
}
