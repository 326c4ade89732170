package judge

import (
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// doubt is the one behind evidence that is unknown, if there is one.
func (s *signalState) doubt(e rollout.Evidence, signal rollout.Signal) rollout.Doubt {
	if e.Result != rollout.Unknown {
		return rollout.NoDoubt
	}
	asks := func(yes bool) rollout.Doubt {
		if yes {
			return rollout.DoubtAsks
		}
		return rollout.DoubtWaits
	}
	if e.Why == rollout.WhyLittleShare {
		return asks(s.Users.level() || s.Users.Short >= shareScrapes)
	}
	if pod, tolerated := s.Outlier.held(); e.Why == rollout.WhyOnePod && pod != "" && tolerated {
		return asks(s.Outlier.asks())
	}
	if why, doubt := s.evidence.doubts(signal); why == e.Why {
		return doubt
	}
	return rollout.NoDoubt
}

// onDoubt does with evidence that asks what the service wishes.
func onDoubt(check rollout.Check, e *rollout.Evidence) {
	switch check.OnDoubt {
	case rollout.RollbackOnDoubt:
		e.Result, e.Doubt = rollout.Fail, rollout.NoDoubt
	case rollout.WaitOnDoubt:
		e.Doubt = rollout.DoubtWaits
	case rollout.AskOnDoubt:
	}
}

// accepts reports whether a person said that this about the check is fine.
func (w *window) accepts(check rollout.Check, why rollout.Why) bool {
	return slices.Contains(w.accepted, rollout.Acceptance{Check: check.Name, Why: why})
}

// acceptsAny reports whether a person said so of anything about the check.
func (w *window) acceptsAny(check rollout.Check) bool {
	return slices.ContainsFunc(w.accepted, func(a rollout.Acceptance) bool { return a.Check == check.Name })
}

// doubts returns what keeps a check that would be acted on from it, and for how long it has; WhyNone: nothing does.
func (e *evidence) doubts(s rollout.Signal) (why rollout.Why, doubt rollout.Doubt) {
	if !e.Standing.Different || e.Standing.Rule == trial.NoRule || !e.leads(s) {
		return rollout.WhyNone, rollout.NoDoubt
	}
	if e.Standing.Rule == trial.Present && e.Standing.Quiet { // it is over
		return rollout.WhyNone, rollout.NoDoubt
	}
	why, patience := doubtOf(e.Standing.Rule)
	if patience > 0 && e.Standing.Ruled >= patience {
		return why, rollout.DoubtAsks
	}
	return why, rollout.DoubtWaits
}

// doubtOf is what people read of a rule, and after how many scrapes in a row they are asked; 0: it passes by itself.
func doubtOf(r trial.Rule) (why rollout.Why, patience int) {
	switch r {
	case trial.Common:
		return rollout.WhyBoth, 16
	case trial.Present:
		return rollout.WhyOver, 0
	case trial.Lasting:
		return rollout.WhyBrief, 0
	case trial.Young:
		return rollout.WhyYoung, 0
	case trial.Warming:
		return rollout.WhyYoung, 4
	case trial.Unpaired:
		return rollout.WhyUnpaired, 5
	case trial.Support:
		return rollout.WhyShared, 16
	case trial.Usual:
		return rollout.WhyUsual, 8
	case trial.Hidden:
		return rollout.WhyHidden, 4
	case trial.Alone:
		return rollout.WhyOnePod, 8
	case trial.Small:
		return rollout.WhySmall, 4
	case trial.Distant:
		return rollout.WhyMayGrow, 12
	case trial.NoRule, trial.Rules:
	}
	return rollout.WhyNone, 0
}
