package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testTwoPlatforms deploys one tag to nodes of two architectures, where its id is another on each. Pods do not say which
// they are on, and the bot may not read nodes: people are asked, once. A tag that was pushed again asks the same, and the
// other answer is to roll back.
func testTwoPlatforms(t *testing.T, w *world.World) {
	const word = "-platforms"
	app := shop.Checkout("two-platforms")
	app.Repository += "-two-platforms" // images of its own
	app.Version, app.Replicas = app.Version+word, 4
	s := stage(t, w, app, false)
	card := s.bot.Deploy(app.Name, next+word)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.Press(install.OnCall, "Promote to 50 %") // two pods, one on each
	card.Shows(time.Minute, "Held", "another platform")
	card.Press(install.OnCall, "Override")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next+word)
	s.before.restored(t, w, app, next+word)
	s.noRepeats(card)

	card = s.bot.Deploy(app.Name, "v1.2.5")
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	if err := w.Images.Push(app.Image("v1.2.5")); err != nil {
		t.Fatal(err)
	}
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Held", "pushed again")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back", "100 % on "+next+word)
	s.before.restored(t, w, app, next+word)
	s.noRepeats(card)
	if high := s.weights.highest(); high > 50 {
		t.Errorf("the canary had a weight of %d", high)
	}
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
