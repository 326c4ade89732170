package sim_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

func TestWhatOthersChangeNamesThem(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.up(5)
		before := b.world()
		b.app.EditWeight(77, "kubectl-edit")
		b.app.SetImage(rollout.StableDeployment, "x:odd", "argocd")
		b.app.Scale(rollout.CanaryDeployment, 1, "hpa")
		w := b.world()
		if w.Route.Weight != 77 || w.Route.WeightBy != "kubectl-edit" || w.Route.Stamp == nil || w.Route.Version == before.Route.Version {
			t.Errorf("the route is %+v", w.Route)
		}
		if w.Stable.Image != "x:odd" || w.Stable.ImageBy != "argocd" || w.Canary.Replicas != 1 || w.Canary.ReplicasBy != "hpa" {
			t.Errorf("the workloads are %+v and %+v", w.Stable, w.Canary)
		}
		b.app.StripStamp(rollout.RouteObject)
		b.app.Delete(rollout.CanaryService)
		if w := b.world(); w.Route.Stamp != nil || w.Service.Exists {
			t.Errorf("the world is %+v", w)
		}
		b.app.Delete(rollout.StableDeployment)
		if w := b.world(); w.Stable.Exists || w.Stable.Endpoints == 0 {
			t.Errorf("stable is %+v", w.Stable)
		}
	})
}

func TestView(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Requests: 100}, func(b *bench) {
		b.up(20)
		b.app.Break(sim.Behaviour{Errors: 0.5})
		time.Sleep(20 * time.Second)
		v := b.app.View(10)
		if v.Share != 20 || v.Canary.Version != "v1.2.4" || len(v.Canary.Pods) != 2 || v.Canary.Pods[0].State != sim.PodReady {
			t.Errorf("the view is %+v", v)
		}
		if len(v.Stable.Rates) != 10 {
			t.Fatalf("there are %d rates", len(v.Stable.Rates))
		}
		for i := range v.Stable.Rates {
			near(t, "stable's rate", v.Stable.Rates[i].Requests, 80)
			near(t, "canary's errors", v.Canary.Rates[i].Errors, 10)
		}
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Delete})
		time.Sleep(500 * time.Millisecond)
		if v := b.app.View(1); v.Canary.Exists || v.Canary.Pods[0].State != sim.PodStopping {
			t.Errorf("the view is %+v", v)
		}
	})
}
