package prom

import (
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// Plain returns the signals of a service with conventional metric names.
func Plain() rollout.Signals {
	return rollout.Signals{
		Requests:     `http_requests_total{{{.Select}}}`,
		Errors:       `http_5xx_total{{{.Select}}}`,
		Success:      `http_2xx_total{{{.Select}}}`,
		Latency:      `http_duration_bucket{{{.Select}}}`,
		Memory:       `container_memory_working_set_bytes{{{.Select}}}`,
		InFlight:     `http_requests_in_flight{{{.Select}}}`,
		Restarts:     `kube_pod_container_status_restarts_total{{{.Pods}}}`,
		ClientErrors: `http_4xx_total{{{.Select}}}`,
		Unit:         time.Second,
		Scrape:       15 * time.Second,
	}
}

// Base returns a check with the default values.
func Base() rollout.Check {
	return rollout.Check{
		Comparison: rollout.LessThan, Window: 5 * time.Minute, Interval: 15 * time.Second, Failures: 2,
		MinRequests: 50, CeilingRequests: 20, Unit: rollout.Number,
	}
}

// Named returns the built-in checks, those that the signals provide for, in the order in which people read them.
func Named(s rollout.Signals) []rollout.Check {
	var all []rollout.Check
	for _, n := range rollout.NamedChecks() {
		c := Base()
		c.Name, c.Signal, c.Unit, c.Comparison, c.Threshold = n.Name, n.Signal, n.Unit, n.Comparison, n.Threshold
		if c.Query = query(n, s); c.Query == "" {
			continue
		}
		if n.Ceiling != 0 {
			c.Ceiling = &n.Ceiling
		}
		if n.Signal == rollout.LatencySignal {
			c.Bound, c.Share = n.Threshold, n.Share
		}
		if n.Signal == rollout.MemorySignal {
			c.MinRequests = 0
		} else {
			c.Traffic = traffic(s)
		}
		all = append(all, c)
	}
	return all
}

// query returns the query of a named check; empty if the signals lack something it needs.
//
// Each query is one number for one pod or many. The sum over an absent series is absent, not zero: without "or
// vector(0)" a canary that never failed would have no error rate, and one that only fails no success rate. The total
// has no such default: without requests there is no rate.
func query(n rollout.NamedCheck, s rollout.Signals) string {
	counted := s.Requests != "" && (s.Errors != "" || s.Success != "")
	switch {
	case n.Signal == rollout.ErrorSignal && counted:
		return share(s, s.Errors, s.Success)
	case n.Signal == rollout.SuccessSignal && counted:
		return share(s, s.Success, s.Errors)
	case n.Signal == rollout.LatencySignal && s.Requests != "" && s.Latency != "":
		return quantile(s, 1-n.Share)
	case n.Signal == rollout.MemorySignal && s.Memory != "":
		return readings(s)
	}
	return ""
}

// traffic counts the requests in the window.
func traffic(s rollout.Signals) string { return `sum(increase(` + s.Requests + `[{{.Window}}]))` }

// share is the fraction of the requests that a counter counts; without such a counter, the fraction that its opposite
// does not count.
func share(s rollout.Signals, of, opposite string) string {
	part := func(of string) string {
		return `(sum(rate(` + of + `[{{.Window}}])) or vector(0)) / sum(rate(` + s.Requests + `[{{.Window}}]))`
	}
	if of == "" {
		return `1 - ` + part(opposite)
	}
	return part(of)
}

// quantile is the duration, in seconds, that this share of the requests stays below.
func quantile(s rollout.Signals, q float64) string {
	by := "sum by (le) "
	if s.Native {
		by = "sum"
	}
	text := `histogram_quantile(` + strconv.FormatFloat(q, 'g', 6, 64) + `, ` + by + `(rate(` + s.Latency + `[{{.Window}}])))`
	if s.Unit > 0 && s.Unit != time.Second {
		text += ` * ` + seconds(s.Unit)
	}
	return text
}

// readings queries the newest reading of each container that exists now, and none from before the window: Prometheus
// keeps a series without a staleness marker for five minutes, and a leak that was rolled back must not fail its fix.
func readings(s rollout.Signals) string {
	return `max(last_over_time(` + s.Memory + `[{{.Window}}]) and ` + s.Memory + `)`
}

// seconds writes a unit of time as a factor.
func seconds(unit time.Duration) string {
	return strconv.FormatFloat(unit.Seconds(), 'g', -1, 64)
}
