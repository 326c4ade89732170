package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testBad deploys a version that errs, which must be off traffic without any action by a person, and right after it the
// fix, which must not be judged by what the bad one did.
func testBad(t *testing.T, w *world.World, app shop.App, made bool) {
	s := stage(t, w, app, made)
	asked := time.Now()
	card := s.bot.Deploy(app.Name, bad)
	on := s.weights.becomes(t, asked, 5)
	off := s.weights.becomes(t, on, 0)
	card.Shows(time.Minute, "Rolled back", "errors", "100 % on "+current)
	card.ThreadShows(10*time.Second, "rolled back", "errors", "Look into")
	s.before.restored(t, w, app, current)
	if now := look(t, w, app); now.stable.Generation != s.before.stable.Generation {
		t.Errorf("stable was changed: generation %d, was %d", now.stable.Generation, s.before.stable.Generation)
	}
	if high := s.weights.highest(); high > 5 {
		t.Errorf("the canary had a weight of %d", high)
	}
	s.noRepeats(card)
	last, _ := s.traffic.Last(bad)
	r := s.traffic.Since(asked)
	t.Logf("detected and weight 0 accepted %s after weight 5 was; the last answer of %s came %s later; %d of %d requests failed",
		off.Sub(on).Round(10*time.Millisecond), bad, max(0, last.Sub(off)).Round(10*time.Millisecond), r.Failed(), r.Total())

	mended := time.Now()
	fixed := s.bot.Command(install.OnCall, fmt.Sprintf("deploy %s v1.2.5 --auto fixed", app.Name))
	fixed.Shows(time.Minute, "Succeeded", "100 % on v1.2.5")
	t.Logf("fixed %s after the bad version had gone, in %s", mended.Sub(off).Round(time.Second), time.Since(mended).Round(time.Second))
	s.before.restored(t, w, app, "v1.2.5")
	s.noRepeats(fixed)
	if failed := s.traffic.Since(mended).Failed(); failed > 0 {
		t.Errorf("%d requests failed after the bad version had gone", failed)
	}
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testAborted rolls a canary back in its bake: by the button, by the command, and by kubectl alone.
func testAborted(t *testing.T, w *world.World, app shop.App, made bool) {
	s := stage(t, w, app, made)
	for i, abort := range []struct {
		by    string
		how   func(install.Card)
		words []string
	}{
		{"the button", func(c install.Card) { c.Press(install.Dev, "Roll back") }, []string{"rolled back", "@dev"}},
		{"the command", func(install.Card) { s.bot.Slash(install.OnCall, "rollback "+app.Name+" customers complain") }, []string{"rolled back", "@oncall", "customers complain"}},
		{"kubectl", func(install.Card) { annotate(t, w, app) }, []string{"Rollback by somebody with rights on the cluster"}},
	} {
		card := s.bot.Deploy(app.Name, fmt.Sprintf("v1.2.%d", 4+i))
		card.Shows(time.Minute, "baking", "5 % of traffic")
		from := time.Now()
		abort.how(card)
		off := s.weights.becomes(t, from, 0)
		t.Logf("by %s: weight 0 accepted after %s", abort.by, off.Sub(from).Round(time.Millisecond))
		card.Shows(time.Minute, "Rolled back", "100 % on "+current)
		card.ThreadShows(10*time.Second, abort.words...)
		s.before.restored(t, w, app, current)
		s.noRepeats(card)
	}
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testBroken deploys versions that never get ready. They never get traffic.
func testBroken(t *testing.T, w *world.World) {
	s := stage(t, w, shop.Checkout("broken"), false)
	for _, broken := range []struct {
		version string
		words   []string
	}{
		{"v1.2.4-crash", []string{"rolled back", "crash"}},
		{"v1.2.4-missing", []string{"rolled back", "cannot be pulled"}},
		{"v1.2.4-oom1", []string{"rolled back", "memory"}},
	} {
		card := s.bot.Deploy(s.app.Name, broken.version)
		card.Shows(time.Minute, "Rolled back")
		card.ThreadShows(10*time.Second, broken.words...)
		s.before.restored(t, w, s.app, current)
		s.noRepeats(card)
	}
	t.Logf("the highest weight was %d", s.weights.highest())
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
