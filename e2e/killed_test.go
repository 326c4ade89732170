package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
	"canarybot.io/rollout"
)

// killing is a moment at which the bot is killed.
type killing struct {
	outcome rollout.Outcome
	version string        // in the end
	away    time.Duration // how long nobody judges
	// until leads to the moment.
	until func(*scene, install.Card)
	// then leads to the end.
	then func(*scene, install.Card)
}

func killings() map[string]killing {
	promote := func(s *scene, c install.Card) {
		c.Press(install.OnCall, "Promote to 50 %")
		c.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
		c.Press(install.OnCall, "Promote to everyone")
	}
	return map[string]killing{
		"bake": {
			outcome: rollout.Succeeded, version: next, away: 6 * time.Second,
			until: func(_ *scene, c install.Card) { c.Shows(time.Minute, "baking", "5 % of traffic") },
			then:  promote,
		},
		"promoting": {
			outcome: rollout.Succeeded, version: next, away: 4 * time.Second,
			until: func(s *scene, c install.Card) {
				promote(s, c)
				c.Shows(time.Minute, "Promoting")
				world.Eventually(s.t, time.Minute, func() error {
					if d := deployment(s.t, s.w, s.app, s.app.Stable()); d.Generation == s.before.stable.Generation {
						return fmt.Errorf("stable is not changed yet")
					}
					return nil
				})
			},
		},
		"rolling-back": {
			outcome: rollout.RolledBack, version: current, away: 4 * time.Second,
			until: func(s *scene, c install.Card) {
				c.Shows(time.Minute, "baking", "5 % of traffic")
				c.Press(install.Dev, "Roll back")
				c.Shows(time.Minute, "Rolling back")
			},
		},
		"rolling-back-from-promoting": {
			outcome: rollout.RolledBack, version: current, away: 4 * time.Second,
			until: func(s *scene, c install.Card) {
				promote(s, c)
				c.Shows(time.Minute, "Promoting")
				world.Eventually(s.t, time.Minute, func() error {
					if d := deployment(s.t, s.w, s.app, s.app.Stable()); d.Generation == s.before.stable.Generation {
						return fmt.Errorf("stable is not changed yet")
					}
					return nil
				})
				c.Press(install.Dev, "Roll back") // killed at once: the click was acked, so it is durable
			},
		},
	}
}

// unjudged lets users go on for a while with the bot away.
func (s *scene) unjudged(span time.Duration) {
	s.t.Helper()
	from := time.Now()
	world.Eventually(s.t, span+30*time.Second, func() error {
		if time.Since(from) < span || s.traffic.Since(from).Total() == 0 {
			return fmt.Errorf("%s are not over", span)
		}
		return nil
	})
}

// testKilled kills the bot and runs it again on the same store: the same end, one card, no message twice.
func testKilled(t *testing.T, w *world.World, app shop.App, made bool, k killing) {
	app.Settle = 4 // so that promoting takes a while
	s := stage(t, w, app, made, drain(6*time.Second))
	card := s.bot.Deploy(app.Name, next)
	k.until(s, card)
	s.bot.Kill()
	t.Logf("killed, with the card saying:\n%s", card.Text())
	s.unjudged(k.away)
	s.bot.Run()
	if k.then != nil {
		k.then(s, card)
	}
	if k.outcome == rollout.Succeeded {
		card.Shows(time.Minute, "Succeeded", "100 % on "+k.version)
	} else {
		card.Shows(time.Minute, "Rolled back", "100 % on "+k.version)
	}
	s.before.restored(t, w, app, k.version)
	s.noRepeats(card)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
	s.recorded(card, k.outcome)
}
