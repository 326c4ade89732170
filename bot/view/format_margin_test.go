package view_test

import (
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// What people read of a compared check before there is a canary: it may have no limit.
func TestComparedChecksOfStable(t *testing.T) {
	age := func(stable float64, m rollout.Margin) rollout.Evidence {
		return rollout.Evidence{Check: "queue_age", Stable: &stable, Unit: rollout.Seconds, Margin: &m}
	}
	limited := age(11, rollout.Margin{Worse: rollout.Higher, Ratio: 1.2})
	limited.Comparison, limited.Threshold = rollout.LessThan, 60
	negative := age(-3, rollout.Margin{Worse: rollout.Higher, Ratio: 1.2})
	negative.Why = rollout.WhyNegative
	for name, tt := range map[string]struct{ got, want string }{
		"a ratio": {
			view.StableReading(age(11, rollout.Margin{Worse: rollout.Higher, Ratio: 1.25})),
			"queue_age is 11 s (the canary's: at most 1.25 times stable)",
		},
		"a difference": {
			view.StableReading(age(11, rollout.Margin{Worse: rollout.Lower, Difference: 2.5})),
			"queue_age is 11 s (the canary's: no more than 2.5 s below stable)",
		},
		"a limit": {view.StableReading(limited), "queue_age is 11 s (limit 60 s)"},
		"a ratio to a negative number": {
			view.StableProblem(negative),
			"`checks.queue_age`: stable's value is -3 s, and a ratio to a negative number means nothing. Write `checks.queue_age.margin` as a `difference`.",
		},
		"several series": {
			view.StableProblem(rollout.Evidence{Check: "queue_age", Why: rollout.WhySeveralSeries, Detail: "2 series", Margin: limited.Margin}),
			"`checks.queue_age`: the query gives several series instead of one number, 2 series. Aggregate in `checks.queue_age.query`, for example with sum().",
		},
		"the last hour": {
			view.Backtest(rollout.Backtest{Check: "queue_age", Asked: 241, Series: 1, NoLimit: true}),
			"queue_age had a number for stable all of the last hour",
		},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", name, tt.got, tt.want)
		}
	}
}
