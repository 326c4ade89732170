package config

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// What a check that is compared with stable has by default. Its window is what the judge counts as one block of time.
const (
	comparedWindow = time.Minute
	higherRatio    = 1.2
	lowerRatio     = 0.8
)

// hasLimit reports whether a limit is written for a check.
func hasLimit(f fields) bool { return f.at("threshold").there() || f.at("comparison").there() }

// readCompare reads whether the check's own query is compared with stable, and how.
func readCompare(f fields, c rollout.Check) rollout.Check {
	if !f.at("compare").there() {
		for _, key := range []string{"worse", "margin"} {
			if f.at(key).there() {
				f.at(key).bad("nothing is compared here; write compare: stable too")
			}
		}
		return c
	}
	f.at("compare").word("stable", "stable")
	query := f.at("query")
	switch t, err := prom.ParseQuery(c.Query); {
	case c.Signal != rollout.NoSignal:
		f.at("compare").bad("this check's signal is compared with stable already; how, the service's key judge says")
		return c
	case !query.there() && c.Query != "":
		f.at("compare").bad("only a check with its own query can be compared; write query too")
		return c
	case err == nil && !t.Twin():
		query.bad("the query gives both sides the same number; tell them apart with {{.Select}}, {{.Pods}} or {{.Arm}}")
	}
	if c.Comparison == "" {
		for _, key := range []string{"ceiling", "failures"} {
			if f.at(key).there() {
				f.at(key).bad("there is no limit here; write comparison and threshold too")
			}
		}
	}
	if !f.at("window").there() {
		c.Window = max(comparedWindow, 2*f.at("interval").duration(c.Interval))
	}
	m := rollout.Margin{Worse: readWorse(f, c)}
	readMargin(f.at("margin"), &m)
	c.Compare = &m
	return c
}

// readWorse reads which way the value gets worse. A limit says so too.
func readWorse(f fields, c rollout.Check) rollout.Direction {
	higher, lower := string(rollout.Higher), string(rollout.Lower)
	by := map[rollout.Comparison]string{rollout.LessThan: higher, rollout.GreaterThan: lower}[c.Comparison]
	n := f.at("worse")
	worse := n.word(by, higher, lower)
	switch {
	case worse == "" && !n.wrong():
		n.bad("is missing: write higher or lower, whichever is the bad direction")
	case by != "" && worse != by:
		n.bad("%s contradicts the limit: beside comparison: %s, %s is worse", worse, c.Comparison, by)
	}
	return rollout.Direction(worse)
}

// readMargin reads how much worse than stable's the value may be.
func readMargin(n node, m *rollout.Margin) {
	f := n.fields("ratio", "difference")
	ratio, difference := f.at("ratio"), f.at("difference")
	fallback := higherRatio
	if m.Worse == rollout.Lower {
		fallback = lowerRatio
	}
	if difference.there() {
		if ratio.there() {
			n.bad("a margin is a ratio or a difference, not both")
		}
		if m.Difference = difference.number(1); m.Difference <= 0 {
			difference.bad("%g is not more than 0; worse says in which direction", m.Difference)
		}
		return
	}
	m.Ratio = ratio.number(fallback)
	switch {
	case m.Worse == rollout.Higher && m.Ratio <= 1:
		ratio.bad("%g is not more than 1: where higher is worse, 1.2 lets the canary have 1.2 times stable's value", m.Ratio)
	case m.Worse == rollout.Lower && (m.Ratio <= 0 || m.Ratio >= 1):
		ratio.bad("%g is not between 0 and 1: where lower is worse, 0.8 lets the canary have 0.8 times stable's value", m.Ratio)
	}
}
