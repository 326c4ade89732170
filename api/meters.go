package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Meters are the metrics of the API. Make them with NewMeters, and register what Collectors returns.
type Meters struct {
	answers *prometheus.HistogramVec
	refused *prometheus.CounterVec
	waiting prometheus.Gauge
}

// NewMeters returns metrics that nobody collects yet.
func NewMeters() *Meters {
	return &Meters{
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "canary_api_seconds", Help: "How long the API took to answer, without what the caller waited for.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"path", "status"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "canary_api_refused_tokens_total", Help: "Tokens that prove nobody, by the reason.",
		}, []string{"reason"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "canary_api_waiting", Help: "Requests that wait for a rollout to change.",
		}),
	}
}

// Collectors returns what to register.
func (m *Meters) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.answers, m.refused, m.waiting}
}

// answered notes an answer to a request for one of the API's paths.
func (m *Meters) answered(path string, status int, took time.Duration) {
	m.answers.WithLabelValues(path, strconv.Itoa(status)).Observe(took.Seconds())
}
