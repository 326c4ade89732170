package rollout

import (
	"slices"
	"strings"
	"time"
)

// setHold asks a person about evidence: at once where it is in a doubt that asks, and when it was unknown for too long. The
// hold ends when that is over.
func (rc *reconciliation) setHold() {
	if rc.Held && rc.holdIsOver() {
		rc.tell(EntrySettled, bot, Data{Reason: Reason{Code: rc.heldBecause()}, Doubts: rc.Doubts})
		rc.Held, rc.Doubts = false, nil
	}
	v := rc.Verdict
	asked, first := rc.newDoubts()
	switch {
	case len(asked) > 0:
		rc.Held, rc.Doubts = true, append(slices.Clone(rc.Doubts), asked...)
		rc.tell(EntryAsked, bot, Data{Reason: Reason{Code: ReasonDoubt, Evidence: &first}, Verdict: &v, Doubts: asked, Weight: rc.judged().Weight, Left: rc.patience()})
	case !rc.Held && rc.unknownForLong() && rc.Spec.Limits.OnUnknown != RollbackOnUnk:
		rc.Held = true
		rc.tell(EntryAsked, bot, Data{Reason: Reason{Code: ReasonUnknown}, Verdict: &v, Left: rc.patience()})
	}
}

// holdIsOver reports whether what people were asked about is over. Where that is a doubt, its check has to pass: evidence that
// cannot be had for a moment, or a doubt that asks no more and may do so again, would only put the same question twice.
func (rc *reconciliation) holdIsOver() bool {
	if !rc.demands() || rc.Verdict.Result == Pass {
		return true
	}
	return len(rc.Doubts) > 0 && !slices.ContainsFunc(rc.Doubts, func(d Acceptance) bool {
		i := slices.IndexFunc(rc.Verdict.Evidence, func(e Evidence) bool { return e.Check == d.Check })
		return i < 0 || rc.Verdict.Evidence[i].Result != Pass
	})
}

// newDoubts returns what to ask people about that they were neither asked about in this hold nor have accepted, and the
// evidence of the first. A doubt that only waits is asked about when it has lasted too long.
func (rc *reconciliation) newDoubts() (asked []Acceptance, first Evidence) {
	if !rc.demands() || rc.Verdict.Result != Unknown {
		return nil, first
	}
	late := rc.unknownForLong() && rc.Spec.Limits.OnUnknown != RollbackOnUnk
	for _, e := range rc.Verdict.Doubts() {
		d := Acceptance{Check: e.Check, Why: e.Why}
		if e.Doubt != DoubtAsks && !late || slices.Contains(rc.Doubts, d) || slices.Contains(rc.Accepted, d) {
			continue
		}
		if asked = append(asked, d); len(asked) == 1 {
			first = e
		}
	}
	return asked, first
}

// heldBecause is why people are asked.
func (r Rollout) heldBecause() ReasonCode {
	if len(r.Doubts) > 0 {
		return ReasonDoubt
	}
	return ReasonUnknown
}

// unknownForLong reports whether evidence was unknown for as long as it may be.
func (r Rollout) unknownForLong() bool {
	limit := r.Spec.Limits.UnknownLimit
	return limit > 0 && r.Spans.Unknown >= limit
}

// acceptDoubts notes that a person says that what they were asked about is fine, for the rest of this rollout.
func (r *Rollout) acceptDoubts() {
	r.Accepted = append(slices.Clone(r.Accepted), r.Doubts...)
	r.Held, r.Doubts = false, nil
}

// asking is what the doubts ask, as one word: another one is another question.
func (r Rollout) asking() string {
	var all strings.Builder
	for _, d := range r.Doubts {
		all.WriteString(d.Check + "/" + string(d.Why) + ",")
	}
	return all.String()
}

// patience is how long an unanswered question may still wait before the rollout is rolled back; 0 where it may wait for
// ever.
func (rc *reconciliation) patience() time.Duration {
	if rc.Spec.Limits.Wait <= 0 || rc.Orphaned() {
		return 0
	}
	return max(0, rc.Spec.Limits.Wait-rc.Spans.Waiting)
}
