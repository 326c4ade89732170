package docs_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// sourceOf returns the program's own source, without its tests.
func sourceOf(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		paths, err := filepath.Glob("../" + folder + "/*.go")
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no source: %v", folder, err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				all.WriteString(read(t, strings.TrimPrefix(filepath.ToSlash(path), "../")))
			}
		}
	}
	return all.String()
}

// Every YAML of the page about pipelines is what it says that it is.
func TestPipelinesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, b := range blocks(t) {
		if b.page != "docs/ci.md" || b.language != "yaml" {
			continue
		}
		kind, want, _ := strings.Cut(b.mark, ": ")
		seen[kind]++
		var whole map[string]any
		if err := yaml.UnmarshalStrict([]byte(b.text), &whole); err != nil {
			t.Errorf("%s: %v\n%s", b.mark, err, b.text)
		}
		var typed any
		switch want {
		case "Job":
			typed = &batchv1.Job{}
		case "Role":
			typed = &rbacv1.Role{}
		case "Workflow", "":
		default:
			t.Errorf("what is a %q?", b.mark)
		}
		if typed != nil {
			if err := yaml.UnmarshalStrict([]byte(b.text), typed); err != nil {
				t.Errorf("%s: %v", b.mark, err)
			}
		}
	}
	for kind, least := range map[string]int{"workflow": 3, "configuration part": 3, "manifest": 3, "gitlab": 1} {
		if seen[kind] < least {
			t.Errorf("%d blocks are marked %s, want %d", seen[kind], kind, least)
		}
	}
	if seen[""] > 0 {
		t.Errorf("%d blocks are not marked, so nobody checks them", seen[""])
	}
}

// Flags, variables and exit codes that the page names are those of the program, and it names all of deploy's.
func TestPipelinesUseWhatThereIs(t *testing.T) {
	t.Parallel()
	page, source := read(t, "docs/ci.md"), sourceOf(t, "cmd/canarybot", "api/client", "api/report")
	foreign := []string{"fail", "silent", "show-error", "output", "replicas"} // of curl and kubectl; output is ours too
	flags := regexp.MustCompile(`(?:^|[\s"'` + "`" + `])--([a-z][a-z-]+)`)
	for _, m := range flags.FindAllStringSubmatch(page, -1) {
		if !slices.Contains(foreign, m[1]) && !strings.Contains(source, `, "`+m[1]+`", `) {
			t.Errorf("canarybot has no flag --%s", m[1])
		}
	}
	action := read(t, "actions/deploy/action.yml")
	for _, m := range flags.FindAllStringSubmatch(action, -1) {
		if m[1] != "noprofile" && !slices.Contains([]string{"fail", "silent", "show-error", "location", "proto", "retry", "max-time", "output", "check", "strict", "quiet"}, m[1]) &&
			!strings.Contains(source, `, "`+m[1]+`", `) {
			t.Errorf("the action uses --%s, which canarybot has not", m[1])
		}
	}
	for _, name := range regexp.MustCompile(`CANARYBOT_[A-Z0-9_]+`).FindAllString(page, -1) {
		output := `{"` + strings.ToLower(strings.TrimPrefix(name, "CANARYBOT_")) + `", `
		if name != "CANARYBOT_SHA256" && !strings.Contains(source, `"`+name+`"`) && !strings.Contains(source, output) {
			t.Errorf("nothing reads or writes %s", name)
		}
	}
	codes := regexp.MustCompile(`(?m)^\texit(\w+)\s+exitCode = (\d)`).FindAllStringSubmatch(source, -1)
	rows := regexp.MustCompile(`(?m)^\| (\d) \| (.+) \|$`).FindAllStringSubmatch(page, -1)
	words := map[string]string{"Succeeded": "succeeded", "RolledBack": "rolled back", "Refused": "refused", "Cancelled": "cancelled", "Timeout": "time", "Unreachable": "reached"}
	if len(codes) != len(rows) || len(codes) != len(words) {
		t.Fatalf("%d codes, %d rows", len(codes), len(rows))
	}
	for i, c := range codes {
		if rows[i][1] != c[2] || words[c[1]] == "" || !strings.Contains(rows[i][2], words[c[1]]) {
			t.Errorf("code %s is %s, and the page says: %s", c[2], c[1], rows[i][2])
		}
	}
}

// The Service that --via kubernetes means is the one that the chart makes, and the right on the page is for it.
func TestServiceIsTheCharts(t *testing.T) {
	t.Parallel()
	m := regexp.MustCompile(`defaultService = "(\w+)/(\w+):(\w+)"`).FindStringSubmatch(sourceOf(t, "cmd/canarybot"))
	if m == nil {
		t.Fatal("there is no default")
	}
	if !strings.Contains(read(t, "charts/canarybot/templates/service.yaml"), "- name: "+m[3]+"\n") {
		t.Errorf("the chart's Service has no port %s", m[3])
	}
	page := read(t, "docs/ci.md")
	for _, text := range []string{`resourceNames: ["` + m[2] + ":" + m[3] + `"]`, "namespace: " + m[1] + "}", "port `" + m[3] + "`"} {
		if !strings.Contains(strings.ReplaceAll(page, "\n  ", " "), text) {
			t.Errorf("the page does not say %s", text)
		}
	}
}

// What the README claims about pipelines is there, and not in its list of what is missing.
func TestReadmeSendsPipelines(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	does, not, ok := strings.Cut(readme, "## What it does not do")
	if !ok || !strings.Contains(does, "`canarybot deploy checkout v1.2.4 --wait`") || !strings.Contains(does, "(docs/ci.md)") {
		t.Error("the README does not say how a pipeline deploys")
	}
	if not, _, _ = strings.Cut(not, "\n## "); strings.Contains(not, "pipelines") {
		t.Errorf("the README says that it does not: %s", not)
	}
}

// composite is what we read of an action.
type composite struct {
	Inputs  map[string]struct{ Required bool }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Steps []step
	}
}

type step struct {
	Name, ID, Shell, Run string
	Env                  map[string]string
}

// An input reaches a script by the environment alone, and each is used; what the program writes is an output.
func TestActionKeepsInputsOutOfScripts(t *testing.T) {
	t.Parallel()
	var a composite
	text := read(t, "actions/deploy/action.yml")
	if err := yaml.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") || step.Shell != "bash" {
			t.Errorf("%s: an expression stands in the script, or the shell is %s", step.Name, step.Shell)
		}
		for name := range step.Env {
			if !strings.Contains(step.Run, "$"+name) && !strings.Contains(step.Run, "${"+name) {
				t.Errorf("%s: %s is not used", step.Name, name)
			}
		}
	}
	for input := range a.Inputs {
		if !strings.Contains(text, "inputs."+input) {
			t.Errorf("the input %s does nothing", input)
		}
	}
	for output, o := range a.Outputs {
		if o.Value != fmt.Sprintf("${{ steps.deploy.outputs.%s }}", output) || !strings.Contains(sourceOf(t, "api/report"), `{"`+output+`", `) {
			t.Errorf("the output %s is %s", output, o.Value)
		}
	}
	if len(a.Outputs) != 5 || len(a.Runs.Steps) != 2 {
		t.Errorf("%d outputs, %d steps", len(a.Outputs), len(a.Runs.Steps))
	}
}
