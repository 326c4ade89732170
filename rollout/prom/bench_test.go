package prom_test

import (
	"net/http"
	"testing"

	"canarybot.io/rollout"
)

// BenchmarkAsk is one question about the three default checks, of both arms, without the network and Prometheus.
func BenchmarkAsk(b *testing.B) {
	body := []byte(vector(`{}`, 0.25))
	s := sourceOver(b, roundTrip(func(r *http.Request) (*http.Response, error) { return response(r, http.StatusOK, body), nil }))
	q := question(named(b, rollout.ErrorRate), named(b, rollout.LatencyP99), named(b, rollout.MemoryUsage))
	for b.Loop() {
		s.Ask(b.Context(), q)
	}
}
