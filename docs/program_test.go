package docs_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"canarybot.io/bot/view"
)

// What is typed at the program itself: subcommands and flags, compared with its source.
func TestProgramHasWhatIsTyped(t *testing.T) {
	t.Parallel()
	source := sourceOf(t, "cmd/canarybot")
	typed := regexp.MustCompile(`(?:^|bin/|-- /)canarybot ([a-z]+)((?: [^|]*)?)$`)
	flag := regexp.MustCompile(`--([a-z-]+)`)
	for page, text := range pages(t) {
		for _, line := range code(text) {
			m := typed.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				continue
			}
			if m[1] != "completion" && !strings.Contains(source, `Use: "`+m[1]+`"`) && !strings.Contains(source, `Use: "`+m[1]+` `) {
				t.Errorf("%s: canarybot has no subcommand %s", page, m[1])
			}
			for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
				if !strings.Contains(source, `, "`+f[1]+`", `) {
					t.Errorf("%s: canarybot %s has no flag --%s", page, m[1], f[1])
				}
			}
		}
	}
}

func TestMetricsExist(t *testing.T) {
	t.Parallel()
	meters := read(t, "app/meters.go") + read(t, "app/reported.go") + read(t, "bot/slack/metrics.go") + read(t, "webhook/meters.go") + read(t, "api/meters.go")
	metric := regexp.MustCompile(`\bcanary_[a-z_]+`)
	for page, text := range pages(t) {
		for _, name := range metric.FindAllString(strings.Join(code(text), "\n"), -1) {
			if name == "canary_service" || name == "canary_labels" || name == "canary_deploy" { // keys of the configuration, and a pipeline's job
				continue
			}
			base := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				base = strings.TrimSuffix(base, suffix)
			}
			if !strings.Contains(meters, `"`+base+`"`) {
				t.Errorf("%s names the metric %s, which is not exported", page, name)
			}
		}
	}
	runbook := read(t, "docs/runbook.md")
	for _, m := range regexp.MustCompile(`"(canary_[a-z_]+)"`).FindAllStringSubmatch(meters, -1) {
		if !strings.Contains(runbook, "`"+m[1]) {
			t.Errorf("the runbook lacks the metric %s", m[1])
		}
	}
}

// The manifest asks for exactly the scopes that validate --live wants.
func TestManifestAsksForWhatIsUsed(t *testing.T) {
	t.Parallel()
	var manifest struct {
		Features struct {
			Commands  []struct{ Command string } `json:"slash_commands"`
			Shortcuts []struct {
				Type     string
				Callback string `json:"callback_id"`
			} `json:"shortcuts"`
			Home struct {
				Home bool `json:"home_tab_enabled"`
			} `json:"app_home"`
		} `json:"features"`
		OAuth struct {
			Scopes struct{ Bot []string } `json:"scopes"`
		} `json:"oauth_config"`
		Settings struct {
			Socket        bool `json:"socket_mode_enabled"`
			Interactivity struct {
				Enabled bool `json:"is_enabled"`
			} `json:"interactivity"`
			Events struct {
				Bot []string `json:"bot_events"`
			} `json:"event_subscriptions"`
		} `json:"settings"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "docs/slack-app.yaml")), &manifest); err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(read(t, "cmd/canarybot/live.go"), "var scopes = map[string]string{")
	if !ok {
		t.Fatal("cmd/canarybot/live.go has no scopes")
	}
	table, _, _ := strings.Cut(rest, "\n}")
	var used []string
	for _, m := range regexp.MustCompile(`(?m)^\t"([^"]+)":`).FindAllStringSubmatch(table, -1) {
		used = append(used, m[1])
	}
	asked := manifest.OAuth.Scopes.Bot
	slices.Sort(used)
	slices.Sort(asked)
	if !slices.Equal(asked, used) {
		t.Errorf("the manifest asks for %v, and the bot uses %v", asked, used)
	}
	install := read(t, "docs/install.md")
	for _, scope := range used {
		if !strings.Contains(install, "`"+scope+"`") {
			t.Errorf("docs/install.md does not name the scope %s", scope)
		}
	}
	s := manifest.Settings
	if !s.Socket || !s.Interactivity.Enabled || !slices.Equal(s.Events.Bot, []string{"app_mention", "subteam_updated", "subteam_members_changed", "app_home_opened"}) {
		t.Errorf("the manifest lacks Socket Mode, interactivity or an event: %+v", s)
	}
	all := fmt.Sprintf("%v", manifest.Features.Shortcuts)
	if want := fmt.Sprintf("[{global %s} {message %s}]", view.DeployShortcut, view.DeployThisShortcut); all != want || !manifest.Features.Home.Home {
		t.Errorf("the manifest's shortcuts are %s, want %s, and its home tab is on: %t", all, want, manifest.Features.Home.Home)
	}
	if len(manifest.Features.Commands) != 1 || manifest.Features.Commands[0].Command != "/canary" {
		t.Errorf("the manifest's commands are %v, want /canary", manifest.Features.Commands)
	}
}

// The table of rights in SECURITY.md says of every resource what the chart grants.
func TestRightsAreTold(t *testing.T) {
	t.Parallel()
	type rule struct {
		Resources, Verbs []string
		Names            string // limited to them
	}
	var granted struct {
		Always, Create, Optional []rule
		Routes                   map[string]struct{ Always, Create []rule }
	}
	if err := yaml.Unmarshal([]byte(read(t, "charts/canarybot/files/rights.yaml")), &granted); err != nil {
		t.Fatal(err)
	}
	table := strings.Split(read(t, "SECURITY.md"), "\n")
	told := func(when, what string, r rule) {
		if !slices.ContainsFunc(table, func(row string) bool {
			return strings.HasPrefix(row, "| "+when+" | ") && strings.Contains(row, what) && strings.HasSuffix(row, "| "+strings.Join(r.Verbs, ", ")+" |") &&
				strings.Contains(row, "| named ") == (r.Names != "")
		}) {
			t.Errorf("SECURITY.md does not say: %s, %s: %v of %q", when, what, r.Verbs, r.Names)
		}
	}
	for _, r := range granted.Always {
		told("always", r.Resources[0], r)
	}
	for _, r := range granted.Optional {
		told("may be left out", r.Resources[0], r)
	}
	for _, r := range granted.Create {
		told("with `create: true`", r.Resources[0], r)
	}
	for _, route := range granted.Routes {
		for _, r := range route.Always {
			told("always", "the listed kinds", r)
		}
		for _, r := range route.Create {
			told("with `create: true`", r.Resources[0], r)
		}
	}
}
