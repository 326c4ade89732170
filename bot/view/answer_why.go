package view

import (
	"fmt"
	"math"
	"strings"

	"canarybot.io/rollout"
)

// fewParagraphs is how many checks have a paragraph each in an explanation.
const fewParagraphs = 20

// Why explains the last verdict about a rollout: what was judged, on which data, what follows, and what would change
// it.
func (a Answers) Why(r rollout.Rollout) Message {
	v := r.Verdict
	head := fmt.Sprintf("*%s* · %s", word(string(r.ID)), verdict(v))
	ended := ""
	if r.Ending.Reason.Code != rollout.ReasonCheck && (r.Phase == rollout.RollingBack || r.Ending.Outcome != "") {
		ended = fullStop(capitalize(plainly(r, r.Ending.Reason, r.Ending.By)))
	}
	if len(v.Evidence) == 0 || v.At.IsZero() || r.WeightAckedAt.IsZero() {
		return message(paragraph(fmt.Sprintf("*%s* was not judged: %s.", word(string(r.ID)), noVerdict(r)), ended))
	}
	lines := []string{head, ended, combinedBets(v)}
	if len(r.Doubts) > 0 {
		lines = append(lines, "A person decides. "+answers(r))
	}
	if len(r.Accepted) > 0 {
		lines = append(lines, fullStop("Fine in this rollout, as a person said: "+nameDoubts(r.Accepted)))
	}
	m := message(paragraph(lines...)).withText("%s: %s.", word(string(r.ID)), verdict(v))
	texts := everyCheck(worstFirst(v.Evidence), func(e rollout.Evidence) string {
		return paragraph(fullEvidence(e), chart(e), remedy(r, e))
	}, roomForList)
	if len(texts) <= fewParagraphs {
		for _, text := range texts {
			m = m.withBlocks(section(text))
		}
	} else {
		m = m.withBlocks(list(texts)...)
	}
	return m.withBlocks(context("Judged " + exactly(v.At) + ", by what was seen since " + exactly(v.Since)))
}

// noVerdict says why there is no verdict.
func noVerdict(r rollout.Rollout) string {
	if r.WeightAckedAt.IsZero() {
		return "its canary never got traffic"
	}
	if r.Request.Emergency {
		return "an emergency waits for no check"
	}
	if r.Current().DemandsEvidence() {
		return "no check was asked yet"
	}
	return "its step has no bake, so no check is asked"
}

// combinedBets says how far the evidence of all checks together has come; empty where nothing was bet.
func combinedBets(v rollout.Verdict) string {
	if v.Limit <= 0 {
		return ""
	}
	const most = 9.99 // beyond that nobody counts
	doubt := ""
	if len(v.Doubts()) > 0 {
		doubt = ", were it not in doubt"
	}
	return fmt.Sprintf("All checks together: %.0f %% of the evidence that it takes to roll back%s. At most %s of fine canaries ever reach 100 %%.",
		100*min(max(v.Odds/v.Limit, 0), most), doubt, amountOf(math.Exp(-v.Limit), rollout.Ratio, configured))
}

// remedy says what a verdict lacks or may get wrong, and what to do about it; empty if nothing.
func remedy(r rollout.Rollout, e rollout.Evidence) string {
	if e.Why == rollout.WhyNoShare {
		return "Where a service is also called past its route, " + code("judge.share: false") + " in the configuration leaves this out."
	}
	if e.Result != rollout.Unknown {
		return ""
	}
	switch e.Doubt {
	case rollout.DoubtAsks:
		return joined(" ", seen(e), hint(r, e))
	case rollout.DoubtWaits:
		return joined(" ", seen(e), holding(e, judgedStep(r).Weight), hint(r, e))
	case rollout.NoDoubt:
	}
	switch e.Why {
	case rollout.WhyTooFewRequests, rollout.WhyNoTraffic:
		return "It goes on by itself as requests come in; a larger first weight brings more of them."
	case rollout.WhyShared:
		return "Nothing goes forward until stable is well again. Roll back if the canary may be the cause of both."
	case rollout.WhyUndecided, rollout.WhyFailingOnce:
		return "The next scrapes decide."
	case rollout.WhyNoData:
		return "Does Prometheus scrape the canary's pods, and do " + code("signals") + " in the configuration select them?"
	case rollout.WhyCoarse:
		return "Give the histogram a bucket at the limit, or set the limit to a bucket's bound."
	case rollout.WhyUnscaled:
		return "Divide by the requests in the check's query, so that each side has the same value whatever its traffic is."
	case rollout.WhyNegative:
		return "A margin that is a " + code("difference") + " compares values that may be negative."
	case rollout.WhySameSeries:
		return "The configuration has to tell the two sides apart: look at " + code("select") + " and " + code("signals") + "."
	case rollout.WhySeveralSeries, rollout.WhyQueryError, rollout.WhyNotANumber, rollout.WhyInfinite:
		return "The check's query has to be mended in the configuration."
	case rollout.WhyUnreachable, rollout.WhyTimeout, rollout.WhyStale, rollout.WhyWarnings, rollout.WhyTooLarge, rollout.WhyIncomplete:
		return "Prometheus has to be looked after; judging goes on by itself when it answers."
	case rollout.WhyLittleShare:
		return hint(r, e)
	case rollout.WhyProbes:
		return "Probes send as many requests in each half minute; users do not. Does the route send it users? Leave probes out of what is counted, see " +
			code("select") + " in the configuration; if these are users, " + code("judge.share: false") + " leaves this out."
	case rollout.WhyOnePod:
		return joined(" ", hint(r, e), "Otherwise the canary is rolled back soon.")
	case rollout.WhyPartial:
		return "Look at the pods that say nothing."
	case rollout.WhyNone, rollout.WhyWarmingUp, rollout.WhyNotAsked, // only time helps
		rollout.WhyBrief, rollout.WhyOver, rollout.WhyUsual, rollout.WhyBoth, rollout.WhyYoung, rollout.WhySmall, rollout.WhyHidden,
		rollout.WhyUnpaired, rollout.WhyMayGrow, rollout.WhyHangs, rollout.WhyRestarts, rollout.WhyRefused: // these are doubts
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
	if e.Compared == nil || len(e.Compared.Trend) < 2 || e.Why == rollout.WhyNoShare {
		return ""
	}
	low, high := math.Min(0, e.Threshold), e.Threshold
	limit := ""
	if e.Comparison != "" {
		limit = fmt.Sprintf("; %s %s", limitIs(e.Comparison), amountOf(e.Threshold, e.Unit, configured))
	}
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
	shown := func(v float64) string { return amountOf(v, e.Unit, measured).String() }
	return fmt.Sprintf("`%s` canary\n`%s` stable\nOldest first. The lowest bar is %s, the highest %s%s.", draw(0), draw(1),
		shown(low), shown(high), limit)
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
