package trial

import (
	"math"
	"slices"

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

// Verdict is how a trial stands.
type Verdict struct {
	LogOdds   float64 // of the averaged bet
	Different bool    // it reached 1/alpha: the canary is not as it should be
	Rejected  bool    // and no rule speaks against acting on that
	Rule      Rule    // that does
	Worst     Check   // the check that contributes most to it
	Quiet     bool    // what speaks against the canary has not been seen for some scrapes
	Proved    bool    // health is proved in this step
	// SharedErrors and SharedSlow report that stable exceeds that limit too: nothing goes forward.
	SharedErrors, SharedSlow bool
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

// sharedScrapes is how many of stable's scrapes show whether it exceeds a limit too.
const sharedScrapes = 5

// exceeds reports whether stable's recent scrapes exceed a limit, on more than two bad requests.
func (s *State) exceeds(m Measure, limit float64) bool {
	sum := s.Recent.sum(m, 0, sharedScrapes).stable
	return limit > 0 && sum.Bad >= 3 && sum.Bad > sum.N*limit
}

// traffic bets against "the canary gets the least that is fine". Sticky sessions make requests come in small clusters,
// and a lost scrape looks like missing traffic: one alone never suffices.
func (s *State) traffic(o *Options, in Scrape) {
	const sticky = 2
	all := in.Canary.Requests + in.Stable.Requests
	if in.Weight <= 0 || in.Weight >= 1 || all <= 0 || in.Least <= 0 {
		return
	}
	got := bet.Counts{N: all, Bad: in.Canary.Requests}.Temper(sticky)
	var f [bet.Effects]float64
	for j := range f {
		f[j] = bet.LogBelow(got, [3]float64{0.03, 0.4, 0.7}[j%3]*in.Least, in.Least)
		if o.Cap > 0 {
			f[j] = min(f[j], o.Cap)
		}
	}
	s.Share.Step(&f, o.Planned)
}

// LogOdds returns the logarithm of one check's bet. Latency's is the mean of those on its bounds.
func (s *State) LogOdds(c Check) float64 {
	if c < 0 || c >= Checks {
		return 0
	}
	return s.Odds[c]
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

// verdict averages the bets, and applies the rules.
func (s *State) verdict(o *Options, in Scrape) Verdict {
	log, worst := mean(s.Odds[:], o.Weights[:])
	v := Verdict{LogOdds: log, Worst: Check(worst), Different: log >= o.Limit()}
	for i, m := range [2]Measure{ErrorMeasure, SlowMeasure(s.WorstBound)} {
		if h := s.shape(o, m, in); h.present() && h.excess(0, lately) > 0 {
			s.Quiet[i] = 0
		} else {
			s.Quiet[i]++
		}
	}
	if c, ok := s.besideAlone(o); ok {
		v.Worst = c
	}
	v.Quiet = s.quiet(v.Worst) >= quietScrapes
	if v.Different {
		v.Rule = s.speaksAgainst(o, v.Worst, in)
	}
	v.Rejected = v.Different && v.Rule == NoRule
	v.SharedErrors = s.exceeds(ErrorMeasure, o.ErrorLimit)
	v.SharedSlow = s.exceeds(SlowMeasure(o.Slow), o.SlowLimit)
	shared := v.SharedErrors && o.Weights[ErrorLimit] > 0 || v.SharedSlow && o.Weights[SlowLimit] > 0
	v.Proved = s.proved(o) && log < math.Log(undecidedOdds) && !shared
	return v
}

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

// warming is how many times as long as pods are young they may take until they are as fast as others, where it is not
// known how they start: ten minutes of three.
const warming = 10.0 / 3

// minStable is how many requests of stable in the latest scrapes there have to be to compare with.
const minStable = 20

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
		{Warming, m != ErrorMeasure && o.Young > 0 && in.Age < warming*o.Young && float64(s.StepScrapes)*o.Interval <= 2*warming*o.Young},
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

// proved reports whether every bet on health was won in this step. Checks that weigh nothing need no proof.
func (s *State) proved(o *Options) bool {
	if o.Weights[Errors]+o.Weights[Latency] == 0 || s.StepScrapes < o.Dwell {
		return false
	}
	if o.Weights[Errors] > 0 && s.Errors.Proof < math.Log(proofOdds) {
		return false
	}
	slow := func(c comparison) bool { return c.Proof < math.Log(proofOdds) }
	return o.Weights[Latency] == 0 || !slices.ContainsFunc(s.Slow[:o.bounds()], slow)
}

// proofOdds are what each bet on health has to reach, and undecidedOdds what the bets against it must stay below.
const proofOdds, undecidedOdds = 20, 3

// Limit is the logarithm that the averaged bet has to reach: that of 1/alpha.
func (o *Options) Limit() float64 { return -math.Log(o.Alpha) }
