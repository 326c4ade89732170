package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// marginOf says how far from stable's a value may be: "at most 1.2 times stable"; empty where nothing is compared.
func marginOf(m *rollout.Margin, unit rollout.Unit) string {
	return marginIn(m, unit, map[rollout.Direction]string{rollout.Higher: "at most", rollout.Lower: "at least"}, "no more than")
}

// beyondMargin says that a value is farther from stable's than that: "more than 1.2 times stable".
func beyondMargin(m *rollout.Margin, unit rollout.Unit) string {
	return marginIn(m, unit, map[rollout.Direction]string{rollout.Higher: "more than", rollout.Lower: "less than"}, "by more than")
}

// marginIn says a margin with the words before a ratio, by direction, and before a difference.
func marginIn(m *rollout.Margin, unit rollout.Unit, times map[rollout.Direction]string, apart string) string {
	switch {
	case m == nil:
		return ""
	case m.Ratio > 0:
		return fmt.Sprintf("%s %s times stable", times[m.Worse], amountOf(m.Ratio, rollout.Number, configured))
	case m.Worse == rollout.Lower:
		return fmt.Sprintf("%s %s below stable", apart, difference(m.Difference, unit))
	}
	return fmt.Sprintf("%s %s above stable", apart, difference(m.Difference, unit))
}

// difference is how far apart two values are: shares are so many percentage points apart.
func difference(v float64, unit rollout.Unit) string {
	if unit == rollout.Ratio {
		return amountOf(100*v, rollout.Number, configured).String() + " percentage points"
	}
	return amountOf(v, unit, configured).String()
}

// worseBlocks says in how many stretches of time the canary was worse than the margin allows; empty where none was
// compared.
func worseBlocks(e rollout.Evidence) string {
	if e.Margin == nil || e.Compared == nil || e.Compared.Blocks <= 0 {
		return ""
	}
	c := e.Compared
	return fmt.Sprintf("beyond the margin in %d of %s of %s", c.Worse, plural(c.Blocks, "block", "blocks"), span(c.Block))
}

// slightly says that a value is beyond the margin, by less than what is rolled back by itself.
func slightly(e rollout.Evidence) string {
	value, _ := valueAndLimit(e)
	return fmt.Sprintf("%s is %s, and %s on stable: %s, but within twice the margin.",
		nameOf(e), value, amountOf(*e.Stable, e.Unit, measured), beyondMargin(e.Margin, e.Unit))
}

// marginAndLimit returns what a value is held against, each with its name: the margin beside stable unless the reason says
// it, and the limit.
func marginAndLimit(e rollout.Evidence, limit string) string {
	m := marginOf(e.Margin, e.Unit)
	if e.Result == rollout.Fail && e.Why == rollout.WhyWorse {
		m = ""
	}
	return dotted(m, limit)
}

// holdsAgainst says what a check holds a value of stable's against before there is a canary: "limit 1 %".
func holdsAgainst(e rollout.Evidence) string {
	if e.Comparison == "" {
		return "the canary's: " + marginOf(e.Margin, e.Unit)
	}
	_, limit := pair(*e.Stable, e.Threshold, e.Unit)
	return limitWord(e.Comparison) + " " + limit.String()
}
