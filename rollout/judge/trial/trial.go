package trial

import (
	"math"
	"slices"

	"canarybot.io/rollout/judge/bet"
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
	Age            float64 // of the youngest canary pod, in seconds
	Slack          Slack   // by how much margins and limits are wider while the canary's pods are young
	Memory         float64 // of the canary's largest pod, in bytes; 0: no new reading
	Beside         Beside  // how the bets stand that are placed elsewhere
}

// sharedScrapes is how many of stable's scrapes show whether an incident hits both arms.
const sharedScrapes = 5

// runningShare is a share of bad requests that is learned scrape by scrape and slowly forgotten.
type runningShare struct {
	N   float64 `json:"n,omitempty"`
	Bad float64 `json:"bad,omitempty"`
}

// share returns the share expected of the next scrape; 1 % before the first.
func (k runningShare) share() float64 { return (k.Bad + 0.5) / (k.N + 50) }

func (k *runningShare) add(c bet.Counts) {
	const keep = 0.98
	k.N, k.Bad = k.N*keep+c.N, k.Bad*keep+c.Bad
}

// comparison compares one share of bad requests with stable's.
type comparison struct {
	Bet      bet.Mixture  `json:"bet"`   // against the canary
	Proof    float64      `json:"proof"` // nats against "not fine" since the step began
	Expected runningShare `json:"usual"` // share of stable
}

// State is a trial between two scrapes, as it is stored. The zero value is a trial before its first scrape.
type State struct {
	Errors       comparison                `json:"errors"`
	Slow         [Bounds]comparison        `json:"slow"` // one for each bound
	ErrorLimit   bet.Mixture               `json:"error_limit"`
	SlowLimit    bet.Mixture               `json:"slow_limit"`
	Memory       bet.Mixture               `json:"memory"`
	Share        bet.Mixture               `json:"share"`
	RecentErrors [sharedScrapes]bet.Counts `json:"recent"` // of stable; the newest is at Scrapes modulo sharedScrapes
	RecentSlow   [sharedScrapes]bet.Counts `json:"slowly"`
	Scrapes      int                       `json:"seen"`
	StepScrapes  int                       `json:"dwelt"` // of this step
	Block        block                     `json:"block,omitzero"`
	ErrorRatios  ratioBets                 `json:"erring,omitzero"`
	SlowRatios   ratioBets                 `json:"slower,omitzero"` // beyond the service's limit
	Beside       Beside                    `json:"beside,omitzero"`
}

// Verdict is how a trial stands.
type Verdict struct {
	LogOdds  float64 // of the averaged bet
	Rejected bool    // it reached 1/alpha: the canary is not fine
	Worst    Check   // the check that contributes most to it
	Proved   bool    // health is proved in this step
	// SharedErrors and SharedSlow report that stable exceeds that limit too: nothing goes forward.
	SharedErrors, SharedSlow bool
}

// effects are the odds of the alternatives beyond a bound.
var effects = [bet.Effects]float64{1.4, 2, 3.5, 7, 18, 60, 300}

// Advance begins the next step: the bets against the canary go on, the proofs of its health start again.
func (s *State) Advance() {
	s.StepScrapes, s.Errors.Proof = 0, 0
	for b := range s.Slow {
		s.Slow[b].Proof = 0
	}
}

// Add bets on one more scrape and returns the verdict.
func (s *State) Add(o *Options, in Scrape) Verdict {
	if in.Age >= o.CompareFrom {
		s.errors(o, in)
		s.latency(o, in)
	}
	shared := s.limits(o, in)
	s.memory(o, in)
	s.traffic(o, in)
	s.Beside = in.Beside
	s.Scrapes++
	s.StepScrapes++
	v := s.verdict(o)
	v.SharedErrors, v.SharedSlow = shared[0], shared[1]
	v.Proved = v.Proved && !(shared[0] && o.Weights[ErrorLimit] > 0) && !(shared[1] && o.Weights[SlowLimit] > 0)
	return v
}

// add places a check's bet, and the one on its health, and then learns stable's share.
func (c *comparison) add(o *Options, canary, stable tempered, margin bet.Margin) {
	expected := c.Expected.share()
	bound := margin.Bound(expected)
	var f [bet.Effects]float64
	for j, by := range effects {
		alternative := bet.Rates{Canary: bet.Odds(bound, by), Stable: expected}
		f[j] = o.capped(bet.LogRelative(canary.counts, stable.counts, alternative, margin), canary.counts)
	}
	c.Bet.Step(&f, o.Planned)
	fine := min(1.05*expected, 0.9*bound)
	c.Proof += bet.LogWithin(canary.counts, stable.counts, bet.Rates{Canary: fine, Stable: expected}, margin)
	c.Expected.add(stable.raw)
}

// tempered are an arm's counts as measured, and as they are bet on.
type tempered struct{ raw, counts bet.Counts }

// temper divides counts by their over-dispersion; kappa is the spread.
func (a Arm) temper(raw bet.Counts, kappa float64) tempered {
	return tempered{raw, raw.Temper(1 + kappa*raw.N/float64(max(a.Pods, 1)))}
}

// failed are the arm's requests and errors.
func (a Arm) failed(kappa float64) tempered {
	return a.temper(bet.Counts{N: a.Requests, Bad: a.Errors}, kappa)
}

// slow are the arm's timed requests and those beyond a bound.
func (a Arm) slow(bound int, kappa float64) tempered {
	return a.temper(bet.Counts{N: a.Timed, Bad: a.Slow[bound]}, kappa)
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

func (s *State) errors(o *Options, in Scrape) {
	margin := o.Errors
	margin.Slack += in.Slack.Errors
	canary, stable := in.Canary.failed(o.ErrorSpread), in.Stable.failed(o.ErrorSpread)
	s.Errors.add(o, canary, stable, margin)
	s.ErrorRatios.add(o, canary.counts, stable.counts)
}

func (s *State) latency(o *Options, in Scrape) {
	for b := range s.Slow {
		margin := o.Latency
		margin.Slack += in.Slack.Slow[b]
		canary, stable := in.Canary.slow(b, o.SlowSpread[b]), in.Stable.slow(b, o.SlowSpread[b])
		s.Slow[b].add(o, canary, stable, margin)
		if b == o.Slow {
			s.SlowRatios.add(o, canary.counts, stable.counts)
		}
	}
}

// limits bets against the service's own limits, and reports which of them stable exceeds too: errors, slow requests. A
// limit of 0 is none.
func (s *State) limits(o *Options, in Scrape) (shared [2]bool) {
	s.RecentErrors[s.Scrapes%sharedScrapes] = bet.Counts{N: in.Stable.Requests, Bad: in.Stable.Errors}
	s.RecentSlow[s.Scrapes%sharedScrapes] = bet.Counts{N: in.Stable.Timed, Bad: in.Stable.Slow[o.Slow]}
	errors := o.ErrorLimit > 0 && exceeds(s.RecentErrors, o.ErrorLimit)
	if o.ErrorLimit > 0 && !errors {
		o.above(&s.ErrorLimit, in.Canary.failed(o.ErrorSpread).counts, o.ErrorLimit+in.Slack.Errors)
	}
	slow := o.SlowLimit > 0 && exceeds(s.RecentSlow, o.SlowLimit)
	if o.SlowLimit > 0 && !slow {
		o.above(&s.SlowLimit, in.Canary.slow(o.Slow, o.SlowSpread[o.Slow]).counts, o.SlowLimit+in.Slack.Slow[o.Slow])
	}
	return [2]bool{errors, slow}
}

// above bets against "the share is within its limit".
func (o *Options) above(m *bet.Mixture, canary bet.Counts, limit float64) {
	var f [bet.Effects]float64
	for j, by := range effects {
		f[j] = o.capped(bet.LogAbove(canary, bet.Odds(limit, by), limit), canary)
	}
	m.Step(&f, o.Planned)
}

// exceeds reports whether stable's recent scrapes exceed half of the limit, on more than two bad requests. It depends on
// stable only, so leaving a bet out because of it keeps the bet's mean.
func exceeds(recent [sharedScrapes]bet.Counts, limit float64) bool {
	var sum bet.Counts
	for _, c := range recent {
		sum.N, sum.Bad = sum.N+c.N, sum.Bad+c.Bad
	}
	return sum.Bad >= 3 && sum.Bad > sum.N*limit/2
}

// traffic bets against "the canary gets at least half of its share". Sticky sessions make requests come in small
// clusters, and a lost scrape looks like missing traffic: one alone never suffices.
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

// LogOdds returns the logarithm of one check's bet. Latency's is the mean of those on its bounds.
func (s *State) LogOdds(c Check) float64 {
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
	case Strata, Hangs, Restarts, ClientErrors:
		return s.Beside[c]
	case Checks:
	}
	return 0
}

// mean returns the logarithm of the weighted mean of bets, and which of them contributes most to it.
func mean(logs, weights []float64) (log float64, worst int) {
	most, total := math.Inf(-1), 0.0
	for i, l := range logs {
		if weights[i] > 0 {
			most = max(most, l)
		}
		total += weights[i]
	}
	if total == 0 {
		return 0, 0 // no bet counts
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

// verdict averages the bets.
func (s *State) verdict(o *Options) Verdict {
	var logs [Checks]float64
	for c := range Checks {
		logs[c] = s.LogOdds(c)
	}
	log, worst := mean(logs[:], o.Weights[:])
	v := Verdict{LogOdds: log, Worst: Check(worst), Rejected: log >= o.Limit()}
	v.Proved = s.proved(o) && log < math.Log(undecidedOdds)
	return v
}

// proved reports whether every bet on health was won in this step. Checks that weigh nothing need no proof.
func (s *State) proved(o *Options) bool {
	if o.Weights[Errors]+o.Weights[Latency] == 0 || s.StepScrapes < o.Dwell {
		return false
	}
	if o.Weights[Errors] > 0 && s.Errors.Proof < math.Log(proofOdds) {
		return false
	}
	slow := func(c comparison) bool { return c.Proof < math.Log(proofOdds) }
	return o.Weights[Latency] == 0 || !slices.ContainsFunc(s.Slow[:], slow)
}

// proofOdds are what each bet on health has to reach, and undecidedOdds what the bets against it must stay below.
const proofOdds, undecidedOdds = 20, 3

// Limit is the logarithm that the averaged bet has to reach: that of 1/alpha.
func (o *Options) Limit() float64 { return -math.Log(o.Alpha) }
