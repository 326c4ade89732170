package e2e_test

import (
	"context"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/node"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testSlackAway takes Slack away while a bad canary has traffic: rolling back is as fast as ever, and people learn
// of it later.
func testSlackAway(t *testing.T, w *world.World) {
	s := stage(t, w, shop.Checkout("slack-away"), false)
	asked := time.Now()
	card := s.bot.Deploy(s.app.Name, bad)
	on := s.weights.becomes(t, asked, 5)
	s.bot.Slack.Outage(true)
	off := s.weights.becomes(t, on, 0)
	t.Logf("without Slack, detected and weight 0 accepted %s after weight 5 was", off.Sub(on).Round(10*time.Millisecond))
	s.before.restored(t, w, s.app, current)
	s.bot.Slack.Outage(false)
	back := time.Now()
	card.Shows(time.Minute, "Rolled back", "errors")
	card.ThreadShows(time.Minute, "rolled back", "errors", "Look into")
	t.Logf("people knew %s after Slack was back", time.Since(back).Round(10*time.Millisecond))
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testPrometheusAway takes Prometheus away in a bake: nothing moves forward, the card says why, and the bake goes on
// when it is back.
func testPrometheusAway(t *testing.T, w *world.World) {
	s := stage(t, w, shop.Checkout("prometheus-away"), false)
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "baking", "5 % of traffic")
	w.Prometheus.Stop()
	t.Cleanup(func() { // other tests need it, whatever happens here
		if t.Failed() {
			if err := w.Prometheus.Restart(context.Background()); err != nil {
				t.Log(err)
			}
		}
	})
	card.Shows(time.Minute, "baking", "Prometheus cannot be asked")
	s.unjudged(8 * time.Second) // longer than the bake
	card.Shows(time.Second, "baking", "5 % of traffic")
	if high := s.weights.highest(); high != 5 {
		t.Errorf("without Prometheus the weight became %d", high)
	}
	if err := w.Prometheus.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic", "all checks pass")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	s.before.restored(t, w, s.app, current)
	s.unharmed()
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testSilent has a canary that goes on serving and answers no scrape any more, while stable does: it is rolled back.
func testSilent(t *testing.T, w *world.World) {
	app := shop.Checkout("silent")
	app.Repository += "-silent" // images of its own
	s := stage(t, w, app, false)
	card := s.bot.Deploy(app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	silent := time.Now()
	if err := w.Images.Behave(app.Image(next), node.Behaviour{Silent: true}); err != nil {
		t.Fatal(err)
	}
	off := s.weights.becomes(t, silent, 0)
	t.Logf("silent, and weight 0 accepted %s later", off.Sub(silent).Round(10*time.Millisecond))
	card.Shows(time.Minute, "Rolled back", "no data from the canary")
	s.before.restored(t, w, app, current)
	s.unharmed()
	s.noRepeats(card)
}

// testServerAway takes the API server away in a bake: nothing moves, and it goes on when the server is back.
func testServerAway(t *testing.T, w *world.World) {
	s := stage(t, w, shop.Checkout("server-away"), false)
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "baking", "5 % of traffic")
	w.Cluster.StopServer()
	card.Shows(time.Minute, "The cluster does not answer")
	t.Logf("without Kubernetes the card says:\n%s", card.Text())
	s.unjudged(8 * time.Second)
	if err := w.Cluster.StartServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	shares(t, s.traffic, next, 0.5, 0.05)
	// The proxy lost its watches too, and opens each again in its own time. Until it sees pods again it keeps sending
	// to those that the promotion replaces: answers from new pods show that its watches are back.
	w.Install(t, shop.Checkout("server-back"))
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded")
	s.before.restored(t, w, s.app, next)
	s.unharmed()
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
