package view

import (
	"fmt"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// doubtWords are what people read about one doubt. A %s is what the check counts: errors, slow requests, memory.
type doubtWords struct {
	line  string // why nothing is done about it, within a check's line
	seen  string // the same, as a sentence
	until string // what is waited for
	hint  string // what helps a person to decide
}

// doubts has the words of each reason that may be a doubt.
func doubts(w rollout.Why) (doubtWords, bool) {
	words, ok := map[rollout.Why]doubtWords{
		rollout.WhyBrief: {
			"not for long enough to act on it", "The canary has had %s for a few scrapes only.",
			"until the next scrapes show whether that lasts", "The canary's logs of these seconds may say what it was.",
		},
		rollout.WhyOver: {
			"not in the newest scrapes any more", "The canary had %s; the newest scrapes do not show that any more.",
			"until it is clear that it is over", "Go on if you know what it was.",
		},
		rollout.WhyUsual: {
			"stable was as bad before", "Stable itself was as bad before.",
			"until that is over, or worse than stable ever was", "Go on if it is what this service has now and then.",
		},
		rollout.WhyBoth: {
			"both versions had that within the same minute", "Both versions had %s within the same minute.",
			"until three quiet scrapes", "Something that both use may have failed: a database, a network, a node.",
		},
		rollout.WhyYoung: {
			"the pods have only started", "The canary's pods have only started, which may be all that is behind the %s.",
			"until the pods are older", "Go on if this service takes that long to start.",
		},
		rollout.WhySmall: {
			"a small difference", "The canary has more %s than stable, by less than what is rolled back by itself.",
			"until the difference is gone, or large enough to act on", "Go on if users can live with the difference.",
		},
		rollout.WhyHidden: {
			"pods behind one proxy may differ by as much", "One proxy reports for all pods of a version, and pods alone may differ by as much.",
			"until the difference is gone, or larger than that", "Look at the pods one by one, which Prometheus cannot do here.",
		},
		rollout.WhyUnpaired: {
			"stable has no traffic to compare with", "The canary has %s, and stable has no traffic to compare with.",
			"until that is over, or has lasted too long to be somebody else's", "Does it come from the new version, or from something that it calls?",
		},
		rollout.WhyMayGrow: {
			"grows, and would reach the limit within the hour", "Memory grows, and would reach the limit within the hour.",
			"until it stops growing, or is about to reach the limit", "What is cached fills up and stops growing; a leak does not.",
		},
		rollout.WhyOnePod: {
			"in one pod alone, the others are fine", "One pod alone has %s; the others are fine.",
			"until that pod recovers or is replaced", "Its node may be to blame.",
		},
		rollout.WhyShared: {
			"stable has the same trouble, so it may not be the canary's", "Stable has %s too, so it may not be the canary's doing.",
			"until stable is well again", "Roll back if the canary may be the cause of both.",
		},
		rollout.WhyLittleShare: {
			"the canary gets far fewer requests than its weight promises", "The canary gets far fewer requests than its weight promises.",
			"until it gets its share", "Does the route send it users? Connections that are kept open stay where they are for a while. " +
				"Where the service is also called past its route, " + code("judge.share: false") + " leaves this out.",
		},
		rollout.WhyHangs: {
			"some begin and do not end", "Some of the canary's requests begin and do not end.",
			"until more of them show whether that goes on", "A lock, a pool that is used up, or a call without a timeout may be behind it.",
		},
		rollout.WhyRestarts: {
			"more often than stable's", "The canary's containers restart, more often than stable's.",
			"until it is clear whether that goes on", "Why they ended stands in kubectl describe pod, and in their logs before that.",
		},
		rollout.WhyRefused: {
			"more often than by stable", "The canary answers more requests with a 4xx than stable.",
			"until the difference is gone, or large enough to act on", "Go on if the new version is meant to refuse them.",
		},
	}[w]
	return words, ok
}

// doubtOf returns the words for a doubt about this evidence. Where no pod is named there is only one, which cannot be told
// from its version.
func doubtOf(e rollout.Evidence) (doubtWords, bool) {
	if e.Why == rollout.WhyOnePod && e.Detail == "" {
		return doubtWords{
			"in the only pod, since the middle of the step", "The canary's only pod has %s, since the middle of the step.",
			"until it recovers, or has lasted for four minutes", "A noisy neighbour on its node may be to blame.",
		}, true
	}
	return doubts(e.Why)
}

// whyDoubt says why nothing is done about the evidence, or that a doubt suffices to roll this service back.
func whyDoubt(e rollout.Evidence) string {
	words, _ := doubtOf(e)
	line := words.line
	if s := e.Share; s != nil && e.Why == rollout.WhyLittleShare {
		line = fmt.Sprintf("the canary gets %s of the requests instead of %s", amountOf(s.Got, rollout.Ratio, measured), amountOf(s.Asked, rollout.Ratio, configured))
	}
	if e.Result == rollout.Fail && e.Why != rollout.WhyOnePod {
		return line + ", and on_doubt is rollback"
	}
	return line
}

// counts is what the check of the evidence counts.
func counts(e rollout.Evidence) string {
	if e.Why == rollout.WhyLittleShare {
		return "traffic"
	}
	named, ok := rollout.Named(e.Check)
	if isBeside(e) {
		return besideName(e)
	}
	if !ok {
		return "bad values of " + checkName(e.Check)
	}
	switch named.Signal {
	case rollout.ErrorSignal, rollout.SuccessSignal:
		return "errors"
	case rollout.LatencySignal:
		return "slow requests"
	case rollout.MemorySignal:
		return "memory in use"
	case rollout.NoSignal:
	}
	return named.Words
}

// seen says what is seen, and what speaks against acting on it.
func seen(e rollout.Evidence) string {
	words, ok := doubtOf(e)
	if !ok { // a reason that a newer Canarybot knows
		return fullStop(capitalize(sentence(e)))
	}
	switch {
	case e.Why == rollout.WhySmall && e.Margin != nil && e.Canary != nil && e.Stable != nil:
		return capitalize(slightly(e))
	case e.Why == rollout.WhyLittleShare:
		return capitalize(fullStop(whyDoubt(e)))
	}
	return strings.ReplaceAll(words.seen, "%s", counts(e))
}

// holding says what a rollout waits for before it goes on; at is the weight that it keeps.
func holding(e rollout.Evidence, at rollout.Weight) string {
	words, ok := doubtOf(e)
	if !ok {
		return fmt.Sprintf("Holding at %s until that is over.", at)
	}
	return fmt.Sprintf("Holding at %s %s.", at, words.until)
}

// hint says what helps a person to decide.
func hint(r rollout.Rollout, e rollout.Evidence) string {
	words, _ := doubtOf(e)
	if pod := shellSafe(e.Detail); e.Why == rollout.WhyOnePod && pod != "" {
		return words.hint + " Replace the pod, and its successor is judged instead: " + code(kubectl(r, "delete pod %s", pod))
	}
	return words.hint
}

// answers says what each answer to a doubt means.
func answers(r rollout.Rollout) string {
	return fmt.Sprintf("*Go on*: it is fine, and nobody is asked about it again in this rollout; what gets worse is still rolled back. "+
		"*Roll back*: everyone returns to %s.", oldVersion(r))
}

// about returns the evidence of a doubt: what the verdict has of it, else what is known without.
func about(v rollout.Verdict, d rollout.Acceptance) rollout.Evidence {
	i := slices.IndexFunc(v.Evidence, func(e rollout.Evidence) bool { return e.Check == d.Check && e.Why == d.Why })
	if i < 0 {
		return rollout.Evidence{Check: d.Check, Why: d.Why, Result: rollout.Unknown, Doubt: rollout.DoubtAsks}
	}
	return v.Evidence[i]
}

// fewDoubts is how many doubts have a sentence each; the lines of the checks show the rest.
const fewDoubts = 3

// eachDoubt has a sentence for each doubt.
func eachDoubt(v rollout.Verdict, all []rollout.Acceptance, say func(rollout.Evidence) string) string {
	var lines []string
	for i, d := range all {
		if i == fewDoubts {
			lines = append(lines, fmt.Sprintf("And %d more.", len(all)-fewDoubts))
			break
		}
		if line := say(about(v, d)); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// asksAbout says what people are asked about, with what helps to decide.
func asksAbout(r rollout.Rollout, v rollout.Verdict, all []rollout.Acceptance) string {
	return eachDoubt(v, all, func(e rollout.Evidence) string { return joined(" ", seen(e), hint(r, e)) })
}

// nameDoubts names the doubts within a sentence: "errors (both versions had that within the same minute)".
func nameDoubts(all []rollout.Acceptance) string {
	names := make([]string, 0, len(all))
	for i, d := range all {
		if i == fewDoubts {
			names = append(names, fmt.Sprintf("%d more", len(all)-fewDoubts))
			break
		}
		e := about(rollout.Verdict{}, d)
		if name := fmt.Sprintf("%s (%s)", counts(e), why(e)); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// doubtNote is what the card says of doubts, while people are asked about them and while they only wait.
func doubtNote(r rollout.Rollout) string {
	switch {
	case r.Phase.Ending() || r.Phase == rollout.Ended:
		return ""
	case len(r.Doubts) > 0:
		return joined(" ", iconUnknown, asksAbout(r, r.Verdict, r.Doubts), "A person decides: *Go on* if that is fine, *Roll back* if not.")
	case r.Held || !isJudged(r):
		return ""
	}
	waiting := r.Verdict.Doubts()
	if len(waiting) == 0 || r.Verdict.Result == rollout.Fail {
		return ""
	}
	return joined(" ", iconUnknown, seen(waiting[0]), holding(waiting[0], judgedStep(r).Weight))
}
