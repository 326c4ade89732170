package trial

import (
	"math"
	"slices"
)

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
	if v.Different {
		v.Worst, v.Rule = s.decisive(o, v.Worst, in)
	}
	v.Quiet = s.quiet(v.Worst) >= quietScrapes
	v.Rejected = v.Different && v.Rule == NoRule
	v.SharedErrors = s.exceeds(ErrorMeasure, o.ErrorLimit)
	v.SharedSlow = s.exceeds(SlowMeasure(o.Slow), o.SlowLimit)
	shared := v.SharedErrors && o.Weights[ErrorLimit] > 0 || v.SharedSlow && o.Weights[SlowLimit] > 0
	v.Proved = s.proved(o) && log < math.Log(undecidedOdds) && !shared
	return v
}

// sharedScrapes is how many of stable's scrapes show whether it exceeds a limit too.
const sharedScrapes = 5

// exceeds reports whether stable's recent scrapes exceed a limit, on more than two bad requests.
func (s *State) exceeds(m Measure, limit float64) bool {
	sum := s.Recent.sum(m, 0, sharedScrapes).stable
	return limit > 0 && sum.Bad >= 3 && sum.Bad > sum.N*limit
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
	return o.Weights[Latency] == 0 || !slices.ContainsFunc(s.Slow[:o.bounds()], slow)
}

// proofOdds are what each bet on health has to reach, and undecidedOdds what the bets against it must stay below.
const proofOdds, undecidedOdds = 20, 3

// Limit is the logarithm that the averaged bet has to reach: that of 1/alpha.
func (o *Options) Limit() float64 { return -math.Log(o.Alpha) }
