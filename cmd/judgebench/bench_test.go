package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"canarybot.io/cmd/judgebench/report"
	"canarybot.io/cmd/judgebench/world"
	"canarybot.io/rollout/judge/trial"
)

// invented are results of all families that nobody played: everybody finds faults after a minute and wrongs nobody, but
// for one.
func invented(change func(f report.Family, name string, n int, r *run)) []played {
	var all []played
	for _, f := range report.All() {
		p := played{family: f}
		for _, c := range contenders(trial.RuleSet{}) {
			var runs []run
			for n := range 100 {
				r := run{busy: n < 80, severe: f.Kind == report.Faulty}
				r.Asked = math.Inf(1)
				if f.Kind.Wronged() {
					r.Completed = 1800
				} else {
					r.RolledBack, r.After, r.Harmed = true, 20, 7
				}
				if change != nil {
					change(f, c.name, n, &r)
				}
				runs = append(runs, r)
			}
			p.runs = append(p.runs, runs)
		}
		all = append(all, p)
	}
	return all
}

// tables are what is printed of results.
func tables(results []played) string {
	var out strings.Builder
	printTables(&out, results, cells(results, contenders(trial.RuleSet{})), options{seed: 7, reps: 100, healthy: 100})
	return out.String()
}

// The whole program on a few worlds: what it plays depends on the seed alone.
func TestTheSeedSaysEverything(t *testing.T) {
	t.Parallel()
	print := func(seed, world string) string {
		var out bytes.Buffer
		if err := bench([]string{"--seed", seed, "--reps", "2", "--healthy", "2", "--world", world, "--format", "json"}, &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first, again := print("3", "x5"), print("3", "x5")
	if first != again || print("3", "errors 1 %") == print("4", "errors 1 %") { // what is plain is found as soon in every world
		t.Error("the same seed must give the same, and another seed something else")
	}
	lines := strings.Split(strings.TrimSpace(first), "\n")
	if len(lines) != len(contenders(trial.RuleSet{})) {
		t.Fatalf("%d lines for %d algorithms", len(lines), len(contenders(trial.RuleSet{})))
	}
	for _, line := range lines {
		var c cell
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		within := 60.0
		if c.Algorithm == firstName { // it does not know yet how slowly pods of the service start
			within = 300
		}
		if strings.HasPrefix(c.Algorithm, canarybotName) && (*c.Detected < 1 || c.TTDMedian == nil || *c.TTDMedian > within) {
			t.Errorf("latency x5 is found by %s in %v: %s", c.Algorithm, *c.Detected, line)
		}
	}
}

// One line a cell, under the names that a script may rely on.
func TestJSONLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	all := cells(invented(nil), contenders(trial.RuleSet{}))
	printJSON(&out, all)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := (len(report.All()) + 2) * len(contenders(trial.RuleSet{})); len(lines) != len(all) || len(all) != want {
		t.Fatalf("%d lines for %d cells, want %d", len(lines), len(all), want)
	}
	for _, line := range lines {
		var c map[string]any
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		names := []string{"scenario", "rps", "algorithm", "healthy", "harmed_mean", "runs", "held", "asked"}
		if c["healthy"] == true {
			names = append(names, "false_rollback", "false_rollback_hi95", "completion_median_s")
		} else {
			names = append(names, "detected", "ttd_median_s", "ttd_p90_s")
		}
		for _, name := range names {
			if _, ok := c[name]; !ok {
				t.Errorf("%s is missing in %s", name, line)
			}
		}
	}
}

func TestTablesHaveEvenRows(t *testing.T) {
	t.Parallel()
	width, tables := 0, strings.SplitSeq(tables(invented(nil)), "\n")
	for line := range tables {
		if !strings.HasPrefix(line, "|") {
			width = 0
			continue
		}
		if n := strings.Count(line, "|"); width != 0 && n != width {
			t.Errorf("%d columns, the line before had %d: %s", n, width, line)
		} else {
			width = n
		}
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	results := invented(func(f report.Family, name string, n int, r *run) {
		switch {
		case name != canarybotName:
		case f.Name == "calm" && n < 3:
			r.RolledBack, r.Completed = true, 0
		case f.Name == "calm" && n < 10:
			r.Completed, r.Asked = 0, 50
		case f.Name == "hangs" && n < 5:
			r.After = -10 // before there was a fault
		case f.Name == "hangs" && n < 15:
			r.RolledBack, r.Completed = false, 1800
		case f.Name == "hangs" && n < 65:
			r.RolledBack, r.Asked = false, 30
		}
	})
	c := table{cells: cells(results, contenders(trial.RuleSet{}))}.at("calm", 0, canarybotName)
	if *c.FalseRollback != 0.03 || *c.Held != 0.07 || *c.Asked != 0.07 || *c.Completion != 1800 || *c.FalseHigh < 0.08 || *c.FalseLow > 0.02 {
		t.Errorf("calm: %s", text(c))
	}
	c = table{cells: cells(results, contenders(trial.RuleSet{}))}.at("hangs", 0, canarybotName)
	if *c.Detected != 0.35 || *c.Early != 0.05 || *c.Released != 0.1 || *c.OrAsked != 0.85 || c.TTDMedian != nil || *c.OrAskedMedian != 30 {
		t.Errorf("hangs: %s", text(c))
	}
	c = table{cells: cells(results, contenders(trial.RuleSet{}))}.at(allHealthy, 0, canarybotName)
	if want := 3 / float64(c.Runs); *c.FalseRollback != want || c.busyHeld.x != 7 {
		t.Errorf("healthy families together: %s, want %v", text(c), want)
	}
}

// The page says in which worlds the judge is not good enough.
func TestWhereItFallsShort(t *testing.T) {
	t.Parallel()
	text := tables(invented(func(f report.Family, name string, n int, r *run) {
		switch {
		case name != canarybotName:
		case f.Name == "churn" && n < 3:
			r.RolledBack = true
		case f.Name == "calm" && n < 6:
			r.Asked, r.Completed = 5, 0
		case f.Name == "hangs" && n < 6:
			r.RolledBack, r.Completed = false, 1800
		}
	}))
	for _, want := range []string{
		"| churn | drawn | 3.0 % rolled back |", "| calm | drawn | 7.5 % held, 6.0 % asked about |",
		"| hangs | drawn | 94.0 % found, 94.0 % with those asked about, 6.0 % released |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	_, fine, _ := strings.Cut(tables(invented(nil)), "### Where it falls short")
	fine, _, _ = strings.Cut(fine, "###")
	if strings.Contains(fine, "drawn") {
		t.Errorf("families in which all is well fall short:\n%s", fine)
	}
}

// Rules are shown by what comes of leaving one out.
func TestRulesTable(t *testing.T) {
	t.Parallel()
	o := options{rules: true, reps: 2, healthy: 2}
	var results []played
	for _, f := range o.families() {
		p := played{family: f}
		for _, c := range o.contenders() {
			one := run{severe: true}
			one.Asked, one.RolledBack, one.After = math.Inf(1), f.Kind == report.Faulty || c.name == "without usual" && f.Name == "churn", 40
			p.runs = append(p.runs, []run{one, one})
		}
		results = append(results, p)
	}
	var out strings.Builder
	printRules(&out, cells(results, o.contenders()), o)
	for _, want := range []string{"| all | 0.0 % ", "| without usual | 4.0 % ", "100.0 % churn | 0.0 % | ", "| without common | 0.0 % "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if lines := strings.Count(out.String(), "\n| without "); lines != len(ruleNames()) {
		t.Errorf("%d lines for %d rules", lines, len(ruleNames()))
	}
}

func text(c cell) string {
	b, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Wilson's interval, by its textbook values.
func TestInterval(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s         share
		low, high float64
	}{{share{0, 1000}, 0, 0.00383}, {share{5, 1000}, 0.00214, 0.01165}, {share{50, 100}, 0.4038, 0.5962}, {share{9, 9}, 0.7009, 1}, {share{}, 0, 1}} {
		low, high := tt.s.interval()
		if math.Abs(low-tt.low) > 1e-4 || math.Abs(high-tt.high) > 1e-4 {
			t.Errorf("%+v: %v to %v, want %v to %v", tt.s, low, high, tt.low, tt.high)
		}
	}
}

// One healthy rollout in a hundred that is wronged makes every twelfth rollback one of a healthy canary.
func TestPrecision(t *testing.T) {
	t.Parallel()
	r := rates{wronged: share{10, 1000}, found: share{990, 1000}}
	p, low, high := r.precision()
	if math.Abs(p-0.9167) > 1e-3 || low >= p || high <= p {
		t.Errorf("precision %v, from %v to %v", p, low, high)
	}
}

// What is promised follows from what was measured.
func TestPromises(t *testing.T) {
	t.Parallel()
	met := func(change func(f report.Family, name string, n int, r *run)) map[string]bool {
		results := invented(change)
		all := map[string]bool{}
		for _, p := range promises(results, cells(results, contenders(trial.RuleSet{}))) {
			all[p.what] = p.met
		}
		return all
	}
	for what, kept := range met(nil) {
		if want := what != "upper end of its 95 % interval"; kept != want { // a hundred of a family do not show it
			t.Errorf("%s: met is %t though nobody is wronged and everything is found", what, kept)
		}
	}
	for _, tt := range []struct {
		what   string
		change func(f report.Family, n int, r *run)
	}{
		{"healthy rollouts rolled back, together", func(f report.Family, n int, r *run) { r.RolledBack = f.Kind == report.Healthy && n < 2 || r.RolledBack }},
		{"in the worst family", func(f report.Family, n int, r *run) { r.RolledBack = f.Name == "churn" && n < 3 || r.RolledBack }},
		{"healthy rollouts about which people are asked", func(f report.Family, n int, r *run) {
			if n < 6 {
				r.Asked = 10
			}
		}},
		{"healthy rollouts held for an hour, from 20 requests/s", func(f report.Family, n int, r *run) {
			if f.Kind == report.Healthy && n < 3 {
				r.Completed = 0
			}
		}},
		{"errors 5 %", func(f report.Family, n int, r *run) {
			if n < 20 {
				r.After = 91
			}
		}},
		{"latency x1.5, or asked", func(_ report.Family, _ int, r *run) { r.After = 301 }},
		{report.Hang30, func(f report.Family, n int, r *run) { r.RolledBack = n > 5 }},
		{"precision over the whole draw", func(f report.Family, n int, r *run) { r.RolledBack = r.RolledBack || f.Kind == report.Healthy && n < 1 }},
		{"recall over the whole draw", func(f report.Family, n int, r *run) { r.RolledBack = n > 2 }},
	} {
		kept, ok := met(func(f report.Family, name string, n int, r *run) {
			if name == canarybotName {
				tt.change(f, n, r)
			}
		})[tt.what]
		if kept || !ok {
			t.Errorf("%s: met is %t, listed is %t", tt.what, kept, ok)
		}
	}
}

func TestLosses(t *testing.T) {
	t.Parallel()
	results := invented(func(f report.Family, name string, _ int, r *run) {
		if name == naiveName && f.Name == "hangs" {
			r.After = 19
		}
		if name == naiveName && f.Kind == report.Healthy {
			r.RolledBack = true
		}
	})
	all := losses(cells(results, contenders(trial.RuleSet{})))
	if len(all) != 1 || all[0].canarybot.Scenario != "hangs" || all[0].sooner[0] != "naive 19 s (100.0 %)" {
		t.Errorf("got %+v", all)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"--format xml", "--format is md or json"},
		{"--reps 0", "at least 1"},
		{"--healthy 0", "at least 1"},
		{"--world magic", `no family's name contains "magic"`},
		{"calm", `there are no arguments, "calm" is one`},
		{"--seed x", "invalid value"},
		{"--format json --docs x.md", "--docs takes --format md"},
		{"--off magic", `there is no rule "magic"`},
		{"--list", ""},
	} {
		var out bytes.Buffer
		err := bench(strings.Fields(tt.args), &out, io.Discard)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.args, err, tt.want)
		}
		if tt.args == "--list" && strings.Count(out.String(), "\n") != len(report.All()) {
			t.Errorf("%s lists\n%s", tt.args, out.String())
		}
	}
}

// A page keeps what is not between its markers, and one without is left alone.
func TestWriteInto(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + measuredTables.first() + "old\n" + measuredTables.last() + "after\n")
	if err := measuredTables.write(path, "new\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "before\n"+measuredTables.first()+"\nnew\n\n"+measuredTables.last()+"after\n" {
		t.Errorf("got %q, %v", got, err)
	}
	write("no markers\n")
	if err := measuredTables.write(path, "new\n"); err == nil || errors.Is(err, errBroken) {
		t.Errorf("a page without markers: %v", err)
	}
}

// The page shows every family under its name, and every promise.
func TestTablesInTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/judge.md")
	if err != nil {
		t.Fatal(err)
	}
	_, measured, _, err := measuredTables.cut(string(page))
	if err != nil {
		t.Fatal(err)
	}
	first := func(text string) (rows []string) { // and second cells: names and rates
		for line := range strings.SplitSeq(text, "\n") {
			if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| ") && len(cells) > 2 {
				rows = append(rows, cells[0])
			}
		}
		return rows
	}
	cut := func(text string) string { // what follows depends on the figures
		before, _, _ := strings.Cut(text, "### Where it falls short")
		return before
	}
	got, want := first(cut(measured)), first(cut(tables(invented(nil))))
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("the page has other rows than the program prints, from the %d-th on: write it anew with make bench-analysis DOCS=docs/judge.md\ngot %q\nwant %q", i, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
}

// Peers do what their documentation says in worlds that everybody understands.
func TestPeers(t *testing.T) {
	t.Parallel()
	steps := []world.Step{{Weight: 0.5, Bake: 900}}
	bad := world.World{Rate: 200, Errors: 0.001, Steps: steps, Faults: []world.Effect{func(p world.Pod, _ float64, b *world.Behaviour) {
		if p.Canary {
			b.Errors = 0.05
		}
	}}}
	fine := world.World{Rate: 200, Errors: 0.001, Steps: steps}
	windows := map[string][2]float64{
		"naive": {900, 915}, "flagger 1m/5": {285, 330}, "flagger 15s/2": {30, 60}, "argo 5m/3": {math.Inf(1), math.Inf(1)}, "argo 30s/2": {60, 120},
		"kayenta 5m": {285, 330}, "peek-z 1 %": {15, 45}, "O'Brien-Fleming": {15, 120},
	}
	for _, c := range contenders(trial.RuleSet{}) {
		if c.peer == nil {
			continue
		}
		want := windows[c.name]
		out := world.Follow(bad, c.peer())[0]
		if got := (run{Outcome: out}); after(got) < want[0] || after(got) > want[1] {
			t.Errorf("%s finds 5 %% errors after %v s, want %v", c.name, after(got), want)
		}
		if out := world.Follow(fine, c.peer())[0]; out.RolledBack && c.name != "peek-z 1 %" || !out.RolledBack && out.Completed < 900 {
			t.Errorf("%s: a fine canary: %+v", c.name, out)
		}
	}
}
