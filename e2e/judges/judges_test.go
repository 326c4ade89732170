package judges

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"canarybot.io/e2e/process"
)

// patience is how long anything may take: the clients wait up to a second where they are told so.
const patience = 30 * time.Second

// folder is where the clients and the simulator are, for all tests: installing takes longer than judging.
var folder string

func TestMain(m *testing.M) {
	code, err := prepare(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// prepare installs the clients, builds the simulator, runs the tests, and leaves nothing behind.
func prepare(run func() int) (code int, err error) {
	if folder, err = process.Node("judges"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(folder, "slacksim"), "canarybot.io/cmd/slacksim").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	return run(), nil
}

// workspace is a running cmd/slacksim.
type workspace struct {
	t   *testing.T
	url string
}

// start runs the simulator with the judges' manifest.
func start(t *testing.T) workspace {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(folder, "slacksim"),
		"-v", "-listen", "127.0.0.1:0", "-manifest", filepath.Join(folder, "manifest.yaml"))
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(t.TempDir(), "slacksim", command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.Tail(60))
		}
	})
	said := make([]byte, 4096)
	n, err := out.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	return workspace{t: t, url: regexp.MustCompile(`http://[0-9.]+:[0-9]+`).FindString(string(said[:n]))}
}

// run starts a script of the judges against the workspace.
func (w workspace) run(script string) *process.Process {
	w.t.Helper()
	command := exec.CommandContext(w.t.Context(), "node", script)
	command.Dir = folder
	command.Env = append(os.Environ(), "SLACK_API_URL="+w.url+"/api/", "SLACK_BOT_TOKEN=xoxb-slacksim-bot", "SLACK_APP_TOKEN=xapp-slacksim-app")
	p, err := process.Start(w.t.TempDir(), script, command)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.Stop)
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Log(p.Tail(60))
		}
	})
	return p
}

// post sends a body and returns the answer, which must be good.
func (w workspace) post(path string, body map[string]any) map[string]any {
	w.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.ask(http.MethodPost, path, bytes.NewReader(raw))
}

func (w workspace) get(path string) map[string]any {
	w.t.Helper()
	return w.ask(http.MethodGet, path, nil)
}

func (w workspace) ask(method, path string, body io.Reader) map[string]any {
	w.t.Helper()
	raw := w.raw(method, path, body)
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		w.t.Fatalf("%s %s: %s", method, path, raw)
	}
	return answer
}

func (w workspace) raw(method, path string, body io.Reader) []byte {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience+10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, raw)
	}
	return raw
}

// wait reads until the answer is right: it asks again after each change in the workspace.
func (w workspace) wait(what, path string, right func(answer map[string]any) bool) {
	w.t.Helper()
	late := time.Now().Add(patience)
	for {
		answer := w.get(path)
		if right(answer) {
			return
		}
		if time.Now().After(late) {
			w.t.Fatalf("%s: still %v", what, answer)
		}
		w.get(fmt.Sprintf("/control/wait?after=%.0f", answer["version"]))
	}
}

// act is something that a person does; it returns what they saw at once. The bot must have acknowledged it.
func (w workspace) act(kind string, body map[string]any) (text string) {
	w.t.Helper()
	body["channel"] = "C0DEPLOYS1"
	if body["as"] == nil {
		body["as"] = "dev"
	}
	got := w.post("/sim/"+kind, body)
	if got["delivery"] != "acked" {
		w.t.Fatalf("%s %v: %v", kind, body, got)
	}
	text, _ = got["text"].(string)
	return text
}

// message waits for a message with these words in the channel or a thread of it, and returns it.
func (w workspace) message(words string) map[string]any {
	w.t.Helper()
	var found map[string]any
	w.wait("a message with "+words, "/control/messages?channel=C0DEPLOYS1", func(answer map[string]any) bool {
		found = newest(answer["messages"], words)
		return found != nil
	})
	return found
}

// private waits for what only this person sees.
func (w workspace) private(user, words string) map[string]any {
	w.t.Helper()
	var found map[string]any
	w.wait("a private message with "+words, "/control/ephemerals?user="+url.QueryEscape(user), func(answer map[string]any) bool {
		found = newest(answer["ephemerals"], words)
		return found != nil
	})
	return found
}

func newest(list any, words string) map[string]any {
	var found map[string]any
	for _, m := range list.([]any) {
		if text, _ := m.(map[string]any)["text"].(string); strings.Contains(text, words) {
			found = m.(map[string]any)
		}
	}
	return found
}
