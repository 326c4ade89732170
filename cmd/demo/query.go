package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// maxQuery bounds how much of a request is read.
const maxQuery = 1 << 20

// handler serves the part of Prometheus's HTTP API that production uses: instant queries, and ranges of the last hour.
func (p *prometheus) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/query", p.serveQuery)
	mux.HandleFunc("POST /api/v1/query", p.serveQuery)
	mux.HandleFunc("GET /api/v1/query_range", p.serveRange)
	mux.HandleFunc("POST /api/v1/query_range", p.serveRange)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.unplugged.Load() {
			panic(http.ErrAbortHandler) // the connection ends without an answer, as with a pulled plug
		}
		mux.ServeHTTP(w, r)
	})
}

// queryAnswer is the shape of every answer of the API.
type queryAnswer struct {
	Status    string   `json:"status"`
	Data      any      `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Infos     []string `json:"infos,omitempty"`
}

type queryData struct {
	ResultType parser.ValueType `json:"resultType"`
	Result     any              `json:"result"`
}

type querySample struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

type querySeries struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values"`
}

func (p *prometheus) serveQuery(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
	text := r.FormValue("query")
	query, err := p.engine.NewInstantQuery(r.Context(), p.db, nil, text, time.Now())
	if err != nil {
		refuseQuery(w, err)
		return
	}
	evaluate(w, r, text, query)
}

func (p *prometheus) serveRange(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
	text := r.FormValue("query")
	var seconds [3]float64
	for i, name := range []string{"start", "end", "step"} {
		var err error
		if seconds[i], err = strconv.ParseFloat(r.FormValue(name), 64); err != nil {
			refuseQuery(w, fmt.Errorf("%s: %w", name, err))
			return
		}
	}
	if seconds[2] <= 0 {
		refuseQuery(w, errors.New("step: it has to be above zero"))
		return
	}
	at := func(s float64) time.Time { return time.UnixMilli(int64(s * 1000)) }
	query, err := p.engine.NewRangeQuery(r.Context(), p.db, nil, text, at(seconds[0]), at(seconds[1]), time.Duration(seconds[2]*float64(time.Second)))
	if err != nil {
		refuseQuery(w, err)
		return
	}
	evaluate(w, r, text, query)
}

func refuseQuery(w http.ResponseWriter, err error) {
	answerQuery(w, http.StatusBadRequest, queryAnswer{Status: "error", ErrorType: "bad_data", Error: err.Error()})
}

// evaluate answers with the query's result, and closes the query.
func evaluate(w http.ResponseWriter, r *http.Request, text string, query promql.Query) {
	defer query.Close()
	result := query.Exec(r.Context())
	if result.Err != nil {
		answerQuery(w, http.StatusUnprocessableEntity, queryAnswer{Status: "error", ErrorType: "execution", Error: result.Err.Error()})
		return
	}
	data := queryData{ResultType: result.Value.Type()}
	switch v := result.Value.(type) {
	case promql.Vector:
		samples := []querySample{}
		for _, s := range v {
			samples = append(samples, querySample{Metric: s.Metric.Map(), Value: instant(s.T, s.F)})
		}
		data.Result = samples
	case promql.Matrix:
		all := []querySeries{}
		for _, s := range v {
			one := querySeries{Metric: s.Metric.Map()}
			for _, p := range s.Floats {
				one.Values = append(one.Values, instant(p.T, p.F))
			}
			all = append(all, one)
		}
		data.Result = all
	case promql.Scalar:
		data.Result = instant(v.T, v.V)
	default:
		answerQuery(w, http.StatusUnprocessableEntity, queryAnswer{
			Status: "error", ErrorType: "execution", Error: "the demo answers numbers, not a " + string(data.ResultType),
		})
		return
	}
	warnings, infos := result.Warnings.AsStrings(text, 10, 10)
	answerQuery(w, http.StatusOK, queryAnswer{Status: "success", Data: data, Warnings: warnings, Infos: infos})
}

// instant is a value as the API writes it: seconds, and a number in quotes, because of NaN and Inf.
func instant(at int64, v float64) [2]any {
	return [2]any{float64(at) / 1000, strconv.FormatFloat(v, 'f', -1, 64)}
}

func answerQuery(w http.ResponseWriter, code int, a queryAnswer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(a) // an error means that the client is gone
}
