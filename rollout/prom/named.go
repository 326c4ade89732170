package prom

import (
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// The names of the built-in checks.
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

// Base returns a check with the defaults.
func Base() rollout.Check {
	return rollout.Check{
		Comparison: rollout.LessThan, Window: 5 * time.Minute, Interval: 15 * time.Second, Failures: 2,
		MinRequests: 50, CeilingRequests: 20, Unit: rollout.Number,
	}
}

// slow is the share of requests that a 99th percentile lets be slower.
const slow = 0.01

// Named returns the built-in checks, as far as the signals have what they ask about, in the
// order in which people read them.
//
// Each query is one number for one pod or many. The sum over an absent series is absent, not zero: without "or
// vector(0)" a canary that never failed would have no error rate, and one that only fails no success rate. The total
// has no such default: without requests there is no rate.
func Named(s rollout.Signals) []rollout.Check {
	var all []rollout.Check
	counted := s.Requests != "" && (s.Errors != "" || s.Success != "")
	if counted {
		all = append(all, errorRate(s))
	}
	if s.Requests != "" && s.Latency != "" {
		all = append(all, latencyP99(s))
	}
	if counted {
		all = append(all, successRate(s))
	}
	if s.Memory != "" {
		all = append(all, memoryUsage(s))
	}
	return all
}

// named returns a check of the unit that asks about the signal.
func named(name string, signal rollout.Signal, unit rollout.Unit, threshold float64) rollout.Check {
	c := Base()
	c.Name, c.Signal, c.Unit, c.Threshold = name, signal, unit, threshold
	return c
}

// traffic counts the requests in the window.
func traffic(s rollout.Signals) string { return `sum(increase(` + s.Requests + `[{{.Window}}]))` }

// share is what part of the requests a counter counts; where there is no such counter, what part its opposite does not.
func share(s rollout.Signals, of, opposite string) string {
	part := func(of string) string {
		return `(sum(rate(` + of + `[{{.Window}}])) or vector(0)) / sum(rate(` + s.Requests + `[{{.Window}}]))`
	}
	if of == "" {
		return `1 - ` + part(opposite)
	}
	return part(of)
}

func errorRate(s rollout.Signals) rollout.Check {
	ceiling := 0.20
	c := named(ErrorRate, rollout.ErrorSignal, rollout.Ratio, 0.01)
	c.Query, c.Traffic, c.Ceiling = share(s, s.Errors, s.Success), traffic(s), &ceiling
	return c
}

func successRate(s rollout.Signals) rollout.Check {
	floor := 0.80 // the same fifth of the requests, seen from the other side
	c := named(SuccessRate, rollout.SuccessSignal, rollout.Ratio, 0.99)
	c.Query, c.Traffic, c.Ceiling, c.Comparison = share(s, s.Success, s.Errors), traffic(s), &floor, rollout.GreaterThan
	return c
}

func latencyP99(s rollout.Signals) rollout.Check {
	c := named(LatencyP99, rollout.LatencySignal, rollout.Seconds, 0.5)
	c.Bound, c.Share, c.Traffic = c.Threshold, slow, traffic(s)
	c.Query = `histogram_quantile(0.99, sum by (le) (rate(` + s.Latency + `[{{.Window}}])))`
	if s.Native {
		c.Query = `histogram_quantile(0.99, sum(rate(` + s.Latency + `[{{.Window}}])))`
	}
	if s.Unit > 0 && s.Unit != time.Second {
		c.Query += ` * ` + seconds(s.Unit)
	}
	return c
}

// memoryUsage asks for the newest reading of each container that is there now, and none from before the window:
// Prometheus remembers a series without a staleness marker for five minutes, and a leak that was rolled back must not
// condemn its fix.
func memoryUsage(s rollout.Signals) rollout.Check {
	c := named(MemoryUsage, rollout.MemorySignal, rollout.Bytes, 512<<20)
	c.Query, c.MinRequests = `max(last_over_time(`+s.Memory+`[{{.Window}}]) and `+s.Memory+`)`, 0
	return c
}

// seconds writes a unit of time as a factor.
func seconds(unit time.Duration) string {
	return strconv.FormatFloat(unit.Seconds(), 'g', -1, 64)
}
