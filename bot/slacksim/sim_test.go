package slacksim_test

import (
	"testing"
	"testing/synctest"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"canarybot.io/bot/slacksim"
)

func TestSlashCommandOverRealLoopback(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	url := loopback(t, sim)
	b := sim.Bot()
	api := slack.New(b.BotToken, slack.OptionAPIURL(url+"/api/"), slack.OptionAppLevelToken(b.AppToken))
	runBot(t, sim, api, websocket.DefaultDialer, func(c *socketmode.Client, e socketmode.Event) {
		_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, map[string]string{"text": "queued"})
	})
	got, err := sim.As("dev").Slash("#deploys", "/canary", "deploy checkout v1.2.4")
	if err != nil || got.Delivery != slacksim.Acked || got.Text != "queued" {
		t.Errorf("Slash = %+v, %v; want acked with the text queued", got, err)
	}
}

func TestSlashCommandInsideBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		startBot(t, sim, func(c *socketmode.Client, e socketmode.Event) {
			_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, map[string]string{"text": "queued"})
		})
		got, err := sim.As("dev").Slash("#deploys", "/canary", "deploy checkout v1.2.4")
		if err != nil || got.Delivery != slacksim.Acked || got.Text != "queued" {
			t.Errorf("Slash = %+v, %v; want acked with the text queued", got, err)
		}
	})
}
