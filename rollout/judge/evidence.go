package judge

import (
	"math"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// evidence is the part of the state that bets: what speaks for and against the canary.
type evidence struct {
	Trial    trial.State `json:"trial"`
	Standing standing    `json:"stands,omitzero"`
}

// standing is how the evidence stands after the newest scrape.
type standing struct {
	LogOdds      float64     `json:"log,omitempty"` // against the canary
	Worst        trial.Check `json:"worst,omitempty"`
	Different    bool        `json:"different,omitempty"` // the evidence suffices to call the canary different
	Rejected     bool        `json:"against,omitempty"`   // and to roll it back
	Rule         trial.Rule  `json:"rule,omitempty"`      // what speaks against that
	Ruled        int         `json:"ruled,omitempty"`     // for how many scrapes in a row it does
	Bound        int         `json:"bound,omitempty"`     // whose slowness says most
	Quiet        bool        `json:"quiet,omitempty"`     // nothing was seen against the canary for some scrapes
	Proved       bool        `json:"proved,omitempty"`    // health is proved
	SharedErrors bool        `json:"erring,omitempty"`    // stable exceeds the limit of errors too
	SharedSlow   bool        `json:"slow,omitempty"`      // and that of slow requests
	Partial      bool        `json:"partial,omitempty"`   // only some of the canary's targets reported
}

// newStep carries the evidence against the canary on to another weight; health is to be proved anew.
func (e *evidence) newStep() {
	e.Trial.Advance()
	e.Standing = standing{LogOdds: e.Standing.LogOdds, Worst: e.Standing.Worst}
}

// update bets on one more scrape.
func (e *evidence) update(sc *scrape, in trial.Scrape) {
	v := e.Trial.Add(&sc.options, in)
	ruled := 0
	if v.Rule != trial.NoRule {
		if ruled = 1; v.Rule == e.Standing.Rule {
			ruled += e.Standing.Ruled
		}
	}
	e.Standing = standing{
		LogOdds: v.LogOdds, Worst: v.Worst, Different: v.Different, Rejected: v.Rejected, Rule: v.Rule, Ruled: ruled,
		Bound: e.Trial.WorstBound, Quiet: v.Quiet,
		Proved: v.Proved, SharedErrors: v.SharedErrors, SharedSlow: v.SharedSlow, Partial: sc.partial,
	}
}

// forget begins the bets anew. What is known of stable stays.
func (e *evidence) forget() {
	was := e.Trial
	e.Trial = trial.State{Scrapes: was.Scrapes, Worst: was.Worst}
	e.Trial.Errors.Expected = was.Errors.Expected
	for b := range e.Trial.Slow {
		e.Trial.Slow[b].Expected = was.Slow[b].Expected
	}
	e.Standing = standing{}
}

// strongest returns which of the bets on a signal says most against the canary.
func (e *evidence) strongest(s rollout.Signal) (worst trial.Check, logOdds float64) {
	logOdds = math.Inf(-1)
	for _, check := range betsOn(s) {
		if l := e.Trial.LogOdds(check); l > logOdds && (check != trial.Strata || l != 0) { // 0: nobody bets on it
			worst, logOdds = check, l
		}
	}
	return worst, logOdds
}

// leads reports whether the bet that says most against the canary is one on this signal.
func (e *evidence) leads(s rollout.Signal) bool { return slices.Contains(betsOn(s), e.Standing.Worst) }

// rejects returns why the evidence rejects the canary by a check; WhyNone: it does not.
func (e *evidence) rejects(check rollout.Check, o *trial.Options) rollout.Why {
	worst, logOdds := e.strongest(check.Signal)
	switch {
	case e.Standing.Rejected && e.leads(check.Signal): // whichever of its bets says more: together all suffice
		return whyOf(e.Standing.Worst)
	case e.Standing.Rejected && e.Standing.Worst != trial.Share && logOdds+math.Log(o.Weights[worst]) >= o.Limit(), check.DryRun && logOdds >= o.Limit():
		return whyOf(worst)
	}
	return rollout.WhyNone
}

// betsOn are the bets on a signal.
func betsOn(s rollout.Signal) []trial.Check {
	switch s {
	case rollout.ErrorSignal, rollout.SuccessSignal:
		return []trial.Check{trial.Errors, trial.ErrorLimit, trial.Strata}
	case rollout.LatencySignal:
		return []trial.Check{trial.Latency, trial.SlowLimit}
	case rollout.MemorySignal:
		return []trial.Check{trial.Memory}
	case rollout.NoSignal:
	}
	return nil
}

// whyOf is what a bet says against the canary.
func whyOf(check trial.Check) rollout.Why {
	switch check {
	case trial.Errors, trial.Latency, trial.Strata:
		return rollout.WhyWorse
	case trial.Memory:
		return rollout.WhyGrows
	case trial.Share:
		return rollout.WhyNoShare
	case trial.ErrorLimit, trial.SlowLimit, trial.Hangs, trial.Restarts, trial.ClientErrors, trial.Checks:
	}
	return rollout.WhyBeyond
}
