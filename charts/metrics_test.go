package charts_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// exported returns every metric of the bot: what its source names to the client library.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{"process_resident_memory_bytes": true} // the library's own
	name := regexp.MustCompile(`(?:Name: |NewDesc\(\s*|gauge\(|counter\(|histogram\()"(canary_[a-z_]+)"`)
	for _, folder := range []string{"api", "app", "bot", "store", "rollout", "webhook"} {
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range name.FindAllStringSubmatch(string(text), -1) {
				all[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// selected returns the metrics that a query asks for.
func selected(t *testing.T, query string) []string {
	t.Helper()
	query = strings.NewReplacer("$__rate_interval", "5m", "$namespace", "shop").Replace(query)
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var names []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			names = append(names, v.Name)
		}
		return nil
	})
	return names
}

// base returns the metric that a series belongs to.
func base(series string) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		series = strings.TrimSuffix(series, suffix)
	}
	return series
}

type target struct{ Expr string }

// No panel shows and no alert watches a metric that is not there, and each metric of the bot has its panel.
func TestDashboardAndAlertsAskForWhatIsThere(t *testing.T) {
	t.Parallel()
	metrics := exported(t)
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []target
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal([]byte(file(t, "files", "dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	taken := map[[2]int]string{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			for _, series := range selected(t, target.Expr) {
				shown[base(series)] = true
				if !metrics[base(series)] {
					t.Errorf("the panel %q asks for %s, which is not exported", p.Title, series)
				}
			}
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("the panels %q and %q lie over each other", other, p.Title)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	for metric := range metrics {
		if !shown[metric] {
			t.Errorf("no panel shows %s", metric)
		}
	}
	for _, rule := range alerts(t) {
		for _, series := range selected(t, rule.Expr) {
			if !metrics[base(series)] {
				t.Errorf("the alert %s asks for %s, which is not exported", rule.Alert, series)
			}
		}
	}
}

type alert struct {
	Alert, Expr, For string
	Labels           map[string]string
	Annotations      map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var rules struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	if err := yaml.UnmarshalStrict([]byte(file(t, "files", "alerts.yaml")), &rules); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, g := range rules.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// Each alert says what it means and which page helps, has its test, and stands in the runbook's table; so does no other.
func TestAlertsAreToldAndTested(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	tests, runbook := read("e2e/chart/testdata/alerts_test.yaml"), read("docs/runbook.md")
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(runbook, -1) {
		anchor := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		anchors["docs/runbook.md#"+regexp.MustCompile(`[^a-z0-9-]`).ReplaceAllString(anchor, "")] = true
	}
	known := map[string]bool{}
	for _, a := range alerts(t) {
		known[a.Alert] = true
		if a.Annotations["summary"] == "" || !anchors[a.Annotations["runbook"]] {
			t.Errorf("%s lacks a summary, or no section of the runbook is called %q", a.Alert, a.Annotations["runbook"])
		}
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has the severity %q", a.Alert, s)
		}
		if strings.Count(tests, "alertname: "+a.Alert+"\n") < 2 || !strings.Contains(tests, "alertname: "+a.Alert+"\n    exp_alerts: []") {
			t.Errorf("%s needs a test that it fires, and one that it does not", a.Alert)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(Canarybot\\w+)` \\|").FindAllStringSubmatch(runbook, -1) {
		if !known[m[1]] {
			t.Errorf("the runbook tells of %s, which is no alert", m[1])
		}
		delete(known, m[1])
	}
	for name := range known {
		t.Errorf("the runbook does not tell of %s", name)
	}
}
