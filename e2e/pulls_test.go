package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testTooManyPulls has a registry that answers 429 to the first pulls of each pod, the canary's and later stable's: that
// passes, people are told, and the release succeeds. An image that is not there is another matter, and quick.
func testTooManyPulls(t *testing.T, w *world.World) {
	const throttled = next + "-throttled12" // each pod is pulled after twelve tries: a quarter of a minute, which people can see
	app := shop.Checkout("too-many-pulls")
	s := stage(t, w, app, false)
	card := s.bot.Command(install.OnCall, "deploy "+app.Name+" "+throttled+" --auto")
	card.Shows(20*time.Second, "429 Too Many Requests")
	card.Shows(2*time.Minute, "Succeeded", "100 % on "+throttled)
	s.before.restored(t, w, app, throttled)
	s.noRepeats(card)
	s.unharmed()

	s.traffic = w.Load(t, app, load.Plan{For: 5 * time.Minute})
	measured(t, w, app)
	asked := time.Now()
	card = s.bot.Deploy(app.Name, "v1.2.5-missing")
	card.Shows(20*time.Second, "Rolled back")
	card.ThreadShows(10*time.Second, "rolled back", "cannot be pulled")
	t.Logf("an image that is not there was rolled back after %s", time.Since(asked).Round(100*time.Millisecond))
	s.before.restored(t, w, app, throttled)
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
