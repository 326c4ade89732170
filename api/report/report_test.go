package report_test

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/api"
	"canarybot.io/api/report"
	"canarybot.io/rollout"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares the text with the file of that name.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func value(v float64) *float64 { return &v }

func baking() api.Rollout {
	return api.Rollout{
		ID: "checkout-42", Service: "checkout", Environment: "production", Version: "v1.2.4", From: "registry.example.com/shop/checkout:v1.2.3",
		Image: "registry.example.com/shop/checkout:v1.2.4", Phase: "baking", Turn: 1, Seq: 3, Weight: 5, Step: 1,
		Steps:   []api.Step{{Weight: 5, Bake: "10m0s", Gate: "approval"}, {Weight: 50, Bake: "1h0m0s", Gate: "auto"}, {Weight: 80, Bake: "90s", Gate: "auto"}},
		Status:  "5 % of traffic · step 1 of 3 · baking 6:30 of 10:00 · all checks pass",
		Waits:   "asks for approval 3 Nov 2026 14:13 UTC; rolls back 3 Nov 2026 16:13 UTC if nobody answers",
		Actions: []rollout.Action{rollout.Pause, rollout.Rollback},
		Checks: []api.Check{
			{Name: "error_rate", Result: "pass", Canary: value(0.1), Stable: value(0.1), Limit: value(1), Unit: "%", Text: "errors 0.1 % · stable 0.1 % · limit 1 %"},
			{Name: "latency_p99", Result: "unknown", Unit: "s", Text: "p99: too few requests yet"},
		},
		By: "github.com/acme/shop, run 812", Reason: "faster tax lookup", Card: "https://acme.slack.com/archives/C1/p1",
	}
}

func with(change func(*api.Rollout)) api.Rollout {
	r := baking()
	change(&r)
	return r
}

func rolledBack() api.Rollout {
	return with(func(r *api.Rollout) {
		r.Phase, r.Outcome, r.Weight, r.Waits, r.Actions = "ended", "rolled back", 0, "", nil
		r.Status = "⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3 since 3 Nov 2026 14:09:48 UTC · took 8 min"
		r.Checks[0].Result, r.Checks[0].Canary, r.Checks[0].Text = "fail", value(5.1), "errors 5.1 % · stable 0.1 % · limit 1 %"
	})
}

// hostile has in every text what somebody would like a terminal, a runner or a page to obey.
func hostile() api.Rollout {
	const evil = "\x1b]0;x\x07\x1b[2J\r\n::error::gotcha\n::set-output name=a::b ##[error]x ##vso[task.complete]\u202e @channel #12 https://evil.example.com" +
		" <img src=x onerror=alert(1)> [a](javascript:x) `code` | **b** </pre></code> ]]> {{ secrets }} &amp; \u2028 \x00\xff"
	return with(func(r *api.Rollout) {
		r.ID, r.Service, r.Environment, r.Version, r.Image, r.From = evil, evil, evil, evil, evil, evil
		r.Phase, r.Status, r.Waits, r.By, r.Reason, r.Card, r.Link = evil, evil, evil, evil, evil, "javascript:alert(1)//\n"+evil, evil
		r.Outcome, r.Problems = evil, []string{evil}
		for i := range r.Checks {
			r.Checks[i].Name, r.Checks[i].Result, r.Checks[i].Text, r.Checks[i].Unit = evil, evil, evil, evil
		}
		r.Steps[0].Bake = evil
	})
}

func samples() map[string]api.Rollout {
	return map[string]api.Rollout{
		"baking": baking(),
		"succeeded": with(func(r *api.Rollout) {
			r.Phase, r.Outcome, r.Status, r.Waits = "ended", "succeeded", "✅ Done · 100 % on v1.2.4 · took 21 min", ""
		}),
		"rolled_back": rolledBack(),
		"cancelled": with(func(r *api.Rollout) {
			r.Phase, r.Outcome, r.From, r.Step, r.Checks, r.Card, r.Waits = "ended", "cancelled", "", 0, nil, "", ""
			r.Status = "❌ Cancelled · 2 things to put right first · nothing was changed"
			r.Problems = []string{"service/checkout-stable selects pods of the canary too: add `track: stable` to its selector.", "deployment/checkout-stable is paused: resume it."}
		}),
		"gate": with(func(r *api.Rollout) {
			r.Phase, r.Go, r.Weight, r.Step, r.Status = "promoting", true, 80, 3, "Waiting for stable to run v1.2.4"
		}),
		"hostile": hostile(),
	}
}

// Everything that a pipeline shows of a rollout.
func TestReports(t *testing.T) {
	t.Parallel()
	for name, r := range samples() {
		golden(t, name+"_line", report.Plain(time.Date(2026, 11, 3, 14, 9, 45, 0, time.UTC), report.Line(r))+"\n"+report.Verdict(r)+"\n\n"+report.Card(r))
		if name == "hostile" { // the rest is in FuzzForeign
			continue
		}
		golden(t, name+"_summary", report.Markdown(r))
		golden(t, name+"_outputs", report.Outputs(r)+"\n"+report.Annotation(r.Outcome != "succeeded", "Canary of "+string(r.Service), report.Verdict(r))+"\n"+report.Group(string(r.Service))+"\n")
		for file, text := range report.Files(r, 21*time.Minute) {
			if file != "summary.md" {
				golden(t, name+"_"+file, text)
			}
		}
	}
	golden(t, "refused_summary", report.Refusal("checkout v1.2.4", "🐤 checkout is busy: v1.2.3 is live.\n@channel <b>"))
}

// A line is said anew for what changes, not for what grows.
func TestChange(t *testing.T) {
	t.Parallel()
	was := report.ChangeOf(baking())
	for name, tt := range map[string]struct {
		change func(*api.Rollout)
		news   bool
	}{
		"time":     {func(r *api.Rollout) { r.Status = "5 % of traffic · baking 7:00 of 10:00" }, false},
		"a number": {func(r *api.Rollout) { r.Checks[0].Canary = value(0.2) }, false},
		"a result": {func(r *api.Rollout) { r.Checks[0].Result = "fail" }, true},
		"an entry": {func(r *api.Rollout) { r.Seq++ }, true},
		"a phase":  {func(r *api.Rollout) { r.Phase = "awaiting" }, true},
		"a weight": {func(r *api.Rollout) { r.Weight = 50 }, true},
		"its end":  {func(r *api.Rollout) { r.Outcome = "succeeded" }, true},
		"the gate": {func(r *api.Rollout) { r.Go = true }, true},
	} {
		if news := report.ChangeOf(with(tt.change)) != was; news != tt.news {
			t.Errorf("%s: news is %v", name, news)
		}
	}
}

var (
	tag     = regexp.MustCompile(`<[^>]*>`)
	allowed = regexp.MustCompile(`^</?(code|pre|a href="https?://[^"<>\s]*"|a)>$`)
)

// FuzzForeign feeds every text of a rollout: nothing of it is obeyed.
func FuzzForeign(f *testing.F) {
	h := hostile()
	for _, seed := range []string{string(h.ID), "v1.2.4", "a\n::error::b", "  \u00a0::x", "\u200d::x", "\ufeff::x", "#\u200b#[x]", "a\r##[x]", ":\u200b:error::x", "https://a.example.com/<", "https://a.example.com/?x=1&y='"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := with(func(r *api.Rollout) {
			r.ID, r.Version, r.Status, r.By, r.Waits, r.Card, r.Image = rollout.ID(text), text, text, text, text, text, text
			r.Checks[0].Name, r.Checks[0].Text, r.Checks[0].Result, r.Problems = text, text, text, []string{text}
		})
		for _, out := range []string{report.Line(r), report.Verdict(r), report.Card(r), report.Lines(text), report.Inert(text)} {
			inert(t, out)
		}
		if strings.Contains(report.Inert(text)+report.Line(r)+report.Verdict(r), "\n") {
			t.Errorf("a line has a line break")
		}
		for _, command := range []string{report.Annotation(true, text, text), report.Group(text)} {
			if strings.ContainsAny(command, "\r\n") {
				t.Errorf("a command has several lines: %q", command)
			}
		}
		markdown := report.Markdown(r) + report.Refusal(text, text)
		for _, found := range tag.FindAllString(markdown, -1) {
			if !allowed.MatchString(found) {
				t.Errorf("%q is in the summary: %s", found, markdown)
			}
		}
		if bare := tag.ReplaceAllString(regexp.MustCompile(`(?s)<(code|pre|a)[ >].*?</(code|pre|a)>`).ReplaceAllString(markdown, ""), ""); strings.ContainsAny(bare, "`*[]@<>\\") {
			t.Errorf("markup outside of code: %s", bare)
		}
		lines(t, report.Outputs(r), regexp.MustCompile(`^(rollout|outcome|version|image|card)=`), 5)
		lines(t, report.Dotenv(r), regexp.MustCompile(`^CANARYBOT_[A-Z]+=`), 5)
		if !json.Valid([]byte(report.Annotations(r))) {
			t.Error("annotations are no JSON")
		}
		var suite struct {
			Cases []struct{} `xml:"testcase"`
		}
		if err := xml.Unmarshal([]byte(report.JUnit(r, time.Minute)), &suite); err != nil || len(suite.Cases) != 1+len(r.Checks) {
			t.Errorf("JUnit: %v, %d cases", err, len(suite.Cases))
		}
	})
}

// inert fails where a terminal or a runner would obey.
func inert(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%q has %U", text, r)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if rest := strings.TrimLeftFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }); strings.HasPrefix(rest, "::") {
			t.Errorf("%q is a command", line)
		}
	}
	if strings.Contains(text, "##") {
		t.Errorf("%q has a mark of commands", text)
	}
}

func lines(t *testing.T, text string, form *regexp.Regexp, count int) {
	t.Helper()
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, line := range all {
		if !form.MatchString(line) {
			t.Errorf("%q is no line of it", line)
		}
	}
	if len(all) != count {
		t.Errorf("%d lines, want %d: %q", len(all), count, text)
	}
}
