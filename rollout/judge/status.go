package judge

import (
	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

// refusals is the part of the state that compares the share of requests that are answered with a 4xx with stable's. A
// version that refuses what stable takes is often wrong, and often meant to: people are asked. Far more is acted on.
type refusals struct {
	Asks    part    `json:"asks,omitzero"` // beyond a point
	Acts    part    `json:"acts,omitzero"` // beyond twenty
	Staked  float64 `json:"staked,omitempty"`
	Scrapes int     `json:"scrapes,omitempty"`
	Asked   int     `json:"asked,omitempty"`   // scrapes in a row in which the one suffices
	Settled int     `json:"settled,omitempty"` // and the other
	Differs bool    `json:"differs,omitempty"`
}

var (
	// askedRefusals and actedRefusals are how many more 4xx than stable a canary may have before people are asked, and before
	// it is rolled back.
	askedRefusals = bet.Margin{Ratio: 1.5, Slack: 0.01}
	actedRefusals = bet.Margin{Ratio: 1.5, Slack: 0.20}
)

// clusters is how many requests come together that are refused for one reason: those of one client.
const clusters = 3

// newStep begins to watch another weight. The bets go on.
func (r *refusals) newStep() { r.Asked, r.Settled = 0, 0 }

// forget begins the bets anew. What is known of stable stays.
func (r *refusals) forget() {
	*r = refusals{Asks: part{Usual: r.Asks.Usual}, Acts: part{Usual: r.Acts.Usual}}
}

// update bets on a scrape, and returns the logarithm of the bet that may be acted on.
func (r *refusals) update(sc *scrape, in trial.Scrape, did [2]tally) float64 {
	if sc.lacks[refusedGroup] { // it comes with a later answer
		return r.standing()
	}
	var c bothDid
	for arm := range did {
		c.raw[arm] = bet.Counts{N: did[arm].Requests, Bad: min(did[arm].Refused, did[arm].Requests)}
		c.counts[arm] = c.raw[arm].Temper(clusters)
	}
	c.bets = in.Age >= max(sc.options.CompareFrom, sc.options.Young)
	return r.bet(&sc.options, c)
}

// bet bets on what both arms refused, twice: whether to ask, and whether to act.
func (r *refusals) bet(o *trial.Options, c bothDid) float64 {
	onset := bet.Onset(r.Scrapes, o.Planned, r.Staked)
	r.Scrapes++
	r.Staked += onset
	c.margin = askedRefusals
	r.Asks.update(o, c, onset)
	r.Differs = settled(&r.Asked, r.Asks.log(r.Staked), r.Asks.seen(askedRefusals)) >= o.Limit()
	c.margin = actedRefusals
	r.Acts.update(o, c, onset)
	return r.standing()
}

// standing is the logarithm of the bet as it counts.
func (r *refusals) standing() float64 {
	return settled(&r.Settled, r.Acts.log(r.Staked), r.Acts.seen(actedRefusals))
}

// evidence is what people read of it.
func (r *refusals) evidence() rollout.Evidence {
	count := func(c bet.Counts) rollout.Count { return rollout.Count{Requests: c.N, Bad: c.Bad} }
	e := rollout.Evidence{
		Check: "signals.client_errors", Why: rollout.WhyRefused, Unit: rollout.Ratio, Comparison: rollout.LessThan,
		Compared: &rollout.Compared{Canary: count(r.Asks.Recent[canaryArm]), Stable: count(r.Asks.Recent[stableArm])},
	}
	e.Canary, e.Stable = share(e.Compared.Canary, rollout.ErrorSignal), share(e.Compared.Stable, rollout.ErrorSignal)
	return e
}
