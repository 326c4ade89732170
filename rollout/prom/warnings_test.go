package prom_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// What stores send beside an answer, in their own words, and whether the answer can still be trusted.
func TestWarningsOfStores(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		field, text string
		doubt       bool
	}{
		"a name that is no counter's":            {"warnings", `PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "requests" (1:10)`, false},
		"the same as information":                {"infos", `PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "requests" (1:10)`, false},
		"a type that is no counter's":            {"warnings", `PromQL info: metric might not be a counter, __type__ label is not set to "counter" or "histogram", got "gauge": "x" (1:6)`, false},
		"a quantile of buckets that were mended": {"warnings", `PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "x" (1:25)`, false},
		"a histogram in an aggregation":          {"infos", `PromQL info: ignored histogram in max aggregation (1:5)`, false},
		"types that do not fit":                  {"infos", `PromQL info: incompatible sample types encountered for binary operator "+": histogram + float (1:1)`, false},
		"observations that are not numbers":      {"infos", `PromQL info: input to histogram_quantile has NaN observations, result is skewed higher for metric name "x" (1:5)`, false},
		"information that was left out":          {"warnings", `12 more info annotations omitted`, false},
		"one that was left out":                  {"warnings", `1 more info annotation omitted`, false},
		"information with spaces":                {"warnings", " PromQL info: x\n", false},
		"a sort that does nothing":               {"warnings", `PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)`, false},
		"a mix of histograms and floats":         {"warnings", `PromQL warning: encountered a mix of histograms and floats for metric name "x" (1:6)`, true},
		"a mix of classic and native":            {"warnings", `PromQL warning: vector contains a mix of classic and native histograms for metric name "x" (1:25)`, true},
		"a bucket without a bound":               {"warnings", `PromQL warning: bucket label "le" is missing or has a malformed value of "x" (1:25)`, true},
		"a quantile that is none":                {"warnings", `PromQL warning: quantile value should be between 0 and 1, got 99 (1:20)`, true},
		"a histogram that is no counter":         {"warnings", `PromQL warning: this native histogram metric is not a counter: "x" (1:6)`, true},
		"buckets of two kinds":                   {"warnings", `PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "x" (1:6)`, true},
		"resets that contradict":                 {"warnings", `PromQL warning: conflicting counter resets during histogram addition (1:6)`, true},
		"warnings that were left out":            {"warnings", `3 more warning annotations omitted`, true},
		"Thanos, a store that is away":           {"warnings", `receive series from Addr: 10.0.0.7:10901 MinTime: 0 MaxTime: 9223372036854775807: rpc error: code = Unavailable desc = connection refused`, true},
		"Thanos, no store":                       {"warnings", `No StoreAPIs matched for this query`, true},
		"Thanos, too slow":                       {"warnings", `fetch series for {prometheus="a"} Addr: 10.0.0.7:10901: context deadline exceeded`, true},
		"a remote read that failed":              {"warnings", `remote_read: remote server http://x/api/v1/read returned http status 500 Internal Server Error`, true},
		"Mimir, a limit":                         {"warnings", `the query hit the max number of series limit and was truncated`, true},
		"what nobody knows":                      {"warnings", `something`, true},
		"an empty one":                           {"warnings", ``, true},
		"what only quotes information":           {"warnings", `store x: PromQL info: y`, true},
		"VictoriaMetrics, a part is missing":     {"isPartial", `true`, true},
		"VictoriaMetrics, nothing is missing":    {"isPartial", `false`, false},
		"what is no field of theirs":             {"partial", `true`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beside := tt.text
			if tt.text != "true" && tt.text != "false" {
				text, err := json.Marshal([]string{tt.text})
				if err != nil {
					t.Fatal(err)
				}
				beside = string(text)
			}
			with := func(body string) string {
				return strings.Replace(body, `{`, fmt.Sprintf(`{%q:%s,`, tt.field, beside), 1)
			}
			s := sourceOf(t, recorded{status: http.StatusOK, body: with(vector(`{"x":"\"isPartial\":true"}`, 0.25))})
			got := s.Ask(t.Context(), question(valueCheck())).Samples[0]
			if doubt := got.CanaryWhy == rollout.WhyWarnings; doubt != tt.doubt || doubt == (got.Canary != nil) {
				t.Errorf("a query: got %s (%q, %s)", show(got.Canary), got.CanaryWhy, got.Detail)
			}
			raw := sourceOf(t, always(recorded{status: http.StatusOK, body: with(success("matrix", fmt.Sprintf(`[{"metric":{"pod":"a"},"values":[[%d,"1"]]}]`, now.Unix())))}))
			q := wanting(rollout.Want{Since: now.Add(-time.Minute)})
			q.Signals = rollout.Signals{Requests: `r{{{.Select}}}`, Scrape: scrape}
			read := raw.Ask(t.Context(), q).Raw.Canary.Requests
			if doubt := read.Why == rollout.WhyWarnings; doubt != tt.doubt || len(read.Series) != 1 {
				t.Errorf("raw samples: got %d series (%q, %s)", len(read.Series), read.Why, read.Detail)
			}
		})
	}
}

// Of several warnings those are told that make the answer doubtful.
func TestOnlyDoubtsAreTold(t *testing.T) {
	t.Parallel()
	body := strings.Replace(vector(`{}`, 1), `{`, `{"warnings":["PromQL info: a","store is away","PromQL info: b"],`, 1)
	got := sourceOf(t, recorded{status: http.StatusOK, body: body}).Ask(t.Context(), question(valueCheck())).Samples[0]
	if got.CanaryWhy != rollout.WhyWarnings || got.Detail != "store is away" {
		t.Errorf("got %q (%s)", got.CanaryWhy, got.Detail)
	}
}
