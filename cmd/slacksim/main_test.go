package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

// start runs the program on a free port and returns its address; it ends with the test.
func start(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), w)
		_ = w.CloseWithError(errors.Join(err, io.EOF))
		ended <- err
	}()
	said := make([]byte, 4096)
	n, err := r.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return regexp.MustCompile(`http://[0-9.]+:[0-9]+`).FindString(string(said[:n]))
}

func TestTheProgramServesABotAndATest(t *testing.T) {
	url := start(t)
	api := slack.New("xoxb-slacksim-bot", slack.OptionAPIURL(url+"/api/"))
	if _, _, err := api.PostMessageContext(t.Context(), "C0DEPLOYS1", slack.MsgOptionText("hello", false)); err != nil {
		t.Fatal(err)
	}
	if got := get(t, url+"/control/messages?channel=deploys"); !strings.Contains(got, `"text":"hello"`) {
		t.Errorf("the control API answered %s", got)
	}
	if got := get(t, url); !strings.Contains(got, "<html") {
		t.Errorf("the page is %.80s", got)
	}
}

// What a bot can show is drawn where somebody asks for that, and nowhere else.
func TestTheStorybookIsAFolder(t *testing.T) {
	url := start(t, "-storybook", filepath.Dir(write(t, `{"text":"hello","blocks":[]}`)))
	if page, got := get(t, url+"/storybook"), get(t, url+"/sim/stories"); !strings.Contains(page, "<html") || !strings.Contains(got, `{"name":"app","story":{"text":"hello","blocks":[]}}`) {
		t.Errorf("the page is %.80s, of %s", page, got)
	}
	if got := get(t, start(t)+"/storybook"); strings.Contains(got, "<html") {
		t.Errorf("without stories the page is %.80s", got)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// With its manifest an app gets what it asked for and no more.
func TestManifestIsObeyed(t *testing.T) {
	o, err := fromManifest("../../docs/slack-app.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.Commands, []string{"/canary"}) || !slices.Contains(o.Scopes, "chat:write") ||
		slices.Contains(o.Scopes, "chat:write.customize") || !slices.Contains(o.Events, "app_mention") || o.Bot.Name != "canary" ||
		o.HomeOff || len(o.Shortcuts) != 2 || !o.Shortcuts[1].OnMessage || o.Shortcuts[1].CallbackID != "canary.deploy_this" {
		t.Errorf("options = %+v", o)
	}
	url := start(t, "-manifest", write(t, `{"settings":{"socket_mode_enabled":true},"oauth_config":{"scopes":{"bot":["users:read"]}}}`))
	_, _, err = slack.New("xoxb-slacksim-bot", slack.OptionAPIURL(url+"/api/")).PostMessageContext(t.Context(), "C0DEPLOYS1", slack.MsgOptionText("hello", false))
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "missing_scope" {
		t.Errorf("a post without its scope: %v", err)
	}
}

func write(t *testing.T, manifest string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.json")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatIsRefusedAtOnce(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		says string
	}{
		"no such manifest":    {[]string{"-manifest", "nowhere.yaml"}, "nowhere.yaml"},
		"no manifest at all":  {[]string{"-manifest", write(t, "- 1")}, "is no app manifest"},
		"no Socket Mode":      {[]string{"-manifest", write(t, "{}")}, "socket_mode_enabled: true"},
		"an argument":         {[]string{"go"}, `"go" is too much`},
		"no such folder":      {[]string{"-storybook", "nowhere"}, "nowhere"},
		"no such flag":        {[]string{"-strict"}, "-strict"},
		"no address":          {[]string{"-listen", "nowhere"}, "listen on nowhere"},
		"a port that is none": {[]string{"-listen", "127.0.0.1:99999"}, "127.0.0.1:99999"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), row.args, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error = %v, want it to say %q", err, row.says)
			}
		})
	}
}
