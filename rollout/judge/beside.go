package judge

import (
	"math"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

// beside is the part of the state that bets on what the total of errors and of slow requests does not show. Each bet is
// one of the trial's, within its budget.
type beside struct {
	Strata   strata   `json:"strata,omitzero"`
	Hangs    hangs    `json:"hangs,omitzero"`
	Restarts restarts `json:"restarts,omitzero"`
	Refusals refusals `json:"refusals,omitzero"`
}

// newStep begins to watch another weight. The bets go on.
func (b *beside) newStep() {
	b.Strata.newStep()
	b.Hangs.newStep()
	b.Restarts.newStep()
	b.Refusals.newStep()
}

// forget begins the bets anew. What is known of stable stays.
func (b *beside) forget() {
	b.Strata.forget()
	b.Hangs.forget()
	b.Restarts.forget()
	b.Refusals.forget()
}

// update bets on a scrape, and returns how the bets stand.
func (b *beside) update(sc *scrape, in trial.Scrape, did [2]tally, t *targets) (logs trial.Beside) {
	weigh := &sc.options.Weights
	if weigh[trial.Strata] > 0 {
		logs[trial.Strata] = b.Strata.update(sc, in, t)
	}
	if weigh[trial.Hangs] > 0 {
		logs[trial.Hangs] = b.Hangs.update(sc, in)
	}
	if weigh[trial.Restarts] > 0 {
		logs[trial.Restarts] = b.Restarts.update(sc)
	}
	if weigh[trial.ClientErrors] > 0 {
		logs[trial.ClientErrors] = b.Refusals.update(sc, in, did)
	}
	return logs
}

// evidence is what speaks against the canary beside its checks, each in a line of its own: what it is rolled back for,
// what people are asked about, and what may become either.
func (b *beside) evidence(w *window, e *evidence) (all []rollout.Evidence) {
	for _, check := range [...]trial.Check{trial.Hangs, trial.Restarts, trial.ClientErrors} {
		log := e.Trial.LogOdds(check)
		holds, asks := log >= math.Log(holdOdds), b.asks(check, log)
		fails := e.Standing.Rejected && e.Standing.Worst == check
		if w.options.Weights[check] == 0 || !fails && !holds && !asks {
			continue
		}
		line := b.line(check)
		if slices.Contains(w.accepted, rollout.Acceptance{Check: line.Check, Why: line.Why}) {
			continue
		}
		switch line.Result = rollout.Unknown; {
		case fails:
			line.Result = rollout.Fail
		case asks:
			line.Doubt = rollout.DoubtAsks
		default:
			line.Doubt = rollout.DoubtWaits
		}
		line.Compared.Odds, line.Compared.Limit = log, w.options.Limit()
		all = append(all, line)
	}
	return all
}

// asks reports whether people are asked about what does not suffice to roll back.
func (b *beside) asks(check trial.Check, log float64) bool {
	return check == trial.Restarts && log >= math.Log(holdOdds) || check == trial.ClientErrors && b.Refusals.Differs
}

// line is what people read of a bet.
func (b *beside) line(check trial.Check) rollout.Evidence {
	// The other bets are those of checks.
	//exhaustive:ignore
	switch check {
	case trial.Hangs:
		return b.Hangs.evidence()
	case trial.Restarts:
		return b.Restarts.evidence()
	default:
		return b.Refusals.evidence()
	}
}

// learn takes in what is known before the rollout.
func (b *beside) learn(c rollout.Case) {
	b.Strata.choose(c)
	b.Restarts.learn(c)
}

// explain says what the evidence is about where a bet of these speaks against the canary.
func (b *beside) explain(w *window, worst trial.Check, e *rollout.Evidence, signal rollout.Signal) {
	against := e.Why == rollout.WhyWorse || e.Why == rollout.WhyBeyond || e.Why == rollout.WhyUndecided
	if !against || signal != rollout.ErrorSignal && signal != rollout.SuccessSignal {
		return
	}
	if worst == trial.Strata || b.Strata.alone(w) {
		b.Strata.explain(w, e, signal)
	}
}

const (
	// settleScrapes is for how many scrapes in a row a bet has to suffice before it is acted on: sides are scraped at
	// different moments, and what has hit stable too shows by then.
	settleScrapes = 3
	// usualKept is how much of what is usual of stable is kept from one scrape to the next, recentKept of what both arms did
	// lately, and newestKept of the newest.
	usualKept, recentKept, newestKept = 0.98, 0.8, 0.5
	// unusualScrapes is for how many scrapes nothing is bet once stable was out of its usual.
	unusualScrapes = 4
	// holdOdds is as far as a bet goes that has not sufficed for long enough. It holds a canary, and does not act.
	holdOdds = 20
)

// part is one part of the requests, or of what is counted instead of them, whose share of bad ones is compared with
// stable's. It is small, because some services have many.
type part struct {
	Name   string        `json:"name,omitempty"`
	Stakes [3]float64    `json:"stakes,omitzero"`
	Usual  bet.Counts    `json:"usual,omitzero"` // of stable, slowly forgotten
	Recent [2]bet.Counts `json:"recent,omitzero"`
	Newest bet.Counts    `json:"newest,omitzero"` // of the canary
	// Unusual counts down the scrapes in which nothing is bet.
	Unusual int `json:"unusual,omitempty"`
}

// partEffects are the odds of the alternatives beyond the margin.
var partEffects = [3]float64{3, 20, 200}

// bothDid is what both arms did of a part in a scrape, as counted and as bet on.
type bothDid struct {
	raw, counts [2]bet.Counts
	margin      bet.Margin
	bets        bool // the canary's pods are old enough to be compared
	// known says that stable's share is known from far more than a scrape: what is bet against is the margin above it, and
	// not that it may be anything.
	known bool
}

// expected is stable's share of bad ones; 1 % before the first scrape.
func (p *part) expected() float64 { return (p.Usual.Bad + 0.5) / (p.Usual.N + 50) }

// update bets on a scrape, of which the prior on a fault that begins with it is onset, and then learns.
func (p *part) update(o *trial.Options, c bothDid, onset float64) {
	expected := p.expected()
	if c.known { // and not better than that
		expected += math.Sqrt(p.Usual.Bad) / (p.Usual.N + 50)
	}
	stable := c.raw[stableArm]
	due := stable.N * expected
	unusual := stable.Bad > 2*due+3*math.Sqrt(due)+3
	if unusual {
		p.Unusual = unusualScrapes
		p.lower()
	}
	bound := c.margin.Bound(expected)
	for i, by := range partEffects {
		f := 0.0
		canary, stable, alternative := c.counts[canaryArm], c.counts[stableArm], bet.Rates{Canary: bet.Odds(bound, by), Stable: expected}
		switch {
		case c.bets && c.known:
			f = o.Capped(bet.LogAbove(canary, alternative.Canary, bound), canary)
		case c.bets:
			f = o.Capped(bet.LogRelative(canary, stable, alternative, c.margin), canary)
		}
		if p.Unusual > 0 {
			f = min(f, 0)
		}
		p.Stakes[i] = roundedDown(bet.Grow(p.Stakes[i]+onset/float64(len(partEffects)), f))
	}
	p.learn(c, due, unusual)
}

// learn takes a scrape in.
func (p *part) learn(c bothDid, due float64, unusual bool) {
	learned := c.raw[stableArm]
	if unusual { // or it would be usual soon
		learned.Bad = 2*due + 3*math.Sqrt(due) + 3
	}
	p.Usual = decayed(p.Usual, usualKept, learned)
	for arm := range p.Recent {
		p.Recent[arm] = decayed(p.Recent[arm], recentKept, c.raw[arm])
	}
	p.Newest = decayed(p.Newest, newestKept, c.raw[canaryArm])
	if !unusual && p.Unusual > 0 {
		p.Unusual--
	}
}

// lower gives back what was bet: a bet that is lowered stays one.
func (p *part) lower() {
	for i := range p.Stakes {
		p.Stakes[i] = min(p.Stakes[i], 1.0/float64(2*len(p.Stakes)))
	}
}

// forget begins the bet anew.
func (p *part) forget() { p.Stakes, p.Recent, p.Newest = [3]float64{}, [2]bet.Counts{}, bet.Counts{} }

// seen reports whether the newest scrapes show what was bet on, at a quarter of its strength or more. Where they have too
// few requests to show it, a few more count.
func (p *part) seen(m bet.Margin) bool {
	const few = 3 // bad ones that are expected
	bound := m.Bound(max(p.expected(), shareOf(p.Recent[stableArm])))
	recent := shareOf(p.Recent[canaryArm]) - bound
	newest := shareOf(p.Newest) - bound
	if p.Newest.N*shareOf(p.Recent[canaryArm]) < few {
		newest = recent
	}
	return p.Unusual == 0 && recent > 0 && newest >= recent/4
}

// bet is what the bet has become.
func (p *part) bet(staked float64) float64 {
	return 1 - staked + p.Stakes[0] + p.Stakes[1] + p.Stakes[2]
}

// log is the logarithm of the bet, where it stands alone.
func (p *part) log(staked float64) float64 { return math.Log(p.bet(staked)) }

// settled holds a bet back until it has sufficed for some scrapes in a row, and while the newest ones do not show what it
// is about. It returns the logarithm as it counts.
func settled(scrapes *int, log float64, seen bool) float64 {
	if *scrapes++; log < math.Log(holdOdds) {
		*scrapes = 0
	}
	switch {
	case !seen:
		return min(log, math.Log(undecidedOdds)-0.1)
	case *scrapes < settleScrapes:
		return min(log, math.Log(holdOdds))
	}
	return log
}

// shareOf is that of the bad ones; 0 of nothing.
func shareOf(c bet.Counts) float64 { return ratio(c.Bad, c.N) }

// decayed is what is kept of counts, with more added. Three digits suffice, and are what is stored.
func decayed(c bet.Counts, kept float64, more bet.Counts) bet.Counts {
	return bet.Counts{N: rounded(c.N*kept + more.N), Bad: rounded(c.Bad*kept + more.Bad)}
}

// roundedDown keeps three digits of a stake: a smaller stake is a smaller bet, so the bound holds.
func roundedDown(v float64) float64 {
	if v <= 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return math.Floor(v/unit) * unit
}
