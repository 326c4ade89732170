package slack_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
)

// Tokens that were replaced are used from the next call and the next connection on.
func TestReplacedTokensAreUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.BadToken)
		bot, app := "xoxb-stale", "xapp-stale"
		c := slack.New(slack.Config{
			Tokens: func() (string, string) { return bot, app },
			APIURL: sim.APIURL(), HTTP: sim.HTTPClient(), Dial: sim.Dial,
		}, nil, nil)
		in := slack.Place{Channel: channel}
		if _, err := c.Post(t.Context(), in, text("hello"), nil); slack.CodeOf(err) != "invalid_auth" {
			t.Errorf("a stale token: %v", err)
		}
		bot, app = sim.Bot().Tokens()
		if _, err := c.Post(t.Context(), in, text("hello"), nil); err != nil {
			t.Errorf("the new token: %v", err)
		}
	})
}

// A connection asks for the app's token when it is opened: one that was replaced before costs nothing.
func TestAReplacedAppTokenOpensTheNextConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.BadToken)
		var app atomic.Value
		app.Store("xapp-stale")
		client := slack.New(slack.Config{
			Tokens: func() (string, string) { return sim.Bot().BotToken, app.Load().(string) },
			APIURL: sim.APIURL(), HTTP: sim.HTTPClient(), Dial: sim.Dial,
		}, nil, nil)
		connections := slack.NewConnections(client, nil)
		done := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() { defer close(done); connections.Run(ctx, func(*slack.Envelope) {}) }()
		synctest.Wait()
		if connections.Ready() == nil {
			t.Error("a stale token opened a connection")
		}
		app.Store(sim.Bot().AppToken)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if err := connections.Ready(); err != nil {
			t.Errorf("the new token: %v", err)
		}
		stop()
		<-done
	})
}
