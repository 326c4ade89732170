package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"canarybot.io/cmd/judgebench/world"
)

// fake is a Prometheus that scrapes one service: the pods of a trace, with the faults of real life: counters that are
// reset, or one too low, scrapes that are lost, samples that are stored late, and values that are NaN.
type fake struct {
	trace          trace
	stable, canary string         // the two Deployments
	weight         func() float64 // the canary's, now
	faults         bool           // things go wrong

	mu     sync.Mutex
	began  time.Time // the canary's traffic
	step   int       // scrape at which its weight was set last
	last   float64   // the weight then
	scrape int       // of the rollout; negative before it
	made   int       // canary pods
	next   []trace   // of the rollouts to come
	pods   []*fakePod
}

// fakePod is one pod's counters and what was stored of them.
type fakePod struct {
	name             string
	canary           bool
	requests, errors float64
	within           [len(bounds)]float64
	stored           []stored
}

// stored is one scrape of a pod.
type stored struct {
	at, seen time.Time
	values   map[string]float64 // by metric, and le
}

// serving is the number of pods of each side that are scraped.
const serving = 4

// newFake returns what there is of a service after the quarter of an hour before its rollouts, one trace each.
func newFake(stable, canary string, traces []trace, weight func() float64, faults bool) *fake {
	f := &fake{trace: traces[0], next: traces[1:], stable: stable, canary: canary, weight: weight, faults: faults}
	for i := range serving {
		f.pods = append(f.pods, &fakePod{name: fmt.Sprintf("%s-7d9f8b6c5-bcdf%c", stable, "bcdfghjk"[i])})
	}
	now := time.Now()
	for n := -history; n < 0; n++ {
		f.keep(0, now.Add(time.Duration(n)*interval*time.Second), n)
	}
	return f
}

// run scrapes until the channel is closed.
func (f *fake) run(done <-chan struct{}) {
	ticker := time.NewTicker(interval * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case at := <-ticker.C:
			f.mu.Lock()
			f.tick(at)
			f.mu.Unlock()
		}
	}
}

// tick scrapes everybody once. The trace begins with the canary's traffic.
func (f *fake) tick(at time.Time) {
	w := f.weight()
	switch {
	case w > 0 && f.began.IsZero():
		f.began, f.step, f.scrape = at, 0, 0
		f.replace()
	case f.began.IsZero():
		f.scrape = -1
	case w == 0: // the rollout is over, its pods are gone
		f.pods, f.began, f.scrape = f.pods[:serving], time.Time{}, -1
		if len(f.next) > 0 {
			f.trace, f.next = f.next[0], f.next[1:]
		}
	case w != f.last:
		f.step = f.scrape
		f.replace() // in a trace the pods of a later step are younger
	}
	f.last = w
	f.keep(w, at, f.scrape)
	f.scrape++
}

// replace gives the canary new pods.
func (f *fake) replace() {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	f.pods = f.pods[:serving]
	for i := range 2 {
		f.made++
		f.pods = append(f.pods, &fakePod{name: fmt.Sprintf("%s-6d5f7c9b8-x%c%c4%c", f.canary, alphabet[f.made/27%27], alphabet[f.made%27], "pz"[i]), canary: true})
	}
}

// keep adds what happened in a scrape to the pods' counters and stores them.
func (f *fake) keep(weight float64, at time.Time, n int) {
	m := moment{n, f.step, weight}
	stable, canary := f.trace.pods(m, false, serving), f.trace.pods(m, true, max(0, len(f.pods)-serving))
	for i, p := range f.pods {
		did := append(stable, canary...)[i]
		d := world.NewChance(f.trace.seed, 606, uint64(i), uint64(n+history))
		if f.faults && d.Float64() < 0.01 { // the pod was restarted
			p.requests, p.errors, p.within = 0, 0, [len(bounds)]float64{}
		}
		p.requests += did.requests
		p.errors += did.errors
		for b := range bounds {
			p.within[b] += did.requests - did.slower[b]
		}
		lost := f.faults && d.Float64() < 0.03
		if lost || p.canary && f.trace.silent && n >= 0 {
			continue
		}
		p.stored = append(p.stored, f.row(p, did.memory, at.Add(time.Duration(i)*700*time.Millisecond), d))
	}
}

// row is what Prometheus stores of a pod in a scrape.
func (f *fake) row(p *fakePod, memoryMiB float64, at time.Time, d world.Chance) stored {
	row := stored{at: at, seen: at.Add(200 * time.Millisecond), values: map[string]float64{
		"http_requests_total": p.requests, "container_memory_working_set_bytes": memoryMiB * (1 << 20), "http_duration_bucket+Inf": p.requests,
	}}
	if p.errors > 0 {
		row.values["http_5xx_total"] = p.errors
	}
	for b, bound := range bounds {
		row.values["http_duration_bucket"+le(bound)] = p.within[b]
	}
	if f.faults && d.Float64() < 0.05 {
		row.seen = row.seen.Add(20 * time.Second)
	}
	if f.faults && d.Float64() < 0.01 {
		row.values["http_requests_total"] = math.NaN()
	}
	if f.faults && d.Float64() < 0.03 && len(p.stored) > 0 {
		row.dip(p.stored[len(p.stored)-1])
	}
	return row
}

// dip makes what counts every request one less than it was in the scrape before, as stores with replicas do.
func (s stored) dip(before stored) {
	for _, name := range []string{"http_requests_total", "http_duration_bucket+Inf"} {
		if v := before.values[name]; v > 0 && s.values[name] >= v {
			s.values[name] = v - 1
		}
	}
}

func le(bound float64) string { return strconv.FormatFloat(bound, 'g', -1, 64) }

// reply is the answer to one query now, as Prometheus's API writes it.
func (f *fake) reply(query string) ([]byte, error) {
	f.mu.Lock()
	kind, result := f.answer(query, time.Now())
	f.mu.Unlock()
	return json.Marshal(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": result}})
}

var (
	rawForm     = regexp.MustCompile(`^(\w+)(\{.*\})\[(\d+)s\]$`)
	historyForm = regexp.MustCompile(`^sum without \([^)]*\) \((\w+)(\{.*\})\)\[(\d+)s:\d+s\]$`)
	bucketForm  = regexp.MustCompile(`^sum by \(le\) \(increase\(\w+(\{.*\})\[\d+s\]\)\)$`)
	leForm      = regexp.MustCompile(`le=~("(?:[^"\\]|\\.)*")`)
)

// answer answers one query.
func (f *fake) answer(query string, now time.Time) (kind string, result any) {
	if m := historyForm.FindStringSubmatch(query); m != nil {
		return "matrix", f.matrix(m[1], m[2], m[3], now)
	}
	if m := rawForm.FindStringSubmatch(query); m != nil {
		return "matrix", f.matrix(m[1], m[2], m[3], now)
	}
	one := func(metric map[string]string, v float64) map[string]any {
		return map[string]any{"metric": metric, "value": [2]any{unix(now), number(v)}}
	}
	if bucketForm.MatchString(query) {
		all := []any{one(map[string]string{"le": "+Inf"}, f.pods[0].requests)}
		for b, bound := range bounds {
			all = append(all, one(map[string]string{"le": le(bound)}, f.pods[0].within[b]))
		}
		return "vector", all
	}
	value := 10_000.0 // requests
	switch {
	case strings.HasPrefix(query, "label_replace"):
		return "vector", []any{one(map[string]string{"canarybot_arm": "stable 0"}, unix(now)), one(map[string]string{"canarybot_arm": "canary 0"}, unix(now))}
	case strings.HasPrefix(query, "(sum(rate"):
		value = base
	case strings.HasPrefix(query, "histogram_quantile"):
		value = 0.3
	case strings.HasPrefix(query, "max("):
		value = startMiB * (1 << 20)
	}
	return "vector", []any{one(map[string]string{}, value)}
}

// matrix is what was stored of a metric, of the side that the matchers select, in a window.
func (f *fake) matrix(metric, matchers, window string, now time.Time) []any {
	reach, err := strconv.Atoi(window)
	if err != nil {
		return nil
	}
	from := now.Add(-time.Duration(reach) * time.Second)
	all := []any{}
	for _, p := range f.pods {
		if p.canary != strings.Contains(matchers, f.canary+"-") {
			continue
		}
		for _, suffix := range suffixes(metric, matchers) {
			values := p.between(metric+suffix, from, now)
			labels := map[string]string{"__name__": metric, "pod": p.name}
			if suffix != "" {
				labels["le"] = suffix
			}
			if len(values) > 0 {
				all = append(all, map[string]any{"metric": labels, "values": values})
			}
		}
	}
	return all
}

// between are the values of a metric after one time that can be read at another.
func (p *fakePod) between(metric string, from, now time.Time) (values [][2]any) {
	for _, s := range p.stored {
		if v, ok := s.values[metric]; ok && s.at.After(from) && !s.seen.After(now) {
			values = append(values, [2]any{unix(s.at), number(v)})
		}
	}
	return values
}

// suffixes are the bounds that the matchers select; one empty one where the metric has none.
func suffixes(metric, matchers string) []string {
	if metric != "http_duration_bucket" {
		return []string{""}
	}
	all := []string{"+Inf"}
	for _, b := range bounds {
		all = append(all, le(b))
	}
	m := leForm.FindStringSubmatch(matchers)
	if m == nil {
		return all
	}
	text, err := strconv.Unquote(m[1])
	if err != nil {
		return nil
	}
	wanted := regexp.MustCompile("^(?:" + text + ")$")
	return slices.DeleteFunc(all, func(b string) bool { return !wanted.MatchString(b) })
}

func unix(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
