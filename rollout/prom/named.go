package prom

import (
	"strconv"
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

// Plain returns the signals of a service that counts with the plainest names.
func Plain() rollout.Signals {
	return rollout.Signals{
		Requests: `http_requests_total{{{.Select}}}`,
		Errors:   `http_5xx_total{{{.Select}}}`,
		Success:  `http_2xx_total{{{.Select}}}`,
		Latency:  `http_duration_bucket{{{.Select}}}`,
		Memory:   `container_memory_working_set_bytes{{{.Select}}}`,
		Unit:     time.Second,
		Scrape:   15 * time.Second,
	}
}

// Base returns what a check is like where nothing else is said.
func Base() rollout.Check {
	return rollout.Check{
		Comparison: rollout.LessThan, Window: 5 * time.Minute, Interval: 15 * time.Second, Failures: 2,
		MinRequests: 50, CeilingRequests: 20, Unit: rollout.Number,
	}
}

// slow is the share of requests that a 99th percentile lets be slower.
const slow = 0.01

// Named returns the checks that exist without being written, as far as the signals have what they ask about, in the
// order in which people read them.
//
// Each query is one number for one pod or many. The sum over an absent series is absent, not zero: without "or
// vector(0)" a canary that never failed would have no error rate, and one that only fails no success rate. The total
// has no such default: without requests there is no rate.
func Named(s rollout.Signals) []rollout.Check {
	ceiling, floor := 0.20, 0.80 // the same fifth of the requests, seen from both sides
	traffic := `sum(increase(` + s.Requests + `[{{.Window}}]))`
	share := func(of string) string {
		return `(sum(rate(` + of + `[{{.Window}}])) or vector(0)) / sum(rate(` + s.Requests + `[{{.Window}}]))`
	}
	var all []rollout.Check
	if s.Requests != "" && (s.Errors != "" || s.Success != "") {
		errors := Base()
		errors.Name, errors.Unit, errors.Traffic, errors.Signal = ErrorRate, rollout.Ratio, traffic, rollout.ErrorSignal
		errors.Query = share(s.Errors)
		if s.Errors == "" {
			errors.Query = `1 - ` + share(s.Success)
		}
		errors.Threshold, errors.Ceiling = 0.01, &ceiling
		all = append(all, errors)
	}
	if s.Requests != "" && s.Latency != "" {
		latency := Base()
		latency.Name, latency.Unit, latency.Traffic, latency.Signal = LatencyP99, rollout.Seconds, traffic, rollout.LatencySignal
		latency.Query = `histogram_quantile(0.99, sum by (le) (rate(` + s.Latency + `[{{.Window}}])))`
		if s.Native {
			latency.Query = `histogram_quantile(0.99, sum(rate(` + s.Latency + `[{{.Window}}])))`
		}
		if s.Unit > 0 && s.Unit != time.Second {
			latency.Query += ` * ` + seconds(s.Unit)
		}
		latency.Threshold, latency.Bound, latency.Share = 0.5, 0.5, slow
		all = append(all, latency)
	}
	if s.Requests != "" && (s.Errors != "" || s.Success != "") {
		success := Base()
		success.Name, success.Unit, success.Traffic, success.Signal = SuccessRate, rollout.Ratio, traffic, rollout.SuccessSignal
		success.Query = share(s.Success)
		if s.Success == "" {
			success.Query = `1 - ` + share(s.Errors)
		}
		success.Comparison, success.Threshold, success.Ceiling = rollout.GreaterThan, 0.99, &floor
		all = append(all, success)
	}
	if s.Memory != "" {
		memory := Base()
		memory.Name, memory.Unit, memory.Signal = MemoryUsage, rollout.Bytes, rollout.MemorySignal
		// The newest reading of each container that is there now, and none from before the window: Prometheus remembers a
		// series without a staleness marker for five minutes, and a leak that was taken back must not condemn its fix.
		memory.Query = `max(last_over_time(` + s.Memory + `[{{.Window}}]) and ` + s.Memory + `)`
		memory.Threshold, memory.MinRequests = 512<<20, 0
		all = append(all, memory)
	}
	return all
}

// seconds writes a unit of time as a factor.
func seconds(unit time.Duration) string {
	return strconv.FormatFloat(unit.Seconds(), 'g', -1, 64)
}
