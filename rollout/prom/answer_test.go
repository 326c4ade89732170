package prom_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// recorded answers the query for the value with a recorded answer, and everything else with health.
type recorded struct {
	status int
	body   string
	fresh  string // in place of fresh samples
	stop   bool   // drop the connection instead
}

func (a recorded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	switch {
	case strings.Contains(query, "timestamp(") && a.fresh != "":
		fmt.Fprint(w, a.fresh)
	case strings.Contains(query, "timestamp("):
		fmt.Fprint(w, vector(`{"canarybot_arm":"canary 0"}`, now.Unix()))
	case query == "value{}" && a.stop:
		panic(http.ErrAbortHandler)
	case query == "value{}":
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	default:
		fmt.Fprint(w, vector(`{}`, 1))
	}
}

// vector is Prometheus's answer with one sample.
func vector(metric string, value any) string {
	return success("vector", fmt.Sprintf(`[{"metric":%s,"value":[%d,"%v"]}]`, metric, now.Unix(), value))
}

func success(kind, result string) string {
	return fmt.Sprintf(`{"status":"success","data":{"resultType":%q,"result":%s}}`, kind, result)
}

// valueCheck is a check whose query is value{}.
func valueCheck() rollout.Check {
	return rollout.Check{Name: "value", Query: "value{}", Window: 5 * time.Minute, Interval: scrape, Failures: 2}
}

func TestOddAnswers(t *testing.T) {
	t.Parallel()
	const ok = http.StatusOK
	at := func(ago time.Duration, value string) string {
		return success("vector", fmt.Sprintf(`[{"metric":{},"value":[%d,%q]}]`, now.Add(-ago).Unix(), value))
	}
	tests := map[string]struct {
		answer recorded
		why    rollout.Why
		detail string // part of it
	}{
		"one number":                  {recorded{status: ok, body: vector(`{}`, 0.25)}, "", ""},
		"a scalar":                    {recorded{status: ok, body: success("scalar", fmt.Sprintf(`[%d,"0.25"]`, now.Unix()))}, "", ""},
		"information, which is fine":  {recorded{status: ok, body: strings.Replace(vector(`{}`, 0.25), `{"status"`, `{"infos":["PromQL info: x"],"status"`, 1)}, "", ""},
		"empty":                       {recorded{status: ok, body: success("vector", `[]`)}, rollout.WhyNoData, ""},
		"null for a result":           {recorded{status: ok, body: success("vector", `null`)}, rollout.WhyNoData, ""},
		"null for a sample":           {recorded{status: ok, body: success("vector", `[null]`)}, rollout.WhyQueryError, ""},
		"NaN":                         {recorded{status: ok, body: vector(`{}`, "NaN")}, rollout.WhyNotANumber, ""},
		"Inf":                         {recorded{status: ok, body: vector(`{}`, "+Inf")}, rollout.WhyInfinite, ""},
		"-Inf":                        {recorded{status: ok, body: vector(`{}`, "-Inf")}, rollout.WhyInfinite, ""},
		"several series":              {recorded{status: ok, body: success("vector", `[{"metric":{"pod":"a"},"value":[1,"1"]},{"metric":{"pod":"b"},"value":[1,"1"]}]`)}, rollout.WhySeveralSeries, `2 series, the first two {pod="a"} and {pod="b"}`},
		"the same series twice":       {recorded{status: ok, body: success("vector", `[{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"1"]}]`)}, rollout.WhySeveralSeries, ""},
		"a range":                     {recorded{status: ok, body: success("matrix", `[]`)}, rollout.WhyQueryError, "matrix"},
		"a string":                    {recorded{status: ok, body: success("string", `[1,"x"]`)}, rollout.WhyQueryError, ""},
		"an unknown type":             {recorded{status: ok, body: success("tensor", `[]`)}, rollout.WhyQueryError, "tensor"},
		"a histogram":                 {recorded{status: ok, body: success("vector", fmt.Sprintf(`[{"metric":{},"histogram":[%d,{"count":"1","sum":"1","buckets":[]}]}]`, now.Unix()))}, rollout.WhyQueryError, "histogram"},
		"a value that is no number":   {recorded{status: ok, body: vector(`{}`, "many")}, rollout.WhyQueryError, ""},
		"no data at all":              {recorded{status: ok, body: `{"status":"success"}`}, rollout.WhyQueryError, ""},
		"no body":                     {recorded{status: ok, body: ``}, rollout.WhyQueryError, ""},
		"no JSON":                     {recorded{status: ok, body: `<html>login</html>`}, rollout.WhyQueryError, ""},
		"JSON that is cut off":        {recorded{status: ok, body: vector(`{}`, 1)[:60]}, rollout.WhyQueryError, ""},
		"warnings":                    {recorded{status: ok, body: strings.Replace(vector(`{}`, 0.25), `{"status"`, `{"warnings":["store unreachable: partial\n response"],"status"`, 1)}, rollout.WhyWarnings, "store unreachable: partial response"},
		"a minute and more behind":    {recorded{status: ok, body: at(61*time.Second, "0.25")}, rollout.WhyStale, "clock says 13:58:59, ours 14:00:00"},
		"a minute and more ahead":     {recorded{status: ok, body: at(-61*time.Second, "0.25")}, rollout.WhyStale, "clock says"},
		"a minute behind":             {recorded{status: ok, body: at(time.Minute, "0.25")}, "", ""},
		"old samples":                 {recorded{status: ok, body: vector(`{}`, 0.25), fresh: vector(`{"canarybot_arm":"canary 0"}`, now.Unix()-66)}, rollout.WhyStale, "the newest sample is 1m6s old"},
		"no current sample":           {recorded{status: ok, body: vector(`{}`, 0.25), fresh: success("vector", `[]`)}, rollout.WhyNoData, "no current sample"},
		"an age that is none":         {recorded{status: ok, body: vector(`{}`, 0.25), fresh: vector(`{"canarybot_arm":"canary 0"}`, "NaN")}, rollout.WhyNoData, ""},
		"no answer to the age":        {recorded{status: ok, body: vector(`{}`, 0.25), fresh: `{"status":"error","errorType":"bad_data","error":"no"}`}, rollout.WhyQueryError, ""},
		"no value, and an old sample": {recorded{status: ok, body: success("vector", `[]`), fresh: success("vector", `[]`)}, rollout.WhyNoData, ""},
		"a query it cannot parse":     {recorded{status: http.StatusBadRequest, body: `{"status":"error","errorType":"bad_data","error":"1:3: parse error"}`}, rollout.WhyQueryError, "1:3: parse error"},
		"a query it cannot run":       {recorded{status: http.StatusUnprocessableEntity, body: `{"status":"error","errorType":"execution","error":"too many samples"}`}, rollout.WhyQueryError, "too many samples"},
		"a query it gave up on":       {recorded{status: http.StatusServiceUnavailable, body: `{"status":"error","errorType":"timeout","error":"query timed out"}`}, rollout.WhyTimeout, ""},
		"no right to ask":             {recorded{status: http.StatusUnauthorized, body: `secret page`}, rollout.WhyUnreachable, "401"},
		"down behind a proxy":         {recorded{status: http.StatusServiceUnavailable, body: `upstream connect error`}, rollout.WhyUnreachable, "503"},
		"the connection drops":        {recorded{stop: true}, rollout.WhyUnreachable, "EOF"},
		"1 MiB and more": {
			recorded{status: ok, body: vector(`{"x":"`+strings.Repeat("x", 1<<20)+`"}`, 0.25)}, rollout.WhyTooLarge, "larger than 1 MiB",
		},
		"1 MiB and more of error": {
			recorded{status: http.StatusBadGateway, body: strings.Repeat("x", 1<<21)}, rollout.WhyTooLarge, "larger than 1 MiB",
		},
		"a long error": {
			recorded{status: http.StatusBadRequest, body: `{"status":"error","errorType":"bad_data","error":"` + strings.Repeat("é", 900) + `"}`},
			rollout.WhyQueryError, strings.Repeat("é", 200) + "…",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sourceOf(t, tt.answer).Ask(t.Context(), question(valueCheck())).Samples
			if len(got) != 1 || got[0].Check != "value" || !got[0].At.Equal(now) {
				t.Fatalf("got %+v, want one sample of the check, of now", got)
			}
			s := got[0]
			if s.CanaryWhy != tt.why || !strings.Contains(s.Detail, tt.detail) {
				t.Errorf("got %q (%s), want %q (%s)", s.CanaryWhy, s.Detail, tt.why, tt.detail)
			}
			if (s.Canary == nil) != (tt.why != "") {
				t.Errorf("value: got %s with reason %q", show(s.Canary), s.CanaryWhy)
			}
		})
	}
}

func TestTrafficThatCannotBeCounted(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]rollout.Why{
		success("vector", `[]`): rollout.WhyNoData,
		vector(`{}`, "NaN"):     rollout.WhyNotANumber,
		`{"status":"error"}`:    rollout.WhyQueryError,
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("query") == "requests" {
				fmt.Fprint(w, answer)
				return
			}
			recorded{status: http.StatusOK, body: vector(`{}`, 0.25)}.ServeHTTP(w, r)
		})
		c := valueCheck()
		c.Traffic = "requests"
		got := sourceOf(t, h).Ask(t.Context(), question(c)).Samples[0]
		if got.CanaryWhy != want || got.Requests != nil || show(got.Canary) != "0.25" {
			t.Errorf("%s: got %s (%q, %s) on %s requests, want the value with the reason %q",
				answer, show(got.Canary), got.CanaryWhy, got.Detail, show(got.Requests), want)
		}
	}
}

// Whatever Prometheus answers, there is one sample, and a value only when it is finite.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(vector(`{}`, 0.25)))
	f.Add(200, []byte(success("vector", `[{"metric":{"a":"b"},"histogram":[1,{"count":"1"}]}]`)))
	f.Add(200, []byte(success("matrix", `[{"metric":{},"values":[[1,"1"]]}]`)))
	f.Add(422, []byte(`{"status":"error","errorType":"execution","error":"x","warnings":["y"]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) { return response(r, status, body), nil }))
		got := s.Ask(t.Context(), question(valueCheck())).Samples
		if len(got) != 1 || (got[0].Canary == nil) == (got[0].CanaryWhy == rollout.WhyNone) {
			t.Errorf("status %d, body %q: got %+v", status, body, got)
		}
	})
}
