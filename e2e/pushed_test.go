package e2e_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testPushedAgain has somebody push a tag again while it is judged: everybody gets the image that was judged, and the tag is
// another version when it is deployed the next time.
func testPushedAgain(t *testing.T, w *world.World) {
	registry := httptest.NewServer(w.Images)
	t.Cleanup(registry.Close)
	app := shop.Checkout("pushed-again")
	app.Repository = strings.TrimPrefix(registry.URL, "http://") + "/shop/checkout"
	s := stage(t, w, app, false, func(c map[string]any) { delete(c, "registry") })
	digest := func() string {
		t.Helper()
		d, err := w.Images.Digest(app.Image(next))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := digest()
	card := s.bot.Deploy(app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	if err := w.Images.Push(app.Image(next)); err != nil {
		t.Fatal(err)
	}
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	s.before.restored(t, w, app, next+"@"+first)

	card = s.bot.Command(install.OnCall, "deploy "+app.Name+" "+next+" --auto")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	s.before.restored(t, w, app, next+"@"+digest())
	undrifted(t, card)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
