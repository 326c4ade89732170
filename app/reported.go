package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"canarybot.io/rollout"
)

// elsewhere is the label of what is of no service in the configuration: no name of a service looks like it, and what
// people type cannot make labels.
const elsewhere = "-"

// reported are the numbers of the report as metrics. They count what was committed since the process began.
type reported struct {
	services                                       map[rollout.ServiceName]rollout.Service
	deploys                                        *prometheus.CounterVec // by their outcome
	alone, undone, incidents, agreed, judged, kept *prometheus.CounterVec
	detection, recovery, lead                      *prometheus.HistogramVec
}

// newReported returns metrics that know each service from the beginning, so that its first rollout counts as a rise.
func newReported(services map[rollout.ServiceName]rollout.Service) *reported {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"service"}, labels...))
	}
	histogram := func(name, help string, buckets ...float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"service"})
	}
	m := &reported{
		services:  services,
		deploys:   counter("canary_deploys_total", "Rollouts that came to everybody or were rolled back.", "outcome"),
		alone:     counter("canary_alone_rollbacks_total", "Rollouts that Canarybot rolled back by itself."),
		undone:    counter("canary_undone_deploys_total", "Successes that people took back later."),
		incidents: counter("canary_incidents_total", "Incidents that people reported."),
		agreed:    counter("canary_agreed_decisions_total", "Decisions in which a person and the judge agreed."),
		judged:    counter("canary_judged_decisions_total", "Decisions about which the judge had advice."),
		kept:      counter("canary_kept_requests_total", "Requests kept from bad versions, estimated."),
		detection: histogram("canary_detection_seconds", "From a bad canary's first request to the decision to roll it back.", 15, 30, 60, 120, 300, 600, 1800, 3600),
		recovery:  histogram("canary_recovery_seconds", "From a bad canary's first request until it had none.", 15, 30, 60, 120, 300, 600, 1800, 3600),
		lead:      histogram("canary_lead_seconds", "From the request to the end, of rollouts that succeeded.", 300, 900, 1800, 3600, 7200, 14400, 28800, 86400),
	}
	for name := range services {
		m.know(string(name))
	}
	return m
}

// know makes every metric of the service be there.
func (m *reported) know(service string) {
	for _, outcome := range []rollout.Outcome{rollout.Succeeded, rollout.RolledBack} {
		m.deploys.WithLabelValues(service, string(outcome))
	}
	for _, one := range []*prometheus.CounterVec{m.alone, m.undone, m.incidents, m.agreed, m.judged, m.kept} {
		one.WithLabelValues(service)
	}
	for _, one := range []*prometheus.HistogramVec{m.detection, m.recovery, m.lead} {
		one.WithLabelValues(service)
	}
}

// collectors returns what to register.
func (m *reported) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.deploys, m.alone, m.undone, m.incidents, m.agreed, m.judged, m.kept, m.detection, m.recovery, m.lead}
}

// committed counts what the report would say about each entry by itself, so that both have one set of rules.
func (m *reported) committed(entries []rollout.AuditEntry) {
	for _, e := range entries {
		p := rollout.NewReport([]rollout.AuditEntry{e}, e.At, e.At, func(rollout.AuditEntry) bool { return true })
		service := string(e.Service)
		if _, ok := m.services[e.Service]; !ok {
			service = elsewhere
		}
		for counter, n := range map[*prometheus.CounterVec]float64{
			m.alone: float64(p.RolledBackAlone), m.undone: float64(p.Undone), m.incidents: float64(p.Incidents),
			m.agreed: float64(p.Agreed), m.judged: float64(p.Judged), m.kept: p.Kept,
		} {
			if n > 0 {
				counter.WithLabelValues(service).Add(n)
			}
		}
		if p.Rollouts > 0 {
			m.deploys.WithLabelValues(service, string(e.Summary.Outcome)).Inc()
		}
		if p.Detected > 0 {
			m.detection.WithLabelValues(service).Observe(p.Detection.Seconds())
		}
		for histogram, d := range map[*prometheus.HistogramVec]time.Duration{m.recovery: p.Recovery, m.lead: p.Lead} {
			if d > 0 {
				histogram.WithLabelValues(service).Observe(d.Seconds())
			}
		}
	}
}

// reportedStore counts what its audit takes.
type reportedStore struct {
	Store
	to *reported
}

// Commit counts the entries of one commit once they are durable.
func (s reportedStore) Commit(ctx context.Context, changes ...rollout.Change) error {
	err := s.Store.Commit(ctx, changes...)
	for _, c := range changes {
		if err == nil {
			s.to.committed(c.Audit)
		}
	}
	return err
}

// Record counts entries once they are durable.
func (s reportedStore) Record(ctx context.Context, entries []rollout.AuditEntry, notes ...rollout.StoredNote) error {
	err := s.Store.Record(ctx, entries, notes...)
	if err == nil {
		s.to.committed(entries)
	}
	return err
}
