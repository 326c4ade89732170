package sim

import (
	"context"
	"math"
	"sync"
	"time"

	"canarybot.io/rollout"
)

var _ rollout.Metrics = (*Metrics)(nil)

// Metrics answers the named checks straight from a cluster's counters, and answers unknown to any other. Windows are
// cut and checked as in the production adapter. It can be unplugged.
type Metrics struct {
	cluster *Cluster

	mu        sync.Mutex // guards what follows
	unplugged bool
	fault     func(rollout.Question) error
	alter     func(rollout.Sample) rollout.Sample
}

// NewMetrics returns metrics over the cluster.
func NewMetrics(c *Cluster) *Metrics { return &Metrics{cluster: c} }

// Unplug makes every answer a query error, or ends that.
func (m *Metrics) Unplug(out bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unplugged = out
}

// SetFault calls f before every question; its error makes every answer a query error. Nil: nothing goes wrong.
func (m *Metrics) SetFault(f func(rollout.Question) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}

// Alter passes every sample through f before it is returned. Nil: samples are what was counted.
func (m *Metrics) Alter(f func(rollout.Sample) rollout.Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alter = f
}

// Ask returns one sample for each check, and the requested history of the signals.
func (m *Metrics) Ask(ctx context.Context, q rollout.Question) rollout.Answer {
	m.mu.Lock()
	unplugged, fault, alter := m.unplugged, m.fault, m.alter
	m.mu.Unlock()
	detail := ""
	switch {
	case ctx.Err() != nil:
		detail = "the question was given up"
	case unplugged:
		detail = "dial tcp: connection refused"
	case fault != nil:
		if err := fault(q); err != nil {
			detail = err.Error()
		}
	}
	all := make([]rollout.Sample, len(q.Checks))
	for i, c := range q.Checks {
		if detail != "" {
			all[i] = rollout.Sample{
				Check: c.Name, At: q.Now, CanaryWhy: rollout.WhyUnreachable, StableWhy: rollout.WhyUnreachable, Detail: detail,
			}
		} else {
			all[i] = m.cluster.sample(q, c)
		}
		if alter != nil {
			all[i] = alter(all[i])
		}
	}
	return rollout.Answer{Samples: all, Raw: m.cluster.raw(q, detail)}
}

// sample answers one check.
func (c *Cluster) sample(q rollout.Question, check rollout.Check) rollout.Sample {
	s := rollout.Sample{Check: check.Name, At: q.Now}
	window := check.Window
	if !q.Since.IsZero() {
		window = min(window, q.Now.Sub(q.Since))
	}
	if window < 2*check.Interval || window <= 0 {
		s.CanaryWhy = rollout.WhyWarmingUp
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.app(rollout.Objects{Namespace: q.Namespace, Stable: q.Stable})
	if a == nil {
		s.CanaryWhy, s.StableWhy = rollout.WhyNoData, rollout.WhyNoData
		return s
	}
	s.Stable, s.StableRequests, s.StableWhy = a.stable.answer(check, q.Now, window)
	if q.StableOnly {
		s.Canary, s.Requests, s.CanaryWhy = s.Stable, s.StableRequests, s.StableWhy
		s.Stable, s.StableRequests, s.StableWhy = nil, nil, rollout.WhyNone
		return s
	}
	s.Canary, s.Requests, s.CanaryWhy = a.canary.answer(check, q.Now, window)
	return s
}

// answer is one side's value, its requests in the window, or why there is none.
func (s *side) answer(check rollout.Check, now time.Time, window time.Duration) (value, requests *float64, why rollout.Why) {
	reporting, memory := s.reportsMetrics(now)
	if !reporting {
		return nil, nil, rollout.WhyNoData
	}
	seen := s.past.between(now.Add(-window), now)
	if check.Traffic != "" {
		requests = &seen.Requests
	}
	var v float64
	named, _ := rollout.Named(check.Name) // the check itself has no signal where it is judged by its limits
	switch named.Signal {
	case rollout.ErrorSignal:
		v = seen.Errors / seen.Requests
	case rollout.SuccessSignal:
		v = seen.OK / seen.Requests
	case rollout.LatencySignal:
		v = seen.Quantile(1 - named.Share)
	case rollout.MemorySignal:
		v = memory
	case rollout.NoSignal:
		return nil, requests, rollout.WhyQueryError
	}
	if math.IsNaN(v) {
		return nil, requests, rollout.WhyNotANumber
	}
	return &v, requests, rollout.WhyNone
}
