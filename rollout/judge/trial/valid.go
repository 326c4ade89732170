package trial

import "canarybot.io/rollout/judge/bet"

// Valid reports whether what was stored can be the state of a trial: what is an index is one, and what is counted or
// staked is not below zero. It takes every number for finite, and every int for one that is not below zero.
func (s *State) Valid() bool {
	for i := range s.Recent.Scrapes {
		if one := &s.Recent.Scrapes[i]; !one.Canary.valid() || !one.Stable.valid() {
			return false
		}
	}
	for m := range Measure(measures) {
		if e := s.comparison(m).Expected; e.N < 0 || e.Bad < 0 {
			return false
		}
	}
	for i := range requestBets {
		if !valid(s.mixture(i)) {
			return false
		}
	}
	return valid(&s.Memory) && valid(&s.Share) && s.Pendings <= pendingScrapes && s.WorstBound < Bounds
}

func (a *Arm) valid() bool {
	least := min(a.Requests, a.Errors, a.Timed)
	for _, slow := range a.Slow {
		least = min(least, slow)
	}
	return least >= 0
}

func valid(m *bet.Mixture) bool {
	least := m.Staked
	for _, stake := range m.Stakes {
		least = min(least, stake)
	}
	return least >= 0 && m.Staked <= 1
}
