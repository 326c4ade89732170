package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/api"
	"canarybot.io/api/report"
	"canarybot.io/rollout"
)

// What is said of one rollout that is rolled back, by where it is said.
func TestDeploySays(t *testing.T) {
	const card = `🐤 checkout · production · v1.2.3 → v1.2.4
⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3
⏪ 5 % · 10m   ○ 50 % · 10m
✅ errors 0.1 % · stable 0.1 % · limit 1 %
github.com/acme/shop, run 812 "faster tax lookup" · checkout-42
`
	for name, tt := range map[string]struct {
		env         map[string]string
		args        []string
		out, errors string
	}{
		"in a log": {
			env: map[string]string{"CI": "true"},
			out: "2000-01-01T00:00:00Z Its card: https://acme.slack.com/archives/C1/p1\n" +
				"2000-01-01T00:00:00Z checkout-42 · 5 % of traffic · step 1 of 2 · baking 6:30 of 10:00 · all checks pass\n" +
				"2000-01-01T00:00:58Z checkout-42 · ⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3\n",
			errors: "checkout v1.2.4: ⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3.\n",
		},
		"at GitHub": {
			env: map[string]string{"CI": "true", "GITHUB_ACTIONS": "true"},
			out: "::group::checkout v1.2.4\n" +
				"2000-01-01T00:00:00Z Its card: https://acme.slack.com/archives/C1/p1\n" +
				"2000-01-01T00:00:00Z checkout-42 · 5 % of traffic · step 1 of 2 · baking 6:30 of 10:00 · all checks pass\n" +
				"2000-01-01T00:00:58Z checkout-42 · ⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3\n::endgroup::\n" +
				"::error title=Canary of checkout v1.2.4::checkout v1.2.4: ⏪ Rolled back · errors 5.1 %25, limit 1 %25 · 100 %25 on v1.2.3.\n",
		},
		"at GitLab": {
			env: map[string]string{"CI": "true", "GITLAB_CI": "true"},
			out: "\x1b[0Ksection_start:946684800:canarybot\r\x1b[0Kcheckout v1.2.4\n" +
				"2000-01-01T00:00:00Z Its card: https://acme.slack.com/archives/C1/p1\n" +
				"2000-01-01T00:00:00Z checkout-42 · 5 % of traffic · step 1 of 2 · baking 6:30 of 10:00 · all checks pass\n" +
				"2000-01-01T00:00:58Z checkout-42 · ⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3\n" +
				"\x1b[0Ksection_end:946684858:canarybot\r\x1b[0K\n",
			errors: "checkout v1.2.4: ⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3.\n",
		},
		"on a terminal": {
			env: map[string]string{"COLUMNS": "60"},
			out: "Its card: https://acme.slack.com/archives/C1/p1\n" + strings.Repeat("\r\x1b[Kcheckout-42 · 5 % of traffic · step 1 of 2 · baking 6:30 …", 12) +
				"\r\x1b[Kcheckout-42 · ⏪ Rolled back · errors 5.1 %, limit 1 % · 1…\r\x1b[K" + card,
			errors: "checkout v1.2.4: ⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3.\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bot := newFakeBot()
				time.AfterFunc(58*time.Second, func() { bot.end("checkout-42", rollout.RolledBack, sentences[rollout.RolledBack]) })
				c := execute(t, t.Context(), bot, tt.env, append([]string{"deploy", "checkout", "v1.2.4", "--wait", "--reason", "faster tax lookup"}, tt.args...)...)
				if diff := cmp.Diff(tt.out, c.out.String()); diff != "" {
					t.Errorf("standard output (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.errors, c.errors.String()); diff != "" {
					t.Errorf("standard error (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// With --output json there is one object on standard output, whatever happens.
func TestJSON(t *testing.T) {
	for name, tt := range map[string]struct {
		args    []string
		away    away
		code    int
		rollout rollout.ID
		problem int
	}{
		"an end":                     {[]string{"deploy", "checkout", "v1.2.4", "--wait"}, present, 0, "checkout-42", 0},
		"busy":                       {[]string{"deploy", "checkout", "v1.2.4", "--key", "other"}, present, 2, "", 409},
		"nobody there":               {[]string{"deploy", "checkout", "v1.2.4"}, refusing, 5, "", 0},
		"no rollout":                 {[]string{"promote", "checkout-99"}, present, 2, "", 404},
		"a question and nobody":      {[]string{"status", "checkout"}, refusing, 5, "", 0},
		"a name that nothing can be": {[]string{"history", "a/b"}, present, 2, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bot := newFakeBot()
				if name == "busy" {
					r := example()
					bot.rollouts[r.ID] = &r
				}
				bot.become(tt.away)
				time.AfterFunc(time.Minute, func() {
					if bot.started() > 0 {
						bot.end("checkout-42", rollout.Succeeded, "✅ Done")
					}
				})
				c := execute(t, t.Context(), bot, map[string]string{"GITHUB_ACTIONS": "true"}, append(tt.args, "--output", "json")...)
				var said said
				if err := json.Unmarshal(c.out.Bytes(), &said); err != nil {
					t.Fatalf("%v: %s", err, c.out.String())
				}
				got, problem := rollout.ID(""), 0
				if said.Rollout != nil {
					got = said.Rollout.ID
				}
				if said.Problem != nil {
					problem = said.Problem.Status
				}
				if c.code != tt.code || int(said.Exit) != tt.code || got != tt.rollout || problem != tt.problem || said.Text == "" {
					t.Errorf("code %d, %s", c.code, c.out.String())
				}
			})
		})
	}
}

// Whoever did not start a rollout may wait for it too, with the same codes and reports.
func TestStatusWaits(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		bot := newFakeBot()
		r := example()
		bot.rollouts[r.ID] = &r
		time.AfterFunc(time.Hour, func() { bot.end(r.ID, rollout.RolledBack, sentences[rollout.RolledBack]) })
		if c := execute(t, t.Context(), bot, nil, "status", "checkout", "--wait", "--timeout", "30m"); c.code != 4 || !strings.Contains(c.errors.String(), "checkout-42 goes on") {
			t.Errorf("code %d: %s", c.code, c.errors.String())
		}
		c := execute(t, t.Context(), bot, nil, "status", "checkout", "--wait", "--report", folder)
		if c.code != 1 || !strings.Contains(c.errors.String(), "checkout v1.2.4: ⏪ Rolled back") {
			t.Errorf("code %d: %s", c.code, c.errors.String())
		}
		if c = execute(t, t.Context(), bot, nil, "status", "--wait"); c.code != 2 {
			t.Errorf("nothing to wait for: code %d", c.code)
		}
	})
	if text, err := os.ReadFile(filepath.Join(folder, "junit.xml")); err != nil || !strings.Contains(string(text), `failures="1"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// The files that a pipeline reads.
func TestReportFiles(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	read := func(name string) string {
		text, err := os.ReadFile(in(name))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	if err := os.WriteFile(in("summary"), []byte("# Build\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		bot := newFakeBot()
		time.AfterFunc(time.Minute, func() { bot.end("checkout-42", rollout.RolledBack, "⏪ Rolled back") })
		env := map[string]string{"GITHUB_STEP_SUMMARY": in("summary"), "GITHUB_OUTPUT": in("output")}
		c := execute(t, t.Context(), bot, env, "deploy", "checkout", "v1.2.4", "--wait", "--report", in("reports/canary"))
		if c.code != 1 {
			t.Errorf("code %d: %s", c.code, c.errors.String())
		}
		r := bot.state("checkout-42")
		for name, want := range report.Files(r, time.Minute) {
			if diff := cmp.Diff(want, read("reports/canary/"+name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if got := read("summary"); !strings.HasPrefix(got, "# Build\n") || !strings.Contains(got, "was rolled back") {
			t.Errorf("the summary is %s", got)
		}
		if diff := cmp.Diff(report.Outputs(r), read("output")); diff != "" {
			t.Errorf("outputs (-want +got):\n%s", diff)
		}
		// What is busy has no outputs, and a summary that says so. What cannot be written is told.
		busy := example()
		bot.rollouts["checkout-42"] = &busy
		env["GITHUB_OUTPUT"] = in("nowhere/output")
		c = execute(t, t.Context(), bot, env, "deploy", "checkout", "v1.2.5", "--report", in("summary/below-a-file"))
		if c.code != 2 || !strings.Contains(read("summary"), "was not started") || !strings.Contains(c.out.String(), "A report could not be written") {
			t.Errorf("code %d, %s, %s", c.code, c.out.String(), read("summary"))
		}
	})
}

// What a start carries of the run that it is part of.
func TestTheRunIsNamed(t *testing.T) {
	github := map[string]string{"GITHUB_RUN_ID": "812", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "deploy", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop"}
	again := map[string]string{"GITHUB_RUN_ATTEMPT": "2"}
	for name, value := range github {
		if again[name] == "" {
			again[name] = value
		}
	}
	run := func(env map[string]string, args ...string) (start api.Start, key string) {
		synctest.Test(t, func(t *testing.T) {
			bot := newFakeBot()
			if c := execute(t, t.Context(), bot, env, append([]string{"deploy", "checkout", "v1.2.4"}, args...)...); c.code != 0 {
				t.Fatal(c.errors.String())
			}
			start = bot.starts[0]
			for k := range bot.keys {
				key = k
			}
		})
		return start, key
	}
	first, key := run(github, "--plan", "careful", "--auto", "--replace", "--reason", "-x")
	want := api.Start{Service: "checkout", Version: "v1.2.4", Plan: "careful", Auto: true, Replace: true, Reason: "-x", Link: "https://github.com/acme/shop/actions/runs/812"}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("GitHub (-want +got):\n%s", diff)
	}
	if _, same := run(github); same != key {
		t.Error("the same attempt has another key")
	}
	if _, other := run(again); other == key {
		t.Error("another attempt has the same key")
	}
	if _, other := run(github, "--key", "mine"); other != "mine" {
		t.Errorf("--key is %q", other)
	}
	if start, _ := run(map[string]string{"CI_JOB_URL": "https://gitlab.example.com/acme/shop/-/jobs/5"}); start.Link != "https://gitlab.example.com/acme/shop/-/jobs/5" {
		t.Errorf("GitLab's link is %q", start.Link)
	}
	if start, _ := run(map[string]string{"BUILDKITE_BUILD_URL": "https://buildkite.example.com/acme/shop/builds/5"}); start.Link != "https://buildkite.example.com/acme/shop/builds/5" {
		t.Errorf("Buildkite's link is %q", start.Link)
	}
	if start, _ := run(map[string]string{"BUILD_URL": "https://jenkins.example.com/job/shop/5/"}); start.Link != "https://jenkins.example.com/job/shop/5/" {
		t.Errorf("Jenkins's link is %q", start.Link)
	}
	if _, one := run(nil); one == "" {
		t.Error("there is no key outside of a pipeline")
	} else if _, two := run(nil); one == two {
		t.Error("two starts outside of a pipeline have one key")
	}
}
