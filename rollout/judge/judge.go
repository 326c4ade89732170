package judge

import (
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/pack"
	"canarybot.io/rollout/judge/trial"
)

// Judge judges each check as it asks to be: one with a signal by running bets on raw counts, any other by its limits.
// The zero value is ready.
type Judge struct {
	Off trial.RuleSet // rules that do not apply: how the benchmark shows what each is worth
}

var _ rollout.Judge = Judge{}

// state is what Judge keeps between calls. It is never changed once it was returned: whoever goes on from it works on a
// copy, and so must its parts: what a slice or a map of theirs holds stays as it is, and an update makes another one.
type state struct {
	Limits  *limitState  `json:"limits,omitempty"`
	Signals *signalState `json:"signals,omitempty"`
	Queries compared     `json:"queries,omitempty"`
}

var _ rollout.Remembered = (*state)(nil)

// readState returns a copy of what is remembered. What was stored and cannot be read, or cannot be, is forgotten as a
// whole: any part of it may be damaged, and beginning anew is safe.
func readState(remembered rollout.JudgeState) state {
	if s, ok := remembered.Live().(*state); ok {
		return *s
	}
	var s state
	if b := remembered.Bytes(); len(b) == 0 || pack.Unpack(b, &s) != nil || !s.valid() {
		return state{}
	}
	return s
}

// Encode returns the form to store.
func (s *state) Encode() []byte {
	b, err := pack.Pack(s)
	if err != nil {
		return nil // a time beyond year 9999: forgetting is safe
	}
	return b
}

// signals returns a copy of what is remembered of the signals, brought to the weight that the canary has.
func (s *state) signals(c rollout.Case) *signalState {
	var signals signalState
	if s.Signals != nil {
		signals = *s.Signals
	}
	if !signals.Since.Equal(c.Since) {
		signals.newStep(c.Since)
	}
	return &signals
}

// Want returns what to ask for the next verdict.
func (Judge) Want(c rollout.Case) rollout.Want {
	at := c.Now.Add(limitInterval(c.Spec.Limits))
	limits, signals := split(c.Spec.Checks)
	if len(signals) == 0 {
		return rollout.Want{At: at}
	}
	s := readState(c.State)
	w := s.signals(c).want(c)
	if len(limits) > 0 && at.Before(w.At) {
		w.At = at
	}
	return w
}

// Judge returns the verdict over all checks, in their order.
func (j Judge) Judge(c rollout.Case) (rollout.Verdict, rollout.JudgeState) {
	s := readState(c.State)
	limits, signals := split(c.Spec.Checks)
	v := rollout.Verdict{Since: c.Since}
	if len(signals) > 0 {
		s.Signals = s.signals(c)
		v = s.Signals.judge(c, j.Off)
	}
	if len(limits) > 0 {
		before := s.Limits.of(limits, c.Since)
		if judgesShare(c) {
			before.share = canaryShare(c)
		}
		limited, after := compare(before, limits, c.Samples, c.Now)
		s.Limits = &after
		if len(signals) == 0 {
			v = limited
		} else {
			v.Evidence = append(v.Evidence, limited.Evidence...)
		}
		s.Queries = s.Queries.after(c, limits)
		v = s.Queries.decide(c, v)
	}
	v = inOrder(v, c.Spec.Checks)
	decides := func(c rollout.Check) bool { return !c.DryRun }
	v.Proved = v.Proved && v.Result == rollout.Pass && !slices.ContainsFunc(limits, decides) // a limit proves nothing before its time
	return v, rollout.Remember(&s)
}

// WarmStart returns what a rollout that succeeded leaves to the next one of its service: how pods start.
func (Judge) WarmStart(remembered rollout.JudgeState) rollout.JudgeState {
	s := readState(remembered).Signals
	if s == nil {
		return rollout.JudgeState{}
	}
	starts := s.Starts
	if slices.Equal(s.Baseline.StartBounds, s.Baseline.Bounds) {
		starts = s.Baseline.Starts.Fade().Plus(starts)
	}
	return rollout.Remember(&state{Signals: &signalState{Baseline: baseline{Starts: starts, StartBounds: s.Baseline.Bounds}}})
}

// limitInterval is how often checks against limits are asked.
func limitInterval(l rollout.Limits) time.Duration {
	if l.Interval <= 0 {
		return time.Minute
	}
	return l.Interval
}

// split tells the checks that are compared with their limits from those that bets are placed on.
func split(checks []rollout.Check) (limits, signals []rollout.Check) {
	if !slices.ContainsFunc(checks, func(c rollout.Check) bool { return c.Signal == rollout.NoSignal }) {
		return nil, checks
	}
	for _, c := range checks {
		if c.Signal == rollout.NoSignal {
			limits = append(limits, c)
		} else {
			signals = append(signals, c)
		}
	}
	return limits, signals
}

// inOrder returns the verdict with its evidence in the order of the checks, and the result over it.
func inOrder(v rollout.Verdict, checks []rollout.Check) rollout.Verdict {
	index := func(e rollout.Evidence) int { // what is not of a check comes last
		if i := slices.IndexFunc(checks, func(c rollout.Check) bool { return c.Name == e.Check }); i >= 0 {
			return i
		}
		return len(checks)
	}
	slices.SortStableFunc(v.Evidence, func(a, b rollout.Evidence) int { return index(a) - index(b) })
	for i, e := range v.Evidence {
		if at := index(e); at < len(checks) {
			v.Evidence[i].DryRun = checks[at].DryRun
		}
	}
	v.Result = rollout.Combine(v.Evidence)
	return v
}
