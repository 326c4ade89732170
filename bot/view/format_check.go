package view

import (
	"fmt"
	"math"
	"strings"

	"canarybot.io/rollout"
)

// nameOf is the display name of the evidence: for slow requests a share is judged, not a quantile.
func nameOf(e rollout.Evidence) string {
	if named, _ := rollout.Named(e.Check); named.Signal != rollout.LatencySignal || e.Unit != rollout.Ratio {
		return checkName(e.Check)
	}
	if e.Compared == nil || e.Compared.Bound <= 0 {
		return "slow"
	}
	return "slower than " + amountOf(e.Compared.Bound, rollout.Seconds, configured).String()
}

// checkName is a check's display name.
func checkName(name string) string {
	if named, ok := rollout.Named(name); ok {
		return named.Words
	}
	if n := escape(strings.ReplaceAll(name, "_", " "), 40); n != "" {
		return n
	}
	return "a check"
}

func icon(r rollout.Result) string {
	switch r {
	case rollout.Pass:
		return iconDone
	case rollout.Fail:
		return iconBad
	case rollout.Unknown:
	}
	return iconUnknown
}

// limitWord is the word before a check's threshold.
func limitWord(c rollout.Comparison) string {
	if c == rollout.GreaterThan {
		return "must be above"
	}
	return "limit"
}

// why puts the reason behind evidence into words; empty if the numbers are enough.
func why(e rollout.Evidence) string {
	switch e.Why {
	case rollout.WhyNone, rollout.WhyLimit:
		return ""
	case rollout.WhyCeiling:
		if e.Ceiling != nil {
			return fmt.Sprintf("beyond %s, where one answer is enough", amountOf(*e.Ceiling, e.Unit, configured))
		}
		return "so far beyond the limit that one answer is enough"
	case rollout.WhySilent:
		return "silent while stable reports"
	case rollout.WhyFailingOnce:
		return "failing once"
	case rollout.WhyNoData:
		return "no data"
	case rollout.WhyNotANumber:
		return "not a number"
	case rollout.WhyInfinite:
		return "infinite"
	case rollout.WhySeveralSeries:
		return "several series instead of one number"
	case rollout.WhyWarnings:
		return "Prometheus answered with a warning"
	case rollout.WhyStale:
		return "only old numbers"
	case rollout.WhyQueryError:
		return "Prometheus refused the question"
	case rollout.WhyUnreachable:
		return "Prometheus cannot be asked"
	case rollout.WhyTimeout:
		return "no answer in time"
	case rollout.WhyTooLarge:
		return "the answer is too large"
	case rollout.WhyWarmingUp:
		return "warming up"
	case rollout.WhyTooFewRequests:
		if e.Requests != nil {
			return fmt.Sprintf("%s of %s requests", count(*e.Requests), count(e.MinRequests))
		}
		return "too few requests"
	case rollout.WhyNotAsked:
		return "not asked yet"
	case rollout.WhyNoTraffic:
		return "gets no requests"
	case rollout.WhyPartial:
		return "too few of its pods report"
	case rollout.WhyLittleShare:
		if e.Share == nil {
			return "gets far fewer requests than its weight promises"
		}
		return fmt.Sprintf("gets %s of the requests instead of %s", amountOf(e.Share.Got, rollout.Ratio, measured), amountOf(e.Share.Asked, rollout.Ratio, configured))
	case rollout.WhyProbes:
		return "its few requests look like those of probes"
	case rollout.WhyIncomplete:
		return "Prometheus left out series that it had before"
	case rollout.WhyCoarse:
		return "the histogram has no bucket at the limit"
	case rollout.WhySameSeries:
		return "canary and stable are told by the same series"
	case rollout.WhyShared:
		return "stable has the same trouble, so it may not be the canary's"
	case rollout.WhyWorse, rollout.WhyBeyond, rollout.WhyGrows, rollout.WhyNoShare, rollout.WhyOnePod, rollout.WhyUndecided:
		return whyBet(e)
	}
	return word(string(e.Why))
}

// whyBet puts the state of a running bet into words.
func whyBet(e rollout.Evidence) string {
	times := e.Compared != nil && e.Compared.AtLeast > 1
	// The other reasons are in why.
	//exhaustive:ignore
	switch e.Why {
	case rollout.WhyWorse, rollout.WhyBeyond:
		if times {
			return fmt.Sprintf("at least %s times stable, %s", amountOf(e.Compared.AtLeast, rollout.Number, configured), confidence(e))
		}
		if e.Why == rollout.WhyBeyond {
			return "beyond the limit, " + confidence(e)
		}
		return "worse than stable, " + confidence(e)
	case rollout.WhyGrows:
		return "grows so fast that it reaches the limit within the hour, " + confidence(e)
	case rollout.WhyNoShare:
		return "the traffic that it should get does not come, " + confidence(e)
	case rollout.WhyOnePod:
		return "in one pod alone, its others are fine"
	default:
		return "not clear yet"
	}
}

// confidence is the certainty of a bet: the probability that its limit is not reached by chance.
func confidence(e rollout.Evidence) string {
	if e.Compared == nil || e.Compared.Limit <= 0 {
		return "for sure"
	}
	return amountOf(1-math.Exp(-e.Compared.Limit), rollout.Ratio, configured).String() + " sure"
}

// count returns a number of requests: Prometheus extrapolates, people count.
func count(v float64) string { return amountOf(math.Floor(v), rollout.Number, 9).number }

// sentence returns the evidence as it reads inside a sentence: "errors 5.1 %, limit 1 %".
func sentence(e rollout.Evidence) string {
	name := nameOf(e)
	reason := why(e)
	if e.Canary == nil {
		if reason == "" {
			reason = "no number"
		}
		return name + ": " + reason
	}
	value, limit := pair(*e.Canary, e.Threshold, e.Unit)
	if times := e.Compared != nil && e.Compared.AtLeast > 1; e.Stable != nil && (e.Why == rollout.WhyWorse || e.Why == rollout.WhyBeyond && times) {
		return fmt.Sprintf("%s %s against %s: %s", name, value, amountOf(*e.Stable, e.Unit, measured), reason)
	}
	s := fmt.Sprintf("%s %s, %s %s", name, value, limitWord(e.Comparison), limit)
	if reason != "" {
		s += " (" + reason + ")"
	}
	return s
}

// compact returns the evidence as shown on the card: "p99 210 ms (205, 500) ✅". The numbers in brackets are labelled
// only the first time.
func (l *labels) compact(e rollout.Evidence) string {
	name, reason := nameOf(e), joined(", ", why(e), informOnly(e))
	if e.Result == rollout.Pass {
		reason = informOnly(e)
	}
	if e.Canary == nil {
		return joined(" ", name, icon(e.Result), reason)
	}
	value, limit := pair(*e.Canary, e.Threshold, e.Unit)
	var brackets []string
	if e.Stable != nil {
		stable := amountOf(*e.Stable, e.Unit, measured).beside(value)
		brackets = append(brackets, l.labelOnce(&l.stable, "stable ")+stable)
	}
	switch {
	case e.Comparison == rollout.GreaterThan:
		brackets = append(brackets, "must be above "+limit.beside(value))
	default:
		brackets = append(brackets, l.labelOnce(&l.limit, "limit ")+limit.beside(value))
	}
	return joined(" ", name, value.String(), "("+strings.Join(brackets, ", ")+")", icon(e.Result), reason)
}

// labels records which labels the line of checks already has.
type labels struct{ stable, limit bool }

func (l *labels) labelOnce(said *bool, label string) string {
	if *said {
		return ""
	}
	*said = true
	return label
}

// checks returns the card's line of checks. If there are many, those that pass are only counted.
func checks(v rollout.Verdict) string {
	const most = 12
	var l labels
	var all []string
	left := 0
	for _, e := range v.Evidence {
		if len(all) >= most || (len(v.Evidence) > most && e.Result == rollout.Pass) {
			left++
			continue
		}
		all = append(all, l.compact(e))
	}
	if left > 0 {
		all = append(all, fmt.Sprintf("and %d more", left))
	}
	return strings.Join(all, "  ")
}

// fullEvidence returns the evidence as shown in the thread: every number with its unit and, over a bake, its course.
func fullEvidence(e rollout.Evidence) string {
	var numbers, course string
	if e.Canary != nil {
		value, limit := pair(*e.Canary, e.Threshold, e.Unit)
		stable := ""
		if e.Stable != nil {
			stable = "stable " + amountOf(*e.Stable, e.Unit, measured).String()
		}
		numbers = fmt.Sprintf("%s (%s)", value, joined(", ", stable, limitWord(e.Comparison)+" "+limit.String()))
	}
	if e.Lowest != nil && e.Highest != nil {
		low, high := amountOf(*e.Lowest, e.Unit, measured), amountOf(*e.Highest, e.Unit, measured)
		course = fmt.Sprintf("between %s and %s", low, high)
		if low == high {
			course = "always " + low.String()
		}
	}
	line := joined(" ", icon(e.Result), nameOf(e), numbers)
	return dotted(line, why(e), informOnly(e), samples(e), course, detail(e.Detail))
}

// informOnly returns a note on a check that does not decide; empty for others.
func informOnly(e rollout.Evidence) string {
	if e.DryRun {
		return "only informs"
	}
	return ""
}

// samples says on how many requests the evidence rests, where they were counted.
func samples(e rollout.Evidence) string {
	if e.Compared == nil || e.Compared.Canary.Requests <= 0 {
		return ""
	}
	c := e.Compared
	return fmt.Sprintf("%s of %s requests, stable %s of %s", count(c.Canary.Bad), count(c.Canary.Requests), count(c.Stable.Bad), count(c.Stable.Requests))
}

// verdict summarizes the results of a step's checks.
func verdict(v rollout.Verdict) string {
	worst, ok := v.Worst()
	switch {
	case !ok && v.Result == rollout.Pass:
		return "all checks pass"
	case !ok:
		return iconUnknown + " no verdict yet"
	}
	same := 0
	for _, e := range v.Evidence {
		if e.Result == worst.Result && e.Why == worst.Why {
			same++
		}
	}
	if same > 1 && same == len(v.Evidence) && worst.Canary == nil {
		return icon(worst.Result) + " all checks: " + why(worst)
	}
	others := 0
	for _, e := range v.Evidence {
		if e.Result == worst.Result {
			others++
		}
	}
	s := icon(worst.Result) + " " + sentence(worst)
	if others > 1 {
		s += fmt.Sprintf(", and %d more", others-1)
	}
	return s
}
