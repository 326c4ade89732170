package engine_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// launch starts a version as dev.
func (w *world) launch(version string, edit func(*rollout.DeployRequest)) (rollout.Rollout, error) {
	l := rollout.DeployRequest{ID: rollout.DecisionID("launch-" + version), Actor: person(dev), At: time.Now(), Service: "checkout", Version: version}
	if edit != nil {
		edit(&l)
	}
	return w.current.engine.Deploy(w.t.Context(), l)
}

// until waits, in virtual time, until the rollout is as wanted.
func (w *world) until(id rollout.ID, what string, holds func(rollout.Rollout) bool) rollout.Rollout {
	w.t.Helper()
	var r rollout.Rollout
	for range 3600 {
		var err error
		if r, err = w.store.Load(w.t.Context(), id); err == nil && holds(r) {
			return r
		}
		time.Sleep(time.Second)
	}
	w.t.Fatalf("%s never came to %s: it is %s (%+v)", id, what, r.Phase, r.Ending)
	return r
}

func ended(r rollout.Rollout) bool  { return r.Terminal() }
func baking(r rollout.Rollout) bool { return r.Phase == rollout.Baking }

// in runs the test in a world with a running engine and a past.
func in(t *testing.T, plan rollout.Plan, do func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, plan)
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		defer w.stop()
		do(w)
	})
}

func TestABusyServiceNamesItsHolder(t *testing.T) {
	in(t, standard, func(w *world) {
		first, err := w.launch("v1.2.4", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = w.launch("v1.2.6", nil)
		var busy *rollout.BusyError
		if !errors.As(err, &busy) || busy.Live.ID != first.ID {
			w.t.Errorf("answered %v, want busy with %s", err, first.ID)
		}
	})
}

func TestReplaceTakesTheLiveOneBackAndThenStarts(t *testing.T) {
	in(t, quick, func(w *world) {
		first, _ := w.launch("v1.2.4", nil)
		w.until(first.ID, "a bake", baking)
		second, err := w.launch("v1.2.6", func(l *rollout.DeployRequest) { l.Replace = true })
		if err != nil {
			w.t.Fatal(err)
		}
		if second.Behind != first.ID {
			w.t.Errorf("%s waits behind %q", second.ID, second.Behind)
		}
		first = w.until(first.ID, "its end", ended)
		if first.Ending.Outcome != rollout.RolledBack || first.Ending.Reason.Code != rollout.ReasonReplaced {
			w.t.Errorf("the first ended %+v", first.Ending)
		}
		if second = w.until(second.ID, "its end", ended); second.Ending.Outcome != rollout.Succeeded {
			w.t.Errorf("the second ended %+v", second.Ending)
		}
	})
}

// What stable runs already is no replacement for a live canary: nothing is rolled back for it.
func TestReplaceByTheVersionOfStableIsRefused(t *testing.T) {
	in(t, quick, func(w *world) {
		first, _ := w.launch("v1.2.4", nil)
		before := w.until(first.ID, "a bake", baking)
		_, err := w.launch(rollout.ShortVersion(before.From()), func(l *rollout.DeployRequest) { l.Replace = true })
		var same *rollout.SameVersionError
		if !errors.As(err, &same) {
			w.t.Errorf("answered %v, want that stable runs it", err)
		}
		if now, _ := w.store.Load(w.t.Context(), first.ID); now.Phase != rollout.Baking {
			w.t.Errorf("the live one is %s", now.Phase)
		}
	})
}

func TestAVersionThatWasRolledBackWantsReplace(t *testing.T) {
	in(t, quick, func(w *world) {
		bad, _ := w.launch("v1.2.5", nil)
		w.until(bad.ID, "its end", ended)
		_, err := w.launch("v1.2.5", func(l *rollout.DeployRequest) { l.ID = "again" })
		var before *rollout.RolledBackError
		if !errors.As(err, &before) || before.Before.ID != bad.ID {
			w.t.Errorf("answered %v, want rolled back in %s", err, bad.ID)
		}
		if _, err := w.launch("v1.2.5", func(l *rollout.DeployRequest) { l.ID, l.Replace = "once more", true }); err != nil {
			w.t.Errorf("with --replace: %v", err)
		}
	})
}

func TestTheWayBack(t *testing.T) {
	in(t, quick, func(w *world) {
		up, _ := w.launch("v1.2.4", nil)
		up = w.until(up.ID, "its end", ended)
		back, err := w.launch("", func(l *rollout.DeployRequest) { l.ID, l.Back, l.Actor = "back", true, person("U0ANYBODY") })
		if err != nil {
			w.t.Fatal(err)
		}
		if r := w.until(back.ID, "its end", ended); r.Ending.Outcome != rollout.Succeeded || w.cluster.Observe(w.t.Context(), r).Stable.Image != up.From() {
			w.t.Errorf("ended %+v with stable at %s, want %s", r.Ending, w.cluster.Observe(w.t.Context(), r).Stable.Image, up.From())
		}
	})
}

func TestWhoMayLaunch(t *testing.T) {
	in(t, quick, func(w *world) {
		for name, edit := range map[string]func(*rollout.DeployRequest){
			"a guest":              func(l *rollout.DeployRequest) { l.Actor = person(guest) },
			"somebody":             func(l *rollout.DeployRequest) { l.Actor = person("U0ANYBODY") },
			"a deployer with auto": func(l *rollout.DeployRequest) { l.Auto = true },
		} {
			if _, err := w.launch("v1.2.4", edit); rollout.CodeOf(err) != rollout.Forbidden {
				w.t.Errorf("%s: %v, want forbidden", name, err)
			}
		}
		if open, _ := w.store.Open(w.t.Context(), ""); len(open) != 0 {
			w.t.Errorf("%d rollouts were started", len(open))
		}
	})
}

func TestAStoreThatFailsInARollbackStillTakesTheTrafficOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, standard)
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		r, _ := w.launch("v1.2.4", nil)
		w.until(r.ID, "a bake", baking)
		w.stop()

		disk := &brokenDisk{Store: w.store}
		w.store = disk
		w.start(0, false)
		disk.broken.Store(true)
		w.app.Break(sim.Behaviour{Errors: 0.5})
		err := <-w.current.done
		if rollout.CodeOf(err) != rollout.Unavailable {
			t.Fatalf("the engine ended with %v, want the store's failure", err)
		}
		route := w.cluster.Observe(t.Context(), r).Route
		if route.Weight != 0 || !route.AsksRollback {
			t.Errorf("weight %d, annotated %t; want 0 and the annotation", route.Weight, route.AsksRollback)
		}

		disk.broken.Store(false) // the next process reads the annotation as an abort
		w.start(0, false)
		defer w.stop()
		r = w.until(r.ID, "its end", ended)
		if r.Ending.Outcome != rollout.RolledBack {
			t.Errorf("ended %+v", r.Ending)
		}
	})
}

func TestBusySaysAllThatReplacingWouldEnd(t *testing.T) {
	in(t, quick, func(w *world) {
		bad, _ := w.launch("v1.2.5", nil)
		w.until(bad.ID, "its end", ended)
		live, _ := w.launch("v1.2.4", nil)
		w.until(live.ID, "a bake", baking)
		queued, err := w.launch("v1.2.6", func(l *rollout.DeployRequest) { l.Replace = true })
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = w.launch("v1.2.5", func(l *rollout.DeployRequest) { l.ID = "again" })
		busy, ok := errors.AsType[*rollout.BusyError](err)
		if !ok || busy.Live.ID != live.ID || busy.Waiting == nil || busy.Waiting.ID != queued.ID || busy.Before == nil || busy.Before.ID != bad.ID {
			w.t.Errorf("answered %#v", err)
		}
	})
}

// What was released and crashes a while later is just what one goes back from: a stable none of whose pods serves is
// no reason not to.
func TestTheWayBackFromAStableThatCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, quick, func(o *sim.Options) { o.Behaviours["v1.2.9"] = sim.Behaviour{CrashAfter: 3 * time.Minute} })
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		defer w.stop()
		up, _ := w.launch("v1.2.9", nil)
		if up = w.until(up.ID, "its end", ended); up.Ending.Outcome != rollout.Succeeded {
			t.Fatalf("the way up ended %+v", up.Ending)
		}
		time.Sleep(5 * time.Minute)
		if s := w.cluster.Observe(t.Context(), up).Stable; s.Endpoints > 0 || s.Failure.Kind != rollout.CrashLoop {
			t.Fatalf("stable does not crash: %+v", s)
		}
		forward, _ := w.launch("v1.2.6", nil)
		if forward = w.until(forward.ID, "its end", ended); forward.Ending.Reason.Code != rollout.ReasonPreflight {
			t.Errorf("a judged rollout ended %+v, want it refused beside a stable that crashes", forward.Ending)
		}
		back, err := w.launch("", func(l *rollout.DeployRequest) { l.ID, l.Back = "back", true })
		if err != nil {
			t.Fatal(err)
		}
		back = w.until(back.ID, "its end", ended)
		if s := w.cluster.Observe(t.Context(), back).Stable; back.Ending.Outcome != rollout.Succeeded || s.Image != up.From() || !s.RolledOut() {
			t.Errorf("ended %+v with stable %+v, want it rolled out at %s", back.Ending, s, up.From())
		}
	})
}

// Going back from what somebody set by hand, or from what an abandoned rollout left, would jump over it unjudged.
func TestTheWayBackFromWhatWasNotReleased(t *testing.T) {
	in(t, quick, func(w *world) {
		up, _ := w.launch("v1.2.4", nil)
		w.until(up.ID, "its end", ended)
		w.app.SetImage(rollout.StableDeployment, "r/shop/checkout:hotfix", "kubectl")
		back := func(l *rollout.DeployRequest) { l.ID, l.Back = "back", true }
		_, err := w.launch("", back)
		if p := rollout.ProblemOf(err); rollout.CodeOf(err) != rollout.Conflict || p.Code != rollout.ProblemUnreleased || rollout.ShortVersion(p.Value) != "hotfix" {
			w.t.Errorf("answered %v, want what stable runs", err)
		}

		w.cluster.SetFault(func(sim.Call) error { return sim.ErrLost }) // at the launch nobody can look: at the start it is refused
		r, err := w.launch("", back)
		if err != nil {
			w.t.Fatal(err)
		}
		w.cluster.SetFault(nil)
		if r = w.until(r.ID, "its end", ended); r.Ending.Outcome != rollout.Cancelled || !strings.Contains(strings.Join(view.Problems(r.Ending.Left), " "), "checkout runs hotfix") {
			w.t.Errorf("ended %+v", r.Ending)
		}
		if image := w.cluster.Observe(w.t.Context(), r).Stable.Image; image != "r/shop/checkout:hotfix" {
			w.t.Errorf("stable runs %s", image)
		}
	})
}

// Going back twice would be going to what was rolled back.
func TestTheWayBackIsGoneOnce(t *testing.T) {
	in(t, quick, func(w *world) {
		up, _ := w.launch("v1.2.4", nil)
		w.until(up.ID, "its end", ended)
		back, _ := w.launch("", func(l *rollout.DeployRequest) { l.ID, l.Back = "back", true })
		w.until(back.ID, "its end", ended)
		if _, err := w.launch("", func(l *rollout.DeployRequest) { l.ID, l.Back = "further", true }); rollout.CodeOf(err) != rollout.Conflict {
			w.t.Errorf("answered %v", err)
		}
	})
}

// Who deploys again right after everybody got a version waits for Prometheus to see the new pods, and is not told to
// mend queries that are well. Later, and of a service that nothing replaced, the same silence is a problem.
func TestStableThatWasJustReplacedIsWaitedFor(t *testing.T) {
	in(t, standard, func(w *world) {
		r, _ := w.launch("v1.2.4", nil)
		w.until(r.ID, "its first question", func(r rollout.Rollout) bool { return r.Phase == rollout.Awaiting })
		for !func() bool { r, _ = w.rollout(); return r.Terminal() }() {
			if d, ok := promoting(r); ok {
				w.decide(d)
			}
			time.Sleep(time.Second)
		}
		if r.Ending.Outcome != rollout.Succeeded {
			w.t.Fatalf("%+v", r.Ending)
		}
		unmeasured := func(s rollout.Sample) rollout.Sample {
			s.Canary, s.CanaryWhy = nil, rollout.WhyNoData // which is stable, where stable alone is asked for
			return s
		}
		w.metrics.Alter(unmeasured)
		next, _ := w.launch("v1.2.6", nil)
		time.Sleep(20 * time.Second)
		if waits, _ := w.store.Load(w.t.Context(), next.ID); waits.Phase != rollout.Queued {
			w.t.Fatalf("it is %s: %+v", waits.Phase, waits.Ending)
		}
		w.metrics.Alter(nil)
		w.until(next.ID, "a bake", baking)
		w.decide(rollout.Decision{ID: "back", Action: rollout.Rollback, Actor: person(dev)})
		w.until(next.ID, "its end", ended)
		time.Sleep(5 * time.Minute)
		w.metrics.Alter(unmeasured)
		last, _ := w.launch("v1.2.7", nil)
		if last = w.until(last.ID, "its end", ended); last.Ending.Reason.Code != rollout.ReasonPreflight {
			w.t.Errorf("%+v", last.Ending.Reason)
		}
	})
}

// A check that only informs keeps nothing from starting, whatever it says of stable.
func TestACheckThatOnlyInformsKeepsNothingFromStarting(t *testing.T) {
	for _, informs := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, sim.Setup{}, quick)
			strict := w.service.Spec.Checks[0]
			strict.Name, strict.DryRun, strict.Threshold = "strict", informs, -1
			w.service.Spec.Checks = append(w.service.Spec.Checks, strict)
			time.Sleep(2 * time.Minute)
			w.start(0, false)
			defer w.stop()
			r, _ := w.launch("v1.2.4", nil)
			r = w.until(r.ID, "its end", ended)
			if started := r.Ending.Outcome != rollout.Cancelled; started != informs {
				t.Errorf("informs %t: ended %q, %+v", informs, r.Ending.Outcome, r.Ending.Checks)
			}
		})
	}
}
