package view

import (
	"fmt"
	"math"
	"strings"

	"canarybot.io/rollout"
)

// Why explains the last verdict about a rollout: what was judged, on which data, what follows, and what would change
// it.
func (a Answers) Why(r rollout.Rollout) Message {
	v := r.Verdict
	head := fmt.Sprintf("*%s* · %s", word(string(r.ID)), verdict(v))
	if len(v.Evidence) == 0 || r.WeightAckedAt.IsZero() {
		return message(fmt.Sprintf("*%s* was not judged: %s.", word(string(r.ID)), noVerdict(r)))
	}
	lines := []string{head}
	if r.Ending.Reason.Code != rollout.ReasonCheck && (r.Phase == rollout.RollingBack || r.Ending.Outcome != "") {
		lines = append(lines, capitalize(plainly(r, r.Ending.Reason, r.Ending.By))+".")
	}
	if odds := combinedBets(v); odds != "" {
		lines = append(lines, odds)
	}
	m := message(paragraph(lines...)).withText("%s: %s.", word(string(r.ID)), verdict(v))
	for _, e := range v.Evidence {
		m = m.withBlocks(list([]string{paragraph(fullEvidence(e), chart(e), remedy(e))})...)
	}
	return m.withBlocks(context("Judged " + exactly(v.At) + ", since " + exactly(v.Since)))
}

// noVerdict says why there is no verdict.
func noVerdict(r rollout.Rollout) string {
	if r.WeightAckedAt.IsZero() {
		return "its canary never got traffic"
	}
	return "its step demands no evidence"
}

// combinedBets says what a bet of 1 on the canary being bad is worth now, over all checks.
func combinedBets(v rollout.Verdict) string {
	if v.Limit <= 0 {
		return ""
	}
	return fmt.Sprintf("All evidence together stands at 1 : %s against the canary; it is rolled back at 1 : %s, which at most %s of fine ones reach.",
		odds(v.Odds), odds(v.Limit), amountOf(math.Exp(-v.Limit), rollout.Ratio, configured))
}

// odds renders a logarithm as odds to one.
func odds(log float64) string {
	switch {
	case log >= math.Log(1e6):
		return "a million and more"
	case log <= 0:
		return "1"
	}
	return amountOf(math.Floor(math.Exp(log)+0.5), rollout.Number, 9).number
}

// remedy says what a verdict lacks or may get wrong, and what to do about it; empty if nothing.
func remedy(e rollout.Evidence) string {
	if e.Why == rollout.WhyNoShare {
		return "Where a service is also called past its route, " + code("judge.share: false") + " in the configuration leaves this out."
	}
	if e.Result != rollout.Unknown {
		return ""
	}
	switch e.Why {
	case rollout.WhyTooFewRequests, rollout.WhyNoTraffic:
		return "It goes on by itself as requests come in; a larger first weight brings more of them."
	case rollout.WhyShared:
		return "Nothing goes forward until stable is well again. Roll back if the canary may be the cause of both."
	case rollout.WhyUndecided, rollout.WhyFailingOnce:
		return "The next scrapes decide."
	case rollout.WhyNoData:
		return "Does Prometheus scrape its pods, and do the signals select them?"
	case rollout.WhyCoarse:
		return "Give the histogram a bucket at the limit, or set the limit to a bucket's bound."
	case rollout.WhySameSeries:
		return "The signals have to tell the two sides apart; see select in the configuration."
	case rollout.WhySeveralSeries, rollout.WhyQueryError, rollout.WhyNotANumber, rollout.WhyInfinite:
		return "The check's query has to be mended in the configuration."
	case rollout.WhyUnreachable, rollout.WhyTimeout, rollout.WhyStale, rollout.WhyWarnings, rollout.WhyTooLarge, rollout.WhyIncomplete:
		return "Prometheus has to be looked after; judging goes on by itself when it answers."
	case rollout.WhyLittleShare:
		return "Does the route send it users? Connections that are kept open stay where they are for a while. Where the service is also called past its route, " +
			code("judge.share: false") + " leaves this out."
	case rollout.WhyProbes:
		return "Probes send as many requests in each half minute; users do not. Does the route send it users? Leave probes out of what is counted, see " +
			code("select") + " in the configuration; if these are users, " + code("judge.share: false") + " leaves this out."
	case rollout.WhyOnePod:
		return "Its node may be to blame. Delete the pod, and its successor is judged instead; otherwise the canary is rolled back soon."
	case rollout.WhyPartial:
		return "Look at the pods that say nothing."
	case rollout.WhyNone, rollout.WhyWarmingUp, rollout.WhyNotAsked: // only time helps
	case rollout.WhyLimit, rollout.WhyCeiling, rollout.WhySilent, rollout.WhyWorse, rollout.WhyBeyond, rollout.WhyGrows,
		rollout.WhyNoShare: // these fail
	}
	return ""
}

// blocks are the characters of a chart, lowest first.
var blocks = []rune("▁▂▃▄▅▆▇█")

// chart draws a check's values over time, canary above stable, on one scale that includes the limit; empty if they were
// not compared.
func chart(e rollout.Evidence) string {
	if e.Compared == nil || len(e.Compared.Trend) < 2 {
		return ""
	}
	low, high := math.Min(0, e.Threshold), e.Threshold
	if e.Comparison == rollout.GreaterThan { // values near 1 are drawn from their minimum
		low = e.Threshold
	}
	for _, p := range e.Compared.Trend {
		low, high = min(low, p[0], p[1]), max(high, p[0], p[1])
	}
	draw := func(arm int) string {
		var b strings.Builder
		for _, p := range e.Compared.Trend {
			b.WriteRune(block(p[arm], low, high))
		}
		return b.String()
	}
	return fmt.Sprintf("`%s` canary\n`%s` stable\nthe limit is at `%c`, the top is %s", draw(0), draw(1),
		block(e.Threshold, low, high), amountOf(high, e.Unit, measured))
}

func block(v, low, high float64) rune {
	if !(high > low) {
		return blocks[0]
	}
	at := int((v - low) / (high - low) * float64(len(blocks)))
	return blocks[min(max(at, 0), len(blocks)-1)]
}

// Agreement adds how often people and the judge agreed: the number to check before letting it decide by itself.
func (m Message) Agreement(agreed, of int) Message {
	if of == 0 {
		return m
	}
	return m.withBlocks(context(fmt.Sprintf("The judge and people agreed in %d of %d decisions to go on or to roll back.", agreed, of)))
}
