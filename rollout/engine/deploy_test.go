package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

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

// Who did not hear that a deploy counted and asks again, under the same id, is told that it counted: not that the service
// is busy, with the very rollout that the first request made.
func TestADeployThatIsAskedForTwiceCountedAlready(t *testing.T) {
	in(t, standard, func(w *world) {
		l := rollout.DeployRequest{ID: "launch", Actor: person(dev), Service: "checkout", Version: "v1.2.4", At: time.Now()}
		first, err := w.current.engine.Deploy(w.t.Context(), l)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.current.engine.Deploy(w.t.Context(), l); !errors.Is(err, rollout.ErrDecided) {
			w.t.Errorf("the second answer is %v", err)
		}
		l.ID = "another"
		var busy *rollout.BusyError
		if _, err := w.current.engine.Deploy(w.t.Context(), l); !errors.As(err, &busy) || busy.Live.ID != first.ID {
			w.t.Errorf("another request is answered %v", err)
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

// A registry that is busy for a minute delays a rollout, and ends none.
func TestABusyRegistryIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, quick, func(o *sim.Options) { o.Behaviours["v1.2.4"] = sim.Behaviour{ImageLate: time.Minute} })
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		defer w.stop()
		r, _ := w.launch("v1.2.4", nil)
		w.until(r.ID, "telling what it waits for", func(r rollout.Rollout) bool {
			return r.Phase == rollout.Preparing && r.PodsWait.Kind == rollout.ImagePullRetried
		})
		if r = w.until(r.ID, "its end", ended); r.Ending.Outcome != rollout.Succeeded || r.PodsWait.Kind != rollout.NoFailure {
			t.Errorf("ended %+v, waits for %+v", r.Ending, r.PodsWait)
		}
	})
}

// unreadable is a preflighter that cannot read something so many times.
type unreadable struct{ times int }

func (u *unreadable) Preflight(context.Context, rollout.Rollout) rollout.Preflight {
	if u.times--; u.times >= 0 {
		return rollout.Preflight{Unreadable: rollout.Problem{Code: rollout.ProblemAPIServerNoAnswer, Words: "connection refused"}}
	}
	return rollout.Preflight{}
}

// A dry run asks again what cannot be read, for a while.
func TestADryRunAsksAgain(t *testing.T) {
	for times, answered := range map[int]bool{0: true, 1: true, 5: true, 100: false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, sim.Setup{}, quick)
			w.before = []rollout.Preflighter{&unreadable{times: times}}
			time.Sleep(2 * time.Minute)
			w.start(0, false)
			began := time.Now()
			_, p, err := w.current.engine.DryRun(t.Context(), rollout.DeployRequest{Actor: person(dev), At: time.Now(), Service: "checkout", Version: "v1.2.4"})
			if err != nil || p.Unreadable.IsZero() != answered {
				t.Errorf("%d times unreadable: %+v, %v", times, p.Unreadable, err)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("%d times unreadable: answered after %s", times, took)
			}
		})
	}
}
