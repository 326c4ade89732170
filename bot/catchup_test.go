package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

func TestLostAnswerToAPostMakesNoSecondMessage(t *testing.T) {
	for nth := 1; nth <= 8; nth += stride {
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.wire.killAt("chat.postMessage", nth, true, func() {})
				go func() {
					time.Sleep(6 * time.Minute)
					w.wire.revive()
				}()
				w.slash(oncall, "deploy checkout v1.2.4 --auto")
				w.awaitPhase("checkout-1", rollout.Ended)
				time.Sleep(8 * time.Minute)
				w.complete()
			})
		})
	}
}

// complete checks that Slack shows a rollout that went through by itself once, whole and in order.
func (w *world) complete() {
	w.t.Helper()
	if n := len(w.cards()); n != 1 {
		w.t.Fatalf("%d cards, want 1\n%s\n%s", n, w.slack.Transcript("#deploys"), w.log)
	}
	w.wants("the card", w.shown(), "Succeeded")
	want := []string{"started a canary", "step 1 of 2", "step 2 of 2", "succeeded"}
	var got []string
	for _, line := range w.thread() {
		if strings.Contains(line, "Nobody was judging") {
			continue // the crash took a while
		}
		i := slices.IndexFunc(want, func(s string) bool { return strings.Contains(line, s) })
		if i < 0 {
			w.t.Errorf("unexpected reply: %s", line)
			continue
		}
		got = append(got, want[i])
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("the thread tells %q, want %q\n%s", got, want, w.slack.Transcript("#deploys"))
	}
}

func TestCrashAtEveryPostLeavesOneCardAndOneThread(t *testing.T) {
	for _, after := range []bool{false, true} {
		for nth := 1; nth <= 6; nth += stride {
			t.Run(fmt.Sprintf("post %d, after its effect %v", nth, after), func(t *testing.T) {
				inWorld(t, slacksim.Options{}, func(w *world) {
					w.crashing(func(died func()) { w.wire.killAt("chat.postMessage", nth, after, died) })
				})
			})
		}
	}
}

func TestCrashAtEveryNoteLeavesOneCardAndOneThread(t *testing.T) {
	for _, after := range []bool{false, true} {
		for nth := 1; nth <= 20; nth += stride {
			t.Run(fmt.Sprintf("note %d, after it is stored %v", nth, after), func(t *testing.T) {
				inWorld(t, slacksim.Options{}, func(w *world) {
					w.crashing(func(died func()) { w.notes.killAt(nth, after, died) })
				})
			})
		}
	}
}

// crashing plays a rollout during which the process dies where kill says, and is started again.
func (w *world) crashing(kill func(died func())) {
	w.t.Helper()
	dead := w.dying(kill)
	if _, err := w.slack.As(oncall).StartSlash("#deploys", "", "/canary", "deploy checkout v1.2.4 --auto"); err != nil {
		w.t.Fatal(err) // whether it is acknowledged is not the question here
	}
	w.comeBack(dead)
	w.awaitPhase("checkout-1", rollout.Ended)
	time.Sleep(2 * time.Minute)
	w.complete()
}

// dying has the process die where kill says.
func (w *world) dying(kill func(died func())) <-chan struct{} {
	dead := make(chan struct{}, 1)
	kill(func() {
		w.wire.kill()
		w.notes.kill()
		w.slack.DropSockets()
		dead <- struct{}{}
	})
	return dead
}

// comeBack starts the process again that died.
func (w *world) comeBack(dead <-chan struct{}) {
	select {
	case <-dead:
		w.crash()
		w.restart()
	case <-time.After(15 * time.Minute): // it went through with fewer
		w.notes.revive()
		w.wire.revive()
	}
}

func TestACompleteCardIsNotEditedAgainAfterARestart(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(oncall, "deploy checkout v1.2.4 --plan quick --auto")
		w.awaitPhase("checkout-1", rollout.Ended)
		edits := w.card().Edits()
		w.stop()
		w.start()
		time.Sleep(2 * time.Minute)
		if got := w.card().Edits(); got != edits {
			w.t.Errorf("a card that was complete was edited %d times more", got-edits)
		}
	})
}

func TestRateLimitsAreObeyed(t *testing.T) {
	limits := slacksim.Limits{Tier3: 4, Tier4: 30, PostBurst: 1, PostEvery: 20 * time.Second}
	inWorld(t, slacksim.Options{Limits: limits}, func(w *world) {
		w.slash(oncall, "deploy checkout v1.2.4 --auto")
		w.awaitPhase("checkout-1", rollout.Ended)
		time.Sleep(5 * time.Minute)
		w.complete()
		if w.count("canary_slack_calls_total", "result=ratelimited") == 0 {
			w.t.Error("nothing was limited: the test tests nothing")
		}
	})
}

// Slack takes fewer edits than posts. Whoever read the question in the thread answers that question.
func TestAQuestionInTheThreadCanBeAnsweredBeforeTheCardShowsIt(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.slack.SetFault("chat.update", slacksim.Fault{Error: "ratelimited", RetryAfter: "600"})
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.wants("the thread", strings.Join(w.thread(), "\n"), "waits for a person")
		if strings.Contains(w.shown(), "Waiting for a person") {
			t.Fatalf("the card shows the question: the test tests nothing\n%s", w.shown())
		}
		w.slash(oncall, "promote checkout")
		w.settle()
		if r, err := w.store.Load(t.Context(), "checkout-1"); err != nil || r.Step != 1 {
			t.Errorf("nobody could answer: %v, %v\n%s", r.Phase, err, w.slack.Transcript("#deploys"))
		}
	})
}

func TestRefusedBlocksAreSentAsText(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.SetFault("chat.postMessage", slacksim.Fault{Error: "invalid_blocks", Times: 1})
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		if n := len(w.cards()); n != 1 {
			w.t.Errorf("%d cards, want 1", n)
		}
		if first := w.card().History[0]; first.Blocks != nil || first.Text == "" {
			w.t.Errorf("the card began as %q with blocks %s", first.Text, first.Blocks)
		}
		if !w.log.has("slack refused the form") {
			w.t.Error("not logged")
		}
	})
}

func TestPreflightOfTheChannel(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		ask := func() string {
			return strings.Join(view.Problems(w.publisher.Preflight(w.t.Context(), rollout.Rollout{Service: "checkout"}).Problems), "\n")
		}
		if got := ask(); got != "" {
			w.t.Errorf("a problem where none is: %s", got)
		}
		w.slack.PutChannel(slacksim.Channel{ID: channel, Name: "deploys", BotAbsent: true})
		w.wants("the problem", ask(), "#deploys", "/invite @canarybot")
		w.slack.PutChannel(slacksim.Channel{ID: channel, Name: "deploys", Archived: true})
		w.wants("the problem", ask(), "#deploys is archived")
		w.slack.Outage(true)
		if got := ask(); got != "" {
			w.t.Errorf("an outage of Slack keeps a rollout from starting: %s", got)
		}
	})
}

// A card that could not be posted goes where the configuration says by then.
func TestCardFollowsTheConfigurationOutOfAWrongChannel(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.SetFault("chat.postMessage", slacksim.Fault{Error: "channel_not_found"})
		w.slash(dev, "deploy checkout v1.2.4")
		time.Sleep(10 * time.Second)
		w.stop()
		w.slack.ClearFaults()
		w.slack.PutChannel(slacksim.Channel{ID: channel, Name: "old", BotAbsent: true})
		w.slack.PutChannel(slacksim.Channel{ID: "C0DEPLOYS2", Name: "deploys"})
		w.start()
		w.await("the card", func() bool { return strings.Contains(w.slack.Transcript("C0DEPLOYS2"), "checkout") })
	})
}
