package sim_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

func TestCanaryComesUpAndGoes(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.do(rollout.Write{Object: rollout.CanaryService, Verb: rollout.Create})
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)})
		b.size(2)
		if w := b.world().Canary; w.GenerationObserved || w.Available != 0 || w.Replicas != 2 {
			t.Errorf("at once the canary is %+v, want it unobserved", w)
		}
		time.Sleep(time.Second)
		if w := b.world().Canary; !w.GenerationObserved || w.Updated != 2 || w.Available != 0 || w.Endpoints != 0 {
			t.Errorf("after a second the canary is %+v, want two pods starting", w)
		}
		time.Sleep(2 * time.Second)
		w := b.world().Canary
		if !w.RolledOut() || w.Endpoints != 2 || len(w.ImageIDs) != 1 || w.ImageBy != sim.Manager {
			t.Errorf("after three seconds the canary is %+v, want it ready", w)
		}
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Delete})
		if w := b.world().Canary; w.Exists || w.Endpoints != 2 {
			t.Errorf("just deleted the canary is %+v, want its pods to be endpoints still", w)
		}
		time.Sleep(time.Second)
		if w := b.world().Canary; w.Endpoints != 0 {
			t.Errorf("long deleted the canary has %d endpoints", w.Endpoints)
		}
	})
}

func TestFailures(t *testing.T) {
	tests := map[string]struct {
		does  sim.Behaviour
		after time.Duration
		want  rollout.FailureKind
	}{
		"healthy":           {sim.Behaviour{}, time.Minute, rollout.NoFailure},
		"crash loop":        {sim.Behaviour{CrashLoop: true}, 5 * time.Second, rollout.CrashLoop},
		"image missing":     {sim.Behaviour{ImageMissing: true}, 5 * time.Second, rollout.ImagePull},
		"image late":        {sim.Behaviour{ImageLate: time.Minute}, 5 * time.Second, rollout.ImagePullRetried},
		"image come":        {sim.Behaviour{ImageLate: time.Minute}, 2 * time.Minute, rollout.NoFailure},
		"no room":           {sim.Behaviour{Unschedulable: true}, 5 * time.Second, rollout.Unschedulable},
		"never ready":       {sim.Behaviour{Unready: true}, 5 * time.Second, rollout.NotReady},
		"never ready, late": {sim.Behaviour{Unready: true}, 11 * time.Minute, rollout.ProgressDeadline},
		"out of memory":     {sim.Behaviour{OOMAfter: time.Minute}, 2 * time.Minute, rollout.OOMKilled},
		"crashes later":     {sim.Behaviour{CrashAfter: time.Minute}, 2 * time.Minute, rollout.CrashLoop},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, sim.Options{Behaviours: map[string]sim.Behaviour{"v1.2.4": test.does}}, sim.Setup{}, func(b *bench) {
				b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)})
				b.size(1)
				time.Sleep(test.after)
				w := b.world().Canary
				if w.Failure.Kind != test.want || (w.Failure.Detail == "") != (test.want == "") {
					t.Errorf("the failure is %+v, want %q", w.Failure, test.want)
				}
				if (w.Available == 1) != (test.want == rollout.NoFailure) {
					t.Errorf("%d pods are available", w.Available)
				}
			})
		})
	}
}

func TestStableRollsWithoutLosingARequest(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Replicas: 8}, func(b *bench) {
		b.do(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: newImage})
		for range 60 {
			time.Sleep(500 * time.Millisecond)
			if w := b.world().Stable; w.Endpoints < 8 {
				t.Fatalf("only %d endpoints while rolling", w.Endpoints)
			}
		}
		w := b.world().Stable
		if !w.RolledOut() || w.Image != newImage || len(w.ImageIDs) != 1 {
			t.Errorf("in the end stable is %+v", w)
		}
		if lost := b.app.Lost(); lost != 0 {
			t.Errorf("%v requests were lost", lost)
		}
	})
}

func TestStrategiesThatCannotSurge(t *testing.T) {
	for strategy, least := range map[sim.Strategy]int{sim.NoSurge: 3, sim.Recreate: 0} {
		in(t, sim.Options{}, sim.Setup{Strategy: strategy}, func(b *bench) {
			b.do(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: newImage})
			lowest := 4
			for range 60 {
				time.Sleep(500 * time.Millisecond)
				w := b.world().Stable
				lowest = min(lowest, w.Endpoints)
				if w.Total > 4 {
					t.Fatalf("strategy %d surged to %d pods", strategy, w.Total)
				}
			}
			if lowest != least || !b.world().Stable.RolledOut() {
				t.Errorf("strategy %d went down to %d endpoints, want %d, and ended at %+v", strategy, lowest, least, b.world().Stable)
			}
		})
	}
}

func TestPushAgainChangesTheImageID(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)})
		b.size(1)
		time.Sleep(5 * time.Second)
		b.c.PushAgain("v1.2.4")
		b.size(2)
		time.Sleep(5 * time.Second)
		if ids := b.world().Canary.ImageIDs; len(ids) != 2 {
			t.Errorf("the imageIDs are %q, want two", ids)
		}
	})
}
