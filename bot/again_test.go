package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

func TestDuplicateAfterARestartIsRecognised(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		handle := func(kind, payload string) {
			w.bot.Forget() // what a restart does
			acks := 0
			w.bot.Handle(w.t.Context(), envelope(kind, payload), func([]byte) error { acks++; return nil })
			if acks != 1 {
				w.t.Errorf("%s: %d acks", payload, acks)
			}
		}
		deploy := fmt.Sprintf(`{"user_id":%q,"team_id":"T0SLACKSIM","channel_id":%q,"text":"deploy checkout v1.2.4","trigger_id":"7.7.a"}`, dev, channel)
		handle("slash_commands", deploy)
		handle("slash_commands", deploy)
		w.awaitPhase("checkout-1", rollout.Baking)
		r, err := w.store.Load(w.t.Context(), "checkout-1")
		if err != nil {
			w.t.Fatal(err)
		}
		pause := strings.ReplaceAll(press(fmt.Sprintf("production/checkout-1/%d/pause", r.Turn), "canary.pause", channel, w.card().TS), `"U1"`, `"`+dev+`"`)
		handle("interactive", pause)
		handle("interactive", pause)
		w.settle()
		if got := w.count("canary_slack_envelopes_total", "result=duplicate"); got != 2 {
			w.t.Errorf("%v duplicates recognised, want 2\n%s", got, w.log)
		}
		if n := strings.Count(strings.Join(w.thread(), "\n"), "Paused by"); n != 1 {
			w.t.Errorf("paused %d times", n)
		}
	})
}

func TestCardIsDrawnAgainForWhoeverSawAnOldOne(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		before := w.card().Edits()
		old := strings.ReplaceAll(press("production/checkout-1/1/promote", "canary.promote", channel, w.card().TS), `"U1"`, `"`+oncall+`"`)
		w.bot.Handle(w.t.Context(), envelope("interactive", old), func([]byte) error { return nil })
		w.settle()
		if got := w.card().Edits() - before; got != 1 {
			w.t.Errorf("%d edits, want 1", got)
		}
		if got := w.phase("checkout-1"); got != rollout.Awaiting {
			w.t.Errorf("it moved to %s", got)
		}
	})
}

func TestTooManyAtOnceAreTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		w.change = func(o *bot.Options) { o.Rollouts = &slowRollouts{Rollouts: o.Rollouts, takes: 2 * time.Second} }
		w.start()
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		var all []*slacksim.Pending
		for range 170 {
			p, err := w.slack.As(dev).StartSlash("#deploys", "", "/canary", "resume checkout")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
		turned := 0
		for _, p := range all {
			out := p.Outcome()
			if out.Delivery != slacksim.Acked {
				t.Errorf("delivery %v", out.Delivery)
			}
			if strings.Contains(out.Text, "Too much is going on") {
				turned++
			}
		}
		if turned == 0 || float64(turned) != w.count("canary_slack_envelopes_total", "result=overloaded") {
			t.Errorf("%d turned away, %v counted", turned, w.count("canary_slack_envelopes_total", "result=overloaded"))
		}
	})
}

func TestWordsOfOthersStayWords(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4 <!channel> see <https://evil.example|here> & *now*")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.slash(dev, "pause checkout <@"+oncall+"> <!here>")
		w.settle()
		all := append(w.slack.Thread("#deploys", w.card().TS), w.card())
		for _, m := range all {
			for _, live := range []string{"<!channel", "<!here", "<https://evil", "<@" + oncall} {
				if strings.Contains(m.Text+string(m.Blocks), live) {
					w.t.Errorf("%q is live in %s", live, m.Blocks)
				}
			}
		}
	})
}
