package sim_test

import (
	"math"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

func TestTrafficIsSplitByWeight(t *testing.T) {
	bad := sim.Behaviour{Errors: 0.05}
	in(t, sim.Options{Behaviours: map[string]sim.Behaviour{"v1.2.4": bad}}, sim.Setup{Requests: 200}, func(b *bench) {
		b.up(10)
		before := b.app.Traffic()
		time.Sleep(100 * time.Second)
		after := b.app.Traffic()
		canary, stable := after["v1.2.4"].Sub(before["v1.2.4"]), after["v1.2.3"].Sub(before["v1.2.3"])
		near(t, "canary's requests", canary.Requests, 2000)
		near(t, "canary's errors", canary.Errors, 100)
		near(t, "stable's requests", stable.Requests, 18000)
		near(t, "stable's errors", stable.Errors, 0)
		near(t, "stable's p99", stable.Quantile(0.99), 0.1986)
	})
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.01*math.Abs(want)+1e-6 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestSeeingOftenChangesNothing(t *testing.T) {
	run := func(every time.Duration) (map[string]sim.Counters, rollout.Observed) {
		var traffic map[string]sim.Counters
		var w rollout.Observed
		in(t, sim.Options{Jitter: 0.3, Seed: 7}, sim.Setup{}, func(b *bench) {
			b.up(20)
			b.do(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: newImage})
			for range time.Minute / every {
				time.Sleep(every)
				b.world()
			}
			traffic, w = b.app.Traffic(), b.world()
		})
		return traffic, w
	}
	often, w1 := run(250 * time.Millisecond)
	seldom, w2 := run(time.Minute)
	for tag := range often {
		near(t, tag, often[tag].Requests, seldom[tag].Requests)
	}
	if w1.Stable.Version != w2.Stable.Version || w1.Route.Version != w2.Route.Version {
		t.Errorf("the resourceVersions depend on who looked: %+v and %+v", w1, w2)
	}
}

func TestNobodyToServe(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Requests: 10}, func(b *bench) {
		b.app.Scale(rollout.StableDeployment, 0, "kubectl")
		time.Sleep(time.Second)
		before := b.app.Lost()
		time.Sleep(10 * time.Second)
		near(t, "lost requests", b.app.Lost()-before, 100)
	})
}
