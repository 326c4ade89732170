package sim_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

const (
	oldImage = "registry.example.com/shop/checkout:v1.2.3"
	newImage = "registry.example.com/shop/checkout:v1.2.4"
)

// bench is a cluster with one app, and a rollout that writes to it.
type bench struct {
	t   *testing.T
	c   *sim.Cluster
	app *sim.App
	r   rollout.Rollout
}

// in runs the test in a bubble, on a fresh bench.
func in(t *testing.T, o sim.Options, s sim.Setup, test func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.Objects, s.Image = sim.Objects("shop", "checkout"), oldImage
		c := sim.New(o)
		b := &bench{t: t, c: c, app: c.Add(s), r: rollout.Rollout{
			ID: "checkout-1", Service: "checkout", Store: "store-1", Image: newImage,
			Spec: rollout.Spec{Objects: s.Objects, Plan: rollout.Plan{Steps: []rollout.Step{{Weight: 5}}}},
		}}
		test(b)
	})
}

func (b *bench) world() rollout.World { return b.c.Observe(b.t.Context(), b.r) }

// write completes the write with a stamp and the guard of the object as it is now.
func (b *bench) write(w rollout.Write) rollout.Write {
	world := b.world()
	m := map[rollout.Object]rollout.Meta{
		rollout.StableDeployment: world.Stable.Meta, rollout.CanaryDeployment: world.Canary.Meta,
		rollout.CanaryService: world.Service, rollout.RouteObject: world.Route.Meta,
	}[w.Object]
	if w.Verb != rollout.Create {
		w.UID, w.Version = m.UID, m.Version
	}
	w.Stamp = rollout.Stamp{Store: b.r.Store, Rollout: b.r.ID, Revision: 1, Weight: w.Weight, Image: w.Image, Replicas: w.Replicas}
	return w
}

func (b *bench) do(w rollout.Write) {
	b.t.Helper()
	if err := b.c.Do(b.t.Context(), b.r, b.write(w)); err != nil {
		b.t.Fatalf("%s %s: %v", w.Verb, w.Object, err)
	}
}

// up makes a canary of two pods with a share of the traffic.
func (b *bench) up(weight rollout.Weight) {
	b.t.Helper()
	b.do(rollout.Write{Object: rollout.CanaryService, Verb: rollout.Create})
	b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: new(rollout.Weight)})
	b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: b.r.Image, Replicas: new(int)})
	b.size(2)
	time.Sleep(5 * time.Second)
	b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &weight})
	time.Sleep(time.Second)
}

func (b *bench) size(n int) {
	b.t.Helper()
	b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Update, Image: b.r.Image, Replicas: &n})
}

func (b *bench) code(err error, want rollout.Code) {
	b.t.Helper()
	if got := rollout.CodeOf(err); got != want {
		b.t.Errorf("the error is %q (%v), want %q", got, err, want)
	}
}

func TestCanaryComesUpAndGoes(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.do(rollout.Write{Object: rollout.CanaryService, Verb: rollout.Create})
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)})
		b.size(2)
		if w := b.world().Canary; w.Observed || w.Available != 0 || w.Replicas != 2 {
			t.Errorf("at once the canary is %+v, want it unobserved", w)
		}
		time.Sleep(time.Second)
		if w := b.world().Canary; !w.Observed || w.Updated != 2 || w.Available != 0 || w.Endpoints != 0 {
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

func TestWritesAreGuarded(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{Canary: oldImage}, func(b *bench) {
		five := rollout.Weight(5)
		late := b.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five})
		b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: new(rollout.Weight)})
		b.code(b.c.Do(b.t.Context(), b.r, late), rollout.Conflict)

		again := b.write(rollout.Write{Object: rollout.CanaryService, Verb: rollout.Create})
		b.code(b.c.Do(b.t.Context(), b.r, again), rollout.Conflict)

		bare := rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five, Stamp: late.Stamp}
		b.code(b.c.Do(b.t.Context(), b.r, bare), rollout.Invalid)

		gone := b.write(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Delete})
		b.app.Delete(rollout.CanaryDeployment)
		b.code(b.c.Do(b.t.Context(), b.r, gone), rollout.NotFound)

		anew := b.write(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: newImage})
		b.app.Recreate(rollout.StableDeployment)
		b.code(b.c.Do(b.t.Context(), b.r, anew), rollout.Conflict)
	})
}

func TestWritesThatMustNeverBeSent(t *testing.T) {
	one, five := 1, rollout.Weight(5)
	tests := map[string]rollout.Write{
		"stable resized":          {Object: rollout.StableDeployment, Verb: rollout.Update, Replicas: &one},
		"stable deleted":          {Object: rollout.StableDeployment, Verb: rollout.Delete},
		"a canary made with pods": {Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: &one},
		"a route made":            {Object: rollout.RouteObject, Verb: rollout.Create},
		"a share of 5 at once":    {Object: rollout.RouteObject, Verb: rollout.Create, Weight: &five},
		"a Service changed":       {Object: rollout.CanaryService, Verb: rollout.Update},
		"an unknown object":       {Object: "secret", Verb: rollout.Update},
		"an unknown verb":         {Object: rollout.RouteObject, Verb: "bend"},
	}
	for name, w := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
				b.code(b.c.Do(b.t.Context(), b.r, b.write(w)), rollout.Invalid)
			})
		})
	}
}

func TestStatusBurnsTheResourceVersion(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.do(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)})
		b.size(1)
		n := 2
		w := b.write(rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Update, Image: newImage, Replicas: &n})
		time.Sleep(5 * time.Second)
		b.code(b.c.Do(b.t.Context(), b.r, w), rollout.Conflict)
	})
}

func TestReleaseRemovesWhatIsOurs(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.up(5)
		b.do(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: newImage})
		b.app.AskRollback(rollout.RouteObject)
		w := b.world()
		if want := rollout.DecisionID("kube:" + w.Route.UID + ":" + w.Route.Version); w.Rollback != want || w.Rollback == "" {
			t.Errorf("the annotation is the decision %q, want %q", w.Rollback, want)
		}
		b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Release, DropCanary: true})
		b.do(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Release})
		w = b.world()
		if w.Route.HasCanary || w.Route.Weight != 0 || w.Route.Stamp != nil || w.Rollback != "" || w.Stable.Stamp != nil {
			t.Errorf("after the release the world is %+v", w)
		}
		if w.Stable.Image != newImage {
			t.Errorf("the release set the image to %s", w.Stable.Image)
		}
	})
}

func TestRouteIsAcknowledgedLater(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		b.up(0)
		five := rollout.Weight(5)
		b.do(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five})
		if r := b.world().Route; r.Acknowledged || r.Weight != 5 || r.Detail == "" {
			t.Errorf("at once the route is %+v", r)
		}
		time.Sleep(time.Second)
		if r := b.world().Route; !r.Acknowledged || r.Stamp == nil || *r.Stamp.Weight != 5 {
			t.Errorf("a second later the route is %+v", r)
		}
		b.app.RefuseRoute("Accepted is False")
		if r := b.world().Route; r.Acknowledged || r.Detail != "Accepted is False" {
			t.Errorf("refused the route is %+v", r)
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
	run := func(every time.Duration) (map[string]sim.Counters, rollout.World) {
		var traffic map[string]sim.Counters
		var w rollout.World
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

func TestUnreachable(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		five := rollout.Weight(5)
		w := b.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &five})
		b.c.Unreachable(true)
		b.code(b.c.Do(b.t.Context(), b.r, w), rollout.Unavailable)
		if w := b.world(); w.Unreadable == "" || w.Stable.Exists {
			t.Errorf("the world is %+v", w)
		}
		if p := b.c.Preflight(b.t.Context(), b.r); p.Unreadable == "" {
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

func TestPreflight(t *testing.T) {
	ok := func(*bench) {}
	tests := map[string]struct {
		setup sim.Setup
		do    func(*bench)
		want  string // part of the only problem; empty: none
	}{
		"as it should be":       {sim.Setup{}, ok, ""},
		"a canary at 0":         {sim.Setup{Canary: oldImage}, ok, ""},
		"a canary with pods":    {sim.Setup{Canary: oldImage}, func(b *bench) { b.app.Scale(rollout.CanaryDeployment, 1, "x") }, "1 replicas already"},
		"a canary with traffic": {sim.Setup{Canary: oldImage}, func(b *bench) { b.app.EditWeight(5, "x") }, "5 %"},
		"no route":              {sim.Setup{NoRoute: true}, ok, "no HTTPRoute"},
		"no stable":             {sim.Setup{}, func(b *bench) { b.app.Delete(rollout.StableDeployment) }, "no Deployment"},
		"paused":                {sim.Setup{}, func(b *bench) { b.app.Pause(rollout.StableDeployment, true); time.Sleep(time.Second) }, "paused"},
		"recreate":              {sim.Setup{Strategy: sim.Recreate}, ok, "weight 100"},
		"rollback stands":       {sim.Setup{}, func(b *bench) { b.app.AskRollback(rollout.StableDeployment) }, "rollback=now"},
		"foreign stamp": {sim.Setup{}, func(b *bench) {
			b.app.SetStamp(rollout.RouteObject, rollout.Stamp{Store: "other", Rollout: "checkout-9"})
		}, "another Canarybot"},
		"running it already": {sim.Setup{}, func(b *bench) { b.r.Image = oldImage }, "already"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, sim.Options{}, test.setup, func(b *bench) {
				test.do(b)
				p := b.c.Preflight(b.t.Context(), b.r)
				text := strings.Join(p.Problems, "\n")
				if (test.want == "") != (text == "") || !strings.Contains(text, test.want) {
					t.Errorf("the problems are %q, want %q", text, test.want)
				}
				if test.want == "" && (p.Found.Stable.UID == "" || p.Found.Stable.Replicas != 4 || !p.Found.Surges || p.Found.Route.UID == "") {
					t.Errorf("found is %+v", p.Found)
				}
			})
		})
	}
}

func TestPreflightDeletesInertLeftovers(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		found := rollout.Found{Route: rollout.FoundRoute{UID: "r"}}
		for _, w := range []rollout.Write{
			{Object: rollout.CanaryService, Verb: rollout.Create},
			{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)},
		} {
			w := b.write(w)
			w.Stamp.Found = &found
			b.code(b.c.Do(b.t.Context(), b.r, w), "")
		}
		b.r.ID = "checkout-2"
		if p := b.c.Preflight(b.t.Context(), b.r); len(p.Problems) > 0 || p.Found.Canary.UID != "" || p.Found.CanaryService {
			t.Errorf("the preflight says %+v", p)
		}
		if w := b.world(); w.Canary.Exists || w.Service.Exists {
			t.Errorf("left behind: %+v", w)
		}
	})
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
