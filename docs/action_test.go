package docs_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// runner runs one step of the action as GitHub's runner does: its script in a file, by bash, with the step's environment. Inputs
// are those of the action, with their defaults.
type runner struct {
	folder string
	path   string // what stands before the machine's own PATH
	inputs map[string]string
}

// step runs the script and returns what it said, what it put into GITHUB_OUTPUT, and its exit code.
func (r runner) step(t *testing.T, id string) (said, output string, code int) {
	t.Helper()
	var a composite
	if err := yaml.Unmarshal([]byte(read(t, "actions/deploy/action.yml")), &a); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(a.Runs.Steps, func(s step) bool { return s.ID == id })
	script, out := filepath.Join(r.folder, id+".sh"), filepath.Join(r.folder, id+".output")
	if err := os.WriteFile(script, []byte(a.Runs.Steps[i].Run), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
	cmd.Dir = r.folder
	cmd.Env = []string{
		"PATH=" + r.path + ":" + os.Getenv("PATH"), "GITHUB_OUTPUT=" + out, "RUNNER_TEMP=" + r.folder, "RUNNER_OS=Linux", "RUNNER_ARCH=X64",
	}
	for name, expression := range a.Runs.Steps[i].Env {
		cmd.Env = append(cmd.Env, name+"="+r.inputs[expression])
	}
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(out)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text), string(written), cmd.ProcessState.ExitCode()
}

// The expressions of the steps' environment that are more than one input.
const (
	release  = "${{ inputs.release || github.action_ref }}"
	download = "${{ inputs.download || format('{0}/{1}/releases/download', github.server_url, github.action_repository) }}"
)

// program writes a program into a folder.
func program(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// released puts a release into a folder, and a curl that fetches from there what it is told to fetch from GitHub's.
func released(t *testing.T, folder, binary, sums string) {
	t.Helper()
	served := filepath.Join(folder, "served")
	if err := os.MkdirAll(served, 0o755); err != nil {
		t.Fatal(err)
	}
	program(t, served, "canarybot-linux-amd64", binary)
	program(t, served, "SHA256SUMS", sums)
	program(t, folder, "curl", fmt.Sprintf(`#!/usr/bin/env bash
[[ " $* " == *" --proto =https "* && " $* " == *" --fail "* ]] || exit 99
while [ "$1" != --output ]; do shift; done
case "$3" in https://github.com/acme/canarybot/releases/download/v0.3.0/*) cp "%s/${3##*/}" "$2" ;; *) exit 22 ;; esac
`, served))
}

// The program that the action runs is the one whose checksum the release says, or the workflow.
func TestActionChecksTheProgram(t *testing.T) {
	t.Parallel()
	const binary = "#!/bin/sh\necho it is me\n"
	raw := sha256.Sum256([]byte(binary))
	sum := hex.EncodeToString(raw[:])
	other := strings.Repeat("0", 64)
	for name, tt := range map[string]struct {
		sums   string
		inputs map[string]string
		code   int
		says   string
	}{
		"as the release says":              {sums: other + "  ./canarybot-linux-arm64\n" + sum + "  canarybot-linux-amd64\n"},
		"as the workflow says":             {sums: "none", inputs: map[string]string{"${{ inputs.sha256 }}": sum}},
		"another than the release says":    {sums: other + "  canarybot-linux-amd64\n", code: 2, says: "has another checksum"},
		"another than the workflow says":   {sums: sum + "  canarybot-linux-amd64\n", inputs: map[string]string{"${{ inputs.sha256 }}": other}, code: 2, says: "has another checksum"},
		"one that the release lacks":       {sums: sum + "  canarybot-linux-arm64\n", code: 2, says: "has another checksum"},
		"twice in the list":                {sums: sum + "  canarybot-linux-amd64\n" + other + "  canarybot-linux-amd64\n", code: 2, says: "has another checksum"},
		"a commit for a release":           {inputs: map[string]string{release: "0123abc"}, code: 2, says: "Name a release"},
		"a path for a release":             {inputs: map[string]string{release: "v1/../../evil"}, code: 2, says: "Name a release"},
		"no checksum":                      {inputs: map[string]string{"${{ inputs.sha256 }}": "$(touch gotcha)"}, code: 2, says: "is no checksum"},
		"a release that is not there":      {inputs: map[string]string{release: "v9.9.9"}, code: 22},
		"a program that is there":          {inputs: map[string]string{"${{ inputs.binary }}": "/bin/sh"}},
		"a program that is not there":      {inputs: map[string]string{"${{ inputs.binary }}": "/bin/none"}, code: 2, says: "names no program"},
		"a flag for a program":             {inputs: map[string]string{"${{ inputs.binary }}": "--help"}, code: 2, says: "names no program"},
		"a list in the clear, from nobody": {inputs: map[string]string{download: "http://127.0.0.1:1"}, code: 22},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			released(t, folder, binary, tt.sums)
			r := runner{folder: folder, path: folder, inputs: map[string]string{release: "v0.3.0", download: "https://github.com/acme/canarybot/releases/download"}}
			for input, value := range tt.inputs {
				r.inputs[input] = value
			}
			said, output, code := r.step(t, "get")
			if code != tt.code || !strings.Contains(said, tt.says) {
				t.Fatalf("it ended with %d: %s", code, said)
			}
			path, ok := strings.CutPrefix(strings.TrimSpace(output), "path=")
			if (code == 0) != ok {
				t.Fatalf("the output is %q", output)
			}
			if ok && tt.inputs["${{ inputs.binary }}"] == "" {
				if out, err := exec.CommandContext(t.Context(), path).Output(); err != nil || string(out) != "it is me\n" {
					t.Errorf("it is %s: %v", out, err)
				}
			}
			if _, err := os.Stat(filepath.Join(folder, "gotcha")); err == nil {
				t.Error("an input was run")
			}
		})
	}
}

// Whatever an input is, the program gets it whole, as the value of its own flag, in the place of the shell.
func TestActionPassesInputs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	binary := program(t, folder, "canarybot", "#!/usr/bin/env bash\nprintf '%s\\n' \"$@\"\necho \"$$ $PPID\" >pid\nexit 4\n")
	const evil = `--token-file=x "; touch gotcha; $(touch gotcha) 'q' ` + "`touch gotcha`" + ` * ~ \`
	r := runner{folder: folder, inputs: map[string]string{
		"${{ steps.get.outputs.path }}": binary, "${{ inputs.service }}": "--server=https://evil.example.com", "${{ inputs.version }}": evil,
		"${{ inputs.reason }}": evil, "${{ inputs.wait }}": "true", "${{ inputs.on-cancel }}": "rollback", "${{ inputs.auto }}": "true",
	}}
	said, _, code := r.step(t, "deploy")
	want := []string{
		"deploy", "--server=", "--via=", "--token-file=", "--audience=", "--plan=", "--auto=true", "--replace=", "--unless-running=", "--dry-run=", "--reason=" + evil,
		"--wait=true", "--timeout=0", "--on-timeout=", "--on-interrupt=rollback", "--", "--server=https://evil.example.com", evil,
	}
	if got := strings.Split(strings.TrimSuffix(said, "\n"), "\n"); code != 4 || !slices.Equal(got, want) {
		t.Errorf("it ended with %d, and the program got %q", code, got)
	}
	if _, err := os.Stat(filepath.Join(folder, "gotcha")); err == nil {
		t.Error("an input was run")
	}
	pid, err := os.ReadFile(filepath.Join(folder, "pid"))
	if err != nil || strings.Fields(string(pid))[1] != fmt.Sprint(os.Getpid()) {
		t.Errorf("the program stands behind a shell, which would get its signals: %s, %v", pid, err)
	}
}
