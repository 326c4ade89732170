package slack

import "github.com/prometheus/client_golang/prometheus"

// metrics are what is counted of Slack.
type metrics struct {
	connections prometheus.Gauge
	calls       *prometheus.CounterVec
	envelopes   *prometheus.CounterVec
	foreign     prometheus.Counter
}

// EnvelopeResult is what became of an envelope.
type EnvelopeResult string

// The results.
const (
	Acked      EnvelopeResult = "acked"
	Unacked    EnvelopeResult = "unacked"    // not committed, so not acknowledged
	Unreadable EnvelopeResult = "unreadable" // the payload; acknowledged all the same
	Duplicate  EnvelopeResult = "duplicate"
	Overloaded EnvelopeResult = "overloaded"
	AckFailed  EnvelopeResult = "ack_failed" // acknowledged, but no connection took it
	Panicked   EnvelopeResult = "panic"
)

// newMetrics registers the metrics. A nil registerer registers none.
func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "canary_slack_connections", Help: "Socket Mode connections that are up.",
		}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "canary_slack_calls_total", Help: "Calls of Slack's Web API, by method and result.",
		}, []string{"method", "result"}),
		envelopes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "canary_slack_envelopes_total", Help: "What Slack sent us, by what became of it.",
		}, []string{"result"}),
		foreign: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "canary_slack_excess_connections_total", Help: "How often Slack counted more connections of this app than ours.",
		}),
	}
	for _, r := range []EnvelopeResult{Acked, Unacked, Unreadable, Duplicate, Overloaded, AckFailed, Panicked} {
		m.envelopes.WithLabelValues(string(r)) // so that each is there from the beginning
	}
	if registerer != nil {
		registerer.MustRegister(m.connections, m.calls, m.envelopes, m.foreign)
	}
	return m
}

// Count counts what became of an envelope, or a panic.
func (c *Client) Count(r EnvelopeResult) { c.metrics.envelopes.WithLabelValues(string(r)).Inc() }
