package prom_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// looking is a question whose signals are the plain ones.
func looking() rollout.Question {
	q := question()
	q.Signals = prom.Plain()
	return q
}

// stores answers as Prometheus does, but for what is changed.
type stores struct {
	*engine
	matrix func(model.Matrix) model.Matrix
	vector func(query string, v model.Vector) model.Vector
	refuse string // what it says to a range selector
	status int
	beside string // in its answers
}

func (s stores) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	raw := strings.HasSuffix(query, "s]")
	if raw && s.status != 0 {
		w.WriteHeader(s.status)
		fmt.Fprint(w, s.refuse)
		return
	}
	rec := httptest.NewRecorder()
	s.engine.ServeHTTP(rec, r)
	var body struct {
		Status string `json:"status"`
		Data   struct {
			Type   string          `json:"resultType"`
			Result json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		s.Error(err)
	}
	result := body.Data.Result
	switch {
	case body.Data.Type == "matrix" && s.matrix != nil:
		var m model.Matrix
		_ = json.Unmarshal(result, &m)
		result, _ = json.Marshal(s.matrix(m))
	case body.Data.Type == "vector" && s.vector != nil:
		var v model.Vector
		_ = json.Unmarshal(result, &v)
		result, _ = json.Marshal(s.vector(query, v))
	}
	fmt.Fprintf(w, `{"status":"success"%s,"data":{"resultType":%q,"result":%s}}`, s.beside, body.Data.Type, result)
}

// stepped samples a matrix at even steps, as stores do that know no raw samples.
func stepped(step time.Duration) func(model.Matrix) model.Matrix {
	return func(m model.Matrix) model.Matrix {
		for _, s := range m {
			old := s.Values
			s.Values = nil
			for at := now.Add(-5 * time.Minute); !at.After(now); at = at.Add(step) {
				i := slices.IndexFunc(old, func(p model.SamplePair) bool { return p.Timestamp.Time().After(at) })
				if i < 0 {
					i = len(old)
				}
				if i > 0 {
					s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(at.UnixNano()), Value: old[i-1].Value})
				}
			}
		}
		return m
	}
}

// What is asked proves whether raw samples are raw; where nothing can be said, nothing is.
func TestRawSamplesAreProved(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		store stores
		code  rollout.ProblemCode
		raw   bool
		words string
	}{
		"Prometheus": {store: stores{}, raw: true},
		"VictoriaMetrics, whose queries lag behind its samples": {store: stores{vector: func(query string, v model.Vector) model.Vector {
			for _, s := range v {
				if strings.HasPrefix(query, "timestamp(") {
					s.Value -= 30
				} else {
					s.Value -= 2
				}
			}
			return v
		}}, raw: true},
		"a store that warns":       {store: stores{beside: `,"warnings":["a store is away"]`}, raw: true},
		"even steps of the scrape": {store: stores{matrix: stepped(scrape)}, code: prom.ProblemResampled},
		"even steps of a minute":   {store: stores{matrix: stepped(time.Minute)}, code: prom.ProblemResampled},
		"even steps of a second":   {store: stores{matrix: stepped(time.Second)}, code: prom.ProblemResampled},
		"the newest sample alone": {store: stores{matrix: func(m model.Matrix) model.Matrix {
			for _, s := range m {
				s.Values = s.Values[len(s.Values)-1:]
			}
			return m
		}}, code: prom.ProblemResampled},
		"whole seconds": {store: stores{matrix: func(m model.Matrix) model.Matrix {
			for _, s := range m {
				for i := range s.Values {
					s.Values[i].Timestamp -= s.Values[i].Timestamp % 1000
				}
			}
			return m
		}}, code: prom.ProblemResampled},
		"no range selectors": {
			store: stores{status: http.StatusUnprocessableEntity, refuse: `{"status":"error","errorType":"execution","error":"invalid expression type \"range vector\""}`},
			code:  prom.ProblemNoRaw, words: "range vector",
		},
		"a vector instead": {store: stores{status: http.StatusOK, refuse: success("vector", "[]")}, code: prom.ProblemNoRaw, words: "vector"},
		"a scalar instead": {store: stores{status: http.StatusOK, refuse: success("scalar", `[1,"1"]`)}, code: prom.ProblemNoRaw, words: "scalar"},
		"nothing":          {store: stores{status: http.StatusOK, refuse: success("matrix", "[]")}},
		"no answer":        {store: stores{status: http.StatusBadGateway, refuse: "<html>"}},
		"no right":         {store: stores{status: http.StatusUnauthorized, refuse: "{}"}},
		"its own timeout":  {store: stores{status: http.StatusServiceUnavailable, refuse: `{"status":"error","errorType":"timeout","error":"x"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			for i, pod := range []string{stablePod, stablePod2} {
				for _, c := range traffic(pod, 100, 1) {
					c.late = time.Duration(3+5*i)*time.Second + 123*time.Millisecond
					e.add(c)
				}
			}
			tt.store.engine = e
			got := sourceOf(t, tt.store).Inspect(t.Context(), looking())
			if got.Limits.Code != tt.code || got.Raw != tt.raw || !strings.Contains(got.Limits.Words, tt.words) {
				t.Errorf("got %+v, want %q", got, tt.code)
			}
		})
	}
}

// How several servers' reports of one counter look, what is said of them, and what is counted.
func TestReplicas(t *testing.T) {
	t.Parallel()
	report := func(late time.Duration, first, last int, extra ...string) counter {
		return counter{name: "http_requests_total", pod: stablePod, perScrape: 100, first: first, last: last, extra: extra, late: late}
	}
	const a, b = 2 * time.Second, 9 * time.Second
	for name, tt := range map[string]struct {
		series  []counter
		notice  rollout.ProblemCode
		limits  rollout.ProblemCode
		label   string
		counted int     // series of stable's requests
		newest  float64 // the value of the first one's newest sample
	}{
		"one server":                     {[]counter{report(a, 60, 0)}, "", "", "", 1, 6000},
		"one server with a name":         {[]counter{report(a, 60, 0, "prometheus_replica", "a")}, "", "", "", 1, 6000},
		"two replicas":                   {[]counter{report(a, 60, 0, "prometheus_replica", "a"), report(b, 60, 0, "prometheus_replica", "b")}, prom.ProblemReplicas, "", "prometheus_replica", 1, 6000},
		"two replicas of Cortex":         {[]counter{report(a, 60, 0, "__replica__", "a"), report(b, 60, 0, "__replica__", "b")}, prom.ProblemReplicas, "", "__replica__", 1, 6000},
		"two replicas of a kind of ours": {[]counter{report(a, 60, 0, "eu_replica", "a"), report(b, 60, 0, "eu_replica", "b")}, prom.ProblemReplicas, "", "eu_replica", 1, 6000},
		"two shards":                     {[]counter{report(a, 60, 0, "prometheus", "x/a"), report(b, 60, 0, "prometheus", "x/b")}, prom.ProblemReplicas, "", "prometheus", 1, 6000},
		"three replicas": {[]counter{
			report(a, 60, 0, "replica", "0"), report(b, 60, 0, "replica", "1"), report(b+time.Second, 60, 0, "replica", "2"),
		}, prom.ProblemReplicas, "", "replica", 1, 6000},
		"two replicas, by status": {[]counter{
			report(a, 60, 0, "replica", "0", "code", "200"), report(b, 60, 0, "replica", "1", "code", "200"),
			report(a, 60, 0, "replica", "0", "code", "500"), report(b, 60, 0, "replica", "1", "code", "500"),
		}, prom.ProblemReplicas, "", "replica", 2, 6000},
		"one of them is lost":      {[]counter{report(a, 60, 6, "replica", "0"), report(b, 60, 0, "replica", "1")}, prom.ProblemReplicas, "", "replica", 1, 6000},
		"one of them is new":       {[]counter{report(a, 5, 0, "replica", "0"), report(b, 60, 0, "replica", "1")}, prom.ProblemReplicas, "", "replica", 1, 6000},
		"one behind the other":     {[]counter{report(a, 60, 30, "replica", "0"), report(b, 29, 0, "replica", "1")}, "", "", "", 1, 2900},
		"the application's own":    {[]counter{report(a, 60, 0, "replica", "primary"), report(a, 60, 0, "replica", "secondary")}, "", "", "", 1, 12000},
		"the application's status": {[]counter{report(a, 60, 0, "code", "200"), report(a, 60, 0, "code", "500")}, "", "", "", 2, 6000},
		"two clusters' servers":    {[]counter{report(a, 60, 0, "cluster", "a"), report(b, 60, 0, "cluster", "b")}, "", prom.ProblemReportedTwice, "cluster", 2, 6000},
		"two servers, one unnamed": {[]counter{report(a, 60, 0), report(b, 60, 0, "region", "b")}, "", prom.ProblemReportedTwice, "region", 2, 6000},
		"two counters of a kind":   {[]counter{report(a, 60, 0, "shard", "a"), {name: "http_requests_total", pod: stablePod, perScrape: 1, first: 60, extra: []string{"shard", "b"}, late: b}}, "", "", "", 2, 6000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			e.add(tt.series...)
			s := e.source()
			got := s.Inspect(t.Context(), looking())
			var notice rollout.Problem
			if len(got.Notices) > 0 {
				notice = got.Notices[0]
			}
			if notice.Code != tt.notice || got.Limits.Code != tt.limits || notice.Value+got.Limits.Value != tt.label {
				t.Errorf("got %+v", got)
			}
			series := s.Ask(t.Context(), wanting(rollout.Want{Since: now.Add(-3 * time.Minute)})).Raw.Stable.Requests.Series
			if len(series) != tt.counted {
				t.Fatalf("counted %+v, want %d series", series, tt.counted)
			}
			p := series[0].Points
			if p[len(p)-1].Value != tt.newest || !slices.IsSortedFunc(p, func(a, b rollout.Point) int { return a.At.Compare(b.At) }) {
				t.Errorf("the first series is %+v", series[0])
			}
			history := s.Ask(t.Context(), wanting(rollout.Want{History: true})).Raw.History.Requests.Series
			if tt.notice != "" && len(history) != 1 {
				t.Errorf("of the past %d series are counted", len(history))
			}
		})
	}
}

// A store that merges replicas may answer from one of them, and then from the other: it is asked again.
func TestAStoreThatChangesItsReplica(t *testing.T) {
	t.Parallel()
	for changes, raw := range map[int32]bool{1: true, 2: true, 3: false} {
		e := newEngine(t)
		e.add(traffic(stablePod, 100, 0)...)
		var asked atomic.Int32
		s := sourceOf(t, stores{engine: e, vector: func(query string, v model.Vector) model.Vector {
			if strings.HasPrefix(query, "timestamp(") && asked.Add(1) <= changes {
				for _, one := range v {
					one.Value += 3
				}
			}
			return v
		}})
		if got := s.Inspect(t.Context(), looking()); got.Raw != raw || got.Limits.IsZero() != raw {
			t.Errorf("it changes %d times: got %+v", changes, got)
		}
	}
}

// A replica that is lost is continued by another under the same name, so that nothing is counted anew.
func TestALostReplicaIsContinued(t *testing.T) {
	t.Parallel()
	labels := map[string]bool{}
	targets := map[string]bool{}
	for _, last := range []int{0, 6} {
		e := newEngine(t)
		e.add(
			counter{name: "http_requests_total", pod: stablePod, perScrape: 100, first: 60, last: last, extra: []string{"replica", "0"}, late: 2 * time.Second},
			counter{name: "http_requests_total", pod: stablePod, perScrape: 100, first: 60, extra: []string{"replica", "1"}, late: 9 * time.Second},
		)
		for _, s := range e.source().Ask(t.Context(), wanting(lastMinute())).Raw.Stable.Requests.Series {
			labels[s.Labels], targets[s.Target] = true, true
		}
	}
	if len(labels) != 1 || len(targets) != 1 {
		t.Errorf("named %v", labels)
	}
}

// Pods that are nobody's although their names begin alike are named, and those whose names may be somebody else's.
func TestStrangersAreNamed(t *testing.T) {
	t.Parallel()
	const agent, cron, db, worker = "checkout-agent-x2k4p", "checkout-28473920-x2k4p", "checkout-db-x2k4p", "checkout-worker-6d5f7c9b8-x2k4p"
	for name, tt := range map[string]struct {
		pods     []string
		sel      string
		strange  []string
		count    int
		doubtful []string
	}{
		"its own":         {[]string{stablePod, stablePod2, canaryPod}, "", nil, 0, nil},
		"others":          {[]string{stablePod, agent, cron, "checkout-0", worker}, "", []string{"checkout-0", cron, agent}, 4, nil},
		"one of a prefix": {[]string{stablePod, "checkouts-6d5f7c9b8-x2k4p", "my-checkout-0"}, "", nil, 0, nil},
		"one by its hash": {[]string{stablePod, db}, "", nil, 0, []string{db}},
		"of the canary":   {[]string{stablePod, "checkout-canary-db-0", "checkout-canary-456-x2k4p"}, "", []string{"checkout-canary-db-0"}, 1, []string{"checkout-canary-456-x2k4p"}},
		"names of nobody": {[]string{stablePod, "checkout-<!here>"}, "", nil, 0, nil},
		"a select":        {[]string{stablePod, agent}, `pod=~"{{.Deployment}}-.+"`, nil, 0, nil},
		"none of its own": {[]string{agent}, "", []string{agent}, 1, nil},
		"nothing":         {nil, "", nil, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			for _, pod := range tt.pods {
				e.add(traffic(pod, 100, 0)...)
			}
			q := looking()
			q.Select = tt.sel
			var strange, doubtful []string
			count := 0
			for _, p := range e.source().Inspect(t.Context(), q).Notices {
				//exhaustive:ignore
				switch p.Code { // nothing else is expected
				case prom.ProblemPodsNotCounted:
					strange, count = p.Names, p.Count
				case prom.ProblemPodsDoubtful:
					doubtful = p.Names
				default:
					t.Errorf("got %+v", p)
				}
			}
			if !slices.Equal(strange, tt.strange) || count != tt.count || !slices.Equal(doubtful, tt.doubtful) {
				t.Errorf("got %q (%d) and %q", strange, count, doubtful)
			}
		})
	}
}

// Without signals, or with ones that cannot be read, nothing is asked.
func TestNothingToInspect(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*rollout.Question){
		"no signals":    func(q *rollout.Question) { q.Signals = rollout.Signals{} },
		"a bad name":    func(q *rollout.Question) { q.Namespace = `"` },
		"a bad signal":  func(q *rollout.Question) { q.Signals.Requests = "x" },
		"a bad select":  func(q *rollout.Question) { q.Select = "x" },
		"no Prometheus": func(*rollout.Question) {},
	} {
		q := looking()
		change(&q)
		s := sourceOver(t, roundTrip(func(*http.Request) (*http.Response, error) {
			if name != "no Prometheus" {
				t.Errorf("%s: asked", name)
			}
			return nil, http.ErrServerClosed
		}))
		if got := s.Inspect(t.Context(), q); !got.Limits.IsZero() || got.Raw || len(got.Notices) > 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
