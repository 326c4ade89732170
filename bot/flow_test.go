package bot_test

import (
	"strings"
	"testing"
	"testing/synctest"
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

// People see a new card before Slack's answer to the edit is here. What they type then answers what they saw.
func TestAbandonTypedWhileTheCardChangesCounts(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.settle()
		w.slack.SetFault("chat.update", slacksim.Fault{LoseResponse: true})
		w.cluster.checkout().Scale(rollout.StableDeployment, 0, "kubectl-scale")
		w.await("the alarm", func() bool { return strings.Contains(w.shown(), "Stuck") })
		answer := w.slash(oncall, "abandon checkout nobody is there to serve")
		synctest.Wait()
		if got := w.phase("checkout-1"); got != rollout.Ended {
			t.Errorf("got %s, want it abandoned; the answer was:\n%s", got, answer)
		}
	})
}
