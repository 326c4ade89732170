package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// TestACrashLeavesOneCardForSeveral kills the process before and after each post and each note of two rollouts that go together.
func TestACrashLeavesOneCardForSeveral(t *testing.T) {
	kinds := map[string]struct {
		most int
		kill func(w *world, n int, after bool, died func())
	}{
		"post": {8, func(w *world, n int, after bool, died func()) { w.wire.killAt("chat.postMessage", n, after, died) }},
		"edit": {6, func(w *world, n int, after bool, died func()) { w.wire.killAt("chat.update", n, after, died) }},
		"note": {24, func(w *world, n int, after bool, died func()) { w.notes.killAt(n, after, died) }},
	}
	for kind, k := range kinds {
		for nth := 1; nth <= k.most; nth += stride {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d, after its effect %v", kind, nth, after), func(t *testing.T) {
					inWorld(t, slacksim.Options{}, func(w *world) {
						w.stop()
						w.addService("search")
						w.start()
						w.settle()
						w.crashingTogether(func(died func()) { k.kill(w, nth, after, died) })
					})
				})
			}
		}
	}
}

// crashingTogether is crashing for two rollouts that go together: one card is left, and each reply is there once.
func (w *world) crashingTogether(kill func(died func())) {
	w.t.Helper()
	dead := w.dying(kill)
	if _, err := w.slack.As(oncall).StartSlash("#deploys", "", "/canary", "deploy checkout=v1.2.4 search=v3.0.0 --auto --together"); err != nil {
		w.t.Fatal(err) // whether it is acknowledged is not the question here
	}
	w.comeBack(dead)
	w.awaitPhase("checkout-1", rollout.Ended)
	w.awaitPhase("search-1", rollout.Ended)
	time.Sleep(2 * time.Minute)
	if n := len(w.cards()); n != 1 {
		w.t.Fatalf("%d cards", n)
	}
	w.wants("the card", w.shown(), "100 % on v1.2.4", "100 % on v3.0.0")
	said := map[string]int{}
	for _, m := range w.slack.Thread("#deploys", w.card().TS) {
		said[w.slack.Plain(m)]++
	}
	ends := 0
	for text, times := range said {
		if times > 1 {
			w.t.Errorf("said %d times: %s", times, text)
		}
		if strings.Contains(text, "succeeded: 100 %") {
			ends++
		}
	}
	if ends != 2 {
		w.t.Errorf("%d ends are told of two", ends)
	}
	for _, id := range []rollout.ID{"checkout-1", "search-1"} {
		if _, note, err := w.store.Note(w.t.Context(), "slack", string(id)); err != nil || !note {
			w.t.Errorf("%s has no cursor: %v", id, err)
		}
	}
}
