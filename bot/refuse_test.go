package bot_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

func TestDuplicatesAreCounted(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		for range 3 {
			w.slack.DuplicateNext()
			w.slash(dev, "help")
		}
		w.settle()
		if got := w.count("canary_slack_envelopes_total", "result=duplicate"); got != 3 {
			w.t.Errorf("%v duplicates counted, want 3", got)
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
