package node

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// instrument returns the app as most services in Go are: measured by Prometheus's own client library, with its names,
// a label for the status, and a histogram that is both native and of buckets.
func instrument(a *app) http.Handler {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total", Help: "Answers by status and method.",
	}, []string{"code", "method"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "How long answers take.",
		Buckets: prometheus.DefBuckets, NativeHistogramBucketFactor: 1.1,
	}, nil)
	memory := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "container_memory_working_set_bytes", Help: "What the container uses; in a cluster cAdvisor says so.",
		ConstLabels: prometheus.Labels{"container": a.container},
	}, func() float64 { return float64(a.memory()) })
	registry := prometheus.NewRegistry()
	registry.MustRegister(requests, took, memory)
	scraped := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	measured := promhttp.InstrumentHandlerCounter(requests, promhttp.InstrumentHandlerDuration(took, a))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/metrics" && !a.behaviour().Silent:
			scraped.ServeHTTP(w, r)
		case r.URL.Path == "/metrics" || r.URL.Path == "/healthz": // neither is traffic
			a.ServeHTTP(w, r)
		default:
			measured.ServeHTTP(w, r)
		}
	})
}
