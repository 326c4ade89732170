package prom_test

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// wanting is a question for raw samples of the last minute.
func wanting(w rollout.Want) rollout.Question {
	q := question()
	q.Signals, q.Want = prom.Plain(), w
	return q
}

func lastMinute() rollout.Want {
	return rollout.Want{Since: now.Add(-time.Minute), Bounds: []string{"0.1", "0.5"}}
}

// What is read are the stored samples themselves, with their own times, of each arm, and of the wanted bounds only.
func TestRawSamplesOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(append(traffic(canaryPod, 100, 5), traffic(stablePod, 200, 0)...)...)
	e.add(traffic(stablePod2, 200, 0)...)
	for _, le := range []string{"0.1", "0.25", "0.5", "+Inf"} {
		e.add(counter{name: "http_duration_bucket", pod: canaryPod, extra: []string{"le", le}, perScrape: 100, first: 60})
	}
	raw := e.source().Ask(t.Context(), wanting(lastMinute())).Raw
	if n := len(raw.Canary.Requests.Series); n != 1 || raw.Canary.Requests.Why != "" {
		t.Fatalf("%d series of the canary's requests: %+v", n, raw.Canary.Requests)
	}
	if len(raw.Stable.Requests.Series) != 2 || len(raw.Stable.Errors.Series) != 0 || raw.Stable.Errors.Why != "" {
		t.Errorf("stable's requests and errors: %+v and %+v", raw.Stable.Requests, raw.Stable.Errors)
	}
	s := raw.Canary.Requests.Series[0]
	if len(s.Points) != 4 || !s.Points[3].At.Equal(now) || s.Points[3].Value != 6000 || s.Points[2].Value != 5900 {
		t.Errorf("the canary's requests: %+v", s.Points)
	}
	if !strings.Contains(s.Target, canaryPod) {
		t.Errorf("the target is %q", s.Target)
	}
	bounds := map[float64]bool{}
	for _, one := range raw.Canary.Latency.Series {
		bounds[one.Bound] = true
	}
	if len(bounds) != 3 || !bounds[0.1] || !bounds[0.5] || !bounds[math.Inf(1)] {
		t.Errorf("bounds %v", bounds)
	}
}

// The bounds that there are, and stable's past by target: what is read once, before a rollout is judged.
func TestBucketsAndHistoryOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, pod := range []string{stablePod, stablePod2} {
		for _, code := range []string{"200", "404", "500"} {
			e.add(counter{name: "http_requests_total", pod: pod, extra: []string{"code", code}, perScrape: 10, first: 120})
		}
		for i, le := range []string{"0.1", "0.5", "+Inf"} {
			e.add(counter{name: "http_duration_bucket", pod: pod, extra: []string{"le", le}, perScrape: 10 * float64(i+1), first: 120})
		}
	}
	source := e.source()
	raw := source.Ask(t.Context(), wanting(rollout.Want{Buckets: true})).Raw
	if n := len(raw.Buckets.Series); n != 3 {
		t.Fatalf("%d buckets: %+v", n, raw.Buckets)
	}
	for _, b := range raw.Buckets.Series {
		if want := map[string]float64{"0.1": 1.0 / 3, "0.5": 2.0 / 3, "+Inf": 1}[b.Labels]; math.Abs(b.Points[0].Value/7200-want) > 0.02 {
			t.Errorf("within %s: %v", b.Labels, b.Points[0].Value)
		}
	}
	raw = source.Ask(t.Context(), wanting(rollout.Want{History: true, Bounds: []string{"0.1"}})).Raw
	if n := len(raw.History.Requests.Series); n != 2 {
		t.Fatalf("%d series of stable's past, one for each pod was expected: %+v", n, raw.History.Requests)
	}
	first, last := raw.History.Requests.Series[0].Points[0], raw.History.Requests.Series[0].Points[59]
	if len(raw.History.Requests.Series[0].Points) < 60 || last.Value-first.Value != 30*59 {
		t.Errorf("from %+v to %+v", first, last)
	}
	if n := len(raw.History.Latency.Series); n != 4 {
		t.Errorf("%d series of stable's past latency, want two bounds of two pods", n)
	}
}

// A native histogram becomes a counter for each bound that is wanted.
func TestNativeHistogramsOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	app := e.db.Appender(t.Context())
	ls := labels.FromStrings("__name__", "http_request_duration_seconds", "namespace", "shop", "pod", stablePod)
	for n := 120; n >= 0; n-- {
		served := int64(120 - n)
		h := &histogram.Histogram{ // schema 0: bounds are powers of two; the buckets end at 0.5 and at 1
			Schema: 0, Count: uint64(4 * served), Sum: float64(served), ZeroThreshold: 1e-128,
			PositiveSpans:   []histogram.Span{{Offset: -1, Length: 2}},
			PositiveBuckets: []int64{3 * served, -2 * served},
		}
		if _, err := app.AppendHistogram(0, ls, now.Add(-time.Duration(n)*scrape).UnixMilli(), h, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	q := wanting(rollout.Want{Buckets: true})
	q.Signals.Latency, q.Signals.Native = `http_request_duration_seconds{{{.Select}}}`, true
	raw := e.source().Ask(t.Context(), q).Raw
	var bounds []string
	for _, s := range raw.Buckets.Series {
		bounds = append(bounds, s.Labels)
	}
	// Nothing took longer than a second, and there are bounds beyond it all the same.
	if got := strings.Join(bounds, " "); got != "0.5 1 2 4 8 16 32 64 +Inf" {
		t.Fatalf("the bounds are %s: %+v", got, raw.Buckets)
	}
	q.Want = rollout.Want{Since: now.Add(-time.Minute), Bounds: []string{"0.5"}}
	raw = e.source().Ask(t.Context(), q).Raw
	got := map[float64]float64{}
	for _, s := range raw.Stable.Latency.Series {
		got[s.Bound] = s.Points[len(s.Points)-1].Value
	}
	if got[0.5] != 360 || got[math.Inf(1)] != 480 {
		t.Errorf("within the bounds: %v, want 360 of 480", got)
	}
}

// Every odd answer to a question for raw samples is a reading with a reason, and never a number.
func TestOddRawAnswers(t *testing.T) {
	t.Parallel()
	const ok = http.StatusOK
	matrix := func(series string) string { return success("matrix", "["+series+"]") }
	point := func(value string) string {
		return fmt.Sprintf(`{"metric":{"pod":"a"},"values":[[%d,%q]]}`, now.Unix(), value)
	}
	for name, tt := range map[string]struct {
		answer recorded
		why    rollout.Why
		series int
	}{
		"nothing":             {recorded{status: ok, body: matrix("")}, "", 0},
		"one series":          {recorded{status: ok, body: matrix(point("12"))}, "", 1},
		"not a number":        {recorded{status: ok, body: matrix(point("NaN"))}, "", 1}, // whoever counts leaves it out
		"a vector":            {recorded{status: ok, body: success("vector", "[]")}, rollout.WhyQueryError, 0},
		"a warning":           {recorded{status: ok, body: strings.Replace(matrix(point("12")), `"data"`, `"warnings":["store gateway is down"],"data"`, 1)}, rollout.WhyWarnings, 1},
		"a bad query":         {recorded{status: 400, body: `{"status":"error","errorType":"bad_data","error":"parse error"}`}, rollout.WhyQueryError, 0},
		"its own timeout":     {recorded{status: 503, body: `{"status":"error","errorType":"timeout","error":"query timed out"}`}, rollout.WhyTimeout, 0},
		"a proxy's page":      {recorded{status: 502, body: "<html>Bad Gateway</html>"}, rollout.WhyUnreachable, 0},
		"no JSON":             {recorded{status: ok, body: "<html>"}, rollout.WhyQueryError, 0},
		"nothing at all":      {recorded{status: ok, body: ""}, rollout.WhyQueryError, 0},
		"null for a result":   {recorded{status: ok, body: success("matrix", "null")}, "", 0},
		"more than 1 MiB":     {recorded{status: ok, body: matrix(strings.Repeat(point("12")+",", 40_000) + point("12"))}, rollout.WhyTooLarge, 0},
		"cut off":             {recorded{status: ok, body: matrix(point("12"))[:60]}, rollout.WhyQueryError, 0},
		"the connection ends": {recorded{stop: true}, rollout.WhyUnreachable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := wanting(rollout.Want{Since: now.Add(-time.Minute)})
			q.Signals = rollout.Signals{Requests: `r{{{.Select}}}`, Scrape: scrape}
			got := sourceOf(t, always(tt.answer)).Ask(t.Context(), q).Raw.Canary.Requests
			if got.Why != tt.why || len(got.Series) != tt.series {
				t.Errorf("%d series, %q (%s); want %d and %q", len(got.Series), got.Why, got.Detail, tt.series, tt.why)
			}
		})
	}
}

// always answers everything with one recorded answer.
func always(a recorded) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if a.stop {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}
}

// Whatever a histogram's bounds are called, a query selects these and the one that counts everything.
func FuzzBounds(f *testing.F) {
	f.Add("0.5", "1")
	f.Add(`"} or up{a="`, "1|2")
	f.Add("5e-1", `\`)
	f.Fuzz(func(t *testing.T, a, b string) {
		q := wanting(rollout.Want{Since: now.Add(-time.Minute), Bounds: []string{a, b}})
		q.Signals = rollout.Signals{Requests: `r{{{.Select}}}`, Latency: `l{{{.Select}}}`, Scrape: scrape}
		for _, query := range asked(t, q) {
			if !strings.HasPrefix(query, "l{") {
				continue
			}
			selectors := matchers(t, query)
			if len(selectors) != 1 || len(selectors[0]) != 4 {
				t.Fatalf("%s selects %v", query, selectors)
			}
			for _, m := range selectors[0] {
				_, err := strconv.ParseFloat(a, 64)
				if m.Name == "le" && (err == nil && !m.Matches(a) || !m.Matches("+Inf") || m.Matches(a+b+"x")) {
					t.Fatalf("%s matches with %s", query, m)
				}
			}
		}
	})
}

// What each check would have said of stable in the last hour.
func TestTheLastHourOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(counter{name: "http_requests_total", pod: stablePod, perScrape: 100, first: 230})
	e.add(counter{name: "http_requests_total", pod: stablePod2, perScrape: 1, first: 230})
	e.add(counter{name: "http_5xx_total", pod: stablePod, perScrape: 5, first: 230, last: 120}) // until half an hour ago
	e.gauge(counter{name: "container_memory_working_set_bytes", pod: stablePod, perScrape: 100 << 20, first: 60})
	several := valueCheck()
	several.Name, several.Query = "several", `http_requests_total{{{.Select}}}`
	bad := valueCheck()
	bad.Name, bad.Query = "bad", `sum(http_requests_total{{{.Select}}}) by (`
	q := question(named(t, rollout.ErrorRate), named(t, rollout.LatencyP99), named(t, rollout.MemoryUsage), several, bad)
	q.StableOnly = true
	hundreds := func(n int) bool { return n >= 100 && n < 200 }
	want := []func(rollout.Backtest) bool{
		func(h rollout.Backtest) bool { return hundreds(h.Beyond) && h.Series == 1 },
		func(h rollout.Backtest) bool { return h.None == h.Asked },
		func(h rollout.Backtest) bool { return hundreds(h.None) && h.Beyond == 0 },
		func(h rollout.Backtest) bool { return h.Series == 2 },
		func(h rollout.Backtest) bool { return h.Problem != "" },
	}
	for i, h := range e.source().Backtest(t.Context(), q) {
		if h.Check != q.Checks[i].Name || h.Problem == "" && h.Asked != 241 || !want[i](h) {
			t.Errorf("got %+v", h)
		}
	}
}
