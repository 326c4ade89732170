package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// preflight lists everything that blocks the start of a rollout.
func preflight(problems []rollout.Problem, checks []rollout.Evidence) []string {
	lines := bullets(problems)
	for _, e := range checks {
		lines = append(lines, "• "+StableProblem(e))
	}
	return lines
}

// StableProblem says why a check that was evaluated for stable could not judge a canary, and which line to change.
func StableProblem(e rollout.Evidence) string {
	key := func(k string) string { return code("checks." + word(e.Check) + k) }
	leave := " or leave the check out of the service's " + code("checks") + "."
	if e.Why == rollout.WhyLimit && e.Stable != nil {
		value, limit := pair(*e.Stable, e.Threshold, e.Unit)
		return fmt.Sprintf("%s: stable itself is at %s, and %s %s. Mend the service first, or change %s.",
			key(""), value, limitIs(e.Comparison), limit, key(".threshold"))
	}
	if e.Why == rollout.WhyNegative && e.Stable != nil {
		return fmt.Sprintf("%s: stable's value is %s, and a ratio to a negative number means nothing. Write %s as a %s.",
			key(""), amountOf(*e.Stable, e.Unit, measured), key(".margin"), code("difference"))
	}
	if e.Stable != nil { // there is a value, but too little behind it
		return fmt.Sprintf("%s: stable's requests cannot be counted (%s). Mend %s.", key(""), words(e.Detail), key(".traffic"))
	}
	// For every other reason the query is to blame.
	//exhaustive:ignore
	switch e.Why {
	case rollout.WhyNoData:
		return fmt.Sprintf("%s: nothing is measured for stable. Wait if its pods are new, else mend %s or the service's %s,%s", key(""), key(".query"), code("select"), leave)
	case rollout.WhyNotANumber, rollout.WhyInfinite:
		return fmt.Sprintf("%s: %s for stable, as when it has no requests. Send it some,%s", key(""), why(e), leave)
	case rollout.WhySameSeries:
		return fmt.Sprintf("%s: the signals select the same series for canary and stable (%s). Mend the service's %s or %s.", key(""), words(e.Detail), code("select"), code("signals"))
	case rollout.WhyCoarse:
		limit := amountOf(e.Threshold, rollout.Seconds, configured)
		return fmt.Sprintf("%s: the latency histogram has no bucket at or above %s. Add one there, or lower %s.", key(""), limit, key(".threshold"))
	case rollout.WhySeveralSeries:
		return fmt.Sprintf("%s: %s. Aggregate in %s, for example with sum().", key(""), joined(", ", why(e), words(e.Detail)), key(".query"))
	case rollout.WhyTooLarge:
		return fmt.Sprintf("%s: the raw samples are more than 1 MiB an answer. Narrow the service's %s with labels, or write %s: limits.", key(""), code("signals"), key(".judge"))
	case rollout.WhyTimeout:
		return fmt.Sprintf("%s: %s. Make %s cheaper, or look after Prometheus.", key(""), why(e), key(".query"))
	case rollout.WhyUnreachable:
		return fmt.Sprintf("%s: %s. Mend %s, or look after Prometheus.", key(""), joined(": ", why(e), words(e.Detail)), code("prometheus"))
	default:
		return fmt.Sprintf("%s: %s. Mend %s.", key(""), joined(": ", why(e), words(e.Detail)), key(".query"))
	}
}

// StableReading returns a check's value for stable, with its limit.
func StableReading(e rollout.Evidence) string {
	if e.Stable == nil {
		return word(e.Check) + " has no number"
	}
	value := amountOf(*e.Stable, e.Unit, measured)
	if e.Comparison != "" {
		value, _ = pair(*e.Stable, e.Threshold, e.Unit)
	}
	return fmt.Sprintf("%s is %s (%s)", word(e.Check), value, holdsAgainst(e))
}

// limitIs is the text between a value and its threshold.
func limitIs(c rollout.Comparison) string {
	if c == rollout.GreaterThan {
		return "it must be above"
	}
	return "the limit is"
}
