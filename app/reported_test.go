package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"canarybot.io/rollout"
)

// full is a store that takes nothing, or all.
type full struct {
	Store
	err error
}

func (f full) Commit(context.Context, ...rollout.Change) error { return f.err }

func (f full) Record(context.Context, []rollout.AuditEntry, ...rollout.StoredNote) error {
	return f.err
}

// Ended entries as a store gets them: the metrics follow from them as the report does, once they are durable.
func TestTheReportIsCountedOnceItIsDurable(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	ended := func(service rollout.ServiceName, s rollout.AuditSummary, why rollout.ReasonCode, back bool) rollout.Change {
		s.Started = at
		return rollout.Change{Audit: []rollout.AuditEntry{
			{At: at.Add(20 * time.Minute), Kind: rollout.AuditEnded, Service: service, Summary: &s,
				Reason: rollout.Reason{Code: why}, Request: &rollout.Request{At: at, Back: back}},
			{At: at, Kind: rollout.AuditDecided, Service: service},
		}}
	}
	bad := rollout.AuditSummary{
		Outcome: rollout.RolledBack, Exposed: at, Condemned: at.Add(40 * time.Second), WeightZero: at.Add(42 * time.Second), Kept: 950, Agreed: 1, Judged: 2,
	}
	numbers := newReported(map[rollout.ServiceName]rollout.Service{"checkout": {}, "payments": {}})
	registry := prometheus.NewRegistry()
	registry.MustRegister(numbers.collectors()...)
	for _, err := range []error{errors.New("the disk is full"), nil} {
		s := reportedStore{full{err: err}, numbers}
		_ = s.Commit(t.Context(), ended("checkout", rollout.AuditSummary{Outcome: rollout.Succeeded}, "", false), ended("checkout", bad, rollout.ReasonCheck, false))
		_ = s.Commit(t.Context(), ended("checkout", rollout.AuditSummary{Outcome: rollout.Succeeded}, "", true))
		_ = s.Commit(t.Context(), ended("checkout", rollout.AuditSummary{Outcome: rollout.Cancelled}, "", false))
		_ = s.Record(t.Context(), []rollout.AuditEntry{{At: at, Kind: rollout.AuditIncident, Service: "checkout"}, {At: at, Kind: rollout.AuditIncident, Service: "gone"}})
	}
	want := `
# HELP canary_agreed_decisions_total Decisions in which a person and the judge agreed.
# TYPE canary_agreed_decisions_total counter
canary_agreed_decisions_total{service="checkout"} 1
canary_agreed_decisions_total{service="payments"} 0
# HELP canary_alone_rollbacks_total Rollouts that Canarybot rolled back by itself.
# TYPE canary_alone_rollbacks_total counter
canary_alone_rollbacks_total{service="checkout"} 1
canary_alone_rollbacks_total{service="payments"} 0
# HELP canary_deploys_total Rollouts that came to everybody or were rolled back.
# TYPE canary_deploys_total counter
canary_deploys_total{outcome="rolled_back",service="checkout"} 1
canary_deploys_total{outcome="rolled_back",service="payments"} 0
canary_deploys_total{outcome="succeeded",service="checkout"} 1
canary_deploys_total{outcome="succeeded",service="payments"} 0
# HELP canary_incidents_total Incidents that people reported.
# TYPE canary_incidents_total counter
canary_incidents_total{service="-"} 1
canary_incidents_total{service="checkout"} 1
canary_incidents_total{service="payments"} 0
# HELP canary_judged_decisions_total Decisions about which the judge had advice.
# TYPE canary_judged_decisions_total counter
canary_judged_decisions_total{service="checkout"} 2
canary_judged_decisions_total{service="payments"} 0
# HELP canary_kept_requests_total Requests kept from bad versions, estimated.
# TYPE canary_kept_requests_total counter
canary_kept_requests_total{service="checkout"} 950
canary_kept_requests_total{service="payments"} 0
# HELP canary_undone_deploys_total Successes that people took back later.
# TYPE canary_undone_deploys_total counter
canary_undone_deploys_total{service="checkout"} 1
canary_undone_deploys_total{service="payments"} 0
`
	err := testutil.GatherAndCompare(registry, strings.NewReader(want), "canary_agreed_decisions_total", "canary_alone_rollbacks_total",
		"canary_deploys_total", "canary_incidents_total", "canary_judged_decisions_total", "canary_kept_requests_total", "canary_undone_deploys_total")
	if err != nil {
		t.Error(err)
	}
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, family := range all {
		for _, m := range family.GetMetric() {
			if h := m.GetHistogram(); h.GetSampleCount() > 0 {
				sums[family.GetName()] += h.GetSampleSum()
			}
		}
	}
	for name, want := range map[string]float64{"canary_detection_seconds": 40, "canary_recovery_seconds": 42, "canary_lead_seconds": 1200} {
		if sums[name] != want {
			t.Errorf("%s adds up to %v s, want %v", name, sums[name], want)
		}
	}
}
