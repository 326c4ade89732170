package judge

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Func judges a step. It is given the rollout's checks, the samples that came since the last call, the state that it
// returned then, when the step's weight was acknowledged, and the time. It returns the verdict over all that it has
// heard since, and its new state. It is pure, and the same samples lead to the same verdict however they are spread
// over calls. A state of another weight, of other checks, or that cannot be read is the same as none.
type Func func(checks []rollout.Check, samples []rollout.Sample, state []byte, since, now time.Time) (rollout.Verdict, []byte)

var _ Func = Compare

// patience is how long an answer may take beyond its interval: what an adapter may block.
const patience = 10 * time.Second

// Compare compares each check's newest sample with its threshold and ceiling.
//
// Samples may repeat and come in any order within a call: each counts once, by its time. Those from before the
// weight, from the future, or of a check that the rollout does not have are left out.
func Compare(checks []rollout.Check, samples []rollout.Sample, state []byte, since, now time.Time) (rollout.Verdict, []byte) {
	m := recall(state, checks, since)
	samples = slices.Clone(samples)
	slices.SortStableFunc(samples, func(a, b rollout.Sample) int { return a.At.Compare(b.At) })
	for _, s := range samples {
		i := slices.IndexFunc(checks, func(c rollout.Check) bool { return c.Name == s.Check })
		if i < 0 || s.At.Before(since) || s.At.After(now) {
			continue
		}
		m.Series[s.Check] = m.Series[s.Check].with(checks[i], sound(s), now)
	}

	verdict := rollout.Verdict{Since: since}
	silent := m.silent(checks)
	for _, c := range checks {
		one := m.Series[c.Name]
		e := one.evidence(c, now)
		if silent && e.Why == rollout.WhyNoData && one.Silent.N >= silentSamples {
			e.Result, e.Why = rollout.Fail, rollout.WhySilent
		}
		if one.Last.At.After(verdict.At) {
			verdict.At = one.Last.At
		}
		verdict.Evidence = append(verdict.Evidence, e)
	}
	verdict.Result = rollout.Combine(verdict.Evidence)
	return verdict, m.bytes()
}
