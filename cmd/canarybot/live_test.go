package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/slacksim"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
	"canarybot.io/webhook"
)

// This file is in the package because every other entry of a command ends the process.

const small = `
environment: test
slack: {channel: "#deploys"}
prometheus: {url: "http://127.0.0.1:9"}
services:
  checkout: {namespace: shop, image: r/checkout, route: {kind: HTTPRoute, name: checkout}}
  search: {namespace: shop, image: r/search, route: {kind: HTTPRoute, name: search}, channel: "#elsewhere"}
`

// slackAt serves a simulated Slack and sets this process's environment to use it.
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
	t.Setenv("SLACK_API_URL", "http://"+l.Addr().String()+"/api") // the slash at the end may be left out
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
		"both wrong, both reported": {"xoxb-1-wrong", "xapp-1-wrong", []string{
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

// The channel of a digest is checked as those of cards are, and what its schedule means is printed.
func TestLiveSlackLooksAtTheChannelsOfDigests(t *testing.T) {
	sim := slackAt(t, "", "")
	sim.PutChannel(slacksim.Channel{ID: "C0PARTNERS", Name: "partners", ExtShared: true})
	c, err := config.Parse([]byte(small + `digests: [{schedule: "30 9 * * MON", zone: Europe/Berlin, channel: "#releases"}, {schedule: "0 9 1 * *", channel: "#partners"}]` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	got := strings.Join(liveSlack(t.Context(), &out, c), "\n")
	for _, want := range []string{"the bot is in no channel #releases: make it, or type /invite @canarybot there.", "#partners is shared with another organisation"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	out.Reset()
	describeDigests(&out, c.Digests, time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC))
	if diff := cmp.Diff(out.String(), "digest: channel #releases, next Monday, 30 November 2026, 09:30 CET\ndigest: channel #partners, next Tuesday, 1 December 2026, 09:00 UTC\n"); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
}

// A bot that may not look people up, and a channel with strangers in it, are wrong before anything starts.
func TestLiveSlackFindsWhatWouldStopEverybody(t *testing.T) {
	const shared = "slack.channel: #deploys is shared with another organisation"
	for name, tt := range map[string]struct {
		change  func(*slacksim.Sim)
		allowed bool
		want    string // the problem; empty: none but the other channel's
	}{
		"nothing": {func(*slacksim.Sim) {}, false, ""},
		"no right to look people up": {func(s *slacksim.Sim) {
			s.SetFault("users.info", slacksim.Fault{Error: "missing_scope"})
		}, false, `SLACK_BOT_TOKEN: nobody can be looked up, so nobody may move anything forward: Slack answers "missing_scope"`},
		"a shared channel":           {shares(slacksim.Channel{ExtShared: true}), false, shared},
		"about to be shared":         {shares(slacksim.Channel{PendingExtShared: true}), false, shared},
		"shared, as it is meant":     {shares(slacksim.Channel{ExtShared: true}), true, ""},
		"shared in the organisation": {shares(slacksim.Channel{OrgShared: true}), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.change(slackAt(t, "", ""))
			c, err := config.Parse([]byte(small))
			if err != nil {
				t.Fatal(err)
			}
			c.Slack.SharedChannels = tt.allowed
			var out bytes.Buffer
			got := slices.DeleteFunc(liveSlack(t.Context(), &out, c), func(p string) bool { return strings.Contains(p, "#elsewhere") })
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want)) {
				t.Errorf("got %q, want %q…", got, tt.want)
			}
		})
	}
}

// Somebody whom a policy names and who may do nothing is found before they are needed.
func TestLiveSlackLooksUpWhomThePolicyNames(t *testing.T) {
	sim := slackAt(t, "", "")
	sim.PutUser(slacksim.User{ID: "U0000GONE1", Name: "gone", Deactivated: true})
	c, err := config.Parse([]byte(small + "policy: {deployers: [U00000DEV1, U000GUEST1], approvers: [U00ONCALL1, U0000GONE1, U0000TYPO1], rollback: everyone}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	got := strings.Join(liveSlack(t.Context(), &out, c), "\n")
	for id, want := range map[string]bool{"U00000DEV1": false, "U00ONCALL1": false, "U000GUEST1": true, "U0000GONE1": true, "U0000TYPO1": true, "everyone": false} {
		if strings.Contains(got, "policy: "+id+" is no full member") != want {
			t.Errorf("%s: want %v in\n%s", id, want, got)
		}
	}
}

// A user group that gives nobody a right is found before somebody relies on it.
func TestLiveSlackLooksUpTheGroupsOfThePolicy(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*slacksim.Sim)
		want   string // empty: nothing is wrong with the group
	}{
		"somebody": {func(s *slacksim.Sim) {
			s.PutGroup(slacksim.Group{ID: "S0RELEASE1", Handle: "r", Members: []string{"U00000DEV1"}})
		}, ""},
		"nobody":    {func(s *slacksim.Sim) { s.PutGroup(slacksim.Group{ID: "S0RELEASE1", Handle: "r"}) }, "nobody is in the user group S0RELEASE1"},
		"no group":  {func(*slacksim.Sim) {}, "there is no user group S0RELEASE1"},
		"deleted":   {func(s *slacksim.Sim) { s.PutGroup(slacksim.Group{ID: "S0RELEASE1", Handle: "r", Disabled: true}) }, "there is no user group S0RELEASE1"},
		"no plan":   {func(s *slacksim.Sim) { s.SetUserGroups(false) }, "this workspace has no user groups"},
		"not asked": {func(s *slacksim.Sim) { s.SetFault("usergroups.list", slacksim.Fault{Error: "missing_scope"}) }, "add the scope usergroups:read"},
		"no answer": {func(s *slacksim.Sim) { s.SetFault("usergroups.list", slacksim.Fault{Error: "internal_error"}) }, "internal_error"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.change(slackAt(t, "", ""))
			c, err := config.Parse([]byte(small + "policy: {deployers: [U00000DEV1], approvers: [S0RELEASE1]}\n"))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			got := strings.Join(liveSlack(t.Context(), &out, c), "\n")
			if strings.Contains(got, "policy: ") != (tt.want != "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %q", got, tt.want)
			}
		})
	}
}

// Whom nobody would hear from is found before a canary is rolled back by itself.
func TestLiveSlackLooksUpWhoIsCalled(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*slacksim.Sim)
		want   string // empty: nothing is wrong with the group
	}{
		"somebody": {func(s *slacksim.Sim) {
			s.PutGroup(slacksim.Group{ID: "S0ONCALL01", Handle: "o", Members: []string{"U00000DEV1"}})
		}, ""},
		"deleted": {func(s *slacksim.Sim) { s.PutGroup(slacksim.Group{ID: "S0ONCALL01", Handle: "o", Disabled: true}) }, "nobody is in the user group S0ONCALL01"},
		"no plan": {func(s *slacksim.Sim) { s.SetUserGroups(false) }, "this workspace has no user groups"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.change(slackAt(t, "", ""))
			c, err := config.Parse([]byte(strings.Replace(small, `"#deploys"}`, `"#deploys", notify: [S0ONCALL01]}`, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			got := strings.Join(liveSlack(t.Context(), &out, c), "\n")
			if strings.Contains(got, "notify: ") != (tt.want != "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %q", got, tt.want)
			}
		})
	}
}

// shares changes the channel of the cards.
func shares(c slacksim.Channel) func(*slacksim.Sim) {
	c.ID, c.Name = "C0DEPLOYS1", "deploys"
	return func(s *slacksim.Sim) { s.PutChannel(c) }
}

func TestMissingScopesAreNamed(t *testing.T) {
	const granted = "commands,chat:write,app_mentions:read,channels:read,groups:read,channels:history,groups:history"
	got := missingScopes(granted, config.Config{})
	if len(got) != 1 || !strings.Contains(got[0], "users:read") || !strings.Contains(got[0], "to tell members from guests") {
		t.Errorf("got %q", got)
	}
	byGroup := config.Config{Policy: rollout.Policy{Approvers: []string{"S0RELEASE1"}}}
	if got := missingScopes(granted+",users:read", byGroup); len(got) != 1 || !strings.Contains(got[0], "usergroups:read") {
		t.Errorf("got %q where a policy names a group", got)
	}
}

// An unreachable Prometheus is reported for each check, as unreachable.
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

// What the judge will see of a rollout, what each check would have shown of stable in the last hour, and which checks
// the judge decides by limits alone.
func TestLiveSignals(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		point := func(ago time.Duration, v float64) string {
			return fmt.Sprintf(`[%d,"%g"]`, now.Add(-ago).Unix(), v)
		}
		query, kind, result := r.FormValue("query"), "vector", `{"metric":{},"value":`+point(0, 0.001)+`}`
		switch {
		case strings.HasSuffix(r.URL.Path, "query_range"):
			kind, result = "matrix", `{"metric":{},"values":[`+point(time.Minute, 0.001)+`,`+point(0, 0.5)+`]}`
		case strings.Contains(query, "timestamp("):
			result = fmt.Sprintf(`{"metric":{"canarybot_arm":"canary 0"},"value":[%d,"%d"]}`, now.Unix(), now.Unix())
		case strings.HasPrefix(query, "sum by (le)"):
			var all []string
			for i, le := range []string{"0.1", "0.4", "1", "+Inf"} {
				all = append(all, fmt.Sprintf(`{"metric":{"le":%q},"value":%s}`, le, point(0, float64(1000*(i+1)))))
			}
			result = strings.Join(all, ",")
		case strings.HasSuffix(query, "s]"):
			kind, result = "matrix", ""
			if !strings.Contains(query, "-canary-") && !strings.Contains(query, "5xx") {
				result = `{"metric":{"pod":"checkout-1"},"values":[`
				for i := 60; i > 0; i-- {
					result += point(time.Duration(i)*15*time.Second, float64(60-i)*1500) + ","
				}
				result += point(0, 90_000) + "]}"
			}
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, result)
	}))
	defer prometheus.Close()
	c, err := config.Parse([]byte(strings.Replace(small, "http://127.0.0.1:9", prometheus.URL, 1) + "checks: {memory_usage: {judge: limits}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	liveChecks(t.Context(), &out, c)
	for _, want := range []string{
		"checkout: Stable gets 100 requests/s. At the first step errors are noticed: 5 % after about", "The latency histogram has no bucket at 500 ms, only 400 ms and 1 s",
		"checkout: judged by limits alone: memory_usage.", "checkout: error_rate of stable itself was beyond its limit 1 of 241 times in the last hour",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}

// What the metrics store's answers are like, in words.
func TestDescribeStore(t *testing.T) {
	for name, tt := range map[string]struct {
		found rollout.Inspection
		want  []string
	}{
		"proved":       {rollout.Inspection{Raw: true}, []string{"  ✓ checkout: METRIC[60s] returns the samples that were stored, with their own times"}},
		"not proved":   {rollout.Inspection{}, nil},
		"not raw":      {rollout.Inspection{Limits: rollout.Problem{Code: prom.ProblemResampled, Service: "checkout"}}, []string{"  · checkout: The metrics store returns other samples"}},
		"raw, but two": {rollout.Inspection{Raw: true, Limits: rollout.Problem{Code: prom.ProblemReportedTwice, Service: "checkout", Value: "cluster", Count: 2}}, []string{`  · checkout: Each counter of checkout is reported with 2 values of the label "cluster"`}},
		"replicas": {rollout.Inspection{Raw: true, Notices: []rollout.Problem{{Code: prom.ProblemReplicas, Service: "checkout", Value: "replica", Count: 2}}}, []string{
			"  ✓ checkout: METRIC[60s]", `  · checkout: 2 servers report each counter of checkout, told apart by the label "replica"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			describeStore(&out, "checkout", tt.found)
			lines := strings.FieldsFunc(out.String(), func(r rune) bool { return r == '\n' })
			if !slices.EqualFunc(lines, tt.want, strings.HasPrefix) {
				t.Errorf("it says\n%s", out.String())
			}
		})
	}
}

// Every type of target is made, and validate says of each whether it can be reached.
func TestTargets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	defer server.Close()
	c, err := config.Parse([]byte(small + `
webhooks:
  - {name: ci, type: webhook, url: "` + server.URL + `", insecure: allowed, networks: [127.0.0.0/8], services: [search], events: [started, ended]}
  - {name: away, type: cdevents, url: "https://127.0.0.1:1/", networks: [127.0.0.0/8], secret_files: [/nowhere/key]}
`))
	if err != nil {
		t.Fatal(err)
	}
	if got := recipients(c.Webhooks, nil, slog.New(slog.DiscardHandler)); len(got) != 3 || got[2].Every == 0 {
		t.Errorf("got %+v", got)
	}
	for _, typ := range webhook.Types() {
		if newTargets(nil)[typ] == nil {
			t.Errorf("nothing makes a target of type %s", typ)
		}
	}
	var out bytes.Buffer
	describeTargets(&out, c.Webhooks)
	problems := liveTargets(t.Context(), &out, c.Webhooks)
	for _, want := range []string{
		"ci, a target of type webhook, is told of [search]: started, ended\n",
		"kubernetes, a target of type kubernetes, is told of every service: started, step, asked,",
		"✓ ci can be reached\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, &out)
		}
	}
	if len(problems) != 2 || !strings.HasPrefix(problems[0], "away: stat /nowhere/key") || !strings.HasPrefix(problems[1], "away: not reached") {
		t.Errorf("problems: %q", problems)
	}
}
