package judge

import (
	"encoding/json"
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Judge judges each check as it asks to be: one with a signal by running bets on raw counts, any other by its limits.
// The zero value is ready.
type Judge struct{}

var _ rollout.Judge = Judge{}

// state is what Judge keeps between calls.
type state struct {
	Limits  json.RawMessage `json:"limits,omitempty"`
	Signals *signalState    `json:"signals,omitempty"`
}

// readState reads what was stored. What cannot be read is forgotten.
func readState(b []byte) (s state) {
	if len(b) == 0 || json.Unmarshal(b, &s) != nil {
		return state{}
	}
	return s
}

// signals returns what is remembered of the signals, brought to the weight that the canary has.
func (s *state) signals(c rollout.Case) *signalState {
	if s.Signals == nil {
		s.Signals = &signalState{}
	}
	if !s.Signals.Since.Equal(c.Since) {
		s.Signals.newStep(c.Since)
	}
	return s.Signals
}

// bytes returns the state to store.
func (s *state) bytes() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return nil // a time beyond year 9999: forgetting is safe
	}
	return b
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
func (Judge) Judge(c rollout.Case) (rollout.Verdict, []byte) {
	s := readState(c.State)
	limits, signals := split(c.Spec.Checks)
	v := rollout.Verdict{Since: c.Since}
	if len(signals) > 0 {
		v = s.signals(c).judge(c)
	}
	if len(limits) > 0 {
		before := readLimitState(s.Limits, limits, c.Since)
		if judgesShare(c) {
			before.share = canaryShare(c)
		}
		compared, memory := compare(before, limits, c.Samples, c.Now)
		s.Limits = memory
		if len(signals) == 0 {
			v = compared
		} else {
			v.Evidence = append(v.Evidence, compared.Evidence...)
		}
	}
	v = inOrder(v, c.Spec.Checks)
	decides := func(c rollout.Check) bool { return !c.DryRun }
	v.Proved = v.Proved && v.Result == rollout.Pass && !slices.ContainsFunc(limits, decides) // a limit proves nothing before its time
	return v, s.bytes()
}

// WarmStart returns what a rollout that succeeded leaves to the next one of its service: how pods start.
func (Judge) WarmStart(b []byte) []byte {
	s := readState(b).Signals
	if s == nil {
		return nil
	}
	starts := s.Starts
	if slices.Equal(s.Baseline.StartBounds, s.Baseline.Bounds) {
		starts = s.Baseline.Starts.Fade().Plus(starts)
	}
	next := state{Signals: &signalState{Baseline: baseline{Starts: starts, StartBounds: s.Baseline.Bounds}}}
	return next.bytes()
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
