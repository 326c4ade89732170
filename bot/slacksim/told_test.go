package slacksim_test

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

type messageEvent struct {
	Event struct {
		Type, Subtype, User, Text string
		Channel                   any    // an id or, of renamed ones, an object
		ChannelType               string `json:"channel_type"`
		BotID                     string `json:"bot_id"`
		Message                   struct{ Text string }
		Previous                  struct{ Text string } `json:"previous_message"`
	}
}

// listening is a workspace whose app is told of every message.
func listening() slacksim.Options {
	return slacksim.Options{Events: slacksim.AllEvents(), Scopes: slacksim.AllScopes()}
}

// told does something, in a bubble, and returns the events that the bot got, acknowledging each.
func told(t *testing.T, sim *slacksim.Sim, do func()) []messageEvent {
	t.Helper()
	synctest.Wait() // nobody hears of what happened before
	raw, _ := openRaw(t, sim)
	defer func() { _ = raw.ws.Close() }()
	go do()
	return received[messageEvent](t, raw, 10*time.Second)
}

// received returns the events that come within so long, and acknowledges each.
func received[E any](t *testing.T, raw rawSocket, within time.Duration) (got []E) {
	t.Helper()
	_ = raw.ws.SetReadDeadline(time.Now().Add(within))
	for {
		var f frame
		if err := raw.ws.ReadJSON(&f); err != nil {
			return got
		}
		raw.ack(f.EnvelopeID)
		var e E
		if err := json.Unmarshal(f.Payload, &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
}

func TestWhatTheBotIsToldOfMessages(t *testing.T) {
	for name, row := range map[string]struct {
		options func(*slacksim.Options)
		do      func(t *testing.T, sim *slacksim.Sim)
		want    []string // type, subtype, kind of channel, text or the text before
	}{
		"somebody writes": {
			do:   func(t *testing.T, sim *slacksim.Sim) { say(t, sim, "#deploys", "good morning") },
			want: []string{"message//channel/good morning"},
		},
		"somebody mentions the bot": {
			do:   func(t *testing.T, sim *slacksim.Sim) { say(t, sim, "#deploys", "@canarybot hello") },
			want: []string{"message//channel/<@U0CANARYB0> hello", "app_mention///<@U0CANARYB0> hello"},
		},
		"somebody writes to the bot alone": {
			do:   func(t *testing.T, sim *slacksim.Sim) { say(t, sim, "@canarybot", "@canarybot hello") },
			want: []string{"message//im/<@U0CANARYB0> hello"},
		},
		"where the bot is not": {
			do: func(t *testing.T, sim *slacksim.Sim) { say(t, sim, "#general", "good morning") },
		},
		"a message is changed and deleted": {
			do: func(t *testing.T, sim *slacksim.Sim) {
				ts := say(t, sim, "#deploys", "one")
				_, err := sim.As("dev").Edit("#deploys", ts, "two")
				if err != nil {
					t.Error(err)
				}
				if _, err := sim.As("oncall").Delete("#deploys", ts); err == nil {
					t.Error("somebody else deleted it")
				}
				if got, err := sim.As("dev").Delete("#deploys", ts); err != nil || got.Delivery != slacksim.Acked {
					t.Errorf("Delete = %+v, %v", got, err)
				}
			},
			want: []string{"message//channel/one", "message/message_changed/channel/one > two", "message/message_deleted/channel/two > "},
		},
		"the bot itself": {
			do: func(t *testing.T, sim *slacksim.Sim) {
				api := newAPI(sim)
				_, ts, err := api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("card", false))
				if err != nil {
					t.Error(err)
				}
				if _, _, _, err := api.UpdateMessageContext(t.Context(), deploys, ts, slack.MsgOptionText("changed", false)); err != nil {
					t.Error(err)
				}
				upload(t, api, slack.UploadFileParameters{Channel: deploys, InitialComment: "picture"})
			},
			want: []string{"message/bot/channel/card", "message/message_changed/channel/card > changed", "message/file_share bot/channel/picture"},
		},
		"a webhook": {
			do: func(t *testing.T, sim *slacksim.Sim) {
				if _, err := sim.Say(slacksim.App{BotID: "B0WEBHOOK1", Name: "CI"}, "#deploys", "", "built"); err != nil {
					t.Error(err)
				}
			},
			want: []string{"message/bot_message bot/channel/built"},
		},
		"the app did not ask": {
			options: func(o *slacksim.Options) { o.Events = []string{"message.im"} },
			do:      func(t *testing.T, sim *slacksim.Sim) { say(t, sim, "#deploys", "good morning") },
		},
		"the app may not": {
			options: func(o *slacksim.Options) { o.Scopes = []string{"im:history"} },
			do:      func(t *testing.T, sim *slacksim.Sim) { say(t, sim, "#deploys", "good morning") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := listening()
				if row.options != nil {
					row.options(&o)
				}
				sim := slacksim.Start(t, o)
				var got []string
				for _, e := range told(t, sim, func() { row.do(t, sim) }) {
					got = append(got, line(e))
				}
				if !slices.Equal(got, row.want) {
					t.Errorf("told %q, want %q", got, row.want)
				}
			})
		})
	}
}

func line(m messageEvent) string {
	e := m.Event
	what := e.Subtype
	if e.BotID != "" {
		if what != "" {
			what += " "
		}
		what += "bot"
	}
	words := e.Text
	if e.Previous.Text != "" {
		words = e.Previous.Text + " > " + e.Message.Text
	}
	return e.Type + "/" + what + "/" + e.ChannelType + "/" + words
}

func say(t *testing.T, sim *slacksim.Sim, channel, text string) string {
	t.Helper()
	got, err := sim.As("dev").Say(channel, "", text)
	if err != nil {
		t.Error(err)
	}
	return got.TS
}

// A person and the bot have a conversation of their own, whoever begins it.
func TestDirectMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, listening())
		api := newAPI(sim)
		c, _, _, err := api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: []string{"U00000DEV1"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := api.PostMessageContext(t.Context(), c.ID, slack.MsgOptionText("psst", false)); err != nil {
			t.Fatal(err)
		}
		for _, e := range told(t, sim, func() { say(t, sim, "@canarybot", "yes?") }) {
			if e.Event.Channel != c.ID || e.Event.User != "U00000DEV1" {
				t.Errorf("event = %+v", e.Event)
			}
		}
		got, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: c.ID})
		if err != nil || len(got.Messages) != 2 || got.Messages[0].Text != "yes?" {
			t.Errorf("history = %+v, %v", got, err)
		}
		info, err := api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: c.ID})
		if err != nil || !info.IsIM || info.User != "U00000DEV1" {
			t.Errorf("conversations.info = %+v, %v", info, err)
		}
		list, _, err := api.GetConversationsForUserContext(t.Context(), &slack.GetConversationsForUserParameters{Types: []string{"im"}})
		if err != nil || len(list) != 1 || list[0].ID != c.ID {
			t.Errorf("users.conversations = %+v, %v", list, err)
		}
		if _, err := sim.As("oncall").Say(c.ID, "", "me too"); err == nil {
			t.Error("somebody else wrote into it")
		}
		if _, _, _, err = api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: []string{"U0NOBODY00"}}); err == nil {
			t.Error("a conversation with nobody was opened")
		}
	})
}

// A slash command in a conversation with the bot says so.
func TestSlashCommandInADirectMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		pending, err := sim.As("dev").StartSlash("@canarybot", "", "/canary", "status")
		if err != nil {
			t.Fatal(err)
		}
		f := raw.next()
		raw.ack(f.EnvelopeID)
		var command struct {
			Name string `json:"channel_name"`
			ID   string `json:"channel_id"`
		}
		if err := json.Unmarshal(f.Payload, &command); err != nil || command.Name != "directmessage" || command.ID[0] != 'D' {
			t.Errorf("payload = %+v, %v", command, err)
		}
		_ = pending.Outcome()
	})
}
