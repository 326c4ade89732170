package main

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"

	"canarybot.io/bot/slacksim"
	"canarybot.io/config"
)

// This file is in the package because a command has no other way in that does not end the process.

const small = `
environment: test
slack: {channel: "#deploys"}
prometheus: {url: "http://127.0.0.1:9"}
services:
  checkout: {namespace: shop, image: r/checkout, route: {kind: HTTPRoute, name: checkout}}
  search: {namespace: shop, image: r/search, route: {kind: HTTPRoute, name: search}, channel: "#elsewhere"}
`

// slackAt serves a simulated Slack to this process's environment.
func slackAt(t *testing.T, botToken, appToken string) *slacksim.Sim {
	t.Helper()
	sim := slacksim.Start(t, slacksim.Options{})
	if botToken != "" || appToken != "" {
		sim.Expect(slacksim.BadToken)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- sim.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(sim.Close(), <-served); err != nil {
			t.Error(err)
		}
	})
	or := func(token, own string) string {
		if token == "" {
			return own
		}
		return token
	}
	t.Setenv("SLACK_API_URL", "http://"+l.Addr().String()+"/api/")
	t.Setenv("SLACK_BOT_TOKEN", or(botToken, sim.Bot().BotToken))
	t.Setenv("SLACK_APP_TOKEN", or(appToken, sim.Bot().AppToken))
	return sim
}

func TestLiveSlack(t *testing.T) {
	for name, tt := range map[string]struct {
		botToken, appToken string
		want               []string // the start of each problem
	}{
		"right tokens, a channel that it is not in": {"", "", []string{"the bot is in no channel #elsewhere: make it, or type /invite @canarybot there."}},
		"a wrong bot token":                         {"xoxb-1-wrong", "", []string{"SLACK_BOT_TOKEN: Slack answers \"invalid_auth\""}},
		"both wrong, both told": {"xoxb-1-wrong", "xapp-1-wrong", []string{
			"SLACK_BOT_TOKEN: Slack answers \"invalid_auth\"", "SLACK_APP_TOKEN: Slack answers \"invalid_auth\"",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			slackAt(t, tt.botToken, tt.appToken)
			c, err := config.Parse([]byte(small))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			got := liveSlack(t.Context(), &out, c)
			if len(got) != len(tt.want) {
				t.Fatalf("got %d problems, want %d:\n%s", len(got), len(tt.want), strings.Join(got, "\n"))
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("problem %d: got %q, want %q…", i, got[i], want)
				}
			}
		})
	}
}

func TestMissingScopesAreNamed(t *testing.T) {
	got := missingScopes("commands,chat:write,app_mentions:read,channels:read,groups:read,channels:history,groups:history")
	if len(got) != 1 || !strings.Contains(got[0], "users:read") || !strings.Contains(got[0], "to tell members from guests") {
		t.Errorf("got %q", got)
	}
}

// A Prometheus that is not there is told for each check, and as what it is.
func TestLiveChecksWithoutPrometheus(t *testing.T) {
	c, err := config.Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	got := strings.Join(liveChecks(t.Context(), &out, c), "\n")
	if !strings.Contains(got, "checkout: `checks.error_rate`: Prometheus cannot be asked") || !strings.Contains(got, "connection refused") || out.Len() > 0 {
		t.Errorf("got %s%s", got, out.String())
	}
}
