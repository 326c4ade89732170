package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// with parses the least that works with more in the service.
func with(t *testing.T, more string) (rollout.Service, error) {
	t.Helper()
	c, err := config.Parse([]byte(`
environment: test
slack: {channel: "#deploys"}
prometheus: {url: http://prometheus:9090}
services:
  checkout:
    namespace: shop
    image: registry.example.com/shop/checkout
    route: {kind: HTTPRoute, name: checkout}
` + more))
	return c.Services["checkout"], err
}

// Every ready-made set of signals can be asked for both arms, and leads to checks that can be.
func TestReadyMadeSignals(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(prom.Plain(), config.ReadyMade()["plain"]); diff != "" {
		t.Errorf("plain is not what a service has that writes none (-want +got):\n%s", diff)
	}
	for name, signals := range config.ReadyMade() {
		s, err := with(t, "    signals: "+name+"\n")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(signals, s.Spec.Signals); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(s.Spec.Checks) != len(defaultChecks(t)) {
			t.Errorf("%s has the checks %v", name, s.Spec.Checks)
		}
		for _, c := range s.Spec.Checks {
			if _, err := prom.ParseQuery(c.Query); err != nil || c.Signal == rollout.NoSignal {
				t.Errorf("%s: %s by %q: %v", name, c.Name, c.Signal, err)
			}
		}
	}
}

func TestSignalsOfYourOwn(t *testing.T) {
	t.Parallel()
	s, err := with(t, `    signals:
      like: client
      success: 'http_requests_total{{{.Select}},status=~"2.."}'
      latency: ""
      scrape: 5s
    judge: {alpha: 0.05, errors: {ratio: 2}, early: true, dwell: 3m}
checks: {latency_p99: {threshold: 0.3}} # of which this service has none
`)
	if err != nil {
		t.Fatal(err)
	}
	want := config.ReadyMade()["client"]
	want.Success, want.Errors, want.Latency, want.Scrape = `http_requests_total{{{.Select}},status=~"2.."}`, "", "", 5*time.Second
	if diff := cmp.Diff(want, s.Spec.Signals); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
	names := ""
	for _, c := range s.Spec.Checks {
		names += c.Name + " "
	}
	if names != "error_rate memory_usage " {
		t.Errorf("without a histogram the checks are %s", names)
	}
	j := judging()
	j.Alpha, j.ErrorRatio, j.Dwell = 0.05, 2, 3*time.Minute
	if diff := cmp.Diff(j, s.Spec.Judging); diff != "" || !s.Spec.Prove {
		t.Errorf("judging, early %t (-want +got):\n%s", s.Spec.Prove, diff)
	}
}

// Without signals, or with a query of one's own, a check is judged by its limits.
func TestChecksByTheirLimits(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{
		"no signals":        "    signals: none\n    checks: [error_rate]\nchecks: {error_rate: {query: 'sum(my_errors{ {{.Select}} })'}}\n",
		"a query":           "    checks: [error_rate]\nchecks: {error_rate: {query: 'sum(my_errors{ {{.Select}} })'}}\n",
		"wished so":         "    checks: [error_rate]\nchecks: {error_rate: {judge: limits}}\n",
		"the other way":     "    checks: [error_rate]\nchecks: {error_rate: {comparison: greater_than, ceiling: 0.001}}\n",
		"a query's traffic": "    checks: [error_rate]\nchecks: {error_rate: {traffic: 'sum(my_requests{ {{.Select}} })'}}\n",
	} {
		s, err := with(t, more)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.Spec.Checks; len(got) != 1 || got[0].Signal != rollout.NoSignal {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSignalsThatCannotBe(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]string{
		"signals: istoi":                                          `"istoi" is unknown`,
		"signals: {like: istoi}":                                  `"istoi" is unknown`,
		"signals: {requests: 'sum(a{{{.Select}}})'}":              "not a single selector",
		"signals: {requests: 'a{{{.Select}}}[5m]'}":               "not a single selector",
		"signals: {requests: 'a{{{.Select}}} or b{{{.Select}}}'}": "not a single selector",
		"signals: {requests: a}":                                  "the same series for canary and stable",
		"signals: {requests: 'a{b=\"c\"}'}":                       "the same series for canary and stable",
		"signals: {requests: 'a{{{.Select}}}[{{.Window}}]'}":      "not allowed in a selector",
		"signals: {requests: ''}":                                 "without a count of all requests",
		"signals: {errors: 'a{{{.Selekt}}}'}":                     "not a known word here",
		"signals: {unit: minutes}":                                `"minutes" is unknown`,
		"signals: {scrape: 1500ms}":                               "a whole number of seconds",
		"judge: {alpha: 0}":                                       "not a valid share of healthy rollouts",
		"judge: {alpha: 0.5}":                                     "not a valid share of healthy rollouts",
		"judge: {errors: {ratio: 0.5}}":                           "not between 1 and 100",
		"judge: {latency: {slack: -1}}":                           "not between 0 and 0.5",
		"judge: {early: perhaps}":                                 "true or false",
		"signals: none":                                           "no bake ever ends",
	} {
		if _, err := with(t, "    "+more+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", more, err, want)
		}
	}
}

// A check that only informs may stand beside one that decides; where nobody decides no bake would end.
func TestChecksThatOnlyInform(t *testing.T) {
	t.Parallel()
	const dry = "\nchecks: {error_rate: {dry_run: true}}\n"
	c, err := with(t, "    checks: [error_rate, latency_p99]\n"+dry)
	if err != nil {
		t.Fatal(err)
	}
	if all := c.Spec.Checks; len(all) != 2 || !all[0].DryRun || all[1].DryRun {
		t.Errorf("got %+v", all)
	}
	if _, err := with(t, "    checks: [error_rate]\n"+dry); err == nil || !strings.Contains(err.Error(), "services.checkout.checks: all of them are `dry_run`") {
		t.Errorf("got %v", err)
	}
}

// Labels that cannot tell one endpoint from another are refused, each with what to write instead.
func TestSignalsByLabel(t *testing.T) {
	t.Parallel()
	s, err := with(t, "    signals: {like: client, by: handler}\n")
	if err != nil || s.Spec.Signals.By != "handler" {
		t.Fatalf("by %q, %v", s.Spec.Signals.By, err)
	}
	s, err = with(t, "    signals: {like: client, by: \"\"}\n")
	if err != nil || s.Spec.Signals.By != "" {
		t.Errorf("none: by %q, %v", s.Spec.Signals.By, err)
	}
	for written, want := range map[string]string{
		"{like: client, by: \"a b\"}":                                               "is not the name of a label",
		"{like: client, by: \"handler) or vector(1\"}":                              "is not the name of a label",
		"{like: client, by: __name__}":                                              "is not the name of a label",
		"{like: client, by: [handler, method]}":                                     "signals.by",
		"{like: client, by: le}":                                                    "does not tell requests apart",
		"{like: client, by: pod}":                                                   "does not tell requests apart",
		"{like: client, by: code}":                                                  "does not tell requests apart",
		"{like: plain, by: handler, errors: \"\"}":                                  "needs the counter `errors`",
		"{like: client, in_flight: \"rate(x[5m])\"}":                                "signals.in_flight",
		"{like: client, restarts: 3}":                                               "signals.restarts",
		"{like: client, client_errors: \"x{a=b}\"}":                                 "signals.client_errors",
		"{like: client, client_error: x}":                                           "client_error",
		"{like: plain, requests: \"\", errors: \"\", success: \"\", latency: \"\"}": "without a count of all requests",
	} {
		if _, err := with(t, "    signals: "+written+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", written, err, want)
		}
	}
}

// What counts other requests is not mixed with one's own; what no check needs is not read.
func TestFurtherSignals(t *testing.T) {
	t.Parallel()
	s, err := with(t, "    signals: {like: client, requests: 'mine{{{.Select}}}', errors: 'mine{{{.Select}},ok=\"no\"}'}\n")
	if err != nil || s.Spec.Signals.ClientErrors != "" || s.Spec.Signals.InFlight == "" || s.Spec.Signals.Restarts == "" {
		t.Errorf("requests of one's own: %+v, %v", s.Spec.Signals, err)
	}
	s, err = with(t, "    signals: {like: client, by: handler}\n    checks: [memory_usage]\n")
	if g := s.Spec.Signals; err != nil || g.By != "" || g.InFlight != "" || g.ClientErrors != "" || g.Restarts == "" {
		t.Errorf("memory alone: %+v, %v", g, err)
	}
}
