package judge

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// patience is how long an answer may take beyond its interval: what an adapter may block.
const patience = 10 * time.Second

// Compare compares each check's newest sample with its threshold and ceiling. State is what it returned last; a state of
// another weight, of other checks, or that cannot be read is the same as none.
//
// It is pure, and the same samples lead to the same verdict however they are spread over calls. Samples may repeat and
// come in any order within a call: each counts once, by its time. Those from before the weight, from the future, or of a
// check that the rollout does not have are left out.
func Compare(checks []rollout.Check, samples []rollout.Sample, state []byte, since, now time.Time) (rollout.Verdict, []byte) {
	v, after := compare(readLimitState(state).of(checks, since), checks, samples, now)
	return v, after.bytes()
}

// compare returns the verdict, and the state with the samples added, which it changes.
func compare(s limitState, checks []rollout.Check, samples []rollout.Sample, now time.Time) (rollout.Verdict, limitState) {
	since := s.Since
	from := since
	if since.After(now) {
		from = time.Time{} // the clock was set back; who has this weight to be judged asked after it was there
	}
	samples = slices.Clone(samples)
	slices.SortStableFunc(samples, func(a, b rollout.Sample) int { return a.At.Compare(b.At) })
	for _, sample := range samples {
		i := slices.IndexFunc(checks, func(c rollout.Check) bool { return c.Name == sample.Check })
		if i < 0 || sample.At.Before(from) || sample.At.After(now) {
			continue
		}
		s.Checks[sample.Check] = s.Checks[sample.Check].with(checks[i], finiteSample(sample), now)
	}

	verdict := rollout.Verdict{Since: since}
	silent := s.silent(checks)
	for _, c := range checks {
		one := s.Checks[c.Name]
		e := one.evidence(c, now)
		if silent && e.Why == rollout.WhyNoData && one.Silent.N >= silentSamples {
			e.Result, e.Why = rollout.Fail, rollout.WhySilent
		}
		if little := s.littleShare(one.Last); e.Result == rollout.Pass && little != nil {
			e.Result, e.Why, e.Share = rollout.Unknown, rollout.WhyLittleShare, little
		}
		if one.Last.At.After(verdict.At) {
			verdict.At = one.Last.At
		}
		verdict.Evidence = append(verdict.Evidence, e)
	}
	verdict.Result = rollout.Combine(verdict.Evidence)
	return verdict, s
}

// littleShare returns the canary's share of the requests of a sample, where they were counted, that is far below its
// weight: a quarter of it, for of how many pods, and so how many probes, the requests are is not known.
func (s limitState) littleShare(of rollout.Sample) *rollout.TrafficShare {
	if of.Requests == nil || of.StableRequests == nil || s.share <= 0 || s.share >= 1 {
		return nil
	}
	all := *of.Requests + *of.StableRequests
	if !tooLittle(*of.Requests, all, s.share/4) {
		return nil
	}
	return &rollout.TrafficShare{Got: *of.Requests / all, Asked: s.share}
}
