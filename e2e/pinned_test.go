package e2e_test

import (
	"strings"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testPinned has a webhook name every image by its digest too, in Deployments, or in pods alone, where it also takes them
// from a mirror: what admission makes of the bot's writes is no drift, whether forward, back from a canary, or back from a
// release.
func testPinned(t *testing.T, w *world.World, resource string) {
	app := shop.Checkout("pinned-" + resource)
	w.AddNamespace(t, app.Namespace)
	change := mirroring(w)
	if resource == "deployments" {
		change = pinning(w)
	}
	w.AddWebhook(t, world.Webhook{Name: app.Namespace, Namespace: app.Namespace, Resource: resource, Change: change})
	s := stage(t, w, app, false)
	if resource == "deployments" {
		s.before.admitted = change
	}
	card := s.bot.Command(install.OnCall, "deploy "+app.Name+" "+next+" --auto")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	s.before.restored(t, w, app, next)
	undrifted(t, card)

	card = s.bot.Deploy(app.Name, "v1.2.5")
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back", "100 % on "+next)
	s.before.restored(t, w, app, next)
	undrifted(t, card)

	s.bot.Slash(install.Dev, "rollback "+app.Name)
	back := s.bot.PressAnswer(install.Dev, "Roll back to "+current)
	back.Shows(time.Minute, "Succeeded", "100 % on "+current)
	s.before.restored(t, w, app, current)
	undrifted(t, back)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// undrifted checks that nobody was told of somebody else's change, as nobody changed anything.
func undrifted(t *testing.T, card install.Card) {
	t.Helper()
	for _, reply := range card.Thread() {
		if strings.Contains(reply, "Held") || strings.Contains(reply, "Somebody") || strings.Contains(reply, "somebody") {
			t.Errorf("nobody changed anything, and the thread says: %s", reply)
		}
	}
}
