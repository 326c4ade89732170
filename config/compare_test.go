package config_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/config"
	"canarybot.io/rollout"
)

func TestComparedChecks(t *testing.T) {
	t.Parallel()
	base := rollout.Check{
		Name: "orders", Query: `sum(rate(orders_total{ {{.Select}} }[{{.Window}}]))`, CeilingRequests: 20,
		Window: time.Minute, Interval: 15 * time.Second, Failures: 2, Unit: rollout.Number, OnDoubt: rollout.AskOnDoubt,
	}
	compared := func(m rollout.Margin, set func(*rollout.Check)) rollout.Check {
		c := base
		c.Compare = &m
		if set != nil {
			set(&c)
		}
		return c
	}
	tests := map[string]struct {
		keys string
		want rollout.Check
	}{
		"higher is worse": {"compare: stable, worse: higher", compared(rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}, nil)},
		"lower is worse":  {"compare: stable, worse: lower", compared(rollout.Margin{Worse: rollout.Lower, Ratio: 0.8}, nil)},
		"a ratio":         {"compare: stable, worse: lower, margin: {ratio: 0.5}", compared(rollout.Margin{Worse: rollout.Lower, Ratio: 0.5}, nil)},
		"a difference": {
			"compare: stable, worse: higher, margin: {difference: 5}", compared(rollout.Margin{Worse: rollout.Higher, Difference: 5}, nil),
		},
		"the limit says what is worse": {
			"compare: stable, comparison: greater_than, threshold: 2",
			compared(rollout.Margin{Worse: rollout.Lower, Ratio: 0.8}, func(c *rollout.Check) { c.Comparison, c.Threshold = rollout.GreaterThan, 2 }),
		},
		"a slow interval has a longer block": {
			"compare: stable, worse: higher, interval: 1m",
			compared(rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}, func(c *rollout.Check) { c.Interval, c.Window = time.Minute, 2*time.Minute }),
		},
		"a window of one's own": {
			"compare: stable, worse: higher, window: 30s",
			compared(rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}, func(c *rollout.Check) { c.Window = 30 * time.Second }),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Parse([]byte(`
environment: staging
slack: {channel: "#deploys"}
prometheus: {url: http://prometheus:9090}
checks:
  orders: {query: 'sum(rate(orders_total{ {{.Select}} }[{{.Window}}]))', ` + tt.keys + `}
services:
  checkout: {namespace: shop, image: example.com/checkout, route: {kind: HTTPRoute, name: checkout}, checks: [orders]}
`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]rollout.Check{tt.want}, c.Services["checkout"].Spec.Checks); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}
