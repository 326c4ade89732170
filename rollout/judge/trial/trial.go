package trial

import (
	"math"

	"canarybot.io/rollout/judge/bet"
)

// Arm is what one side did between two scrapes.
type Arm struct {
	Requests float64
	Errors   float64
	Timed    float64         // requests whose duration is known
	Slow     [Bounds]float64 // of them, those slower than each bound; bounds rise
	Pods     int
}

// Scrape is what both sides did in the same seconds.
type Scrape struct {
	Canary, Stable Arm
	Weight         float64 // the canary's share of the traffic, 0 to 1
	Age            float64 // of the youngest canary pod, in seconds
	Slack          Slack   // by how much margins and limits are wider, for the canary's pods are young
	Memory         float64 // of the canary's worst pod, in bytes; 0: not known
}

// common is how many of stable's scrapes tell whether an incident is of both sides.
const common = 5

// known is a share of bad requests that is learned from scrape to scrape and slowly forgotten.
type known struct {
	N   float64 `json:"n,omitempty"`
	Bad float64 `json:"bad,omitempty"`
}

// share returns what the next scrape is expected to show. Before anything was seen it is 1 %.
func (k known) share() float64 { return (k.Bad + 0.5) / (k.N + 50) }

func (k *known) learn(c bet.Counts) {
	const keep = 0.98
	k.N, k.Bad = k.N*keep+c.N, k.Bad*keep+c.Bad
}

// comparison is what is known from comparing one share of bad requests with stable's.
type comparison struct {
	Bet   bet.Mixture `json:"bet"`   // against the canary
	Proof float64     `json:"proof"` // nats against "not fine" since the step began
	Usual known       `json:"usual"` // of stable
}

// State is a trial between two scrapes: what is stored. The zero value is a trial that begins.
type State struct {
	Errors     comparison         `json:"errors"`
	Slow       [Bounds]comparison `json:"slow"` // one for each bound
	ErrorLimit bet.Mixture        `json:"error_limit"`
	SlowLimit  bet.Mixture        `json:"slow_limit"`
	Memory     bet.Mixture        `json:"memory"`
	Share      bet.Mixture        `json:"share"`
	Recent     [common]bet.Counts `json:"recent"` // stable's errors, the newest in place Seen modulo common
	Slowly     [common]bet.Counts `json:"slowly"`
	Seen       int                `json:"seen"`  // scrapes
	Dwelt      int                `json:"dwelt"` // scrapes of this step
	Block      block              `json:"block,omitzero"`
	Erring     times              `json:"erring,omitzero"`
	Slower     times              `json:"slower,omitzero"` // beyond the service's limit
}

// Verdict is how a trial stands.
type Verdict struct {
	Log     float64 // of the averaged bet
	Against bool    // it reached 1/alpha: roll the canary back
	Worst   Check   // the check that says so most
	Proved  bool    // health is proved in this step
	// SharedErrors and SharedSlow: stable breaches that limit too, and nothing goes forward.
	SharedErrors, SharedSlow bool
}

// effects are the odds of the alternatives beyond a bound.
var effects = [bet.Effects]float64{1.4, 2, 3.5, 7, 18, 60, 300}

// Advance begins the next step: the bets against the canary go on, the proofs of its health begin anew.
func (s *State) Advance() {
	s.Dwelt, s.Errors.Proof = 0, 0
	for b := range s.Slow {
		s.Slow[b].Proof = 0
	}
}

// Add judges one more scrape.
func (s *State) Add(o *Options, in Scrape) Verdict {
	if in.Age >= o.CompareFrom {
		s.errors(o, in)
		s.latency(o, in)
	}
	shared := s.limits(o, in)
	s.memory(o, in)
	s.traffic(o, in)
	s.Seen++
	s.Dwelt++
	v := s.verdict(o)
	v.SharedErrors, v.SharedSlow = shared[0], shared[1]
	v.Proved = v.Proved && !(shared[0] && o.Weights[ErrorLimit] > 0) && !(shared[1] && o.Weights[SlowLimit] > 0)
	return v
}

// add places one check's bet, and the one on its health, and learns what is usual for stable.
func (c *comparison) add(o *Options, canary, stable tempered, margin bet.Margin) {
	expected := c.Usual.share()
	bound := margin.Bound(expected)
	var f [bet.Effects]float64
	for j, by := range effects {
		alternative := bet.Rates{Canary: bet.Odds(bound, by), Stable: expected}
		f[j] = o.capped(bet.LogRelative(canary.counts, stable.counts, alternative, margin), canary.counts)
	}
	c.Bet.Step(&f, o.Planned)
	fine := min(1.05*expected, 0.9*bound)
	c.Proof += bet.LogWithin(canary.counts, stable.counts, bet.Rates{Canary: fine, Stable: expected}, margin)
	c.Usual.learn(stable.raw)
}

// tempered are an arm's counts as they were and as they are bet on.
type tempered struct{ raw, counts bet.Counts }

// temper divides what an arm did by its over-dispersion; kappa is the spread.
func (a Arm) temper(raw bet.Counts, kappa float64) tempered {
	return tempered{raw, raw.Temper(1 + kappa*raw.N/float64(max(a.Pods, 1)))}
}

// erring are the arm's requests and errors.
func (a Arm) erring(kappa float64) tempered {
	return a.temper(bet.Counts{N: a.Requests, Bad: a.Errors}, kappa)
}

// slow are the arm's timed requests and those beyond a bound.
func (a Arm) slow(bound int, kappa float64) tempered {
	return a.temper(bet.Counts{N: a.Timed, Bad: a.Slow[bound]}, kappa)
}

// outage is how many bad requests in one scrape may condemn, where they are half of all.
const outage = 10

// capped bounds what a single scrape may say, unless half of its requests were bad, and those not a few: bursts that no
// history contained cannot condemn alone, and an outage still does. A smaller factor has a smaller mean, so the bound
// stands.
func (o *Options) capped(f float64, canary bet.Counts) float64 {
	if o.Cap > 0 && (canary.Bad < canary.N/2 || canary.Bad < outage) {
		return min(f, o.Cap)
	}
	return f
}

func (s *State) errors(o *Options, in Scrape) {
	margin := o.Errors
	margin.Slack += in.Slack.Errors
	canary, stable := in.Canary.erring(o.ErrorSpread), in.Stable.erring(o.ErrorSpread)
	s.Errors.add(o, canary, stable, margin)
	s.Erring.add(o, canary.counts, stable.counts)
}

func (s *State) latency(o *Options, in Scrape) {
	for b := range s.Slow {
		margin := o.Latency
		margin.Slack += in.Slack.Slow[b]
		canary, stable := in.Canary.slow(b, o.SlowSpread[b]), in.Stable.slow(b, o.SlowSpread[b])
		s.Slow[b].add(o, canary, stable, margin)
		if b == o.Slow {
			s.Slower.add(o, canary.counts, stable.counts)
		}
	}
}

// limits bets against the service's own limits, and reports which of them stable breaches too: errors, slowness. A limit
// of 0 is none.
func (s *State) limits(o *Options, in Scrape) (shared [2]bool) {
	s.Recent[s.Seen%common] = bet.Counts{N: in.Stable.Requests, Bad: in.Stable.Errors}
	s.Slowly[s.Seen%common] = bet.Counts{N: in.Stable.Timed, Bad: in.Stable.Slow[o.Slow]}
	erring := o.ErrorLimit > 0 && breached(s.Recent, o.ErrorLimit)
	if o.ErrorLimit > 0 && !erring {
		o.above(&s.ErrorLimit, in.Canary.erring(o.ErrorSpread).counts, o.ErrorLimit+in.Slack.Errors)
	}
	slow := o.SlowLimit > 0 && breached(s.Slowly, o.SlowLimit)
	if o.SlowLimit > 0 && !slow {
		o.above(&s.SlowLimit, in.Canary.slow(o.Slow, o.SlowSpread[o.Slow]).counts, o.SlowLimit+in.Slack.Slow[o.Slow])
	}
	return [2]bool{erring, slow}
}

// above bets that a share stays within its limit.
func (o *Options) above(m *bet.Mixture, canary bet.Counts, limit float64) {
	var f [bet.Effects]float64
	for j, by := range effects {
		f[j] = o.capped(bet.LogAbove(canary, bet.Odds(limit, by), limit), canary)
	}
	m.Step(&f, o.Planned)
}

// breached reports whether stable's latest scrapes go beyond half of the limit, on more than two bad requests. It looks
// at stable only, so a bet that is left out because of it keeps its mean.
func breached(recent [common]bet.Counts, limit float64) bool {
	var sum bet.Counts
	for _, c := range recent {
		sum.N, sum.Bad = sum.N+c.N, sum.Bad+c.Bad
	}
	return sum.Bad >= 3 && sum.Bad > sum.N*limit/2
}

// traffic bets that the canary gets at least half of its share. Sticky sessions make requests come in clusters of a few,
// and a scrape that was lost looks like traffic that did not come: one alone never suffices.
func (s *State) traffic(o *Options, in Scrape) {
	const sticky = 3
	all := in.Canary.Requests + in.Stable.Requests
	if in.Weight <= 0 || in.Weight >= 1 || all <= 0 {
		return
	}
	got := bet.Counts{N: all, Bad: in.Canary.Requests}.Temper(sticky)
	var f [bet.Effects]float64
	for j := range f {
		f[j] = bet.LogBelow(got, [2]float64{0.02, 0.2}[j%2]*in.Weight, in.Weight/2)
		if o.Cap > 0 {
			f[j] = min(f[j], o.Cap)
		}
	}
	s.Share.Step(&f, o.Planned)
}

// Log returns the logarithm of one check's bet. Latency's is the mean of those on its bounds.
func (s *State) Log(c Check) float64 {
	switch c {
	case Errors:
		return s.Errors.Bet.Log()
	case Latency:
		var logs, even [Bounds]float64
		for b := range s.Slow {
			logs[b], even[b] = s.Slow[b].Bet.Log(), 1
		}
		log, _ := mean(logs[:], even[:])
		return log
	case ErrorLimit:
		return s.ErrorLimit.Log()
	case SlowLimit:
		return s.SlowLimit.Log()
	case Memory:
		return s.Memory.Log()
	case Share:
		return s.Share.Log()
	case Checks:
	}
	return 0
}

// mean returns the logarithm of the weighted mean of bets, and which of them is the largest part of it.
func mean(logs, weights []float64) (log float64, worst int) {
	most, total := math.Inf(-1), 0.0
	for i, l := range logs {
		if weights[i] > 0 {
			most = max(most, l)
		}
		total += weights[i]
	}
	if total == 0 {
		return 0, 0 // nothing is bet
	}
	sum, part := 0.0, -1.0
	for i, l := range logs {
		if weights[i] == 0 {
			continue
		}
		share := weights[i] / total * math.Exp(l-most)
		if sum += share; share > part {
			part, worst = share, i
		}
	}
	return most + math.Log(sum), worst
}

// Needed is how many nats a check's bet has to gain to suffice alone, not knowing which check, which effect, nor from when
// on: what is paid for not knowing included.
func (o *Options) Needed(c Check) float64 {
	total := 0.0
	for _, w := range o.Weights {
		total += w
	}
	if o.Weights[c] == 0 {
		return math.Inf(1)
	}
	return o.Limit() + math.Log(total/o.Weights[c]) + math.Log(bet.Effects) + math.Ln2
}

// Gain is how many nats a scrape like this gains in the bet on errors by the best of its alternatives, where stable
// usually has such a share of them.
func (o *Options) Gain(canary, stable Arm, usual float64) (most float64) {
	c, s := canary.erring(o.ErrorSpread).counts, stable.erring(o.ErrorSpread).counts
	bound := o.Errors.Bound(usual)
	for _, by := range effects {
		most = max(most, o.capped(bet.LogRelative(c, s, bet.Rates{Canary: bet.Odds(bound, by), Stable: usual}, o.Errors), c))
	}
	return most
}

// verdict averages the bets.
func (s *State) verdict(o *Options) Verdict {
	var logs [Checks]float64
	for c := range Checks {
		logs[c] = s.Log(c)
	}
	log, worst := mean(logs[:], o.Weights[:])
	v := Verdict{Log: log, Worst: Check(worst), Against: log >= o.Limit()}
	v.Proved = o.Weights[Errors]+o.Weights[Latency] > 0 && s.Dwelt >= o.Dwell && v.Log < math.Log(doubt) && (o.Weights[Errors] == 0 || s.Errors.Proof >= math.Log(proved))
	for b := range s.Slow {
		v.Proved = v.Proved && (o.Weights[Latency] == 0 || s.Slow[b].Proof >= math.Log(proved))
	}
	return v
}

// proved is what a bet on health has to reach, and doubt what one against it must not have.
const proved, doubt = 20, 3

// Limit is the logarithm that the averaged bet has to reach: that of 1/alpha.
func (o *Options) Limit() float64 { return -math.Log(o.Alpha) }
