package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api"
)

// The commands that look and decide.
func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"status", 0, "checkout-42 · 5 % of traffic · step 1 of 2 · baking 6:30 of 10:00 · all checks pass\nsearch nothing is live\n"},
		{"status checkout", 0, "🐤 checkout · production · v1.2.3 → v1.2.4\n"},
		{"status checkout-42", 0, "⏳ 5 % · 10m"},
		{"status search", 2, "There was no rollout of search yet."},
		{"status checkout-7", 2, "There is no rollout checkout-7."},
		{"status ../x", 2, "is neither a service nor a rollout"},
		{"status a b", 2, "usage: canarybot status [SERVICE|ROLLOUT]"},
		{"why checkout", 0, "error_rate: pass: errors 0.1 % · stable 0.1 % · limit 1 %"},
		{"history checkout", 0, "checkout-42  v1.2.4  baking  2026-11-03 14:02:00  github.com/acme/shop, run 812\n"},
		{"history search", 0, "There was no rollout yet."},
		{"promote checkout", 0, "checkout-42 · Shifting to 50 % of traffic · step 2 of 2"},
		{"promote checkout --turn 7", 2, "moved on since that was shown"},
		{"rollback checkout --reason complaints", 0, "checkout-42 · ⏪ Rolling back"},
		{"pause checkout-42", 0, "⏸ Paused"},
		{"resume checkout", 0, "baking"},
		{"promote", 2, "usage: canarybot promote"},
		{"deploy checkout v1.2.5 --dry-run", 0, "It would start."},
		{"deploy checkout v1.2.5 --wiat", 2, "unknown flag: --wiat; usage: canarybot deploy"},
		{"deploy checkout v1.2.5 --timeout soon", 2, "invalid argument"},
		{"deploy checkout v1.2.5 --on-timeout explode", 2, "--on-timeout is leave or rollback."},
		{"deploy checkout v1.2.5 --output yaml", 2, "--output is text or json."},
		{"deploy checkout v1.2.5 --server https://a:b@canarybot.example.com", 2, "has a user or a password in it"},
		{"deploy checkout v1.2.5 --server https://a.example.com --via kubernetes", 2, "Say where Canarybot is once"},
		{"deploy checkout v1.2.5 --via docker", 2, "--via is kubernetes, or kubernetes:NAMESPACE/SERVICE:PORT."},
		{"deploy checkout v1.2.5 --token-file /nowhere", 2, "There is no token"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bot := newFakeBot()
				r := example()
				bot.rollouts[r.ID] = &r
				c := execute(t, t.Context(), bot, nil, strings.Fields(tt.args)...)
				if said := c.out.String() + c.errors.String(); c.code != tt.code || !strings.Contains(said, tt.says) {
					t.Errorf("code %d, want %d; want %q in:\n%s", c.code, tt.code, tt.says, said)
				}
			})
		})
	}
}

// What is live is decided about, not what is queued behind it.
func TestTheLiveOneIsMeant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bot := newFakeBot()
		live, queued := example(), example()
		queued.ID, queued.Phase = "checkout-43", "queued"
		bot.rollouts[live.ID], bot.rollouts[queued.ID] = &live, &queued
		execute(t, t.Context(), bot, nil, "rollback", "checkout")
		if bot.state("checkout-42").Phase != "rolling_back" || bot.state("checkout-43").Phase != "queued" {
			t.Errorf("checkout-42 is %s, checkout-43 %s", bot.state("checkout-42").Phase, bot.state("checkout-43").Phase)
		}
	})
}

// Completion takes words of the server, for a second at most, and says nothing where there is no answer.
func TestCompletion(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		away away
		want string
	}{
		"services":          {[]string{"deploy", ""}, present, "checkout\nsearch\n"},
		"begun":             {[]string{"deploy", "se"}, present, "search\n"},
		"versions":          {[]string{"deploy", "checkout", "v1.2."}, present, "v1.2.4\nv1.2.3\n"},
		"of another":        {[]string{"deploy", "search", ""}, present, ""},
		"what is live":      {[]string{"promote", ""}, present, "checkout\n"},
		"nothing more":      {[]string{"promote", "checkout", ""}, present, ""},
		"plans":             {[]string{"deploy", "checkout", "v1", "--plan", ""}, present, "standard\ncareful\n"},
		"what may be meant": {[]string{"deploy", "checkout", "v1", "--on-timeout", ""}, present, "leave\nrollback\n"},
		"no answer":         {[]string{"deploy", ""}, silent, ""},
		"nobody there":      {[]string{"deploy", ""}, refusing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bot := newFakeBot()
				r := example()
				bot.rollouts[r.ID] = &r
				bot.become(tt.away)
				began := time.Now()
				c := execute(t, t.Context(), bot, nil, append([]string{"__complete"}, tt.args...)...)
				got, _, _ := strings.Cut(c.out.String(), ":")
				if got != tt.want || time.Since(began) > time.Second {
					t.Errorf("got %q after %s, want %q", got, time.Since(began), tt.want)
				}
				if noise := c.errors.String(); strings.Contains(noise, "reach") {
					t.Errorf("it says %s", noise)
				}
			})
		})
	}
}

// What a server says never reaches a shell as more than a word.
func TestCompletionIsInert(t *testing.T) {
	c := execute(t, t.Context(), answering(func(*http.Request) *http.Response {
		return answerJSON(200, api.Services{Services: []api.Service{{Name: "checkout"}, {Name: "two words"}, {Name: "\x1b[2J"}, {Name: "a\nb"}, {Name: "a\tb"}}})
	}), nil, "__complete", "deploy", "")
	if got, _, _ := strings.Cut(c.out.String(), ":"); got != "checkout\n" {
		t.Errorf("got %q", got)
	}
}

// answering is a transport that answers everything.
type answering func(*http.Request) *http.Response

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// A new token is one word, another each time, and the configuration's line is its sum.
func TestTokenNew(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2 {
		c := execute(t, context.Background(), nil, nil, "token", "new")
		lines := strings.Split(c.out.String(), "\n")
		if len(lines) != 5 || !strings.HasPrefix(lines[1], "canarybot_") || len(lines[1]) < 60 || lines[3] != sumOf(lines[1]) || seen[lines[1]] {
			t.Errorf("got %q", lines)
		}
		seen[lines[1]] = true
	}
}

// Every command has a manual page, which is the same each time.
func TestManual(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if c := execute(t, t.Context(), nil, nil, "man", folder); c.code != 0 {
		t.Fatal(c.errors.String())
	}
	for _, name := range []string{"canarybot", "canarybot-deploy", "canarybot-run", "canarybot-token-new", "canarybot-completion-bash"} {
		if text, err := os.ReadFile(filepath.Join(folder, name+".1")); err != nil || !strings.Contains(string(text), ".SH") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where the API is behind Kubernetes's proxy.
func TestProxyPath(t *testing.T) {
	t.Parallel()
	for via, want := range map[string]string{
		"kubernetes":                                  "api/v1/namespaces/canarybot/services/canarybot:api/proxy",
		"kubernetes:tools/bot:8090":                   "api/v1/namespaces/tools/services/bot:8090/proxy",
		"kubernetes:tools/https:bot:api":              "api/v1/namespaces/tools/services/https:bot:api/proxy",
		"kubernetes:":                                 "",
		"kubernetes:tools/bot":                        "",
		"kubernetes:../x/bot:1":                       "",
		"kubernetes:tools/bot:1/../../secrets":        "",
		"kubernetes:tools/bot:1?x":                    "",
		"kubernetes:tools/http:bot:1":                 "",
		"k8s":                                         "",
		"kubernetes:tools/bot:80\n":                   "",
		"kubernetes:tools/bot:0123456789012345678901": "",
	} {
		if got, err := proxyPath(via); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", via, got, err)
		}
	}
}
