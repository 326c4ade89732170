package bot_test

import (
	"testing"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

func TestDeployPromoteSucceed(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.wants("the answer", w.slash(dana, "deploy checkout v1.2.4 faster tax lookup"), "checkout-1")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.press(ravi, "Promote to 50 %")
		w.awaitPhase("checkout-1", rollout.Ended)
		w.settle()
		if got := len(w.cards()); got != 1 {
			t.Errorf("%d cards, want 1", got)
		}
		if got := w.cluster.image(); got != repository+":v1.2.4" {
			t.Errorf("stable runs %s", got)
		}
		w.wants("the card", w.shown(), "Succeeded")
		t.Log(w.slack.Transcript("#deploys"))
	})
}
