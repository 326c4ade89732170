package rollout

// Advice is what a judge would do, said beside what a person does.
type Advice string

// The advice.
const (
	NoAdvice       Advice = ""
	AdviseForward  Advice = "forward"  // every check passes
	AdviseWait     Advice = "wait"     // nothing is known for certain
	AdviseRollback Advice = "rollback" // a check fails, or the evidence leans against the canary ten to one
)

// leaning is the logarithm of the odds from which a judge would rather roll a canary back: ten to one.
const leaning = 2.302585092994046

// Advice returns what the verdict speaks for.
func (v Verdict) Advice() Advice {
	switch {
	case v.Result == Fail, v.Limit > 0 && v.Odds >= leaning:
		return AdviseRollback
	case v.Result == Pass:
		return AdviseForward
	}
	return AdviseWait
}

// advice is what the judge speaks for where a person decides about a canary that has been judged.
func (r Rollout) advice(a Action) Advice {
	if a != Promote && a != Rollback || r.WeightAckedAt.IsZero() || !r.Phase.Forward() || !r.judged().DemandsEvidence() {
		return NoAdvice
	}
	return r.Verdict.Advice()
}

// Agreement counts in how many of the decisions to go on or to roll back that people made beside a judge's advice both said the
// same. Advice to wait counts for neither.
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
