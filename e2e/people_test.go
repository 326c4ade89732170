package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testPeople has people pause, replace, and not answer at all.
func testPeople(t *testing.T, w *world.World) {
	const wait = 20 * time.Second
	s := stage(t, w, shop.Checkout("people"), false, func(c map[string]any) {
		c["defaults"].(map[string]any)["wait"] = wait.String()
	})
	first := s.bot.Deploy(s.app.Name, next)
	first.Shows(time.Minute, "baking", "5 % of traffic")
	first.Press(install.Dev, "Pause")
	first.Shows(time.Minute, "Paused", "5 % of traffic", "baking")
	s.unjudged(8 * time.Second) // longer than the bake, whose clock has stopped
	first.Shows(time.Second, "Paused", "5 % of traffic", "baking")
	first.Press(install.Dev, "Resume")
	first.Shows(time.Minute, "Waiting for a person", "5 % of traffic")

	s.bot.Slash(install.Dev, "deploy "+s.app.Name+" v1.2.5")
	s.bot.Answers(install.Dev, "is busy", next+" is live", "--replace")
	second := s.bot.Deploy(s.app.Name, "v1.2.5", "--replace")
	first.Shows(time.Minute, "Rolled back", "comes instead")
	second.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	asked := time.Now()
	s.weights.becomes(t, asked, 0)
	if late := time.Since(asked); late < wait/2 {
		t.Errorf("rolled back after %s, and people have %s to answer", late, wait)
	}
	second.Shows(time.Minute, "Rolled back", "nobody answered")
	second.ThreadShows(time.Minute, "nobody answered", "To start it again")
	s.before.restored(t, w, s.app, current)
	s.noRepeats(first)
	s.noRepeats(second)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
