package app

import (
	"cmp"
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"canarybot.io/rollout"
)

// measuredStore measures commits.
type measuredStore struct {
	Store
	seconds prometheus.Histogram
}

// Commit measures one commit.
func (m measuredStore) Commit(ctx context.Context, changes ...rollout.Change) error {
	start := time.Now()
	defer func() { m.seconds.Observe(time.Since(start).Seconds()) }()
	return m.Store.Commit(ctx, changes...)
}

// countedCluster counts calls to a cluster.
type countedCluster struct {
	rollout.Cluster
	calls *prometheus.CounterVec
}

// Observe counts one observation.
func (c countedCluster) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	w := c.Cluster.Observe(ctx, r)
	result := "ok"
	if !w.Unreadable.IsZero() {
		result = "unreadable"
	}
	c.calls.WithLabelValues("observe", result).Inc()
	return w
}

// Do counts one write.
func (c countedCluster) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	err := c.Cluster.Do(ctx, r, w)
	c.calls.WithLabelValues(string(w.Verb), cmp.Or(string(rollout.CodeOf(err)), "ok")).Inc()
	return err
}

// countedMetrics counts the answers to checks.
type countedMetrics struct {
	rollout.Metrics
	answers *prometheus.CounterVec
}

// Ask counts each answer about the canary, or about stable if only that was queried.
func (m countedMetrics) Ask(ctx context.Context, q rollout.Question) rollout.Answer {
	answer := m.Metrics.Ask(ctx, q)
	for _, s := range answer.Samples {
		m.answers.WithLabelValues(cmp.Or(string(s.CanaryWhy), "ok")).Inc()
	}
	if !q.Want.Since.IsZero() {
		m.answers.WithLabelValues(cmp.Or(string(answer.Raw.Canary.Requests.Why), "ok")).Inc()
	}
	return answer
}

// Inspect looks at the answers, if the metrics can.
func (m countedMetrics) Inspect(ctx context.Context, q rollout.Question) rollout.Inspection {
	if i, ok := m.Metrics.(rollout.Inspector); ok {
		return i.Inspect(ctx, q)
	}
	return rollout.Inspection{}
}

// Backtest queries the last hour, if the metrics can answer that.
func (m countedMetrics) Backtest(ctx context.Context, q rollout.Question) []rollout.Backtest {
	if b, ok := m.Metrics.(rollout.Backtester); ok {
		return b.Backtest(ctx, q)
	}
	return nil
}
