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

// testBad deploys a version that errs, which has to be off traffic without anybody doing anything, and at once the
// one that mends it, which must not be judged by what the bad one did.
func testBad(t *testing.T, w *world.World, app shop.App, made bool) {
	s := stage(t, w, app, made)
	asked := time.Now()
	card := s.bot.Deploy(app.Name, bad)
	on := s.weights.becomes(t, asked, 5)
	off := s.weights.becomes(t, on, 0)
	card.Says(time.Minute, "Rolled back", "errors", "100 % on "+current)
	card.Tells(10*time.Second, "rolled back", "errors", "limit 1 %", "Nothing to do")
	s.before.restored(t, w, app, current)
	if now := look(t, w, app); now.stable.Generation != s.before.stable.Generation {
		t.Errorf("stable was changed: generation %d, was %d", now.stable.Generation, s.before.stable.Generation)
	}
	if high := s.weights.highest(); high > 5 && !made {
		t.Errorf("the canary had a weight of %d", high)
	}
	s.told(card)
	last, _ := s.traffic.Last(bad)
	r := s.traffic.Since(asked)
	t.Logf("detected and weight 0 accepted %s after weight 5 was; the last answer of %s came %s later; %d of %d requests failed",
		off.Sub(on).Round(10*time.Millisecond), bad, max(0, last.Sub(off)).Round(10*time.Millisecond), r.Failed(), r.Total())

	mended := time.Now()
	fixed := s.bot.Command(install.Ravi, fmt.Sprintf("deploy %s v1.2.5 --auto fixed", app.Name))
	fixed.Says(time.Minute, "Succeeded", "100 % on v1.2.5")
	t.Logf("fixed %s after the bad version had gone, in %s", mended.Sub(off).Round(time.Second), time.Since(mended).Round(time.Second))
	s.before.restored(t, w, app, "v1.2.5")
	s.told(fixed)
	if failed := s.traffic.Since(mended).Failed(); failed > 0 {
		t.Errorf("%d requests failed after the bad version had gone", failed)
	}
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testAborted takes a canary back in its bake: by the button, by the command, and by kubectl alone.
func testAborted(t *testing.T, w *world.World, app shop.App, made bool) {
	s := stage(t, w, app, made)
	for i, abort := range []struct {
		by    string
		how   func(install.Card)
		tells []string
	}{
		{"the button", func(c install.Card) { c.Press(install.Dana, "Roll back") }, []string{"rolled back", "@dana"}},
		{"the command", func(install.Card) { s.bot.Slash(install.Ravi, "rollback "+app.Name+" customers complain") }, []string{"rolled back", "@ravi", "customers complain"}},
		{"kubectl", func(install.Card) { annotate(t, w, app) }, []string{"Rollback by somebody with rights on the cluster"}},
	} {
		card := s.bot.Deploy(app.Name, fmt.Sprintf("v1.2.%d", 4+i))
		card.Says(time.Minute, "baking", "5 % of traffic")
		from := time.Now()
		abort.how(card)
		off := s.weights.becomes(t, from, 0)
		t.Logf("by %s: weight 0 accepted after %s", abort.by, off.Sub(from).Round(time.Millisecond))
		card.Says(time.Minute, "Rolled back", "100 % on "+current)
		card.Tells(10*time.Second, abort.tells...)
		s.before.restored(t, w, app, current)
		s.told(card)
	}
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testBroken deploys versions that never get ready. They never get traffic.
func testBroken(t *testing.T, w *world.World) {
	s := stage(t, w, shop.Checkout("broken"), false)
	for _, broken := range []struct {
		version string
		tells   []string
	}{
		{"v1.2.4-crash", []string{"rolled back", "crash"}},
		{"v1.2.4-missing", []string{"rolled back", "cannot be pulled"}},
		{"v1.2.4-oom1", []string{"rolled back", "memory"}},
	} {
		card := s.bot.Deploy(s.app.Name, broken.version)
		card.Says(time.Minute, "Rolled back")
		card.Tells(10*time.Second, broken.tells...)
		s.before.restored(t, w, s.app, current)
		s.told(card)
	}
	t.Logf("the highest weight was %d", s.weights.highest())
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// killing is a moment at which the bot is killed.
type killing struct {
	when    string
	outcome rollout.Outcome
	version string // in the end
	// until leads to the moment.
	until func(*scene, install.Card)
	// then leads to the end.
	then func(*scene, install.Card)
}

func killings() map[string]killing {
	promote := func(s *scene, c install.Card) {
		c.Press(install.Ravi, "Promote to 50 %")
		c.Says(time.Minute, "Waiting for a person", "50 % of traffic")
		c.Press(install.Ravi, "Promote to everyone")
	}
	return map[string]killing{
		"bake": {
			outcome: rollout.Succeeded, version: next,
			until: func(_ *scene, c install.Card) { c.Says(time.Minute, "baking", "5 % of traffic") },
			then:  promote,
		},
		"promoting": {
			outcome: rollout.Succeeded, version: next,
			until: func(s *scene, c install.Card) {
				promote(s, c)
				c.Says(time.Minute, "Promoting")
				world.Eventually(s.t, time.Minute, func() error {
					if d := deployment(s.t, s.w, s.app, s.app.Stable()); d.Generation == s.before.stable.Generation {
						return fmt.Errorf("stable is not changed yet")
					}
					return nil
				})
			},
		},
		"rolling-back": {
			outcome: rollout.RolledBack, version: current,
			until: func(s *scene, c install.Card) {
				c.Says(time.Minute, "baking", "5 % of traffic")
				c.Press(install.Dana, "Roll back")
				c.Says(time.Minute, "Rolling back")
			},
		},
		"rolling-back-from-promoting": {
			outcome: rollout.RolledBack, version: current,
			until: func(s *scene, c install.Card) {
				promote(s, c)
				c.Says(time.Minute, "Promoting")
				world.Eventually(s.t, time.Minute, func() error {
					if d := deployment(s.t, s.w, s.app, s.app.Stable()); d.Generation == s.before.stable.Generation {
						return fmt.Errorf("stable is not changed yet")
					}
					return nil
				})
				c.Press(install.Dana, "Roll back") // killed at once: the click was acked, so it is durable
			},
		},
	}
}

// testKilled kills the bot and runs it again on the same store: the same end, one card, nothing told twice.
func testKilled(t *testing.T, w *world.World, name string, k killing) {
	app := shop.Checkout("killed-" + name)
	s := stage(t, w, app, false, drain(6*time.Second))
	patchStable(t, w, app, map[string]any{"minReadySeconds": 4}) // so that promoting takes a while
	w.Available(t, app.Namespace, app.Stable())
	s.before = look(t, w, app)
	card := s.bot.Deploy(app.Name, next)
	k.until(s, card)
	s.bot.Kill()
	t.Logf("killed, with the card saying:\n%s", card.Text())
	time.Sleep(6 * time.Second) // nobody judges
	s.bot.Run()
	if k.then != nil {
		k.then(s, card)
	}
	if k.outcome == rollout.Succeeded {
		card.Says(time.Minute, "Succeeded", "100 % on "+k.version)
	} else {
		card.Says(time.Minute, "Rolled back", "100 % on "+k.version)
	}
	s.before.restored(t, w, app, k.version)
	s.told(card)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
	s.recorded(card, k.outcome)
}
