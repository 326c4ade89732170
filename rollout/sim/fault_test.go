package sim_test

import (
	"context"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

func TestUnreachable(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		five := rollout.Weight(5)
		w := b.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five})
		b.c.Unreachable(true)
		b.code(b.c.Do(b.t.Context(), b.r, w), rollout.Unavailable)
		if w := b.world(); w.Unreadable.IsZero() || w.Stable.Exists {
			t.Errorf("the world is %+v", w)
		}
		if p := b.c.Preflight(b.t.Context(), b.r); p.Unreadable.IsZero() {
			t.Errorf("the preflight says %+v", p)
		}
		b.c.Unreachable(false)
		if w := b.world(); w.Route.Weight != 0 {
			t.Errorf("the write landed: %+v", w.Route)
		}
	})
}

func TestFaults(t *testing.T) {
	five, ten := rollout.Weight(5), rollout.Weight(10)
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		update := func(weight *rollout.Weight) error {
			w := b.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: weight})
			return b.c.Do(b.t.Context(), b.r, w)
		}
		on := func(after bool, err error) sim.Fault {
			return func(c sim.Call) error {
				if c.Op == sim.Do && c.After == after {
					return err
				}
				return nil
			}
		}
		b.c.SetFault(on(false, sim.ErrLost))
		b.code(update(&five), rollout.Unavailable)
		b.c.SetFault(nil)
		if w := b.world().Route.Weight; w != 0 {
			t.Errorf("a lost request set weight %d", w)
		}
		b.c.SetFault(on(true, sim.ErrLost))
		b.code(update(&five), rollout.Unavailable)
		b.c.SetFault(nil)
		if w := b.world().Route.Weight; w != 5 {
			t.Errorf("a lost response left weight %d", w)
		}
		time.Sleep(time.Second)
		b.c.SetFault(on(false, sim.ErrLate))
		b.code(update(&ten), rollout.Unavailable)
		b.c.SetFault(nil)
		if errs := b.c.Land(); len(errs) != 1 || errs[0] != nil || b.world().Route.Weight != 10 {
			t.Errorf("the late write came to %v and weight %d", errs, b.world().Route.Weight)
		}
		time.Sleep(time.Second)
		b.c.SetFault(on(false, sim.ErrLate))
		b.code(update(&ten), rollout.Unavailable)
		b.c.SetFault(nil)
		b.code(update(&five), "")
		if errs := b.c.Land(); len(errs) != 1 || rollout.CodeOf(errs[0]) != rollout.Conflict || b.world().Route.Weight != 5 {
			t.Errorf("the overtaken write came to %v and weight %d", errs, b.world().Route.Weight)
		}
	})
}

func TestAGivenUpCallNeverHappens(t *testing.T) {
	in(t, sim.Options{Latency: time.Second}, sim.Setup{}, func(b *bench) {
		ctx, cancel := context.WithCancel(b.t.Context())
		five := rollout.Weight(5)
		w := b.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five})
		time.AfterFunc(500*time.Millisecond, cancel)
		b.code(b.c.Do(ctx, b.r, w), rollout.Unavailable)
		if w := b.world().Route.Weight; w != 0 {
			t.Errorf("it set weight %d", w)
		}
	})
}
