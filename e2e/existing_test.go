package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testExisting has a team that keeps its canary's Deployment and Service at 0, and a bot that may create and delete
// nothing: promoted and rolled back, and each time the canary is as it was.
func testExisting(t *testing.T, w *world.World, app shop.App) {
	const kept = "v1.2.0"
	w.Install(t, app)
	w.AddCanary(t, app, kept, 0)
	s := set(t, w, app, false, true)
	canary := deployment(t, w, app, app.Canary())
	asFound := func(version string) {
		t.Helper()
		s.before.restored(t, w, app, version)
		now := deployment(t, w, app, app.Canary())
		if now == nil || now.UID != canary.UID || *now.Spec.Replicas != 0 || now.Spec.Template.Spec.Containers[0].Image != app.Image(kept) {
			t.Errorf("the canary was not given back as found: %+v", now)
		}
	}
	card := s.bot.Command(install.OnCall, "deploy "+app.Name+" "+next+" --auto")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	asFound(next)
	s.noRepeats(card)
	s.unharmed()

	s.traffic = w.Load(t, app, load.Plan{For: 5 * time.Minute})
	measured(t, w, app)
	asked := time.Now()
	worse := s.bot.Deploy(app.Name, bad)
	on := s.weights.becomes(t, asked, 5)
	s.weights.becomes(t, on, 0)
	worse.Shows(time.Minute, "Rolled back", "errors", "100 % on "+next)
	asFound(next)
	s.noRepeats(worse)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
