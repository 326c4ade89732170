package prom

import (
	"time"

	"canarybot.io/rollout"
)

// The names of the checks that exist without being written in the configuration.
const (
	ErrorRate   = "error_rate"
	SuccessRate = "success_rate"
	LatencyP99  = "latency_p99"
	MemoryUsage = "memory_usage"
)

// Requests counts one arm's requests in the window.
const Requests = `sum(increase(http_requests_total{{{.Select}}}[{{.Window}}]))`

// Base returns what a check is like where nothing else is said.
func Base() rollout.Check {
	return rollout.Check{
		Comparison: rollout.LessThan, Window: 5 * time.Minute, Interval: 15 * time.Second, Failures: 2,
		MinRequests: 50, CeilingRequests: 20, Unit: rollout.Number,
	}
}

// Named returns the four checks that exist without being written, in the order in which people read them.
//
// Each query is one number for one pod or many. The sum over an absent series is absent, not zero: without "or
// vector(0)" a canary that never failed would have no error rate, and one that only fails no success rate. The total
// has no such default: without requests there is no rate.
func Named() []rollout.Check {
	ceiling, floor := 0.20, 0.80 // the same fifth of the requests, seen from both sides
	errors, success, latency, memory := Base(), Base(), Base(), Base()

	errors.Name, errors.Unit, errors.Traffic = ErrorRate, rollout.Ratio, Requests
	errors.Query = `(sum(rate(http_5xx_total{{{.Select}}}[{{.Window}}])) or vector(0)) / sum(rate(http_requests_total{{{.Select}}}[{{.Window}}]))`
	errors.Threshold, errors.Ceiling = 0.01, &ceiling

	success.Name, success.Unit, success.Traffic = SuccessRate, rollout.Ratio, Requests
	success.Query = `(sum(rate(http_2xx_total{{{.Select}}}[{{.Window}}])) or vector(0)) / sum(rate(http_requests_total{{{.Select}}}[{{.Window}}]))`
	success.Comparison, success.Threshold, success.Ceiling = rollout.GreaterThan, 0.99, &floor

	latency.Name, latency.Unit, latency.Traffic = LatencyP99, rollout.Seconds, Requests
	latency.Query = `histogram_quantile(0.99, sum by (le) (rate(http_duration_bucket{{{.Select}}}[{{.Window}}])))`
	latency.Threshold = 0.5

	memory.Name, memory.Unit = MemoryUsage, rollout.Bytes
	// The newest reading of each container that is there now, and none from before the window: Prometheus remembers a
	// series without a staleness marker for five minutes, and a leak that was taken back must not condemn its fix.
	memory.Query = `max(last_over_time(container_memory_working_set_bytes{{{.Select}}}[{{.Window}}]) and container_memory_working_set_bytes{{{.Select}}})`
	memory.Threshold, memory.MinRequests = 512<<20, 0

	return []rollout.Check{errors, latency, success, memory}
}
