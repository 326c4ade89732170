package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"canarybot.io/rollout"
)

// meters are the metrics of the process. Those about rollouts are read when somebody asks, from committed facts.
type meters struct {
	app      *App
	registry *prometheus.Registry
	commit   prometheus.Histogram
	cluster  *prometheus.CounterVec
	answers  *prometheus.CounterVec
}

var (
	rolloutsDesc  = prometheus.NewDesc("canary_rollouts", "Rollouts that have not ended, by phase.", []string{"phase"}, nil)
	stuckDesc     = prometheus.NewDesc("canary_stuck_rollouts", "Rollouts whose ending does not end.", nil, nil)
	heldDesc      = prometheus.NewDesc("canary_waiting_rollouts", "Rollouts that wait for a person.", nil, nil)
	unknownDesc   = prometheus.NewDesc("canary_unknown_seconds", "How long the evidence of a live rollout has been unknown.", []string{"service"}, nil)
	beatDesc      = prometheus.NewDesc("canary_last_beat_timestamp_seconds", "The oldest last beat of the rollouts that have not ended.", nil, nil)
	connectDesc   = prometheus.NewDesc("canary_slack_connections", "Socket Mode connections that are up.", nil, nil)
	callsDesc     = prometheus.NewDesc("canary_slack_calls_total", "Calls of Slack's Web API, by method and result.", []string{"method", "result"}, nil)
	envelopesDesc = prometheus.NewDesc("canary_slack_envelopes_total", "What Slack sent us, by what became of it.", []string{"result"}, nil)
	excessDesc    = prometheus.NewDesc("canary_slack_excess_connections_total", "How often Slack counted more connections of this app than ours.", nil, nil)
	buildDesc     = prometheus.NewDesc("canary_build_info", "The version that runs.", []string{"version"}, nil)
)

func newMeters(a *App) *meters {
	m := &meters{app: a, registry: prometheus.NewRegistry()}
	m.commit = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "canary_commit_seconds", Help: "How long a commit took, its sync included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
	})
	m.cluster = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "canary_cluster_calls_total", Help: "Looks at the cluster and writes to it, by what came of them.",
	}, []string{"call", "result"})
	m.answers = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "canary_check_answers_total", Help: "Prometheus's answers to checks, by what was wrong with them.",
	}, []string{"result"})
	m.registry.MustRegister(m, m.commit, m.cluster, m.answers, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Describe sends what Collect may send.
func (m *meters) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		rolloutsDesc, stuckDesc, heldDesc, unknownDesc, beatDesc, connectDesc, callsDesc, envelopesDesc, excessDesc, buildDesc,
	} {
		to <- d
	}
}

// Collect sends what is so now.
func (m *meters) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	m.collectRollouts(gauge)
	s := m.app.bot.Stats()
	gauge(connectDesc, float64(s.Connections))
	count := func(d *prometheus.Desc, value uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	for _, c := range s.Calls {
		count(callsDesc, c.Count, c.Method, c.Result)
	}
	count(envelopesDesc, s.Acked, "acked")
	count(envelopesDesc, s.Unacked, "unacked")
	count(envelopesDesc, s.Unknown, "unreadable")
	count(envelopesDesc, s.Duplicates, "duplicate")
	count(envelopesDesc, s.Overloaded, "overloaded")
	count(envelopesDesc, s.AckFailed, "ack_failed")
	count(envelopesDesc, s.Panics, "panic")
	count(excessDesc, s.Excess)
	gauge(buildDesc, 1, m.app.parts.Version)
}

func (m *meters) collectRollouts(gauge func(*prometheus.Desc, float64, ...string)) {
	phases := map[rollout.Phase]int{}
	stuck, waiting := 0, 0
	oldest := time.Now()
	for _, r := range m.app.engine.Snapshot() {
		phases[r.Phase]++
		if r.Stuck != nil {
			stuck++
		}
		if r.Waits() {
			waiting++
		}
		if r.Phase.Live() {
			gauge(unknownDesc, r.Spans.Unknown.Seconds(), string(r.Service))
		}
		if !r.ReconciledAt.IsZero() && r.ReconciledAt.Before(oldest) {
			oldest = r.ReconciledAt
		}
	}
	for _, p := range rollout.Phases() {
		if p != rollout.Ended {
			gauge(rolloutsDesc, float64(phases[p]), p.String())
		}
	}
	gauge(stuckDesc, float64(stuck))
	gauge(heldDesc, float64(waiting))
	gauge(beatDesc, float64(oldest.UnixMilli())/1000)
}

// metered measures commits.
type metered struct {
	Store
	seconds prometheus.Histogram
}

func (m metered) Commit(ctx context.Context, changes ...rollout.Change) error {
	start := time.Now()
	defer func() { m.seconds.Observe(time.Since(start).Seconds()) }()
	return m.Store.Commit(ctx, changes...)
}
