package prom_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

var now = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)

const scrape = 15 * time.Second

// The pods of the tests, named as Kubernetes names them.
const (
	canaryPod  = "checkout-canary-6d5f7c9b8-x2k4p"
	canaryPod2 = "checkout-canary-6d5f7c9b8-zz79q"
	stablePod  = "checkout-7d9f8b6c5-bcdfg"
	stablePod2 = "checkout-7d9f8b6c5-hjklm"
)

// counter is a series that has grown evenly, by perScrape, in scrapes from first to last, counted back from now.
type counter struct {
	name, pod   string
	extra       []string // more labels
	perScrape   float64
	first, last int
	late        time.Duration // each scrape, in its interval
}

// engine is Prometheus's own storage and engine behind its query API, at the time now.
type engine struct {
	testing.TB
	db  *tsdb.DB
	eng *promql.Engine
}

func newEngine(t testing.TB) *engine {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	eng := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: 5 * time.Second, LookbackDelta: 5 * time.Minute})
	t.Cleanup(func() { _ = eng.Close() })
	return &engine{TB: t, db: db, eng: eng}
}

// add stores the counters. With last above zero the series ends that many scrapes ago, without a stale marker.
func (e *engine) add(all ...counter) {
	e.Helper()
	for _, c := range all {
		e.store(c, func(n int) float64 { return float64(c.first-n) * c.perScrape })
	}
}

// gauge stores a series that stands still.
func (e *engine) gauge(c counter) {
	e.Helper()
	e.store(c, func(int) float64 { return c.perScrape })
}

func (e *engine) store(c counter, value func(n int) float64) {
	e.Helper()
	app := e.db.Appender(e.Context())
	ls := labels.FromStrings(append([]string{"__name__", c.name, "namespace", "shop", "pod", c.pod}, c.extra...)...)
	for n := c.first; n >= c.last; n-- {
		at := now.Add(-time.Duration(n)*scrape - c.late)
		if _, err := app.Append(0, ls, at.UnixMilli(), value(n)); err != nil {
			e.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		e.Fatal(err)
	}
}

// source returns production's adapter, asking the engine over HTTP.
func (e *engine) source() *prom.Source {
	e.Helper()
	return sourceOf(e.TB, e)
}

// query makes the query that a request asks for.
func (e *engine) query(r *http.Request) (promql.Query, error) {
	if r.FormValue("start") == "" {
		return e.eng.NewInstantQuery(r.Context(), e.db, nil, r.FormValue("query"), now)
	}
	unix := func(field string) float64 {
		v, _ := strconv.ParseFloat(r.FormValue(field), 64)
		return v
	}
	at := func(field string) time.Time { return time.UnixMilli(int64(unix(field) * 1000)) }
	step := time.Duration(unix("step") * float64(time.Second))
	return e.eng.NewRangeQuery(r.Context(), e.db, nil, r.FormValue("query"), at("start"), at("end"), step)
}

// points writes the samples of a series as Prometheus does.
func points(s promql.Series) (values, histograms [][2]any) {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, p := range s.Floats {
		values = append(values, [2]any{float64(p.T) / 1000, number(p.F)})
	}
	for _, p := range s.Histograms {
		var buckets [][4]any
		for all := p.H.AllBucketIterator(); all.Next(); {
			b := all.At()
			buckets = append(buckets, [4]any{0, number(b.Lower), number(b.Upper), number(b.Count)})
		}
		histograms = append(histograms, [2]any{float64(p.T) / 1000, map[string]any{
			"count": number(p.H.Count), "sum": number(p.H.Sum), "buckets": buckets,
		}})
	}
	return values, histograms
}

// ServeHTTP answers /api/v1/query and /api/v1/query_range as Prometheus does.
func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := e.query(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"status":"error","errorType":"bad_data","error":%q}`, err.Error())
		return
	}
	defer q.Close()
	result := q.Exec(r.Context())
	if result.Err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, `{"status":"error","errorType":"execution","error":%q}`, result.Err.Error())
		return
	}
	warnings, _ := result.Warnings.AsStrings(r.FormValue("query"), 0, 0)
	type sample struct {
		Metric map[string]string `json:"metric"`
		Value  [2]any            `json:"value"`
	}
	samples := []sample{}
	if matrix, ok := result.Value.(promql.Matrix); ok {
		series := []map[string]any{}
		for _, s := range matrix {
			values, histograms := points(s)
			one := map[string]any{"metric": s.Metric.Map()}
			if len(values) > 0 {
				one["values"] = values
			}
			if len(histograms) > 0 {
				one["histograms"] = histograms
			}
			series = append(series, one)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"status": "success", "warnings": warnings, "data": map[string]any{"resultType": "matrix", "result": series},
		})
		return
	}
	vector, err := result.Vector()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, s := range vector {
		if s.H != nil {
			_, histograms := points(promql.Series{Histograms: []promql.HPoint{{T: s.T, H: s.H}}})
			_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{
				"resultType": "vector", "result": []any{map[string]any{"metric": s.Metric.Map(), "histogram": histograms[0]}},
			}})
			return
		}
		samples = append(samples, sample{s.Metric.Map(), [2]any{float64(s.T) / 1000, strconv.FormatFloat(s.F, 'g', -1, 64)}})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"status": "success", "warnings": warnings,
		"data": map[string]any{"resultType": "vector", "result": samples},
	})
}

func sourceOf(t testing.TB, h http.Handler) *prom.Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s, err := prom.New(prom.Default(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// question asks the four checks about checkout, ten minutes after the weight was acknowledged.
func question(checks ...rollout.Check) rollout.Question {
	return rollout.Question{
		Service: "checkout", Namespace: "shop", Stable: "checkout", Canary: "checkout-canary", Checks: checks,
		Now: now, Since: now.Add(-10 * time.Minute),
	}
}

// four returns the checks that these tests count the queries of, whatever else is named.
func four(tb testing.TB) []rollout.Check {
	tb.Helper()
	return []rollout.Check{
		named(tb, rollout.ErrorRate), named(tb, rollout.LatencyP99), named(tb, rollout.SuccessRate), named(tb, rollout.MemoryUsage),
	}
}

func named(t testing.TB, name string) rollout.Check {
	t.Helper()
	for _, c := range prom.Named(prom.Plain()) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s", name)
	return rollout.Check{}
}
