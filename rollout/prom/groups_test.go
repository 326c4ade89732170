package prom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// groupsOf asks which values of the label stable has the most requests with.
func groupsOf(t *testing.T, e *engine, by string) rollout.Reading {
	t.Helper()
	q := wanting(rollout.Want{Groups: true})
	q.Signals.By = by
	return e.source().Ask(t.Context(), q).Raw.Groups
}

// However many values the label has, the answer has the busiest: what is looked at, stored and shown is bounded.
func TestGroupsAreTheBusiestOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for i := range 300 {
		for _, pod := range []string{stablePod, canaryPod} {
			e.add(counter{name: "http_requests_total", pod: pod, extra: []string{"handler", fmt.Sprintf("/h%03d", i)}, perScrape: float64(i), first: 60})
		}
	}
	got := groupsOf(t, e, "handler")
	if len(got.Series) != rollout.Groups || got.Series[0].Group != "/h299" || got.Series[19].Group != "/h280" {
		t.Errorf("%d groups: %+v", len(got.Series), got)
	}
	if got := groupsOf(t, e, "route"); len(got.Series) != 0 || got.Why != "" {
		t.Errorf("by a label that no series has: %+v", got)
	}
	if got := groupsOf(t, e, ""); len(got.Series) != 0 {
		t.Errorf("by no label: %+v", got)
	}
}

// Each series says which group it is of. What is too long to be stored, or nothing, is of none.
func TestSeriesSayTheirGroup(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	long := strings.Repeat("x", 101)
	for _, handler := range []string{"/pay", "<!channel>", "", long} {
		e.add(counter{name: "http_requests_total", pod: canaryPod, extra: []string{"handler", handler}, perScrape: 10, first: 60})
		e.add(counter{name: "http_5xx_total", pod: canaryPod, extra: []string{"handler", handler}, perScrape: 1, first: 60})
	}
	q := wanting(lastMinute())
	groups := func() (all []string) {
		raw := e.source().Ask(t.Context(), q).Raw
		for _, s := range slices.Concat(raw.Canary.Requests.Series, raw.Canary.Errors.Series) {
			all = append(all, s.Group)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	if got := groups(); len(got) != 1 || got[0] != "" {
		t.Errorf("by no label: %q", got)
	}
	q.Signals.By = "handler"
	if got, want := groups(), []string{"", "/pay", "<!channel>"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Stable's past is summed over the label: how much pods differ is measured on pods.
func TestHistorySumsOverTheLabel(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, cell := range []string{"a", "b", "c"} {
		e.add(counter{name: "http_requests_total", pod: stablePod, extra: []string{"cell", cell}, perScrape: 10, first: 60})
	}
	q := wanting(rollout.Want{History: true})
	q.Signals.By = "cell"
	if n := len(e.source().Ask(t.Context(), q).Raw.History.Requests.Series); n != 1 {
		t.Errorf("%d series", n)
	}
}

// The gauges and counters beside requests are read of both arms; of the past only the restarts.
func TestFurtherSignalsOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.add(append(traffic(canaryPod, 100, 5), traffic(stablePod, 200, 0)...)...)
	for _, name := range []string{"http_requests_in_flight", "kube_pod_container_status_restarts_total", "http_4xx_total"} {
		for _, pod := range []string{canaryPod, stablePod} {
			e.add(counter{name: name, pod: pod, perScrape: 1, first: 60})
		}
	}
	want := lastMinute()
	want.History = true
	raw := e.source().Ask(t.Context(), wanting(want)).Raw
	for arm, r := range map[string]rollout.Read{"canary": raw.Canary, "stable": raw.Stable} {
		for name, n := range map[string]int{"in flight": len(r.InFlight.Series), "restarts": len(r.Restarts.Series), "client errors": len(r.ClientErrors.Series)} {
			if n != 1 {
				t.Errorf("%d series of %s's %s", n, arm, name)
			}
		}
	}
	if h := raw.History; len(h.InFlight.Series)+len(h.ClientErrors.Series) != 0 || len(h.Restarts.Series) != 1 {
		t.Errorf("of the past: %+v", h)
	}
}

// A label with too many values, or one that a counter lacks, is told at the start.
func TestInspectionOfTheLabel(t *testing.T) {
	t.Parallel()
	add := func(e *engine, name, label string, values int) {
		for i := range values {
			e.add(counter{name: name, pod: stablePod, extra: []string{label, fmt.Sprint("/", i)}, perScrape: 10, first: 60})
		}
	}
	for name, tt := range map[string]struct {
		requests, errors string // their label
		values           int
		want             []rollout.Problem
	}{
		"a few values":       {"handler", "handler", 20, nil},
		"many values":        {"handler", "handler", 21, []rollout.Problem{{Code: prom.ProblemManyGroups, Service: "checkout", Value: "handler", Count: 21, Limit: 20}}},
		"errors lack it":     {"handler", "path", 3, []rollout.Problem{{Code: prom.ProblemNoGroups, Service: "checkout", Key: "errors", Value: "handler"}}},
		"no error ever":      {"handler", "", 3, nil},
		"no counter has it":  {"path", "path", 3, []rollout.Problem{{Code: prom.ProblemNoGroups, Service: "checkout", Key: "requests", Value: "handler"}, {Code: prom.ProblemNoGroups, Service: "checkout", Key: "errors", Value: "handler"}}},
		"nothing is counted": {"", "", 0, nil},
	} {
		e := newEngine(t)
		if tt.requests != "" {
			add(e, "http_requests_total", tt.requests, tt.values)
		}
		if tt.errors != "" {
			add(e, "http_5xx_total", tt.errors, tt.values)
		}
		q := looking()
		q.Signals.By = "handler"
		got := e.source().Inspect(t.Context(), q).Notices
		if !slices.EqualFunc(got, tt.want, func(a, b rollout.Problem) bool {
			return a.String() == b.String() && a.Count == b.Count && a.Limit == b.Limit
		}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
