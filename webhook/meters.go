package webhook

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are what is counted of the targets.
type meters struct {
	events *prometheus.CounterVec
	lines  []*line
}

func newMeters() *meters {
	return &meters{events: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "canary_webhook_events_total", Help: "Events for a target, by what came of each try.",
	}, []string{"target", "result"})}
}

// begin has a target's counters stand at zero: a first failure is a rise then.
func (m *meters) begin(target string) {
	for _, result := range []string{sent, string(Later), string(Refused), tooOld, tooMany} {
		m.events.WithLabelValues(target, result)
	}
}

func (m *meters) count(target, result string) { m.events.WithLabelValues(target, result).Inc() }

var (
	waitingDesc = prometheus.NewDesc("canary_webhook_waiting_events", "Events that wait to be told to a target.", []string{"target"}, nil)
	oldestDesc  = prometheus.NewDesc("canary_webhook_oldest_seconds", "How long the oldest event has waited to be told to a target.", []string{"target"}, nil)
	goneDesc    = prometheus.NewDesc("canary_webhook_gone", "1 where a target wants no more events, until a restart.", []string{"target"}, nil)
)

// Describe sends what Collect may send.
func (m *meters) Describe(to chan<- *prometheus.Desc) {
	m.events.Describe(to)
	for _, d := range []*prometheus.Desc{waitingDesc, oldestDesc, goneDesc} {
		to <- d
	}
}

// Collect sends the current values.
func (m *meters) Collect(to chan<- prometheus.Metric) {
	m.events.Collect(to)
	for _, l := range m.lines {
		l.mu.Lock()
		queued, first, gone := l.queued, l.first, l.gone
		l.mu.Unlock()
		gauge := func(d *prometheus.Desc, value float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, l.Name)
		}
		age, silent := 0.0, 0.0
		if !first.IsZero() {
			age = max(0, time.Since(first).Seconds())
		}
		if gone {
			silent = 1
		}
		gauge(waitingDesc, float64(queued))
		gauge(oldestDesc, age)
		gauge(goneDesc, silent)
	}
}
