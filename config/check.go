package config

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

var checkName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// readChecks reads all checks of a service with these signals, the named ones first, then those of the file in its
// order.
func readChecks(n node, signals rollout.Signals) []rollout.Check {
	f := n.fields()
	checks := prom.Named(signals)
	for i, c := range checks {
		checks[i] = readCheck(f.at(c.Name), c)
	}
	for _, name := range f.names {
		at := f.at(name)
		if slices.ContainsFunc(checks, func(c rollout.Check) bool { return c.Name == name }) {
			continue
		}
		if c, ok := unsignalled(name, f.at(name)); ok {
			if c.Query != "" {
				checks = append(checks, readCheck(at, c))
			}
			continue // its settings are for services whose signals have it
		}
		known := checkNames(prom.Named(prom.Plain()))
		if !checkName.MatchString(name) {
			at.bad("%q is not a valid name for a check: use lower-case letters, digits and underscores, at most 40", short(name))
		}
		own := at.fields(checkKeys()...)
		needs := []string{"query", "comparison", "threshold"}
		base := prom.Base()
		base.Name, base.MinRequests = name, 0
		if own.at("compare").there() && !hasLimit(own) {
			needs, base.Comparison = needs[:1], ""
		}
		for _, key := range needs {
			if !own.at(key).there() {
				own.at(key).bad("is missing: %q is not one of the named checks%s", short(name), nearest(name, known))
			}
		}
		if traffic, _ := own.at("traffic").text(); traffic != "" {
			base.MinRequests = prom.Base().MinRequests
		}
		checks = append(checks, readCheck(at, base))
	}
	return checks
}

// unsignalled returns a named check that the service's signals have nothing for; its query is the one that is written.
func unsignalled(name string, n node) (rollout.Check, bool) {
	all := prom.Named(prom.Plain())
	i := slices.IndexFunc(all, func(c rollout.Check) bool { return c.Name == name })
	if i < 0 {
		return rollout.Check{}, false
	}
	c := all[i]
	c.Query, _ = n.fields(checkKeys()...).at("query").text()
	c.Traffic, c.MinRequests, c.Signal = "", 0, rollout.NoSignal
	return c, true
}

func checkKeys() []string {
	return []string{
		"query", "traffic", "comparison", "threshold", "ceiling", "window", "interval", "failures", "min_requests", "unit",
		"judge", "dry_run", "on_doubt", "compare", "worse", "margin",
	}
}

// readCheck reads what differs from the check as it is.
func readCheck(n node, c rollout.Check) rollout.Check {
	f := n.fields(checkKeys()...)
	c.Query = readQuery(f.at("query"), c.Query)
	if c.Traffic = readQuery(f.at("traffic"), c.Traffic); c.Traffic == "" {
		if f.at("min_requests").there() {
			f.at("min_requests").bad("requests are not counted here; write traffic too, a query that counts them")
		}
		c.MinRequests = 0
	}
	if f.at("comparison").there() {
		c.Comparison = rollout.Comparison(f.at("comparison").word(string(c.Comparison),
			string(rollout.LessThan), string(rollout.GreaterThan)))
	}
	c.Unit = rollout.Unit(f.at("unit").word(string(c.Unit),
		string(rollout.Ratio), string(rollout.Seconds), string(rollout.Bytes), string(rollout.Number)))
	c.Threshold = f.at("threshold").number(c.Threshold)
	c.DryRun = f.at("dry_run").yes()
	c = readSignal(f, c)
	c = readCompare(f, c)
	c.OnDoubt = readOnDoubt(f.at("on_doubt"), "")
	if c.OnDoubt != "" && c.Signal == rollout.NoSignal && c.Compare == nil {
		f.at("on_doubt").bad("a check that is judged by its limits is never in doubt")
	}
	c = readCeiling(f, c)
	c = readTimes(f, c)
	if c.Failures = f.at("failures").whole(c.Failures); c.Failures < 1 {
		f.at("failures").bad("%d is less than 1", c.Failures)
	}
	if c.MinRequests = f.at("min_requests").number(c.MinRequests); c.MinRequests < 0 {
		f.at("min_requests").bad("%g is less than 0", c.MinRequests)
	}
	return c
}

// readOnDoubt reads what follows where people would be asked about a doubt.
func readOnDoubt(n node, fallback rollout.OnDoubt) rollout.OnDoubt {
	return rollout.OnDoubt(n.word(string(fallback), string(rollout.AskOnDoubt), string(rollout.RollbackOnDoubt), string(rollout.WaitOnDoubt)))
}

// withOnDoubt returns the checks with what follows where they would ask people: where a check does not say, as its service
// does.
func withOnDoubt(n node, checks []rollout.Check) []rollout.Check {
	service := readOnDoubt(n, rollout.AskOnDoubt)
	checks = slices.Clone(checks)
	for i, c := range checks {
		if c.Signal != rollout.NoSignal || c.Compare != nil { // the others are never in doubt
			checks[i].OnDoubt = cmp.Or(c.OnDoubt, service)
		}
	}
	return checks
}

// readSignal decides whether the check is judged by the service's signals. A check with its own query cannot be: what its
// numbers count is unknown.
func readSignal(f fields, c rollout.Check) rollout.Check {
	const evidence, limits = "evidence", "limits"
	own := f.at("query").there() || f.at("traffic").there() || mirrored(c)
	fallback := evidence
	if own || c.Signal == rollout.NoSignal {
		fallback = limits
	}
	by := f.at("judge").word(fallback, evidence, limits)
	switch {
	case by == evidence && fallback == limits:
		f.at("judge").bad("a check with its own query is judged by its limits; evidence needs raw counts, which signals name")
	case by == limits:
		c.Signal, c.Bound, c.Share = rollout.NoSignal, 0, 0
	case c.Signal == rollout.LatencySignal:
		c.Bound = c.Threshold
	}
	share := c.Signal == rollout.ErrorSignal || c.Signal == rollout.SuccessSignal
	if share && !(c.Threshold > 0 && c.Threshold < 1) {
		f.at("threshold").bad("%g is not a share of requests between 0 and 1", c.Threshold)
	}
	return c
}

// mirrored reports whether a check asks for the opposite of what its signal is judged by.
func mirrored(c rollout.Check) bool {
	return (c.Comparison == rollout.GreaterThan) != (c.Signal == rollout.SuccessSignal)
}

// readQuery reads a query template. An empty traffic query means that requests are not counted.
func readQuery(n node, fallback string) string {
	text, ok := n.text()
	switch {
	case !ok:
		return fallback
	case text == "" && strings.HasSuffix(n.key, ".traffic"):
		return ""
	}
	if _, err := prom.ParseQuery(text); err != nil {
		n.bad("%s", err)
	}
	return text
}

// readCeiling reads the value that condemns at once. On the healthy side of the threshold it would condemn what
// passes.
func readCeiling(f fields, c rollout.Check) rollout.Check {
	n := f.at("ceiling")
	if n.there() {
		ceiling := n.number(0)
		c.Ceiling = &ceiling
	}
	if c.Ceiling == nil {
		return c
	}
	if c.Comparison.Holds(*c.Ceiling, c.Threshold) || *c.Ceiling == c.Threshold {
		n.bad("%g is not beyond the threshold of %g; one sample beyond the ceiling rolls back", *c.Ceiling, c.Threshold)
	}
	return c
}

// readTimes reads window and interval. A window of fewer than two intervals never warms up.
func readTimes(f fields, c rollout.Check) rollout.Check {
	c.Window = f.at("window").positive(c.Window)
	c.Interval = f.at("interval").positive(c.Interval)
	for _, n := range []node{f.at("window"), f.at("interval")} {
		if n.there() && n.positive(time.Second)%time.Second != 0 { // Prometheus is asked in whole seconds
			n.bad("%s is not a whole number of seconds", n.y.Value)
		}
	}
	if c.Window < 2*c.Interval {
		f.at("window").or(f.at("interval")).bad("a window of %s holds fewer than two intervals of %s", c.Window, c.Interval)
	}
	return c
}

// pickChecks returns the named checks; without a list all but the optional ones.
func pickChecks(n node, all []rollout.Check) []rollout.Check {
	if !n.there() {
		return slices.DeleteFunc(slices.Clone(all), func(c rollout.Check) bool { named, _ := rollout.Named(c.Name); return named.Optional })
	}
	var picked []rollout.Check
	for _, item := range n.items("[error_rate, latency_p99]") {
		name, ok := item.text()
		i := slices.IndexFunc(all, func(c rollout.Check) bool { return c.Name == name })
		switch {
		case !ok:
		case i < 0:
			item.bad("%q is not a check%s", short(name), meant(name, checkNames(all)))
		case slices.Contains(checkNames(picked), name):
			item.bad("%s is written twice", name)
		default:
			picked = append(picked, all[i])
		}
	}
	return picked
}

func checkNames(checks []rollout.Check) []string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.Name
	}
	return names
}
