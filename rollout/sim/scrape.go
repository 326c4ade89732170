package sim

import (
	"math"
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// Point is one series' value now: what a scrape of the cluster's pods yields.
type Point struct {
	Name   string
	Labels map[string]string
	Value  float64
}

// Scrape returns the series of every pod that is up and reports metrics, with the names of the seed's pipeline and the
// labels namespace, pod, service and version. Counts are whole.
func (c *Cluster) Scrape() []Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Point
	for _, a := range c.apps {
		a.advance(time.Now())
		for _, s := range []*side{a.stable, a.canary} {
			for _, p := range s.pods {
				if p.alive() && !a.now.Before(p.ready) && a.now.Before(p.failing) && !a.behaviour(s, p).Silent {
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
		{"http_requests_total", with(), math.Floor(c.Requests)},
		{"http_2xx_total", with(), math.Floor(c.OK)},
		{"http_duration_sum", with(), c.Seconds},
		{"http_duration_count", with(), math.Floor(c.Requests)},
		{"http_duration_bucket", with("le", "+Inf"), math.Floor(c.Requests)},
		{"container_memory_working_set_bytes", with("container", "app"), math.Round(a.behaviour(s, p).memory(a.now.Sub(p.born)))},
	}
	if c.Errors >= 1 { // like most libraries': a counter is not there before it counted
		all = append(all,
			Point{"http_5xx_total", with(), math.Floor(c.Errors)},
			Point{"http_errors", with(), math.Floor(c.Errors)})
	}
	for i, bound := range bounds {
		le := strconv.FormatFloat(bound, 'g', -1, 64)
		all = append(all, Point{"http_duration_bucket", with("le", le), math.Floor(c.Within[i])})
	}
	return all
}
