package install

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"canarybot.io/e2e/issuer"
	"canarybot.io/e2e/process"
	"canarybot.io/e2e/world"
)

// addresses counts the APIs, each of which has an address of its own, as a pod has.
var addresses atomic.Int32

// address returns where an API listens: beyond the nodes' pods and below the Services.
func address() string { return fmt.Sprintf("198.18.254.%d:8090", addresses.Add(1)) }

// Environment is what a step of a pipeline has around it.
type Environment struct {
	Env     []string
	Summary string // the file that GitHub shows beside the run
	Output  string // the file of values for later steps
	dir     string
}

// GitHub returns the environment of a step in run 812 of acme/shop, on the branch main, whose tokens the issuer signs.
func GitHub(t *testing.T, i *issuer.Issuer, claims issuer.Claims) Environment {
	t.Helper()
	e := step(t)
	e.Summary, e.Output = filepath.Join(e.dir, "summary"), filepath.Join(e.dir, "output")
	runner := i.Runner(t, func() issuer.Claims { return i.Job().With(claims) })
	e.Env = append(e.Env, "CI=true", "GITHUB_ACTIONS=true", "GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=acme/shop",
		"GITHUB_RUN_ID=9007199254740993", "GITHUB_RUN_NUMBER=812", "GITHUB_RUN_ATTEMPT=1", "GITHUB_JOB=deploy", "GITHUB_REF=refs/heads/main",
		"GITHUB_STEP_SUMMARY="+e.Summary, "GITHUB_OUTPUT="+e.Output,
		"ACTIONS_ID_TOKEN_REQUEST_URL="+runner.URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+runner.Key)
	return e
}

// WithToken returns the environment of a step of a CI system that nobody knows: it has a token, and nothing else.
func WithToken(t *testing.T, token string) Environment {
	t.Helper()
	e := step(t)
	e.Env = append(e.Env, "CANARYBOT_TOKEN="+token)
	return e
}

func step(t *testing.T) Environment {
	t.Helper()
	dir := t.TempDir()
	return Environment{Env: []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, dir: dir}
}

// Pipeline is one run of the command line.
type Pipeline struct {
	Process *process.Process
	Environment

	t   *testing.T
	out string // the file of what it prints
}

// Pipeline runs the production binary with the arguments, as a step of a pipeline does. It reaches the API at its address unless
// the environment or the arguments say otherwise.
func (b *Bot) Pipeline(e Environment, arguments ...string) *Pipeline {
	b.t.Helper()
	path, err := binary()
	if err != nil {
		b.t.Fatal(err)
	}
	p := &Pipeline{Environment: e, t: b.t, out: filepath.Join(b.t.TempDir(), "out")}
	file, err := os.Create(p.out)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = file.Close() }) // it was written by another process
	command := exec.Command(path, arguments...)
	command.Env, command.Stdout = slices.Clone(e.Env), file
	elsewhere := func(s string) bool {
		return strings.HasPrefix(s, "CANARYBOT_VIA=") || strings.HasPrefix(s, "CANARYBOT_SERVER=")
	}
	if !slices.ContainsFunc(e.Env, elsewhere) {
		command.Env = append(command.Env, "CANARYBOT_SERVER=http://"+b.API)
	}
	p.Process = b.w.Run(b.t, fmt.Sprintf("%s-pipeline-%d", b.name, b.pipelines.Add(1)), command)
	b.t.Cleanup(func() {
		if b.t.Failed() {
			b.t.Logf("canarybot %s said:\n%s%s", strings.Join(arguments, " "), p.Said(), p.Log())
		}
	})
	return p
}

// Said returns what it printed for later steps so far.
func (p *Pipeline) Said() string { return contents(p.t, p.out) }

// Log returns what it printed for people.
func (p *Pipeline) Log() string { return p.Process.Tail(200) }

// Ends waits until it has ended, which it does with the code.
func (p *Pipeline) Ends(within time.Duration, code int) {
	p.t.Helper()
	world.Eventually(p.t, within, func() error {
		if p.Process.Err() == nil {
			return fmt.Errorf("the pipeline runs:\n%s%s", p.Said(), p.Log())
		}
		return nil
	})
	if got := p.Process.ExitCode(); got != code {
		p.t.Errorf("the pipeline ended with %d, want %d:\n%s%s", got, code, p.Said(), p.Log())
	}
}

// Says waits until it has printed all of the words.
func (p *Pipeline) Says(within time.Duration, words ...string) {
	p.t.Helper()
	world.Eventually(p.t, within, func() error { return lacks(p.Said()+p.Log(), words) })
}

// contents returns a file's text; empty where there is none.
func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}

// Summarises checks that what GitHub shows beside the run has all of the words.
func (e Environment) Summarises(t *testing.T, words ...string) {
	t.Helper()
	text := contents(t, e.Summary)
	if err := lacks(text, words); err != nil {
		t.Errorf("the summary: %v", err)
	}
	t.Logf("the summary:\n%s", text)
}

// Outputs returns the values for later steps.
func (e Environment) Outputs(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(contents(t, e.Output)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		all[name] = value
	}
	return all
}

// CardOf waits for the card of a rollout that something else than Slack started.
func (b *Bot) CardOf(rollout string) Card {
	b.t.Helper()
	var card Card
	world.Eventually(b.t, patience, func() error {
		for _, c := range b.Cards() {
			if c.Rollout == rollout {
				card = c
				return nil
			}
		}
		return fmt.Errorf("there is no card of %s", rollout)
	})
	return card
}
