package judge

import (
	"math"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// hangs is the part of the state that looks for requests that begin and do not end: no counter ever shows them. What shows
// is that more and more are under way: more than at stable for as many requests a second, and more than a scrape before.
//
// The bet is on growth, so each request that hangs counts once. Where somebody ends them after a while, they are counted
// as slow or as failed, and others find them.
type hangs struct {
	Bet     bet.Mixture `json:"bet,omitzero"`
	Settled int         `json:"settled,omitempty"` // scrapes in a row in which the bet suffices
	Known   bool        `json:"known,omitempty"`   // there was a scrape of this weight before
	Excess  float64     `json:"excess,omitempty"`  // requests under way beyond what stable explains, a scrape before
	Low     float64     `json:"low,omitempty"`     // the lower one of it and the one before
	Level   [2]float64  `json:"level,omitzero"`    // requests that are under way
	Recent  bet.Counts  `json:"recent,omitzero"`   // that began lately, and of them those that do not end
}

const (
	// hangLimit is the share of requests that may be left over: more hang.
	hangLimit = 0.05
	// hangRatio is how many times as many requests as at stable may be under way, for as many a second.
	hangRatio = 2.0
)

// hangEffects are the odds of the alternatives beyond the limit.
var hangEffects = [bet.Effects]float64{1.5, 2, 3, 5, 9, 20, 100}

// newStep begins to watch another weight, at which as many more are under way as come.
func (h *hangs) newStep() { h.Known, h.Settled = false, 0 }

// forget begins the bet anew.
func (h *hangs) forget() { *h = hangs{} }

// update bets on a scrape, and returns the logarithm of the bet.
func (h *hangs) update(sc *scrape, in trial.Scrape) float64 {
	levels := sc.last(2)
	canary := series.Latest(sc.arms[canaryArm].InFlight.Series, levels.from, levels.to)
	stable := series.Latest(sc.arms[stableArm].InFlight.Series, levels.from, levels.to)
	if len(canary) == 0 || len(stable) == 0 || in.Stable.Requests <= 0 {
		return h.standing(in, &sc.options)
	}
	h.Level = [2]float64{rounded(sum(canary)), rounded(sum(stable))}
	// As many as at stable for each request a second, or two each where hardly any is: chance, and one that is measured.
	expected := h.Level[stableArm] / in.Stable.Requests * in.Canary.Requests
	excess := max(0, h.Level[canaryArm]-hangRatio*expected-3*math.Sqrt(expected)-2*float64(len(canary)))
	low := min(excess, h.Excess)
	grown := max(0, low-h.Low)
	if h.Known {
		h.bet(&sc.options, bet.Counts{N: in.Canary.Requests + grown, Bad: grown})
	}
	h.Known, h.Excess, h.Low = true, rounded(excess), rounded(low)
	return h.standing(in, &sc.options)
}

// bet bets on the requests that began, of which so many do not end.
func (h *hangs) bet(o *trial.Options, began bet.Counts) {
	var f [bet.Effects]float64
	for j, by := range hangEffects {
		f[j] = o.Capped(bet.LogAbove(began, bet.Odds(hangLimit, by), hangLimit), began)
	}
	h.Bet.Step(&f, o.Planned)
	for i := range h.Bet.Stakes {
		h.Bet.Stakes[i] = roundedDown(h.Bet.Stakes[i])
	}
	h.Recent = decayed(h.Recent, recentKept, began)
}

// standing is the logarithm of the bet as it counts.
func (h *hangs) standing(in trial.Scrape, o *trial.Options) float64 {
	return settled(&h.Settled, h.Bet.Log(), h.Low > 0 && in.Age >= o.Young)
}

// evidence is what people read of it.
func (h *hangs) evidence() rollout.Evidence {
	return rollout.Evidence{
		Check: "signals.in_flight", Why: rollout.WhyHangs, Unit: rollout.Number, Comparison: rollout.LessThan,
		Canary: number(h.Level[canaryArm], true), Stable: number(h.Level[stableArm], true),
		Compared: &rollout.Compared{Canary: rollout.Count{Requests: h.Recent.N, Bad: h.Recent.Bad}},
	}
}

func sum(all []float64) (s float64) {
	for _, v := range all {
		s += v
	}
	return s
}
