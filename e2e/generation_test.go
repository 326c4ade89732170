package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testGenerationless has a Gateway whose conditions never name a generation: nobody waits for a word that does not come,
// neither forward nor back.
func testGenerationless(t *testing.T, w *world.World) {
	app := shop.Checkout("generationless")
	w.Proxy.ForgetGenerations(app.Namespace)
	s := stage(t, w, app, false)
	card := s.bot.Deploy(app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.ThreadShows(time.Minute, "generation")
	shares(t, s.traffic, next, 0.05, 0.02)
	clicked := card.Press(install.Dev, "Roll back")
	off := s.weights.becomes(t, clicked, 0)
	t.Logf("weight 0 accepted %s after the click", off.Sub(clicked).Round(time.Millisecond))
	card.Shows(time.Minute, "Rolled back", "100 % on "+current)
	shares(t, s.traffic, current, 1, 0)
	s.before.restored(t, w, app, current)
	s.noRepeats(card)

	card = s.bot.Command(install.OnCall, "deploy "+app.Name+" v1.2.5 --auto")
	card.Shows(time.Minute, "Succeeded", "100 % on v1.2.5")
	shares(t, s.traffic, "v1.2.5", 1, 0)
	s.before.restored(t, w, app, "v1.2.5")
	s.noRepeats(card)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
