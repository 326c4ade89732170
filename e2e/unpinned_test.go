package e2e_test

import (
	"strings"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testUnpinned has a webhook put the old image back: the rollout ends at once and says so, and nothing is left of it.
func testUnpinned(t *testing.T, w *world.World) {
	app := shop.Checkout("unpinned")
	s := stage(t, w, app, false)
	w.AddWebhook(t, world.Webhook{
		Name: app.Namespace, Namespace: app.Namespace, Resource: "deployments",
		Change: func(image string) string { return strings.ReplaceAll(image, next, current) },
	})
	card := s.bot.Deploy(app.Name, next)
	card.Shows(20*time.Second, "webhook", current, "nothing was changed")
	s.before.restored(t, w, app, current)
	s.noRepeats(card)
	if high := s.weights.highest(); high > 0 {
		t.Errorf("the canary got %d %% of traffic", high)
	}
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
