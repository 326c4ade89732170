package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// thread returns what the thread under the newest card tells, one line a reply.
func (w *world) thread() []string {
	var all []string
	for _, m := range w.slack.Thread("#deploys", w.card().TS) {
		if m.FromBot {
			all = append(all, w.slack.Plain(m))
		}
	}
	return all
}

func TestDeployPromoteSucceed(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.wants("the answer", w.slash(dev, "deploy checkout v1.2.4 faster tax lookup"), "checkout-1")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.press(oncall, "Promote to 50 %")
		w.awaitPhase("checkout-1", rollout.Ended)
		if got := len(w.cards()); got != 1 {
			w.t.Errorf("%d cards, want 1", got)
		}
		if got := w.cluster.image(); got != repository+":v1.2.4" {
			w.t.Errorf("stable runs %s", got)
		}
		w.wants("the card", w.shown(), "Succeeded")
		if n := len(w.card().Buttons()); n != 0 {
			w.t.Errorf("the card of an ended rollout has %d buttons", n)
		}
	})
}

func TestRolledBackByItsChecks(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.metrics.set(0.05)
		w.awaitPhase("checkout-1", rollout.Ended)
		w.wants("the card", w.shown(), "Rolled back", "5 %")
		replies := w.slack.Thread("#deploys", w.card().TS)
		last := replies[len(replies)-1]
		if !last.Broadcast {
			w.t.Errorf("a rollback by the checks was not told in the channel: %s", last.Text)
		}
		if got := w.cluster.image(); got != oldImage {
			w.t.Errorf("stable runs %s", got)
		}
	})
}

func TestPauseResumeAndRollbackByButtons(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.press(dev, "Pause")
		w.settle()
		w.wants("the card", w.shown(), "Paused by @dev", "[ Resume ]")
		w.press(dev, "Resume")
		w.settle()
		w.press(guestMember(w), "Roll back")
		if got := w.phase("checkout-1"); got < rollout.RollingBack {
			w.t.Errorf("after the press the rollout is %s", got)
		}
		w.awaitPhase("checkout-1", rollout.Ended)
		w.wants("the thread", strings.Join(w.thread(), "\n"), "Paused by @dev", "Resumed by @dev", "Rollback by @nia")
	})
}

// guestMember adds somebody who may do nothing but what everyone may.
func guestMember(w *world) string {
	w.slack.PutUser(slacksim.User{ID: "U0000NIA01", Name: "nia"})
	return "nia"
}

func TestDriftIsAnsweredForTheValueShown(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.cluster.touch(func(c *rollout.Observed) { c.Route.Weight, c.Route.WeightBy = 30, "kubectl-edit" })
		w.await("the card to ask", func() bool { return strings.Contains(w.shown(), "Override") })
		w.press(oncall, "Override")
		w.await("the weight to be 5 %", func() bool { return w.cluster.weight() == 5 })
		w.settle()
		w.wants("the thread", strings.Join(w.thread(), "\n"), "Overridden by @oncall")
		w.cluster.touch(func(c *rollout.Observed) { c.Route.Weight, c.Route.WeightBy = 40, "kubectl-edit" })
		w.await("the card to ask again", func() bool { return strings.Contains(w.shown(), "40") })
		w.wants("the answer", w.slash(oncall, "override checkout"), "overrides the change")
		w.await("the weight to be 5 %", func() bool { return w.cluster.weight() == 5 })
	})
}

func TestBackAfterSuccess(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4 --plan quick --auto")
		w.wants("the answer", w.heard(dev), "may not deploy with --auto")
		w.slash(oncall, "deploy checkout v1.2.4 --plan quick --auto")
		w.awaitPhase("checkout-1", rollout.Ended)

		w.wants("the offer", w.slash(dev, "rollback checkout"), "Nothing is rolling out for checkout")
		offers := w.slack.Ephemerals(dev)
		offer := offers[len(offers)-1]
		if got := w.phase("checkout-1"); got != rollout.Ended {
			w.t.Errorf("asking moved it to %s", got)
		}
		out, err := w.slack.As(dev).Press("#deploys", offer.TS, "Roll back to v1.2.3")
		if err != nil || out.Delivery != slacksim.Acked || out.Confirm == nil {
			w.t.Fatalf("press: %+v, %v", out, err)
		}
		w.awaitPhase("checkout-2", rollout.Ended)
		if got := w.cluster.image(); got != oldImage {
			w.t.Errorf("stable runs %s", got)
		}
		for _, e := range w.slack.Ephemerals(dev) {
			if e.TS == offer.TS && len(e.Buttons()) > 0 {
				w.t.Error("the offer still has its button")
			}
		}
	})
}

func TestOfferToGoBackGrowsStale(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(oncall, "deploy checkout v1.2.4 --plan quick --auto")
		w.awaitPhase("checkout-1", rollout.Ended)
		w.slash(dev, "rollback checkout")
		offers := w.slack.Ephemerals(dev)
		w.slash(oncall, "deploy checkout v1.2.5 --plan quick --auto")
		w.awaitPhase("checkout-2", rollout.Ended)
		if _, err := w.slack.As(dev).Press("#deploys", offers[len(offers)-1].TS, "Roll back to v1.2.3"); err != nil {
			w.t.Fatal(err)
		}
		w.settle()
		w.wants("the answer", w.heard(dev), "Nothing was changed")
		if got := len(w.cards()); got != 2 {
			w.t.Errorf("%d cards, want 2", got)
		}
	})
}

func TestNoWayBackFromWhatSomebodySet(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(oncall, "deploy checkout v1.2.4 --plan quick --auto")
		w.awaitPhase("checkout-1", rollout.Ended)
		w.cluster.touch(func(world *rollout.Observed) { world.Stable.Image = repository + ":v1.2.9" })
		w.slash(dev, "rollback checkout")
		offers := w.slack.Ephemerals(dev)
		if _, err := w.slack.As(dev).Press("#deploys", offers[len(offers)-1].TS, "Roll back to v1.2.3"); err != nil {
			w.t.Fatal(err)
		}
		w.settle()
		w.wants("the answer", w.heard(dev), "checkout runs v1.2.9, which Canarybot did not release", "deploy a version by name")
		if got := len(w.cards()); got != 1 {
			w.t.Errorf("%d cards, want 1", got)
		}
	})
}

func TestBusyAndReplace(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.wants("the answer", w.slash(oncall, "deploy checkout v1.2.5"), "busy", "v1.2.4")
		w.slash(oncall, "deploy checkout v1.2.5 --replace")
		w.awaitPhase("checkout-1", rollout.Ended)
		w.awaitPhase("checkout-2", rollout.Baking)
		if got := len(w.cards()); got != 2 {
			w.t.Errorf("%d cards, want 2", got)
		}
		w.slash(oncall, "rollback checkout")
		w.awaitPhase("checkout-2", rollout.Ended)
		w.wants("the answer", w.slash(oncall, "deploy checkout v1.2.5"), "rolled back before")
	})
}

func TestCardIsEditedGently(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.cluster.lag = 700 * time.Millisecond // so that phases follow each other more closely than edits may
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		began := w.card().Edits()
		time.Sleep(10 * time.Minute)
		w.settle()
		if got := w.card().Edits() - began; got < 8 || got > 12 {
			w.t.Errorf("%d edits in ten minutes of waiting, want about one a minute", got)
		}
		history := w.card().History
		for i := 1; i < len(history); i++ {
			if gap := history[i].At.Sub(history[i-1].At); gap < 2*time.Second {
				w.t.Errorf("edits %d and %d are %s apart", i-1, i, gap)
			}
		}
	})
}

func TestNumbersAloneAreShownOnceAMinute(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		r, err := w.store.Load(w.t.Context(), "checkout-1")
		if err != nil {
			w.t.Fatal(err)
		}
		before := w.card().Edits()
		for range 50 {
			r.Revision++
			r.Verdict.At = time.Now()
			w.publisher.Committed(r)
			time.Sleep(5 * time.Second)
		}
		if got := w.card().Edits() - before; got < 3 || got > 5 {
			w.t.Errorf("%d edits in 250 seconds, want about four", got)
		}
	})
}

func TestQuestions(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		for _, test := range []struct{ line, want string }{
			{"", "What you can type"},
			{"help deploy", "--plan NAME"},
			{"status", "Nothing is rolling out"},
			{"status checkout", "Nothing is rolling out for checkout"},
			{"services", "1 service can be deployed"},
			{"history", "no rollout yet"},
			{"whoami", dev},
			{"deploi checkout v1", "deploy"},
			{"deploy chekout v1", "checkout"},
			{"deploy checkout v1 --plan nosuch", "has no plan"},
			{"deploy checkout", "Which version"},
			{"promote checkout", "Nothing is rolling out for checkout"},
			{"promote checkout-7", "no rollout"},
			{"rollback checkout", "no earlier version"},
		} {
			w.slash(dev, test.line)
			all := w.slack.Ephemerals(dev)
			w.wants("/canary "+test.line, all[len(all)-1].Text+string(all[len(all)-1].Blocks), test.want)
		}
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		for _, test := range []struct{ line, want string }{
			{"status", "1 rollout is under way"},
			{"status checkout", "baking"},
			{"history checkout", "The last rollout of checkout"},
			{"promote checkout", "Nothing was changed"},
			{"resume checkout", "not paused"},
			{"abandon checkout it is broken", "may not abandon"},
		} {
			w.wants("/canary "+test.line, w.slash(dev, test.line), test.want)
		}
	})
}

func TestSlowAnswersComeByResponseURL(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.wants("the ack", w.slash(dev, "checks checkout"), "Asking Prometheus")
		w.settle()
		w.wants("the checks", w.heardAll(dev), "checkout: ")
		w.wants("the ack", w.slash(dev, "deploy checkout v1.2.4 --dry-run"), "nothing is changed")
		w.settle()
		w.wants("the dry run", w.heardAll(dev), "it would start")
		if n := len(w.cards()); n != 0 {
			w.t.Errorf("a dry run left %d cards", n)
		}
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.slash(dev, "checks checkout")
		w.settle()
		w.wants("the checks", w.heardAll(dev), "all checks pass")
	})
}

func TestMentions(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		say := func(user, thread, text string) {
			w.t.Helper()
			out, err := w.slack.As(user).Say("#deploys", thread, text)
			if err != nil || out.Delivery != slacksim.Acked {
				w.t.Fatalf("%s: %v, %v", text, out.Delivery, err)
			}
			w.settle()
		}
		say(dev, "", "@canarybot status")
		w.wants("the answer", w.heard(dev), "1 rollout is under way")
		say(dev, w.card().TS, "@canarybot promote looks good")
		w.wants("the answer", w.heard(dev), "may not promote")
		say(oncall, w.card().TS, "@canarybot promote looks good")
		if got := w.phase("checkout-1"); got == rollout.Awaiting {
			w.t.Error("the mention did nothing")
		}
		all := w.slack.Ephemerals(oncall)
		if last := all[len(all)-1]; last.ThreadTS != w.card().TS {
			w.t.Errorf("the answer stands in thread %q", last.ThreadTS)
		}
		w.wants("the thread", strings.Join(w.thread(), "\n"), `Approved by @oncall: "looks good"`)
	})
}

func TestManyRolloutsOneAfterTheOther(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		for i := range 3 {
			w.slash(oncall, fmt.Sprintf("deploy checkout v2.0.%d --plan quick --auto", i))
			w.awaitPhase(rollout.NewID("checkout", i+1), rollout.Ended)
		}
		if got := len(w.cards()); got != 3 {
			w.t.Errorf("%d cards, want 3", got)
		}
		for _, c := range w.cards() {
			w.wants("a card", w.slack.Plain(c), "Succeeded")
		}
	})
}
