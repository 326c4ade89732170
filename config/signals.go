package config

import (
	_ "embed" // the ready-made signals
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

//go:embed signals.yaml
var signalsFile []byte

// plain is the ready-made signals of a service that writes none.
const plain = "plain"

// ReadyMade returns the built-in signals by name. They are read as a user's own are, once.
func ReadyMade() map[string]rollout.Signals { return maps.Clone(readyMade()) }

var readyMade = sync.OnceValue(func() map[string]rollout.Signals {
	r := &reader{}
	root, ok := r.document(signalsFile)
	all := map[string]rollout.Signals{}
	if !ok {
		return all
	}
	f := root.fields()
	for _, name := range f.names {
		all[name] = readOwnSignals(f.at(name), rollout.Signals{Unit: time.Second, Scrape: prom.Plain().Scrape})
	}
	return all
})

func signalKeys() []string {
	return []string{
		"like", "requests", "errors", "success", "latency", "native", "unit", "memory", "by", "in_flight", "restarts",
		"client_errors", "scrape",
	}
}

// readSignals reads a service's signals: the name of ready-made ones, or what differs from them.
func readSignals(n node) rollout.Signals {
	ready := ReadyMade()
	names := slices.Sorted(maps.Keys(ready))
	switch {
	case !n.there():
		return ready[plain]
	case n.y.Kind == yaml.ScalarNode:
		return ready[n.word(plain, append(names, "none")...)] // no signals for "none"
	}
	f := n.fields(signalKeys()...)
	return readOwnSignals(n, ready[f.at("like").word(plain, names...)])
}

// readOwnSignals reads what differs from the signals as they are. An empty selector takes one away.
func readOwnSignals(n node, s rollout.Signals) rollout.Signals {
	f := n.fields(signalKeys()...)
	for key, to := range map[string]*string{
		"requests": &s.Requests, "errors": &s.Errors, "success": &s.Success, "latency": &s.Latency, "memory": &s.Memory,
		"in_flight": &s.InFlight, "restarts": &s.Restarts, "client_errors": &s.ClientErrors,
	} {
		at := f.at(key)
		text, ok := at.text()
		if !ok {
			continue
		}
		if *to = text; text == "" {
			continue
		}
		if _, err := prom.ParseSignal(text); err != nil {
			at.bad("%s", err)
		}
	}
	if f.at("errors").there() && !f.at("success").there() {
		s.Success = "" // it may count something else
	}
	if f.at("success").there() && !f.at("errors").there() {
		s.Errors = ""
	}
	if f.at("requests").there() && !f.at("client_errors").there() {
		s.ClientErrors = "" // of other requests
	}
	if f.at("native").there() {
		s.Native = f.at("native").yes()
	}
	switch f.at("unit").word("", "seconds", "milliseconds") {
	case "seconds":
		s.Unit = time.Second
	case "milliseconds":
		s.Unit = time.Millisecond
	}
	s.By = readBy(f, s)
	s.Scrape = f.at("scrape").positive(s.Scrape)
	if s.Scrape%time.Second != 0 {
		f.at("scrape").bad("%s is not a whole number of seconds", s.Scrape)
	}
	if s.Requests == "" && (s.Errors != "" || s.Success != "" || s.Latency != "" || s.InFlight != "" || s.ClientErrors != "") {
		f.at("requests").bad("is missing; without a count of all requests neither errors nor latency can be judged")
	}
	return s
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,62}$`)

// notOfRequests are labels that do not tell requests apart.
var notOfRequests = []string{
	"le", "quantile", "job", "instance", "namespace", "pod", "container", "code", "status", "status_code", "response_code",
	"http_status_code", "http_response_status_code", "error_type",
}

// readBy reads the label that requests are looked at by. Empty takes it away.
func readBy(f fields, s rollout.Signals) string {
	at := f.at("by")
	label, ok := at.text()
	switch {
	case !ok:
		return s.By
	case label == "":
		return ""
	case !labelName.MatchString(label) || strings.HasPrefix(label, "__"):
		at.bad("%q is not the name of a label; write one that the counter of requests has, for example handler, route or method", short(label))
	case slices.Contains(notOfRequests, label):
		at.bad("%s does not tell requests apart before they are answered; write a label like handler, route or method", label)
	case s.Errors == "":
		at.bad("needs the counter `errors`: where only successes are counted, what is under way would count as failed for its %s", label)
	}
	return label
}

// judgeKeys are those of a service's judge.
func judgeKeys() []string {
	return []string{"alpha", "errors", "latency", "interval", "young", "share", "early", "dwell", "bake"}
}

// readJudging reads how signals are judged, and whether proved health ends a bake early.
func readJudging(n node) (rollout.Judging, bool) {
	f := n.fields(judgeKeys()...)
	j := rollout.Judging{
		Alpha:      f.at("alpha").number(0.01),
		ErrorRatio: 1.5, ErrorSlack: 0.001, LatencyRatio: 1.25, LatencySlack: 0.002,
		Interval: f.at("interval").positive(15 * time.Second), Young: f.at("young").duration(3 * time.Minute),
		Dwell: f.at("dwell").positive(2 * time.Minute), Bake: f.at("bake").positive(10 * time.Minute),
	}
	if !(j.Alpha > 0 && j.Alpha <= 0.2) {
		f.at("alpha").bad("%g is not a valid share of healthy rollouts that may be rolled back; write for example 0.01, at most 0.2", j.Alpha)
	}
	margin := func(at node, ratio, slack *float64) {
		m := at.fields("ratio", "slack")
		if *ratio = m.at("ratio").number(*ratio); !(*ratio >= 1 && *ratio <= 100) {
			m.at("ratio").bad("%g is not between 1 and 100; it is how many times worse than stable a canary may be", *ratio)
		}
		if *slack = m.at("slack").number(*slack); !(*slack >= 0 && *slack < 0.5) {
			m.at("slack").bad("%g is not between 0 and 0.5; it is a share of the requests", *slack)
		}
	}
	margin(f.at("errors"), &j.ErrorRatio, &j.ErrorSlack)
	margin(f.at("latency"), &j.LatencyRatio, &j.LatencySlack)
	j.NoShare = f.at("share").there() && !f.at("share").yes()
	return j, f.at("early").there() && f.at("early").yes()
}
