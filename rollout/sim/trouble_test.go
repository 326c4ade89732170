package sim_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// counted returns what each version counts in a span from now on.
func counted(b *bench, span time.Duration) (stable, canary sim.Counters) {
	before := b.app.Traffic()
	time.Sleep(span)
	after := b.app.Traffic()
	return after["v1.2.3"].Sub(before["v1.2.3"]), after["v1.2.4"].Sub(before["v1.2.4"])
}

func TestATroubleOfBothPasses(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Requests: 200}, func(b *bench) {
		b.up(10)
		now, bad := time.Now(), sim.Behaviour{Errors: 0.5}
		b.app.Befall(
			sim.Trouble{Does: bad, Hits: rollout.CanaryDeployment, From: now, Until: now.Add(4 * time.Second)},
			sim.Trouble{Does: bad, Hits: rollout.StableDeployment, From: now.Add(time.Second), Until: now.Add(5 * time.Second)},
		)
		if !b.app.View(0).Broken {
			t.Error("the canary is in trouble, and it does not show")
		}
		stable, canary := counted(b, 10*time.Second)
		near(t, "canary's errors", canary.Errors, 4*20*0.5)
		near(t, "stable's errors", stable.Errors, 4*180*0.5)
		if b.app.View(0).Broken {
			t.Error("the trouble is over, and it still shows")
		}
	})
}

func TestATroubleOfOnePodGoesWithIt(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Requests: 200}, func(b *bench) {
		b.up(50)
		one := b.app.View(0).Canary.Pods[1].Name
		now := time.Now()
		b.app.Befall(sim.Trouble{
			Does: sim.Behaviour{Errors: 1}, Hits: rollout.CanaryDeployment, Pod: one, From: now, Until: now.Add(time.Hour),
		})
		_, canary := counted(b, 10*time.Second)
		near(t, "the pod's errors", canary.Errors, canary.Requests/2)
		for i, p := range b.app.View(0).Canary.Pods {
			if p.Alone != (i == 1) {
				t.Errorf("pod %d is shown as %+v", i, p)
			}
		}
		if !b.app.RestartPod(one) || b.app.RestartPod("another") {
			t.Error("the pod is not there, or one that is not is")
		}
		time.Sleep(5 * time.Second)
		if v := b.app.View(0); v.Broken || len(v.Canary.Pods) != 2 {
			t.Errorf("after the pod was restarted the app is %+v", v)
		}
		_, canary = counted(b, 10*time.Second)
		near(t, "its successor's errors", canary.Errors, 0)
	})
}

func TestAPodWarmsUp(t *testing.T) {
	cold := sim.Behaviour{Warmup: 20 * time.Second}
	in(t, sim.Options{Behaviours: map[string]sim.Behaviour{"v1.2.4": cold}}, sim.Setup{Requests: 200}, func(b *bench) {
		b.up(10)
		_, canary := counted(b, 10*time.Second)
		near(t, "errors of a pod that is cold", canary.Errors, 0.03*canary.Requests)
		if p99 := canary.Quantile(0.99); p99 < 0.3 {
			t.Errorf("a pod that is cold has a p99 of %v s", p99)
		}
		time.Sleep(20 * time.Second)
		_, canary = counted(b, 10*time.Second)
		near(t, "the p99 of a warm pod", canary.Quantile(0.99), 0.1986)
	})
}
