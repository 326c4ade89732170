package judge

import (
	"math"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// strata is the part of the state that looks at the errors of each of a label's values: one endpoint of twenty that fails
// drowns in the total. The values are stable's busiest; all others are one stratum.
//
// The bet is the mean of those on all strata, each with the same weight, so that it has one budget however many there
// are. What is counted is what samples show that are there in time: one that comes late is lost here.
type strata struct {
	Parts   []part  `json:"parts,omitempty"` // the last one is of all other values
	Staked  float64 `json:"staked,omitempty"`
	Scrapes int     `json:"scrapes,omitempty"`
	Settled int     `json:"settled,omitempty"` // scrapes in a row in which the bet suffices
	Tried   int     `json:"tried,omitempty"`   // in vain, to learn which values there are
}

// longestName is how long a value may be, in bytes, to be looked at by itself.
const longestName = 100

// newStep begins to watch another weight.
func (s *strata) newStep() { s.Settled = 0 }

// forget begins the bets anew. What is known of stable stays.
func (s *strata) forget() {
	s.Parts = slices.Clone(s.Parts)
	for i := range s.Parts {
		s.Parts[i].forget()
	}
	s.Staked, s.Scrapes, s.Settled = 0, 0, 0
}

// wants reports whether it is to be asked which values there are.
func (s *strata) wants(signals rollout.Signals) bool {
	return signals.By != "" && len(s.Parts) == 0 && s.Tried < maxAttempts
}

// choose takes in which values are stable's busiest. They stay the same for the whole rollout.
func (s *strata) choose(c rollout.Case) {
	if !s.wants(c.Spec.Signals) || len(c.Raw.Stable.Requests.Series) == 0 {
		return
	}
	s.Tried++
	for _, one := range c.Raw.Groups.Series {
		known := slices.ContainsFunc(s.Parts, func(p part) bool { return p.Name == one.Group })
		if one.Group != "" && len(one.Group) <= longestName && !known && len(s.Parts) < rollout.Groups {
			s.Parts = append(s.Parts, part{Name: one.Group})
		}
	}
	if len(s.Parts) > 0 {
		s.Parts = append(s.Parts, part{})
	}
}

// update bets on a scrape, and returns the logarithm of the bet.
func (s *strata) update(sc *scrape, in trial.Scrape, t *targets) float64 {
	if len(s.Parts) == 0 {
		return 0
	}
	all := s.count(sc, in, t)
	for i := range all {
		all[i].margin, all[i].bets = sc.options.ErrorMargin(in), in.Age >= sc.options.CompareFrom
	}
	return s.bet(&sc.options, all, in.Age >= sc.options.Young)
}

// bet bets on what both arms did in each stratum. Acts says whether pods are old enough to act on it.
func (s *strata) bet(o *trial.Options, all []bothDid, acts bool) float64 {
	s.Parts = slices.Clone(s.Parts) // those of the state before stay as they are
	onset := bet.Onset(s.Scrapes, o.Planned, s.Staked)
	s.Scrapes++
	s.Staked += onset
	sum := 0.0
	for i := range s.Parts {
		s.Parts[i].update(o, all[i], onset)
		sum += s.Parts[i].bet(s.Staked)
	}
	log := settled(&s.Settled, math.Log(sum/float64(len(s.Parts))), s.worst().seen(all[0].margin))
	if !acts {
		return min(log, math.Log(holdOdds))
	}
	return log
}

// worst is the stratum whose bet says most against the canary.
func (s *strata) worst() *part {
	worst := &s.Parts[0]
	for i := range s.Parts {
		if s.Parts[i].bet(s.Staked) > worst.bet(s.Staked) {
			worst = &s.Parts[i]
		}
	}
	return worst
}

// count returns what both arms did in each stratum. Stable's pods differ in a part of their requests as they do in all.
func (s *strata) count(sc *scrape, in trial.Scrape, t *targets) []bothDid {
	at := make(map[string]int, len(s.Parts))
	for i := range s.Parts {
		at[s.Parts[i].Name] = i
	}
	did := make([]bothDid, len(s.Parts))
	for arm := range sc.arms {
		for k := range sc.arms[arm].targets {
			one := &sc.arms[arm].targets[k]
			if arm == canaryArm {
				t.askBack(one)
			}
			var near series.Near
			for i := range one.meters {
				c := &one.meters[i]
				stratum, known := at[c.group]
				if !known {
					stratum = len(s.Parts) - 1
				}
				switch to := &did[stratum].raw[arm]; c.kind {
				case requestKind:
					to.N += c.grown(sc.span, one.start(arm, c), &near)
				case errorKind:
					to.Bad += c.grown(sc.span, one.start(arm, c), &near)
				case successKind, latencyKind, memoryKind, refusedKind, kinds:
				}
			}
		}
		pods := float64(max([2]int{in.Canary.Pods, in.Stable.Pods}[arm], 1))
		for i := range did {
			c := &did[i].raw[arm]
			c.Bad = min(c.Bad, c.N) // a counter without the label has its requests elsewhere
			did[i].counts[arm] = c.Temper(1 + sc.options.ErrorSpread*c.N/pods)
		}
	}
	return did
}

// alone reports whether a single stratum explains what the total shows: all others together are fine beside stable.
func (s *strata) alone(w *window) bool {
	if len(s.Parts) == 0 || s.worst().bet(s.Staked) < holdOdds {
		return false
	}
	var rest [2]bet.Counts
	for i := range s.Parts {
		for arm := range rest {
			if p := &s.Parts[i]; p != s.worst() {
				rest[arm].N, rest[arm].Bad = rest[arm].N+p.Recent[arm].N, rest[arm].Bad+p.Recent[arm].Bad
			}
		}
	}
	canary, bound := rest[canaryArm], w.options.Errors.Bound(shareOf(rest[stableArm]))
	return canary.Bad <= canary.N*bound+2*math.Sqrt(canary.N*bound)+1
}

// explain has the evidence say which stratum it is about, with its numbers.
func (s *strata) explain(w *window, e *rollout.Evidence, signal rollout.Signal) {
	if len(s.Parts) == 0 || e.Compared == nil {
		return
	}
	p := s.worst()
	count := func(c bet.Counts) rollout.Count { return rollout.Count{Requests: c.N, Bad: c.Bad} }
	e.Part = &rollout.Part{Label: w.by, Value: p.Name}
	e.Compared.Canary, e.Compared.Stable = count(p.Recent[canaryArm]), count(p.Recent[stableArm])
	e.Compared.AtLeast, e.Compared.Trend = 0, nil
	e.Canary, e.Stable = share(e.Compared.Canary, signal), share(e.Compared.Stable, signal)
	e.Lowest, e.Highest = nil, nil
	if e.Why == rollout.WhyBeyond {
		e.Why = rollout.WhyWorse
	}
}
