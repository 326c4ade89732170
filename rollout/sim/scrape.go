package sim

import (
	"math"
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// Point is the current value of one series, from a scrape of the cluster's pods.
type Point struct {
	Name   string
	Labels map[string]string
	Value  float64
}

// Scrape returns the series of every pod that is up and reports metrics, with conventional names and the labels
// namespace, pod, service and version. Counts are exact and so not always whole: a canary with a handful of requests in
// a short window would otherwise look far better or worse than it is.
func (c *Cluster) Scrape() []Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Point
	for _, a := range c.apps {
		a.advance(time.Now())
		for _, s := range []*side{a.stable, a.canary} {
			for _, p := range s.pods {
				if p.serves(a.now) && !a.behaviour(s, p).Silent {
					all = append(all, a.points(s, p)...)
				}
			}
		}
	}
	return all
}

// points are one pod's series.
func (a *App) points(s *side, p *pod) []Point {
	with := func(more ...string) map[string]string {
		labels := map[string]string{
			"namespace": a.setup.Objects.Namespace, "pod": p.name,
			"service": s.name, "version": rollout.ShortVersion(p.image),
		}
		for i := 0; i+1 < len(more); i += 2 {
			labels[more[i]] = more[i+1]
		}
		return labels
	}
	c := p.counters
	all := []Point{
		{"http_requests_total", with(), c.Requests},
		{"http_2xx_total", with(), c.OK},
		{"http_duration_sum", with(), c.Seconds},
		{"http_duration_count", with(), c.Requests},
		{"http_duration_bucket", with("le", "+Inf"), c.Requests},
		{"http_requests_in_flight", with(), math.Floor(c.Hung + a.underWay(s, p))},
		{"kube_pod_container_status_restarts_total", with("container", "app"), math.Floor(c.Restarts)},
		{"container_memory_working_set_bytes", with("container", "app"), math.Round(a.behaviour(s, p).memory(a.now.Sub(p.born)))},
	}
	if c.Errors > 0 { // like most libraries': a counter does not exist before its first count
		all = append(all,
			Point{"http_5xx_total", with(), c.Errors},
			Point{"http_errors", with(), c.Errors})
	}
	if c.Refused > 0 {
		all = append(all, Point{"http_4xx_total", with(), c.Refused})
	}
	for i, bound := range bounds {
		le := strconv.FormatFloat(bound, 'g', -1, 64)
		all = append(all, Point{"http_duration_bucket", with("le", le), c.Within[i]})
	}
	return all
}

// underWay is how many requests a pod serves at a time, of those that end.
func (a *App) underWay(s *side, p *pod) float64 {
	pods, share := a.stable.endpoints(), 1-a.share()
	if s == a.canary {
		pods, share = a.canary.endpoints(), a.share()
	}
	return a.requests * share / float64(max(len(pods), 1)) * a.behaviour(s, p).latency().Seconds()
}
