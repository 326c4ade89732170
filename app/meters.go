package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"canarybot.io/rollout"
)

// meters are the metrics of the process, except those of Slack.
type meters struct {
	registry *prometheus.Registry
	commit   prometheus.Histogram
	cluster  *prometheus.CounterVec
	answers  *prometheus.CounterVec
}

func newMeters(version string) *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "canary_commit_seconds", Help: "How long a commit took, its sync included.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}),
		cluster: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "canary_cluster_calls_total", Help: "Looks at the cluster and writes to it, by what came of them.",
		}, []string{"call", "result"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "canary_check_answers_total", Help: "Prometheus's answers to checks, by what was wrong with them.",
		}, []string{"result"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "canary_build_info", Help: "The version that runs."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.commit, m.cluster, m.answers, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watchOutage adds whether the store cannot commit.
func (m *meters) watchOutage(degraded func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "canary_degraded", Help: "1 while the store cannot commit: only judging and taking canaries off traffic go on.",
	}, func() float64 {
		if degraded() {
			return 1
		}
		return 0
	}))
}

// countRollouts adds the metrics about rollouts, which are computed from committed facts at each scrape.
func (m *meters) countRollouts(open func() []rollout.Rollout) {
	m.registry.MustRegister(rollouts{open})
}

// rollouts collects the metrics about the rollouts that have not ended.
type rollouts struct{ open func() []rollout.Rollout }

var (
	rolloutsDesc  = prometheus.NewDesc("canary_rollouts", "Rollouts that have not ended, by phase.", []string{"phase"}, nil)
	stuckDesc     = prometheus.NewDesc("canary_stuck_rollouts", "Rollouts whose ending does not end.", nil, nil)
	unseenDesc    = prometheus.NewDesc("canary_unseen_rollouts", "Rollouts that people cannot see in Slack.", nil, nil)
	waitingDesc   = prometheus.NewDesc("canary_waiting_rollouts", "Rollouts that wait for a person.", nil, nil)
	unknownDesc   = prometheus.NewDesc("canary_unknown_seconds", "How long the evidence of a live rollout has been unknown.", []string{"service"}, nil)
	reconcileDesc = prometheus.NewDesc("canary_last_beat_timestamp_seconds", "The oldest last reconcile of the rollouts that have not ended.", nil, nil)
)

// Describe sends what Collect may send.
func (rollouts) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{rolloutsDesc, stuckDesc, unseenDesc, waitingDesc, unknownDesc, reconcileDesc} {
		to <- d
	}
}

// Collect sends the current values.
func (c rollouts) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	phases := map[rollout.Phase]int{}
	stuck, unseen, waiting := 0, 0, 0
	oldest := time.Now()
	for _, r := range c.open() {
		phases[r.Phase]++
		if r.Stuck != nil {
			stuck++
		}
		if !r.Unseen.IsZero() {
			unseen++
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
	gauge(unseenDesc, float64(unseen))
	gauge(waitingDesc, float64(waiting))
	gauge(reconcileDesc, float64(oldest.UnixMilli())/1000)
}

// sizedStore is a store on a disk. Usage returns, in bytes, its file, the file's pages on which nothing is stored, and
// what is free on its volume.
type sizedStore interface {
	Usage() (size, free, volume int64)
}

// measureStore adds the metrics about the store's room.
func (m *meters) measureStore(s sizedStore) {
	gauge := func(name, help string, value func() int64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
	}
	gauge("canary_store_bytes", "The size of the store's file.", func() int64 { size, _, _ := s.Usage(); return size })
	gauge("canary_store_free_bytes", "What is free within the store's file.", func() int64 { _, free, _ := s.Usage(); return free })
	gauge("canary_store_volume_free_bytes", "What is free on the store's volume.", func() int64 { _, _, volume := s.Usage(); return volume })
}
