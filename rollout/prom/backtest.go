package prom

import (
	"context"
	"math"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// Backtest evaluates each check against stable, for every interval of the last hour. It may block as long as Ask does
// for each check.
func (s *Source) Backtest(ctx context.Context, q rollout.Question) []rollout.Backtest {
	all := make([]rollout.Backtest, len(q.Checks))
	q.Since = time.Time{}
	for i, c := range q.Checks {
		all[i] = s.backtest(ctx, q, c)
	}
	return all
}

func (s *Source) backtest(ctx context.Context, q rollout.Question, c rollout.Check) rollout.Backtest {
	b := rollout.Backtest{Check: c.Name, NoLimit: c.Comparison == ""}
	in := inquire(q, c)
	if in.why != rollout.WhyNone {
		b.Problem = either(in.detail, string(in.why))
		return b
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	step := max(c.Interval, 15*time.Second)
	r := v1.Range{Start: q.Now.Add(-time.Hour), End: q.Now, Step: step}
	value, warnings, _, err := s.api.QueryRange(ctx, in.value, r, v1.WithTimeout(s.timeout))
	if odd := (answer{value: value, warnings: warnings, err: err}).rejection(); odd.why != rollout.WhyNone {
		b.Problem = either(odd.detail, string(odd.why))
		return b
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		b.Problem = "the query gives no numbers"
		return b
	}
	at := map[model.Time]int{}
	for _, stream := range matrix {
		for _, p := range stream.Values {
			at[p.Timestamp]++
			b.Series = max(b.Series, at[p.Timestamp])
			v := float64(p.Value)
			switch {
			case math.IsNaN(v), math.IsInf(v, 0):
				at[p.Timestamp]--
			case !c.Within(v):
				b.Beyond++
			}
		}
	}
	b.Asked = int(time.Hour/step) + 1
	for _, n := range at {
		if n <= 0 {
			b.None++
		}
	}
	b.None += b.Asked - min(len(at), b.Asked)
	return b
}
