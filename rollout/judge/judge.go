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
	Signals *docket         `json:"signals,omitempty"`
}

// Want returns what to ask for the next verdict.
func (Judge) Want(c rollout.Case) rollout.Want {
	limits, signals := split(c.Spec.Checks)
	w := rollout.Want{At: c.Now.Add(every(c.Spec.Limits))}
	if len(signals) == 0 {
		return w
	}
	var s state
	s.read(c.State)
	own := s.docket(c).want(c)
	if len(limits) > 0 && w.At.Before(own.At) {
		own.At = w.At
	}
	return own
}

// WarmStart returns what a rollout that succeeded leaves to the next one of its service: how pods start.
func (Judge) WarmStart(b []byte) []byte {
	var s state
	s.read(b)
	if s.Signals == nil {
		return nil
	}
	d := s.Signals
	learned := d.Learned
	if slices.Equal(d.Setup.StartBounds, d.Setup.Bounds) {
		learned = d.Setup.Starts.Fade().Plus(learned)
	}
	left, err := json.Marshal(state{Signals: &docket{Setup: setup{Starts: learned, StartBounds: d.Setup.Bounds}}})
	if err != nil {
		return nil
	}
	return left
}

// every is how often checks against limits are asked.
func every(l rollout.Limits) time.Duration {
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

// Judge returns the verdict over all checks, in their order.
func (Judge) Judge(c rollout.Case) (rollout.Verdict, []byte) {
	var s state
	s.read(c.State)
	limits, signals := split(c.Spec.Checks)
	v := rollout.Verdict{Since: c.Since}
	if len(limits) > 0 {
		var memory []byte
		v, memory = Compare(limits, c.Samples, s.Limits, c.Since, c.Now)
		s.Limits = memory
	}
	if len(signals) > 0 {
		s.Signals = s.docket(c)
		bets := s.Signals.judge(c)
		bets.Evidence = append(bets.Evidence, v.Evidence...)
		v = bets
	}
	slices.SortStableFunc(v.Evidence, func(a, b rollout.Evidence) int { return place(c, a) - place(c, b) })
	for i, e := range v.Evidence {
		v.Evidence[i].DryRun = c.Spec.Checks[place(c, e)].DryRun
	}
	v.Result = rollout.Combine(v.Evidence)
	decides := func(c rollout.Check) bool { return !c.DryRun }
	v.Proved = v.Proved && v.Result == rollout.Pass && !slices.ContainsFunc(limits, decides) // a limit proves nothing before its time
	b, err := json.Marshal(s)
	if err != nil {
		return v, nil // a time beyond year 9999: forgetting is safe
	}
	return v, b
}

// place is where the evidence's check stands in the configuration.
func place(c rollout.Case, e rollout.Evidence) int {
	return slices.IndexFunc(c.Spec.Checks, func(one rollout.Check) bool { return one.Name == e.Check })
}

// read reads what was stored. What cannot be read is forgotten.
func (s *state) read(b []byte) {
	if len(b) == 0 || json.Unmarshal(b, s) != nil {
		*s = state{}
	}
}

// docket returns what is remembered of the signals, brought to the weight that the canary has.
func (s *state) docket(c rollout.Case) *docket {
	d := s.Signals
	if d == nil {
		d = &docket{}
	}
	if !d.Since.Equal(c.Since) {
		d.turn(c.Since)
	}
	return d
}
