package rollout

// Advice is what the judge would do, recorded beside what a person decides.
type Advice string

// The advice.
const (
	NoAdvice       Advice = ""
	AdviseForward  Advice = "forward"  // every check passes
	AdviseWait     Advice = "wait"     // nothing is known for certain, or it is in doubt
	AdviseRollback Advice = "rollback" // a check fails, or the evidence leans against the canary ten to one
)

// leaning is the logarithm of the odds from which the judge advises to roll back: ten to one.
const leaning = 2.302585092994046

// Advice returns what the verdict suggests.
func (v Verdict) Advice() Advice {
	switch {
	case len(v.Doubts()) > 0 && v.Result != Fail:
		return AdviseWait // the odds are against it, and something speaks against acting on them
	case v.Result == Fail, v.Limit > 0 && v.Odds >= leaning:
		return AdviseRollback
	case v.Result == Pass:
		return AdviseForward
	}
	return AdviseWait
}

// advice is what the judge suggests where a person decides about a canary that has been judged.
func (r Rollout) advice(a Action) Advice {
	if a != Promote && a != Rollback || r.WeightAckedAt.IsZero() || !r.Phase.Forward() || !r.judged().DemandsEvidence() {
		return NoAdvice
	}
	return r.Verdict.Advice()
}

// Agreement counts the decisions to go on or to roll back in which a person and the judge's advice agreed, and all such
// decisions. Advice to wait does not count.
func Agreement(entries []Entry) (agreed, of int) {
	for _, e := range entries {
		if e.Kind != EntryDecided || e.Data.Advice == NoAdvice || e.Data.Advice == AdviseWait || e.Data.Reason.Code == ReasonReplaced {
			continue
		}
		of++
		if (e.Data.Action == Rollback) == (e.Data.Advice == AdviseRollback) {
			agreed++
		}
	}
	return agreed, of
}
