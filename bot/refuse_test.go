package bot_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

func TestStaleClickChangesNothingAndTheCardIsDrawnAgain(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.slack.SetFault("chat.update", slacksim.Fault{Error: "edit_window_closed"}) // the card stays as it is
		w.slash(dev, "pause checkout")
		w.settle()
		w.press(dev, "Pause")
		w.settle()
		w.wants("the answer", w.heard(dev), "Nothing was changed", "paused already")
		w.slack.ClearFaults()
		w.await("the card to be drawn again", func() bool { return strings.Contains(w.shown(), "[ Resume ]") })
		if n := strings.Count(strings.Join(w.thread(), "\n"), "Paused by"); n != 1 {
			w.t.Errorf("paused %d times", n)
		}
	})
}

// Who had the dialog open while the rollout went on answers a question that is not asked any more.
func TestAClickOnWhatWasShownBeforeChangesNothing(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.await("the card to ask", func() bool { return strings.Contains(w.shown(), "Promote to 50 %") })
		var asked string
		for _, b := range w.card().Buttons() {
			if b.Label == "Promote to 50 %" {
				asked, _ = b.Raw["value"].(string)
			}
		}
		w.slash(dev, "pause checkout")
		w.settle()
		w.slash(dev, "resume checkout")
		w.await("the card to ask again", func() bool { return strings.Contains(w.shown(), "Promote to 50 %") })
		out, err := w.slack.As(oncall).PressShown("#deploys", w.card().TS, "Promote to 50 %", asked)
		if err != nil || out.Delivery != slacksim.Acked {
			w.t.Fatalf("%s, %v", out.Delivery, err)
		}
		w.settle()
		w.wants("the answer", w.heard(oncall), "Nothing was changed", "moved on since that was shown")
		if got := w.phase("checkout-1"); got != rollout.Awaiting {
			w.t.Errorf("it moved to %s", got)
		}
	})
}

func TestTypedPromoteAnswersWhatTheCardShows(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.slack.SetFault("chat.update", slacksim.Fault{Error: "edit_window_closed"})
		w.await("the gate", func() bool { return w.phase("checkout-1") == rollout.Awaiting })
		w.wants("the answer", w.slash(oncall, "promote checkout"), "Nothing was changed", "moved on since that was shown")
		w.slack.ClearFaults()
		w.await("the card to ask", func() bool { return strings.Contains(w.shown(), "Promote to 50 %") })
		w.slash(oncall, "promote checkout")
		if got := w.phase("checkout-1"); got == rollout.Awaiting {
			w.t.Error("the promotion that answers the card did nothing")
		}
	})
}

func TestWhoMayNot(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.PutUser(slacksim.User{ID: "U0STRANGE1", Name: "otto", TeamID: "T0OTHER001"})
		nia := guestMember(w)
		w.wants("the guest's answer", w.slash(guest, "deploy checkout v1.2.4"), "full members")
		w.wants("the stranger's answer", w.slash("otto", "deploy checkout v1.2.4"), "full members")
		w.wants("the member's answer", w.slash(nia, "deploy checkout v1.2.4"), "may not deploy", "U0000NIA01", dev)
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		for user, want := range map[string]string{dev: "may not promote", guest: "full members", "otto": "full members"} {
			w.press(user, "Promote to 50 %")
			w.settle()
			w.wants("the answer to "+user, w.heard(user), want)
		}
		w.press(guest, "Roll back")
		w.settle()
		w.wants("the guest's answer", w.heard(guest), "full members")
		if got := w.phase("checkout-1"); got != rollout.Awaiting {
			w.t.Errorf("it moved to %s", got)
		}
		for _, question := range []string{"status", "services", "history", "checks checkout"} {
			w.wants("the guest's answer to "+question, w.slash(guest, question), "full members")
		}
		w.slack.PutUser(slacksim.User{ID: oncall, Name: "oncall", UltraRestricted: true})
		time.Sleep(time.Minute) // what was looked up holds no longer
		w.press(oncall, "Promote to 50 %")
		w.settle()
		w.wants("the answer to somebody who became a guest", w.heard(oncall), "full members")
		if n := len(w.thread()); n != 3 {
			w.t.Errorf("%d replies, want 3:\n%s", n, strings.Join(w.thread(), "\n"))
		}
	})
}

func TestAnotherEnvironmentDoesNothing(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.stop()
		w.change = func(o *bot.Options) { o.Environment = "staging" }
		w.start()
		w.settle()
		w.press(oncall, "Promote to 50 %")
		w.settle()
		w.wants("the answer", w.heard(oncall), "belongs to production", "staging", "Nothing was changed")
		if got := w.phase("checkout-1"); got != rollout.Awaiting {
			w.t.Errorf("it moved to %s", got)
		}
	})
}

func TestDuplicatesCountOnce(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.DuplicateNext()
		w.wants("the answer", w.slash(dev, "deploy checkout v1.2.4"), "on its way")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.slack.DuplicateNext()
		w.press(oncall, "Promote to 50 %")
		w.settle()
		w.slack.DuplicateNext()
		if _, err := w.slack.As(dev).Say("#deploys", w.card().TS, "@canarybot pause"); err != nil {
			w.t.Fatal(err)
		}
		w.settle()
		told := strings.Join(w.thread(), "\n")
		if strings.Count(told, "Approved by") != 1 || strings.Count(told, "Paused by") != 1 {
			w.t.Errorf("something counted twice, or never:\n%s", told)
		}
		if n := len(w.slack.Ephemerals(dev)); n != 2 {
			w.t.Errorf("dev heard %d answers, want 2", n)
		}
		if n := len(w.slack.Ephemerals(oncall)); n != 1 {
			w.t.Errorf("oncall heard %d answers, want 1", n)
		}
		if got := w.count("canary_slack_envelopes_total", "result=duplicate"); got != 3 {
			w.t.Errorf("%v duplicates counted, want 3", got)
		}
	})
}

func TestUnknownPeopleMayOnlyRollBack(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(guest, "whoami") // Slack said once what they are
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		time.Sleep(2 * time.Minute)
		w.slack.SetFault("users.info", slacksim.Fault{HTTPStatus: 500})
		w.press(oncall, "Promote to 50 %")
		w.settle()
		w.wants("the answer", w.heard(oncall), "does not say who you are", "nothing was changed")
		if got := w.phase("checkout-1"); got != rollout.Awaiting {
			w.t.Errorf("it moved to %s", got)
		}
		w.press(guest, "Roll back")
		w.settle()
		w.wants("the guest's answer", w.heard(guest), "full members")
		w.slack.SetFault("users.info", slacksim.Fault{Latency: time.Minute}) // no answer at all
		w.press(dev, "Roll back")
		if got := w.phase("checkout-1"); got < rollout.RollingBack {
			w.t.Errorf("rolling back waited for users.info: %s", got)
		}
	})
}

// slowRollouts commits slowly, or not at all.
type slowRollouts struct {
	bot.Rollouts
	takes time.Duration
	fails error
	panic bool

	mu    sync.Mutex
	asked int
}

// Decide takes its time.
func (s *slowRollouts) Decide(ctx context.Context, id rollout.ID, d rollout.Decision) (rollout.Rollout, error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	time.Sleep(s.takes)
	if s.panic {
		panic("a defect")
	}
	if s.fails != nil {
		return rollout.Rollout{}, s.fails
	}
	return s.Rollouts.Decide(ctx, id, d)
}

func TestWhatCannotBeCommittedIsNotAcknowledged(t *testing.T) {
	for name, change := range map[string]func(*slowRollouts){
		"the disk is full": func(s *slowRollouts) { s.fails = rollout.Wrap(rollout.Unavailable, errors.New("disk full")) },
		"a defect":         func(s *slowRollouts) { s.panic = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, slacksim.Options{})
				slow := &slowRollouts{}
				w.change = func(o *bot.Options) {
					slow.Rollouts = o.Rollouts
					o.Rollouts = slow
				}
				w.start()
				w.slash(dev, "deploy checkout v1.2.4")
				w.awaitPhase("checkout-1", rollout.Awaiting)
				w.slack.Expect(slacksim.MissedAck)
				change(slow)
				out, err := w.slack.As(oncall).Press("#deploys", w.card().TS, "Promote to 50 %")
				if err != nil || out.Delivery != slacksim.TimedOut {
					w.t.Errorf("press: %v, %v; want no ack", out.Delivery, err)
				}
				if got := w.count("canary_slack_envelopes_total", "result=unacked"); got != 1 {
					w.t.Errorf("%v counted as not acknowledged, want 1", got)
				}
				slow.fails, slow.panic = nil, false
				w.press(oncall, "Promote to 50 %") // the bot goes on
				if got := w.phase("checkout-1"); got == rollout.Awaiting {
					w.t.Error("the next press did nothing")
				}
			})
		})
	}
}

func TestDecisionsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		w.change = func(o *bot.Options) { o.Rollouts = &slowRollouts{Rollouts: o.Rollouts, takes: 500 * time.Millisecond} }
		w.start()
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		began := time.Now()
		var all []*slacksim.Pending
		for range 40 {
			p, err := w.slack.As(dev).StartSlash("#deploys", "", "/canary", "resume checkout")
			if err != nil {
				w.t.Fatal(err)
			}
			all = append(all, p)
		}
		for _, p := range all {
			if out := p.Outcome(); out.Delivery != slacksim.Acked {
				w.t.Errorf("delivery %v", out.Delivery)
			}
		}
		if took := time.Since(began); took > time.Second {
			w.t.Errorf("40 decisions of half a second took %s", took)
		}
	})
}
