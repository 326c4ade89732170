package prom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// agesAsked returns the selectors whose samples' age a query leads to be asked.
func agesAsked(t testing.TB, query string) []string {
	t.Helper()
	c := valueCheck()
	c.Query = query
	for _, q := range asked(t, question(c)) {
		if !strings.HasPrefix(q, "label_replace(max(timestamp(") {
			continue
		}
		var all []string
		for _, selector := range matchers(t, q) {
			all = append(all, written(selector))
		}
		return all
	}
	return nil
}

// written writes matchers in one way, whatever way they were written in.
func written(selector []*labels.Matcher) string {
	all := make([]string, len(selector))
	for i, m := range selector {
		all[i] = fmt.Sprintf("%q%s%q", m.Name, m.Type, m.Value)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// The selectors of a query are found as Prometheus finds them, whatever is around them and in their strings.
func TestSelectorsAreFound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		query string
		want  []string // as they could be written alone
	}{
		"a name":                           {`rate(http_total{a="b"}[5m])`, []string{`http_total{a="b"}`}},
		"a name in quotes":                 {`rate({"http.server.requests.total", "k8s.pod.name"="x"}[5m])`, []string{`{"http.server.requests.total","k8s.pod.name"="x"}`}},
		"a name in single quotes":          {`{'http.x',a="b"}`, []string{`{"http.x",a="b"}`}},
		"a name in backticks":              {"{`http.x`,a=`b`}", []string{`{"http.x",a="b"}`}},
		"a name behind the matchers":       {`{"a.b"="c","http.x"}`, []string{`{"http.x","a.b"="c"}`}},
		"a name and nothing else":          {`{"http.x"}`, []string{`{"http.x"}`}},
		"a name with what ends a selector": {`{"a}b{c","d{"="}"}`, []string{`{"a}b{c","d{"="}"}`}},
		"a name with a quote":              {`{"a\"b",c="d"}`, []string{`{"a\"b",c="d"}`}},
		"a name of letters of the world":   {`{"número.größe","ラベル"="値"}`, []string{`{"número.größe","ラベル"="値"}`}},
		"a name as a matcher":              {`{__name__="http.x",a="b"}`, []string{`{"http.x",a="b"}`}},
		"a name as a quoted matcher":       {`{"__name__"="x",a="b"}`, []string{`x{a="b"}`}},
		"a name that is a pattern":         {`{__name__=~"x|y",a="b"}`, nil},
		"no name":                          {`{a="b"}`, nil},
		"a name on the line before":        {"x\n  {a=\"b\"}", []string{`x{a="b"}`}},
		"a comment behind the name":        {"x # {y}\n{a=\"b\"}", []string{`x{a="b"}`}},
		"a comment that a return ends":     {"y # it's\r + x{a=\"b\"}", []string{`x{a="b"}`}},
		"a comment between the braces":     {"x{a=\"b\", # c=\"}\n d='e'}", []string{`x{a="b",d="e"}`}},
		"a comma at the end":               {`x{a="b",}`, []string{`x{a="b"}`}},
		"braces in a value":                {`x{a="{b}"} + y{c='}'}`, []string{`x{a="{b}"}`, `y{c="}"}`}},
		"a backslash before a quote":       {`x{a="\\",b="\""}`, []string{`x{a="\\",b="\""}`}},
		"a backslash in backticks":         {"x{a=`\\`} + y{b=\"c\"}", []string{`x{a="\\"}`, `y{b="c"}`}},
		"offset and @":                     {`x{a="b"} offset -5m + y{c="d"} @ end()`, []string{`x{a="b"}`, `y{c="d"}`}},
		"a subquery":                       {`max_over_time(rate(x{a="b"}[1m])[5m:15s] @ 1609746000)`, []string{`x{a="b"}`}},
		"an operator is no name":           {`x{a="b"} and {c="d"} or y{e="f"}`, []string{`x{a="b"}`, `y{e="f"}`}},
		"an operator of another case":      {`x{a="b"} UNLESS {c="d"}`, []string{`x{a="b"}`}},
		"an operator behind a name":        {`x and {c="d"}`, nil},
		"an operator behind a duration":    {`x offset 5m or {c="d"}`, nil},
		"an operator's name for a metric":  {`and{a="b"} and or{c="d"}`, []string{`and{a="b"}`, `or{c="d"}`}},
		"a keyword's name for a metric":    {`sum(sum{a="b"}) by (x)`, []string{`sum{a="b"}`}},
		"bool and group_left are no names": {`x{a="b"} == bool on (c) group_left {d="e"}`, []string{`x{a="b"}`}},
		"a label list is no name":          {`sum by (x) ({a="b"}) + on (y) {c="d"}`, nil},
		"colons":                           {`job:x:rate5m{a="b"}`, []string{`job:x:rate5m{a="b"}`}},
		"every kind of matcher":            {`x{a="1",b!="2",c=~"3",d!~"4","e.f"!~"5"}`, []string{`x{a="1",b!="2",c=~"3",d!~"4","e.f"!~"5"}`}},
		"a native histogram":               {`histogram_quantile(0.9, rate({"http.server.request.duration","a.b"="c"}[5m]))`, []string{`{"http.server.request.duration","a.b"="c"}`}},
		"a string beside":                  {`label_replace(x{a="b"}, "d", "y{$1}", "a", "(.*)")`, []string{`x{a="b"}`}},
		"twice the same":                   {`x{a="b"} / x{a="b"}`, []string{`x{a="b"}`}},
		"a number before":                  {`1e3 * x{a="b"} > 0x1F`, []string{`x{a="b"}`}},
		"no braces":                        {`sum(rate(x[5m]))`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, one := range tt.want {
				want = append(want, written(matchers(t, one)[0]))
			}
			if got := agesAsked(t, tt.query); !slices.Equal(got, want) {
				t.Errorf("%s\n got %q\nwant %q", tt.query, got, want)
			}
		})
	}
}

// What Prometheus reads is read in the same way: of every selector that names its metric and has another matcher, the age
// is asked, and of nothing else.
func FuzzSelectors(f *testing.F) {
	for _, query := range []string{
		`a{b="c"} and d{e='f'} unless {__name__="g",h="i"}`, "a # it's\n{b='c'}", "a # x\r{b='c'}", `{"x.y","z"="\"}"} offset 5m`,
		"max_over_time(a{b=`\\`}[5m:15s] @ end())", `and{a="b"} and and{c="d"}`, `sum by (le) (x:y{a="}"}) > bool on() group_left {"q",r!~"s"}`,
		`{"a\u00e9\x2e",'b'="c",}`, `-x{a="b"}^2 atan2 atan2{c="d"}`, `fill{a="b"} + fill(0) y{c="d"}`, `{__name__="a","b"="c"}[5m]`,
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
		if err != nil || strings.Contains(query, "{{") {
			return
		}
		if _, err := prom.ParseQuery(query); err != nil {
			t.Fatalf("%q is refused: %v", query, err)
		}
		may := map[string]bool{}
		must := map[string]bool{}
		for _, selector := range parser.ExtractSelectors(expr) {
			named := slices.ContainsFunc(selector, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual })
			may[written(selector)] = named
			must[written(selector)] = named && len(selector) > 1
		}
		for _, got := range agesAsked(t, query) {
			if !may[got] {
				t.Errorf("%q: asked for the age of %s", query, got)
			}
			delete(must, got)
		}
		for selector, missing := range must {
			if missing {
				t.Errorf("%q: not asked for the age of %s", query, selector)
			}
		}
	})
}

// A signal selects what it says, and of a histogram the wanted bounds: nothing else is changed.
func TestSignalsAreNarrowed(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]string{
		"a name":                      `l{{{.Select}}}`,
		"a name in quotes":            `{"http.server.request.duration_bucket",{{.Select}}}`,
		"a name behind":               `{{{.Select}},"http.server.request.duration_bucket"}`,
		"quoted labels":               `{"l","k8s.pod.name"="}",{{.Select}}}`,
		"a comma at the end":          `l{{{.Select}},}`,
		"a comment at the end":        "l{{{.Select}} # so,\n}",
		"a comma and a comment":       "l{{{.Select}}, # so\n}",
		"a name as a matcher":         `{__name__="l",{{.Select}}}`,
		"strings of all kinds":        "l{a=\"\\\"}\",b='{\"',c=`\\`,{{.Select}}}",
		"an empty line at its end":    "l{{{.Select}}}\n",
		"le itself":                   `l{le!="1",{{.Select}}}`,
		"what a comment says of them": "l # {\n{{{.Select}}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := prom.ParseSignal(signal); err != nil {
				t.Fatal(err)
			}
			q := wanting(lastMinute())
			q.Select = `"a.b"="{{.Arm}}"`
			q.Signals = rollout.Signals{Requests: `r{{{.Select}}}`, Latency: signal, Scrape: scrape}
			alone, err := prom.ParseQuery(signal)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, query := range asked(t, q) {
				got := matchers(t, query)
				if len(got) != 1 {
					t.Fatalf("%s selects %v", query, got)
				}
				for _, arm := range []string{"canary", "stable"} {
					want := matchers(t, alone.Expand(map[prom.Word]string{prom.Select: `"a.b"="` + arm + `"`}))[0]
					bounds := labels.MustNewMatcher(labels.MatchRegexp, "le", `\+Inf|0\.1`)
					bounds.Value = "BOUNDS"
					for i, m := range got[0] {
						if m.Name == "le" && m.Type == labels.MatchRegexp {
							got[0][i] = &labels.Matcher{Type: m.Type, Name: m.Name, Value: "BOUNDS"}
						}
					}
					if written(got[0]) == written(append(want, bounds)) {
						found++
					}
				}
			}
			if found != 2 {
				t.Errorf("%s: asked %q", signal, asked(t, q))
			}
		})
	}
}

// Whatever a signal is called, what it selects is what it says, and the bounds.
func FuzzSignals(f *testing.F) {
	for _, signal := range []string{
		`l{{{.Select}}}`, `{"l.m",{{.Select}},"a b"!~'c'}`, "l # {\r\n{a=`}`,{{.Select}}, # ,\n}", `{{{.Select}},__name__="l"}`, `l{a="\"}",{{.Select}} }`,
	} {
		f.Add(signal)
	}
	f.Fuzz(func(t *testing.T, signal string) {
		template, err := prom.ParseSignal(signal)
		if err != nil {
			return
		}
		names := map[prom.Word]string{
			prom.Select: `x="y"`, prom.Namespace: "shop", prom.Service: "checkout", prom.Stable: "checkout", prom.Canary: "checkout-canary",
			prom.Arm: "stable", prom.Deployment: "checkout", prom.Backend: "checkout",
		}
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(template.Expand(names))
		if err != nil || strings.Contains(signal, "{{.Pods}}") {
			return
		}
		want := parser.ExtractSelectors(expr)
		q := wanting(rollout.Want{Since: now.Add(-scrape), Bounds: []string{"0.5"}})
		q.StableOnly, q.Select = true, `x="y"`
		q.Signals = rollout.Signals{Memory: "m{{{.Select}}}", Latency: signal, Scrape: scrape}
		queries := slices.DeleteFunc(asked(t, q), func(query string) bool { return query == `m{x="y"}[15s]` })
		if len(queries) != 1 {
			t.Fatalf("%q: asked %q", signal, queries)
		}
		for _, query := range queries {
			got := matchers(t, query)
			if len(got) != 1 || len(want) != 1 {
				t.Fatalf("%q selects %v, and narrowed %v", signal, want, got)
			}
			bounds := slices.IndexFunc(got[0], func(m *labels.Matcher) bool {
				return m.Name == "le" && m.Matches("+Inf") && m.Matches("0.5") && !m.Matches("1")
			})
			if bounds < 0 || written(slices.Delete(slices.Clone(got[0]), bounds, bounds+1)) != written(want[0]) {
				t.Fatalf("%q selects %v, and narrowed %v", signal, want, got)
			}
		}
	})
}

func TestSignalsThatCannotBeNarrowed(t *testing.T) {
	t.Parallel()
	for _, signal := range []string{
		`l{{{.Select}} or a="b"}`, `l{a="b" or {{.Select}}}`, `{"l","m",{{.Select}}}`, `l{"m",{{.Select}}}`, `{__name__=~"l|m",{{.Select}}}`,
		`l{{{.Select}}} offset 5m`, `l{{{.Select}}}[5m]`, `rate(l{{{.Select}}}[5m])`, `l{{{.Select}}} or m{{{.Select}}}`, `{{{.Select}}}`,
		`l{a,{{.Select}}}`, `l{a=b,{{.Select}}}`, `l{,{{.Select}}}`, `l{a=="b",{{.Select}}}`,
	} {
		if _, err := prom.ParseSignal(signal); err == nil {
			t.Errorf("%s is accepted", signal)
		}
	}
	for _, sel := range []string{
		`version="{{.Arm}}" or a="b"`, `"http.requests",version="{{.Arm}}"`, `__name__="{{.Arm}}"`, `version`, `version="{{.Arm}}",,a="b"`, `version=`,
	} {
		if _, err := prom.ParseSelect(sel); err == nil {
			t.Errorf("the select %s is accepted", sel)
		}
	}
}

// What OpenTelemetry names with dots is judged as everything else, from the query of a check to raw samples.
func TestOpenTelemetryNamesOnTheEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, side := range []struct {
		pod, deployment string
		failed          float64
	}{{canaryPod, "checkout-canary", 5}, {canaryPod2, "checkout-canary", 5}, {stablePod, "checkout", 1}} {
		of := func(more ...string) []string {
			return append([]string{"k8s.pod.name", side.pod, "k8s.deployment.name", side.deployment, "k8s.namespace.name", "shop"}, more...)
		}
		const duration = "http.server.request.duration"
		e.add(
			counter{name: duration + "_count", extra: of("http.response.status_code", "200"), perScrape: 100 - side.failed, first: 60},
			counter{name: duration + "_count", extra: of("http.response.status_code", "500"), perScrape: side.failed, first: 60},
			counter{name: duration + "_bucket", extra: of("le", "0.5"), perScrape: 90, first: 60},
			counter{name: duration + "_bucket", extra: of("le", "+Inf"), perScrape: 100, first: 60},
		)
	}
	signals := rollout.Signals{
		Requests: `{"http.server.request.duration_count","k8s.namespace.name"="{{.Namespace}}",{{.Select}}}`,
		Errors:   `{"http.server.request.duration_count",{{.Select}},"http.response.status_code"=~"5.."}`,
		Latency:  `{{{.Select}},"http.server.request.duration_bucket"}`,
		Scrape:   scrape,
	}
	q := question(prom.Named(signals)...)
	q.Select, q.Signals = `"k8s.deployment.name"="{{.Deployment}}"`, signals
	q.Want = rollout.Want{Since: now.Add(-scrape * 4), Bounds: []string{"0.5"}, History: true, Buckets: true}
	got := e.source().Ask(t.Context(), q)
	if s := got.Samples[0]; !near(s.Canary, 0.05) || !near(s.Stable, 0.01) || !near(s.Requests, 4000) {
		t.Errorf("errors: %s, stable %s, of %s requests (%s %s)", show(s.Canary), show(s.Stable), show(s.Requests), s.CanaryWhy, s.Detail)
	}
	for what, n := range map[string][2]int{
		"the canary's requests": {len(got.Raw.Canary.Requests.Series), 4}, "its errors": {len(got.Raw.Canary.Errors.Series), 2},
		"its latencies": {len(got.Raw.Canary.Latency.Series), 4}, "stable's requests": {len(got.Raw.Stable.Requests.Series), 2},
		"stable's past": {len(got.Raw.History.Requests.Series), 1}, "buckets": {len(got.Raw.Buckets.Series), 2},
	} {
		if n[0] != n[1] {
			t.Errorf("%s: %d series, want %d", what, n[0], n[1])
		}
	}
	targets := map[string]bool{}
	for _, s := range got.Raw.Canary.Requests.Series {
		targets[s.Target] = true
		if len(s.Points) != 4 {
			t.Errorf("%s: %d samples", s.Labels, len(s.Points))
		}
	}
	if len(targets) != 2 {
		t.Errorf("the canary's pods are the targets %v", targets)
	}
}

// The labels that need quotes are only summed over where the store reads such names.
func TestOlderStoresAreAskedWithoutQuotedLabels(t *testing.T) {
	t.Parallel()
	for selector, quoted := range map[string]bool{`r{{{.Select}}}`: false, `{__name__="r",{{.Select}}}`: false, `{"r",{{.Select}}}`: true, `r{"a"="b",{{.Select}}}`: true} {
		q := wanting(rollout.Want{History: true})
		q.Signals = rollout.Signals{Requests: selector, Scrape: scrape}
		for _, query := range asked(t, q) {
			matchers(t, query)
			if got := strings.Contains(query, `"http.route"`); got != quoted {
				t.Errorf("%s: asked %s", selector, query)
			}
		}
	}
}
