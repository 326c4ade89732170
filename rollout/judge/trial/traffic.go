package trial

import (
	"canarybot.io/rollout/judge/bet"
)

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
