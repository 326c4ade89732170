package prom_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// asked returns every query that the question leads to.
func asked(t testing.TB, q rollout.Question) []string {
	var mu sync.Mutex
	var queries []string
	s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		mu.Lock()
		defer mu.Unlock()
		queries = append(queries, form.Get("query"))
		return response(r, http.StatusOK, []byte(success("vector", "[]"))), nil
	}))
	s.Ask(t.Context(), q)
	return queries
}

func matchers(t testing.TB, query string) [][]*labels.Matcher {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return parser.ExtractSelectors(expr)
}

// Whatever the names, a query parses, selects by exactly these names, and no more selectors than its template has.
func FuzzNames(f *testing.F) {
	f.Add("shop", "checkout", "checkout", "checkout-canary")
	f.Add(`x"} or up{a="`, `a\`, "x\n", "`")
	f.Add("-", "a.b", "é", strings.Repeat("x", 64))
	const byName = `x{n="{{.Namespace}}",s='{{.Service}}',d=~"{{.Stable}}|{{.Canary}}",a="{{.Arm}}"}`
	f.Fuzz(func(t *testing.T, namespace, service, stable, canary string) {
		c := valueCheck()
		c.Query = byName
		q := question(append(four(t), c)...)
		q.Namespace, q.Service, q.Stable, q.Canary = namespace, rollout.ServiceName(service), stable, canary
		queries := asked(t, q)
		for _, name := range []string{namespace, service, stable, canary} {
			if !rollout.IsDNSLabel(name) {
				if len(queries) > 0 {
					t.Fatalf("asked %s with the name %q", queries, name)
				}
				return
			}
		}
		if len(queries) != 4*3+2+3 {
			if stable != canary { // the same pods on both sides: nothing tells the arms apart
				t.Fatalf("%d queries: %s", len(queries), strings.Join(queries, "\n"))
			}
		}
		for _, query := range queries {
			for _, selector := range matchers(t, query) {
				for _, m := range selector {
					if !legitimate(m, namespace, service, stable, canary) {
						t.Fatalf("%s\nhas the matcher %s", query, m)
					}
				}
			}
		}
	})
}

func legitimate(m *labels.Matcher, namespace, service, stable, canary string) bool {
	switch m.Name {
	case "__name__":
		return regexp.MustCompile(`^(x|http_(requests|5xx|2xx)_total|http_duration_bucket|container_memory_working_set_bytes)$`).MatchString(m.Value)
	case "namespace", "n":
		return m.Type == labels.MatchEqual && m.Value == namespace
	case "s":
		return m.Type == labels.MatchEqual && m.Value == service
	case "d":
		return m.Type == labels.MatchRegexp && m.Value == stable+"|"+canary
	case "a":
		return m.Type == labels.MatchEqual && (m.Value == "canary" || m.Value == "stable")
	case "pod":
		pod := func(deployment string) string { // as Kubernetes names it
			base := deployment + "-6d5f7c9b8-"
			return base[:min(len(base), 58)] + "x2k4p"
		}
		return m.Type == labels.MatchRegexp && (m.Matches(pod(stable)) || m.Matches(pod(canary))) && !m.Matches(pod("x"+stable)) &&
			!m.Matches(stable) && !m.Matches(stable+"-0") && !m.Matches(stable+"-28473920-x2k4p")
	}
	return false
}

// Whatever the template, it is refused or expands; and when the query parses, so does the question of its age.
func FuzzQuery(f *testing.F) {
	for _, c := range prom.Named(prom.Plain()) {
		f.Add(c.Query)
	}
	for _, query := range []string{
		`a{{{.Select}}} and b{x="{{.Arm}}"} unless {__name__="c"}`, "a # it's\n{b='c'}", `a * on(x) group_left {__name__=~"b.+"}`,
		`{"http.requests",{{.Select}}}`, "a{`b`=\"{{.Arm}}\"} offset 5m", `sum by (le) (x:y{a="}",{{.Select}}}[{{.Window}}:5s])`, `{{.Arm}}{}`,
		`sum{a="{{.Arm}}"}`, `on{a="{{.Arm}}"}`, `1 > bool {a="{{.Arm}}"}`,
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := valueCheck()
		c.Query = text
		queries := asked(t, question(c))
		if _, err := prom.ParseQuery(text); err != nil {
			if len(queries) > 0 {
				t.Fatalf("asked %q although %v", queries, err)
			}
			return
		}
		var fresh []string
		for _, query := range queries {
			if strings.HasPrefix(query, "label_replace(max(timestamp(") {
				fresh = append(fresh, query)
			} else if _, err := parser.NewParser(parser.Options{}).ParseExpr(query); err != nil {
				return
			}
		}
		for _, query := range fresh {
			matchers(t, query)
		}
	})
}

// A select stands between braces and cannot leave them.
func FuzzSelect(f *testing.F) {
	f.Add(`version="{{.Arm}}"`)
	f.Add(`a="b"} or up{c="d"`)
	f.Add("a=`}`,b='#'")
	f.Fuzz(func(t *testing.T, text string) {
		n := prom.Names{Namespace: "shop", Service: "checkout", Stable: "checkout", Canary: "checkout-canary"}
		sel, err := prom.Selector(text, n, prom.CanaryArm)
		if err != nil {
			return
		}
		query := "up{" + sel + "}"
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
		if err != nil {
			return
		}
		if _, ok := expr.(*parser.VectorSelector); !ok {
			t.Fatalf("%s is not one selector but %s", query, expr)
		}
	})
}
