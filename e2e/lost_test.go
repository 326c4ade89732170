package e2e_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testLost loses the store in the middle of a rollout: the next process reports it, touches nothing, and rolls the
// canary back on request. Then it deploys as if nothing had happened.
func testLost(t *testing.T, w *world.World, app shop.App, made bool) {
	s := stage(t, w, app, made)
	lost := s.bot.Deploy(app.Name, next)
	lost.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	if said, ok := s.bot.Validate(); !ok || !strings.Contains(said, lost.Rollout+" is under way there") {
		t.Errorf("validate --live during a rollout (well: %t):\n%s", ok, said)
	}
	s.bot.Kill()
	if err := os.Remove(s.bot.Store); err != nil {
		t.Fatal(err)
	}
	s.bot.Run()
	var asks install.Card
	world.Eventually(t, time.Minute, func() error {
		cards := s.bot.Cards()
		if len(cards) != 2 {
			return fmt.Errorf("there are %d cards", len(cards))
		}
		asks = cards[1]
		return nil
	})
	asks.Shows(time.Minute, "Left behind", "5 % of traffic", "knows nothing of "+lost.Rollout)
	asks.ThreadShows(time.Minute, "was left behind", "Roll back or leave it")
	s.unjudged(5 * time.Second)
	if now := weight(app, route(t, w, app)); now != 5 {
		t.Errorf("before anybody answered the weight became %d", now)
	}
	clicked := asks.Press(install.Dev, "Roll back")
	s.weights.becomes(t, clicked, 0)
	asks.Shows(time.Minute, "Rolled back", "100 % on "+current)
	s.before.restored(t, w, app, current)

	again := s.bot.Command(install.OnCall, "deploy "+app.Name+" v1.2.5 --auto")
	again.Shows(time.Minute, "Succeeded", "100 % on v1.2.5")
	s.before.restored(t, w, app, "v1.2.5")
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
