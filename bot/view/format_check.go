package view

import (
	"fmt"
	"math"
	"strings"

	"canarybot.io/rollout"
)

// nameOf is the display name of the evidence.
func nameOf(e rollout.Evidence) string {
	switch {
	case e.Why == rollout.WhyNoShare: // the first check only lends its place
		return "traffic"
	case judgedByShare(e):
		return "latency"
	case isBeside(e):
		return besideName(e)
	}
	return checkName(e.Check)
}

// onPart says which part of the requests the evidence is about; empty: all. What it is made of comes from whoever names
// endpoints: it stands as code, where nothing comes alive.
func onPart(e rollout.Evidence) string {
	if e.Part == nil {
		return ""
	}
	label := clip(e.Part.Label, maxWord/2)
	if e.Part.Value == "" {
		return " on every other " + code(label)
	}
	return " on " + code(label+"="+clip(e.Part.Value, maxWord/2))
}

// judgedByShare reports whether the evidence is about the share of slow requests, and not about a quantile.
func judgedByShare(e rollout.Evidence) bool {
	named, _ := rollout.Named(e.Check)
	return named.Signal == rollout.LatencySignal && e.Unit == rollout.Ratio
}

// slowerThan says which requests are slow; empty where the bound is not known.
func slowerThan(e rollout.Evidence) string {
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
			return fmt.Sprintf("beyond %s, where one sample fails", amountOf(*e.Ceiling, e.Unit, configured))
		}
		return "so far beyond the limit that one sample fails"
	case rollout.WhySilent:
		return "no data from the canary, while stable reports"
	case rollout.WhyFailingOnce:
		return "failed once so far"
	case rollout.WhyNoData:
		return "no data"
	case rollout.WhyNotANumber:
		return "not a number (NaN)"
	case rollout.WhyInfinite:
		return "infinite"
	case rollout.WhySeveralSeries:
		return "the query gives several series instead of one number"
	case rollout.WhyWarnings:
		return "Prometheus answered with a warning"
	case rollout.WhyStale:
		return "only old numbers"
	case rollout.WhyQueryError:
		return "Prometheus refuses the query"
	case rollout.WhyUnreachable:
		return "Prometheus cannot be asked"
	case rollout.WhyTimeout:
		return "no answer in time"
	case rollout.WhyTooLarge:
		return "Prometheus's answer is too large"
	case rollout.WhyWarmingUp:
		return "warming up"
	case rollout.WhyTooFewRequests:
		if e.Requests != nil {
			return fmt.Sprintf("too few requests yet, %s of the %s needed", count(*e.Requests), count(e.MinRequests))
		}
		return "too few requests yet"
	case rollout.WhyNotAsked:
		return "not asked yet"
	case rollout.WhyNoTraffic:
		return "the canary gets no requests"
	case rollout.WhyPartial:
		return "too few of the canary's pods report"
	case rollout.WhyProbes:
		return "the canary's few requests look like those of probes"
	case rollout.WhyIncomplete:
		return "Prometheus left out series that it had before"
	case rollout.WhyCoarse:
		return "the histogram has no bucket at the limit"
	case rollout.WhySameSeries:
		return "the same series are selected for canary and stable"
	case rollout.WhyUnscaled:
		return "the canary has as small a part of stable's value as of the traffic, so the query is not per request"
	case rollout.WhyNegative:
		return "stable's value is negative, so a ratio to it means nothing"
	case rollout.WhyShared, rollout.WhyOnePod, rollout.WhyBrief, rollout.WhyOver, rollout.WhyUsual, rollout.WhyBoth, rollout.WhyYoung,
		rollout.WhySmall, rollout.WhyHidden, rollout.WhyUnpaired, rollout.WhyMayGrow, rollout.WhyLittleShare:
		return whyDoubt(e)
	case rollout.WhyWorse, rollout.WhyBeyond, rollout.WhyGrows, rollout.WhyNoShare, rollout.WhyUndecided:
		return whyBet(e)
	case rollout.WhyHangs, rollout.WhyRestarts, rollout.WhyRefused:
		return whyBeside(e)
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
		if e.Margin != nil && e.Why == rollout.WhyWorse {
			return beyondMargin(e.Margin, e.Unit)
		}
		if times {
			return fmt.Sprintf("at least %s times stable", amountOf(e.Compared.AtLeast, rollout.Number, configured))
		}
		if e.Why == rollout.WhyBeyond {
			return "beyond the limit"
		}
		return "worse than stable"
	case rollout.WhyGrows:
		return "grows so fast that it reaches the limit within the hour"
	case rollout.WhyNoShare:
		return "the canary gets less than half of its share of the traffic"
	default:
		return "not clear yet"
	}
}

// sentence returns the evidence as it reads inside a sentence: "errors 5.1 %, limit 1 %".
func sentence(e rollout.Evidence) string {
	reason := why(e)
	switch {
	case e.Why == rollout.WhyNoShare:
		return reason
	case e.Canary == nil:
		return nameOf(e) + ": " + orNoNumber(reason)
	}
	if isBeside(e) {
		return fmt.Sprintf("%s %s: %s", nameOf(e), besideValues(e), reason)
	}
	value, limit := valueAndLimit(e)
	s := nameOf(e) + onPart(e) + " " + value
	if judgedByShare(e) {
		s = fmt.Sprintf("%s of requests %s", value, slowerThan(e))
	}
	_, doubtful := doubts(e.Why)
	if times := e.Compared != nil && e.Compared.AtLeast > 1; e.Stable != nil && (doubtful || e.Why == rollout.WhyWorse || e.Why == rollout.WhyBeyond && times) {
		return fmt.Sprintf("%s, stable %s: %s", s, amountOf(*e.Stable, e.Unit, measured), reason)
	}
	s = joined(", ", s, strings.ReplaceAll(marginAndLimit(e, limit), " · ", ", "))
	if reason != "" {
		s += " (" + reason + ")"
	}
	return s
}

// checkLine is a check's line: "❌ errors 5.1 % · stable 0.1 % · limit 1 %". Slack aligns nothing outside of code, and
// code breaks on a phone, so every number stands with its name.
func checkLine(e rollout.Evidence) string {
	return icon(e.Result) + " " + checkWords(e)
}

// checkWords is a check's line without its sign.
func checkWords(e rollout.Evidence) string {
	return fmt.Sprintf("*%s*%s%s", nameOf(e), onPart(e), says(e))
}

// says returns what a check's line says after its name: every number with its own name and unit, then the reason. A
// check without a number always has a reason.
func says(e rollout.Evidence) string {
	reason := why(e)
	if e.Canary == nil || e.Why == rollout.WhyNoShare {
		return ": " + dotted(orNoNumber(reason), informOnly(e))
	}
	if e.Result == rollout.Pass {
		reason = ""
	}
	if isBeside(e) {
		return " " + dotted(besideValues(e), reason)
	}
	value, limit := valueAndLimit(e)
	if judgedByShare(e) {
		value = slowerThan(e) + ": " + value
	}
	stable := ""
	if e.Stable != nil {
		stable = "stable " + amountOf(*e.Stable, e.Unit, measured).String()
	}
	together := strings.NewReplacer(" ", nbsp)
	return " " + dotted(value, together.Replace(stable), together.Replace(marginAndLimit(e, limit)), reason, informOnly(e))
}

// valueAndLimit returns the canary's value and the limit, which has its name; empty: the check has none. Where rounding
// would make the value look like what it is beyond, more digits are shown.
func valueAndLimit(e rollout.Evidence) (value, limit string) {
	if e.Comparison == "" {
		return amountOf(*e.Canary, e.Unit, measured).String(), ""
	}
	v, l := pair(*e.Canary, e.Threshold, e.Unit)
	if e.Why == rollout.WhyCeiling && e.Ceiling != nil {
		v, _ = pair(*e.Canary, *e.Ceiling, e.Unit)
	}
	return v.String(), limitWord(e.Comparison) + " " + l.String()
}

func orNoNumber(reason string) string {
	if reason == "" {
		return "no number"
	}
	return reason
}

// fullEvidence returns the evidence as shown in the thread: its line, what was counted and,
// where it moved, between which values.
func fullEvidence(e rollout.Evidence) string {
	return dotted(checkLine(e), samples(e), worseBlocks(e), course(e), words(e.Detail))
}

// course says between which values the canary's moved; empty where it did not.
func course(e rollout.Evidence) string {
	if e.Lowest == nil || e.Highest == nil || e.Why == rollout.WhyNoShare {
		return ""
	}
	low, high := amountOf(*e.Lowest, e.Unit, measured), amountOf(*e.Highest, e.Unit, measured)
	if low == high {
		return ""
	}
	return fmt.Sprintf("between %s and %s in this step", low, high)
}

// informOnly returns a note on a check that does not decide; empty for others.
func informOnly(e rollout.Evidence) string {
	if e.DryRun {
		return "for information only"
	}
	return ""
}

// samples says on how many requests the evidence rests, where they were counted.
func samples(e rollout.Evidence) string {
	if e.Compared == nil || e.Compared.Canary.Requests <= 0 || e.Why == rollout.WhyHangs {
		return ""
	}
	c, bad := e.Compared, "failed"
	switch {
	case e.Why == rollout.WhyNoShare:
		return fmt.Sprintf("%s requests lately; on stable %s", count(c.Canary.Requests), count(c.Stable.Requests))
	case judgedByShare(e):
		bad = "were slow"
	case e.Why == rollout.WhyRefused:
		bad = "were refused"
	}
	return fmt.Sprintf("%s of %s requests %s; on stable %s of %s",
		count(c.Canary.Bad), count(c.Canary.Requests), bad, count(c.Stable.Bad), count(c.Stable.Requests))
}

// count returns a number of requests: Prometheus extrapolates, people count.
func count(v float64) string {
	s := amountOf(math.Floor(v), rollout.Number, 9).number
	if v < 0 || v >= 1e9 || strings.Contains(s, ".") {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// verdict summarizes the results of a step's checks.
func verdict(v rollout.Verdict) string {
	worst, ok := v.Worst()
	switch {
	case !ok && v.Result == rollout.Pass && len(v.Evidence) > 0 && worstFirst(v.Evidence)[0].Result != rollout.Pass:
		return "all checks that decide pass"
	case !ok && v.Result == rollout.Pass:
		return "all checks pass"
	case !ok:
		return iconUnknown + " no verdict yet"
	}
	same, others := 0, 0
	for _, e := range v.Evidence {
		if e.Result != worst.Result || e.DryRun {
			continue
		}
		others++
		if e.Why == worst.Why {
			same++
		}
	}
	if same > 1 && same == len(v.Evidence) && worst.Canary == nil {
		return icon(worst.Result) + " all checks: " + why(worst)
	}
	s := icon(worst.Result) + " " + sentence(worst)
	if others > 1 {
		s += fmt.Sprintf(", and %s", plural(others-1, "more check", "more checks"))
	}
	return s
}
