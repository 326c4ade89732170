package judge

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// restarts is the part of the state that compares how often containers restart with how often stable's do. Each pod and
// scrape is one that may have seen a restart.
type restarts struct {
	Part    part       `json:"part,omitzero"`
	Staked  float64    `json:"staked,omitempty"`
	Scrapes int        `json:"scrapes,omitempty"`
	Settled int        `json:"settled,omitempty"`
	Count   [2]float64 `json:"count,omitzero"`   // in this rollout
	Newest  int        `json:"newest,omitempty"` // scrapes since the canary's newest restart
}

const (
	// restartRatio is how many times as often as stable's a canary's containers may restart, and restartSlack how often more,
	// a second for each.
	restartRatio, restartSlack = 2.0, 1.0 / 7200
	// restartsKnown is how many pods and scrapes of stable without a restart are taken as seen beside those that were.
	restartsKnown = 60
	// restartMemory is for how many scrapes a restart counts as present: a quarter of an hour.
	restartMemory = 60
)

// newStep begins to watch another weight. The bet goes on.
func (r *restarts) newStep() { r.Settled = 0 }

// forget begins the bet anew. What is known of stable stays.
func (r *restarts) forget() { *r = restarts{Part: part{Usual: r.Part.Usual}} }

// learn takes in how often stable's containers restarted before the rollout.
func (r *restarts) learn(c rollout.Case) {
	if r.Part.Usual.N > 0 || len(c.Raw.History.Restarts.Series) == 0 {
		return
	}
	r.Part.Usual.N = restartsKnown
	start := func(rollout.Series) series.Start { return series.FromFirst }
	for _, one := range c.Raw.History.Restarts.Series {
		r.Part.Usual.N += float64(len(one.Points))
		r.Part.Usual.Bad += series.Increase([]rollout.Series{one}, time.Time{}, c.Now, start)
	}
}

// update bets on a scrape, and returns the logarithm of the bet.
func (r *restarts) update(sc *scrape) float64 {
	return r.bet(&sc.options, [2]bet.Counts{sc.restarts(canaryArm), sc.restarts(stableArm)})
}

// bet bets on the pods of both arms, and how many restarted.
func (r *restarts) bet(o *trial.Options, did [2]bet.Counts) float64 {
	usual := r.Part.Usual
	if usual.N = max(usual.N, restartsKnown); r.Part.Usual.N == 0 {
		r.Part.Usual = usual
	}
	c := bothDid{raw: did, counts: did, margin: bet.Margin{Ratio: restartRatio, Slack: restartSlack * o.Interval}, bets: true, known: true}
	onset := bet.Onset(r.Scrapes, o.Planned, r.Staked)
	r.Scrapes++
	r.Staked += onset
	r.Part.update(o, c, onset)
	// Restarts are rare: what was seen of stable is not forgotten within a rollout.
	r.Part.Usual = bet.Counts{N: rounded(usual.N + did[stableArm].N), Bad: usual.Bad + did[stableArm].Bad}
	for arm := range did {
		r.Count[arm] += did[arm].Bad
	}
	if r.Newest++; did[canaryArm].Bad > 0 {
		r.Newest = 0
	}
	return settled(&r.Settled, r.Part.log(r.Staked), r.Newest < restartMemory && r.Count[canaryArm] > 1)
}

// restarts are the pods of an arm, and how many restarts they had: as the cluster counts them where that is read, or as
// their own counters begin anew.
func (sc *scrape) restarts(arm int) bet.Counts {
	if counted := sc.arms[arm].Restarts.Series; len(counted) > 0 {
		start := func(rollout.Series) series.Start { return series.FromFirst }
		there := series.Latest(counted, sc.last(2).from, sc.to)
		n := float64(len(there))
		return bet.Counts{N: n, Bad: min(n, series.Increase(counted, sc.from, sc.to, start))}
	}
	pods := bet.Counts{}
	for _, target := range sc.reporters[arm] {
		if sc.proxied(target) { // it is not the pods'
			continue
		}
		pods.N++
		for _, at := range sc.arms[arm].restarted[target] {
			if at.After(sc.from) && !at.After(sc.to) {
				pods.Bad++
				break
			}
		}
	}
	return pods
}

// evidence is what people read of it.
func (r *restarts) evidence() rollout.Evidence {
	return rollout.Evidence{
		Check: "signals.restarts", Why: rollout.WhyRestarts, Unit: rollout.Number, Comparison: rollout.LessThan,
		Canary: number(r.Count[canaryArm], true), Stable: number(r.Count[stableArm], true), Compared: &rollout.Compared{},
	}
}
