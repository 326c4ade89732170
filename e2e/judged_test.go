package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/node"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// judged sets a scene with images of its own, so that the test can make them misbehave.
func judged(t *testing.T, w *world.World, name string, changes ...func(map[string]any)) *scene {
	t.Helper()
	app := shop.Checkout(name)
	app.Repository += "-" + name
	return stage(t, w, app, false, changes...)
}

// rolledBack deploys a version and waits until it is rolled back by evidence, with these words on the card.
func (s *scene) rolledBack(version string, words ...string) install.Card {
	s.t.Helper()
	asked := time.Now()
	card := s.bot.Deploy(s.app.Name, version)
	on := s.weights.becomes(s.t, asked, 5)
	off := s.weights.becomes(s.t, on, 0)
	s.t.Logf("%s: weight 0 accepted %s after weight 5 was", version, off.Sub(on).Round(10*time.Millisecond))
	card.Shows(time.Minute, append([]string{"Rolled back", "100 % on " + s.app.Version}, words...)...)
	s.before.restored(s.t, s.w, s.app, s.app.Version)
	s.noRepeats(card)
	return card
}

// testSlow deploys a version that is too slow: no request fails, and it is rolled back by the buckets of its histogram.
func testSlow(t *testing.T, w *world.World) {
	s := judged(t, w, "slow")
	s.rolledBack("v1.2.4-slow700", "slower than 500 ms")
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testLeak deploys a version that leaks: it is rolled back before it is at its limit, so before anybody is harmed.
func testLeak(t *testing.T, w *world.World) {
	s := judged(t, w, "leak")
	s.rolledBack("v1.2.4-leak8", "memory", "grows so fast")
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testShared lets both versions err at once, as when a database is away: nobody is rolled back for it, nothing goes
// forward, and when it is over the rollout goes on.
func testShared(t *testing.T, w *world.World) {
	s := judged(t, w, "shared")
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	both := func(b node.Behaviour) {
		for _, version := range []string{current, next} {
			if err := w.Images.Behave(s.app.Image(version), b); err != nil {
				t.Fatal(err)
			}
		}
	}
	both(node.Behaviour{Errors: 0.05})
	card.Shows(time.Minute, "stable has the same trouble")
	s.unjudged(8 * time.Second)
	if now := weight(s.app, route(t, w, s.app)); now != 5 {
		t.Errorf("in an incident of both sides the weight became %d", now)
	}
	both(node.Behaviour{})
	card.Shows(time.Minute, "Waiting for a person", "all checks pass")
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic", "all checks pass")

	// And a burst: it is over once Prometheus has seen it on both sides, whose pods it scrapes at moments of their own.
	both(node.Behaviour{Errors: 0.3})
	s.seenOn(10, s.app.Stable(), s.app.Canary())
	both(node.Behaviour{})
	card.Shows(time.Minute, "❓ errors")
	card.Shows(2*time.Minute, "Waiting for a person", "all checks pass")
	if now := weight(s.app, route(t, w, s.app)); now != 50 {
		t.Errorf("after a burst of both sides the weight became %d", now)
	}
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testIdle has most users go away: a canary that hardly anybody asks anything is neither good nor bad.
func testIdle(t *testing.T, w *world.World) {
	s := judged(t, w, "idle")
	s.traffic.Stop()
	s.traffic = w.Load(t, s.app, load.Plan{For: 5 * time.Minute, Rate: 3})
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "5 % of traffic", "baking 0:00 of 0:06", "of the 10 needed")
	s.unharmed()
	s.traffic = w.Load(t, s.app, load.Plan{For: 5 * time.Minute})
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	s.unharmed()
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testCounted judges by ready-made signals, against the metrics that they are for: each rolls back what errs and what is
// slow, and passes what is fine. The word is part of every version's tag.
func testCounted(t *testing.T, w *world.World, signals, word string) {
	app := shop.Checkout("counted-" + signals)
	app.Repository, app.Version = app.Repository+"-"+signals, app.Version+word
	s := stage(t, w, app, false, func(c map[string]any) {
		c["defaults"].(map[string]any)["signals"] = map[string]any{"like": signals, "scrape": "1s"}
	})
	card := s.bot.Deploy(s.app.Name, next+word)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic", "all checks pass", "errors", "slower than", "memory")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	s.unharmed()
	s.traffic = w.Load(t, s.app, load.Plan{For: 5 * time.Minute})
	s.rolledBack("v1.2.5"+word+"-errors30", "errors")
	s.rolledBack("v1.2.6"+word+"-slow700", "slower than 500 ms")
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testLimits judges by limits alone, as a service does that names no signals.
func testLimits(t *testing.T, w *world.World) {
	s := judged(t, w, "limits", func(c map[string]any) {
		for _, check := range c["checks"].(map[string]any) {
			check.(map[string]any)["judge"] = "limits"
		}
	})
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	s.unharmed()
	s.traffic = w.Load(t, s.app, load.Plan{For: 5 * time.Minute})
	measured(t, w, s.app)
	s.rolledBack("v1.2.5-errors30", "errors")
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
