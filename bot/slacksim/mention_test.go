package slacksim_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
)

// mentioned is what an app_mention says beyond what every event does.
type mentioned struct {
	EventID string `json:"event_id"`
	Shared  bool   `json:"is_ext_shared_channel"`
	Event   struct {
		Subtype string `json:"subtype"`
		User    string `json:"user"`
		BotID   string `json:"bot_id"`
		Text    string `json:"text"`
		TS      string `json:"ts"`
		Edited  *struct {
			User string `json:"user"`
			TS   string `json:"ts"`
		} `json:"edited"`
	} `json:"event"`
}

func (r rawSocket) mention(t *testing.T) mentioned {
	t.Helper()
	f := r.next()
	r.ack(f.EnvelopeID)
	var m mentioned
	if err := json.Unmarshal(f.Payload, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Each edit of a message that names the bot is an event of its own about the same message.
func TestAnEditedMentionIsAnotherEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		pending, err := sim.As("dev").StartSay("#deploys", "", "@canarybot rolback")
		if err != nil {
			t.Fatal(err)
		}
		first := raw.mention(t)
		ts := pending.Outcome().TS
		time.Sleep(time.Minute)
		if _, err := sim.As("dev").StartEdit("#deploys", ts, "@canarybot rollback"); err != nil {
			t.Fatal(err)
		}
		second := raw.mention(t)
		if second.Event.TS != ts || second.EventID == first.EventID || second.Event.Edited == nil || second.Event.Edited.User != "U00000DEV1" {
			t.Errorf("%+v, then %+v", first, second)
		}
		if got, err := sim.As("dev").Edit("#deploys", ts, "never mind"); err != nil || got.Delivery != slacksim.Silent {
			t.Errorf("an edit that takes the mention away: %+v, %v", got, err)
		}
		if _, err := sim.As("oncall").Edit("#deploys", ts, "@canarybot promote"); err == nil {
			t.Error("somebody else edits it")
		}
		if m, _ := sim.Message("#deploys", ts); m.Text != "never mind" || m.Edits() != 2 {
			t.Errorf("it says %q after %d edits", m.Text, m.Edits())
		}
	})
}

func TestAnAppsMentionHasItsBotID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.PutChannel(slacksim.Channel{ID: deploys, Name: "deploys", ExtShared: true})
		raw, _ := openRaw(t, sim)
		for _, app := range []slacksim.App{{BotID: "B0WORKFLOW", User: "U0WORKFLOW"}, {BotID: "B0HOOK", Name: "CI"}} {
			if _, err := sim.Say(app, "#deploys", "", "@canarybot deploy checkout v1"); err != nil {
				t.Fatal(err)
			}
			got := raw.mention(t)
			if got.Event.BotID != app.BotID || got.Event.User != app.User || (got.Event.Subtype == "bot_message") != (app.User == "") || !got.Shared {
				t.Errorf("%+v: %+v", app, got)
			}
		}
	})
}

// What is lost on its way comes again, and nobody but the network is to blame.
func TestLostDeliveriesComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		sim.LoseNext(2)
		began := time.Now()
		if _, err := sim.As("dev").StartSay("#deploys", "", "@canarybot status"); err != nil {
			t.Fatal(err)
		}
		raw.mention(t)
		if got := time.Since(began); got != 66*time.Second {
			t.Errorf("it came after %s", got)
		}
	})
}
