package slacksim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"canarybot.io/bot/slacksim"
)

// slashURL types a command and returns the response URL that came with it.
func slashURL(t *testing.T, sim *slacksim.Sim) string {
	t.Helper()
	var url string
	b := startBot(t, sim, func(c *socketmode.Client, e socketmode.Event) {
		url = e.Data.(slack.SlashCommand).ResponseURL
		_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, nil)
	})
	if got, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil || got.Delivery != slacksim.Acked {
		t.Fatalf("Slash = %+v, %v", got, err)
	}
	b.stop()
	return url
}

func respond(t *testing.T, sim *slacksim.Sim, url string, options ...slack.MsgOption) error {
	t.Helper()
	options = append(options, slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral))
	_, _, err := newAPI(sim).PostMessageContext(t.Context(), deploys, options...)
	return err
}

func TestResponseURLAnswersOnePersonFiveTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		url := slashURL(t, sim)
		for range 5 {
			if err := respond(t, sim, url, slack.MsgOptionText("two rollouts are live", false)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(sim.Ephemerals("dev")); n != 5 {
			t.Errorf("ephemerals = %d, want 5", n)
		}
		sim.Expect(slacksim.ResponseURLMisuse)
		if err := respond(t, sim, url, slack.MsgOptionText("once more", false)); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("sixth use = %v, want 404", err)
		}
	})
}

func TestResponseURLExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		url := slashURL(t, sim)
		time.Sleep(31 * time.Minute)
		sim.Expect(slacksim.ResponseURLMisuse)
		if err := respond(t, sim, url, slack.MsgOptionText("late", false)); err == nil {
			t.Error("the URL works after 31 minutes")
		}
	})
}

func TestResponseURLJudgesBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		url := slashURL(t, sim)
		sim.Expect(slacksim.InvalidBlocks)
		err := respond(t, sim, url, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewHeaderBlock(mrkdwn("x"))))
		if err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("invalid blocks = %v, want 404", err)
		}
	})
}

// pressed presses a button on a fresh card and returns the callback.
func pressed(t *testing.T, sim *slacksim.Sim, ts, button string) slack.InteractionCallback {
	t.Helper()
	var got slack.InteractionCallback
	b := startBot(t, sim, func(c *socketmode.Client, e socketmode.Event) {
		got = e.Data.(slack.InteractionCallback)
		_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, nil)
	})
	if out, err := sim.As("dev").Press("#deploys", ts, button); err != nil || out.Delivery != slacksim.Acked {
		t.Fatalf("Press = %+v, %v", out, err)
	}
	b.stop()
	return got
}

func TestPressCarriesButtonMessageAndThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		api := newAPI(sim)
		root := post(t, api, slack.MsgOptionText("root", false))
		ts := post(t, api, slack.MsgOptionText("approve?", false), slack.MsgOptionBlocks(card("x")...), slack.MsgOptionTS(root))
		got := pressed(t, sim, ts, "Promote")
		a := got.ActionCallback.BlockActions[0]
		if a.ActionID != "promote" || a.Value != "checkout-1/1/promote" || a.BlockID == "" || a.Text.Text != "Promote" {
			t.Errorf("action = %+v", a)
		}
		if got.Container.MessageTs != ts || got.Container.ThreadTs != root || got.Container.ChannelID != deploys || got.Message.Timestamp != ts {
			t.Errorf("container = %+v, message ts = %s", got.Container, got.Message.Timestamp)
		}
		if got.User.ID != "U00000DEV1" || got.TriggerID == "" || len(got.Message.Blocks.BlockSet) != 3 {
			t.Errorf("callback = %+v", got)
		}
	})
}

func TestPressReplacesAndDeletesTheOriginal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		api := newAPI(sim)
		if _, err := api.PostEphemeralContext(t.Context(), deploys, "U00000DEV1", slack.MsgOptionText("sure?", false), slack.MsgOptionBlocks(card("x")...)); err != nil {
			t.Fatal(err)
		}
		ts := sim.Ephemerals("dev")[0].TS
		got := pressed(t, sim, ts, "promote")
		if !got.Container.IsEphemeral || got.Message.Timestamp != "" {
			t.Errorf("callback = %+v, want an ephemeral container and no message", got)
		}
		if err := respond(t, sim, got.ResponseURL, slack.MsgOptionText("promoted", false), slack.MsgOptionReplaceOriginal(got.ResponseURL)); err != nil {
			t.Fatal(err)
		}
		if seen := sim.Ephemerals("dev"); len(seen) != 1 || seen[0].Text != "promoted" || seen[0].Edits != 1 {
			t.Errorf("ephemerals = %+v, want the one replaced", seen)
		}
		if err := respond(t, sim, got.ResponseURL, slack.MsgOptionDeleteOriginal(got.ResponseURL)); err != nil {
			t.Fatal(err)
		}
		if seen := sim.Ephemerals("dev"); len(seen) != 0 {
			t.Errorf("ephemerals = %+v, want none", seen)
		}
	})
}

func TestFailedPressShowsATriangleToThatPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		api := newAPI(sim)
		ts := postCard(t, api)
		out, err := sim.As("dev").Press("#deploys", ts, "promote")
		if err != nil || out.Delivery != slacksim.Undelivered {
			t.Fatalf("Press = %+v, %v", out, err)
		}
		if m, _ := sim.Message(deploys, ts); len(m.WarnedFor) != 1 || m.WarnedFor[0] != "U00000DEV1" {
			t.Errorf("warned = %v, want dev", m.WarnedFor)
		}
		pressed(t, sim, ts, "promote")
		if m, _ := sim.Message(deploys, ts); len(m.WarnedFor) != 0 {
			t.Errorf("warned = %v after a good press, want nobody", m.WarnedFor)
		}
	})
}

func TestInChannelAnswerShowsTheCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		startBot(t, sim, func(c *socketmode.Client, e socketmode.Event) {
			_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, map[string]string{"response_type": "in_channel", "text": "starting"})
		})
		if _, err := sim.As("dev").Slash("#deploys", "/canary", "deploy checkout v1"); err != nil {
			t.Fatal(err)
		}
		got := sim.Messages("#deploys")
		if len(got) != 2 || got[0].Text != "/canary deploy checkout v1" || got[0].FromBot || got[1].Text != "starting" {
			t.Errorf("messages = %+v", got)
		}
	})
}
