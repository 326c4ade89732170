package slacksim_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

func TestSlackItselfRefuses(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	root := post(t, newAPI(sim), slack.MsgOptionText("root", false))
	inThread, err := sim.As("dev").SlashInThread("#deploys", root, "/canary", "promote")
	if err != nil || inThread.Delivery != slacksim.Refused || inThread.Text != "/canary is not supported in threads. Sorry!" {
		t.Errorf("in a thread = %+v, %v", inThread, err)
	}
	unknown, err := sim.As("dev").Slash("#deploys", "/cnary", "promote")
	if err != nil || unknown.Delivery != slacksim.Refused || !strings.HasPrefix(unknown.Text, "/cnary is not a valid command") {
		t.Errorf("unknown command = %+v, %v", unknown, err)
	}
	seen := sim.Ephemerals("dev")
	if len(seen) != 2 || seen[0].ThreadTS != root || seen[0].FromBot {
		t.Errorf("ephemerals = %+v, want both from Slack, the first in the thread", seen)
	}
}

func TestPeopleCannotDoEverything(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{
		Channels: []slacksim.Channel{{ID: deploys, Name: "deploys", Members: []string{"U00000DEV1", "U00ONCALL1", "U0000GONE1"}}},
		Users: []slacksim.User{
			{ID: "U00000DEV1", Name: "dev"},
			{ID: "U00ONCALL1", Name: "oncall"},
			{ID: "U0000OUTS1", Name: "outsider"},
			{ID: "U0000GONE1", Name: "gone", Deactivated: true},
		},
	})
	api := newAPI(sim)
	ts := postCard(t, api)
	if _, err := api.PostEphemeralContext(t.Context(), deploys, "U00000DEV1", slack.MsgOptionText("x", false), slack.MsgOptionBlocks(card("x")...)); err != nil {
		t.Fatal(err)
	}
	private := sim.Ephemerals("dev")[0].TS
	try := func(who, channel, ts, button string) error {
		_, err := sim.As(who).Press(channel, ts, button)
		return err
	}
	cases := []struct {
		name string
		err  error
		want error
	}{
		{"nobody", try("nobody", deploys, ts, "promote"), slacksim.ErrNoUser},
		{"deactivated", try("gone", deploys, ts, "promote"), slacksim.ErrNoUser},
		{"not in the channel", try("outsider", deploys, ts, "promote"), slacksim.ErrNoChannel},
		{"no such channel", try("dev", "#nowhere", ts, "promote"), slacksim.ErrNoChannel},
		{"no such message", try("dev", deploys, "1.1", "promote"), slacksim.ErrNoMessage},
		{"somebody else's ephemeral", try("oncall", deploys, private, "promote"), slacksim.ErrNoMessage},
		{"no such button", try("dev", deploys, ts, "explode"), slacksim.ErrNoButton},
	}
	for _, c := range cases {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
}

func TestPressShowsTheConfirmDialog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		b := startBot(t, sim, nil)
		ts := postCard(t, b.api)
		got, err := sim.As("dev").Press("#deploys", ts, "Roll back")
		if err != nil || got.Confirm == nil || got.Confirm.Title.Value != "Roll back?" || !got.Confirm.Text.Mrkdwn {
			t.Errorf("Press = %+v, %v; want the dialog", got, err)
		}
	})
}

func TestRemovedMessageIsGoneForTheBot(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	ts := postCard(t, api)
	if !sim.Remove("#deploys", ts) || sim.Remove("#deploys", ts) {
		t.Error("Remove must work once")
	}
	_, _, _, err := api.UpdateMessageContext(t.Context(), deploys, ts, slack.MsgOptionText("x", false))
	if err == nil || err.Error() != "message_not_found" {
		t.Errorf("update = %v, want message_not_found", err)
	}
}

func TestViolationsFailTheTestUnlessExpected(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(*slacksim.Sim)
		broken  bool
		want    string
	}{
		{"clean", func(*slacksim.Sim) {}, false, ""},
		{"broken", func(*slacksim.Sim) {}, true, "the bot broke Slack's protocol: unknown_method"},
		{"expected", func(s *slacksim.Sim) { s.Expect(slacksim.UnknownMethod) }, true, ""},
		{"allowed", func(s *slacksim.Sim) { s.Allow(slacksim.UnknownMethod) }, false, ""},
		{"expected in vain", func(s *slacksim.Sim) { s.Expect(slacksim.UnknownMethod) }, false, "expected violation did not happen"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			judge := &recorder{}
			sim := slacksim.Start(judge, slacksim.Options{})
			c.prepare(sim)
			if c.broken {
				send(t, sim, "chat.shout", "application/json; charset=utf-8", "", "")
			}
			judge.cleanup()
			if got := strings.Join(judge.errors, "\n"); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("failures = %q, want %q", got, c.want)
			}
		})
	}
}

// recorder is a test that notes its failures.
type recorder struct {
	errors  []string
	cleanup func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanup = f }
func (r *recorder) Errorf(format string, args ...any) {
	var b strings.Builder
	b.WriteString(format)
	for _, a := range args {
		if s, ok := a.(string); ok {
			b.WriteString(" " + s)
		}
	}
	r.errors = append(r.errors, b.String())
}
