package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// newPair is a world with a second service, web, that is like the first.
func newPair(t testing.TB, plan, webPlan rollout.Plan) *world {
	w := newWorld(t, sim.Setup{}, plan)
	w.web = w.service
	w.web.Name, w.web.Spec.Objects, w.web.Spec.Plan = "web", sim.Objects("shop", "web"), webPlan
	w.web.Spec.Repository = "r/shop/web"
	w.cluster.Add(sim.Setup{Objects: w.web.Spec.Objects, Image: "r/shop/web:v1.2.3"})
	return w
}

// together launches both services, by one command.
func (w *world) together(version, webVersion string) ([]rollout.Rollout, error) {
	request := func(service rollout.ServiceName, version string) rollout.DeployRequest {
		return rollout.DeployRequest{ID: "launch", Actor: person(dev), At: time.Now(), Service: service, Version: version}
	}
	return w.current.engine.DeployTogether(w.t.Context(), []rollout.DeployRequest{request("checkout", version), request("web", webVersion)})
}

// pair is what both are at.
func (w *world) pair() (checkout, web rollout.Rollout, ok bool) {
	w.t.Helper()
	checkout, err := w.store.Load(w.t.Context(), "checkout-1")
	if rollout.CodeOf(err) == rollout.NotFound {
		return checkout, web, false
	}
	web, err2 := w.store.Load(w.t.Context(), "web-1")
	if err := errors.Join(err, err2); err != nil {
		w.t.Fatal(err)
	}
	return checkout, web, true
}

// duo is what people do with the pair: asked once a second, it returns the rollout and the decision, or an empty id.
type duo func(checkout, web rollout.Rollout) (rollout.ID, rollout.Decision)

// promotingBoth answers every gate, on the first card that asks.
func promotingBoth(checkout, web rollout.Rollout) (rollout.ID, rollout.Decision) {
	for _, r := range []rollout.Rollout{checkout, web} {
		if r.Phase == rollout.Awaiting {
			id := rollout.DecisionID(fmt.Sprint("promote-", r.Service, r.Step))
			return r.ID, rollout.Decision{ID: id, Action: rollout.Promote, Actor: person(lead), Turn: r.Turn}
		}
	}
	return "", rollout.Decision{}
}

// abortingWeb rolls web back once both are at their gate.
func abortingWeb(checkout, web rollout.Rollout) (rollout.ID, rollout.Decision) {
	if web.Phase == rollout.Awaiting && checkout.Phase == rollout.Awaiting {
		return web.ID, rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev), Turn: web.Turn}
	}
	return "", rollout.Decision{}
}

// playPair launches both and lets people decide until both have ended, through crashes.
func (w *world) playPair(version, webVersion string, people duo) {
	for range 4 * 3600 {
		w.revive()
		checkout, web, ok := w.pair()
		if !ok {
			_, err := w.together(version, webVersion)
			w.mustArrive(err)
		} else if checkout.Terminal() && web.Terminal() {
			return
		} else if id, d := people(checkout, web); id != "" {
			d.At = time.Now()
			_, err := w.current.engine.Decide(w.t.Context(), id, d)
			w.mustArrive(err)
		}
		time.Sleep(time.Second)
	}
	checkout, web, _ := w.pair()
	w.t.Fatalf("after four hours they are %s and %s", checkout.Phase, web.Phase)
}

// pairLife is a whole life of two rollouts that go together.
type pairLife struct {
	name                string
	plan, webPlan       rollout.Plan
	version, webVersion string
	people              duo
	want                rollout.Outcome
	why, webWhy         rollout.ReasonCode
}

// asked is quick, with a person at the end of its only step.
var asked = rollout.Plan{Name: "asked", Steps: []rollout.Step{{Weight: 20, Bake: 10 * time.Second, Gate: rollout.Manual}}}

func pairLives() []pairLife {
	return []pairLife{
		{"both are promoted", asked, asked, "v1.2.4", "v1.2.4", promotingBoth, rollout.Succeeded, "", ""},
		{"both are promoted, one of them by itself", asked, quick, "v1.2.4", "v1.2.4", promotingBoth, rollout.Succeeded, "", ""},
		{"one fails, both are rolled back", standard, quick, "v1.2.4", "v1.2.5", promotingBoth, rollout.RolledBack, rollout.ReasonSibling, rollout.ReasonCheck},
		{"somebody rolls one back, both are", asked, asked, "v1.2.4", "v1.2.4", abortingWeb, rollout.RolledBack, rollout.ReasonSibling, rollout.ReasonPerson},
	}
}

// live plays the life in a world of its own, crashing at the call, if it comes to that.
func (l pairLife) live(t *testing.T, crash int, after bool) (got outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newPair(t, l.plan, l.webPlan)
		time.Sleep(2 * time.Minute)
		w.start(crash, after)
		first := w.ports
		w.playPair(l.version, l.webVersion, l.people)
		time.Sleep(time.Minute)
		checkout, web, _ := w.pair()
		got = outcome{
			story: w.story(checkout.ID) + w.story(web.ID), standing: w.standing(checkout) + "\n" + w.standing(web), calls: first.count(), crashed: first.died(),
		}
		if checkout.Ending.Outcome != l.want || web.Ending.Outcome != l.want || checkout.Ending.Reason.Code != l.why || web.Ending.Reason.Code != l.webWhy {
			t.Errorf("checkout %s because of %q, web %s because of %q", checkout.Ending.Outcome, checkout.Ending.Reason.Code, web.Ending.Outcome, web.Ending.Reason.Code)
		}
		w.stop()
	})
	return got
}

// A process may die at every single call, before it or after it in turn; both rollouts come to the same end.
func TestCrashAnywhereSameEndForBoth(t *testing.T) {
	for _, l := range pairLives() {
		t.Run(l.name, func(t *testing.T) {
			want := l.live(t, 0, false)
			t.Logf("%d calls\n%s%s", want.calls, want.story, want.standing)
			stride := 1
			if raceEnabled {
				stride = 24
			}
			for n := 1; n <= want.calls; n += stride {
				got := l.live(t, n, n/stride%2 == 0)
				if got.story != want.story || got.standing != want.standing {
					t.Fatalf("crashed at call %d; got\n%s%s\nwant\n%s%s", n, got.story, got.standing, want.story, want.standing)
				}
			}
		})
	}
}

// inPair runs the test in a world of two services.
func inPair(t *testing.T, plan, webPlan rollout.Plan, change func(w *world), do func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newPair(t, plan, webPlan)
		if change != nil {
			change(w)
		}
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		defer w.stop()
		do(w)
	})
}

// untilPair lets time pass until both are as asked.
func (w *world) untilPair(as func(checkout, web rollout.Rollout) bool) (checkout, web rollout.Rollout) {
	w.t.Helper()
	for range 3600 {
		checkout, web, ok := w.pair()
		if ok && as(checkout, web) {
			return checkout, web
		}
		time.Sleep(time.Second)
	}
	checkout, web, _ = w.pair()
	w.t.Fatalf("they are %s and %s", checkout.Phase, web.Phase)
	return checkout, web
}

func bothAwait(checkout, web rollout.Rollout) bool {
	return checkout.Phase == rollout.Awaiting && web.Phase == rollout.Awaiting
}

func bothEnded(checkout, web rollout.Rollout) bool { return checkout.Terminal() && web.Terminal() }

// All are made, or none: what keeps one from starting keeps the other, and says whose fault it is.
func TestTogetherOrNotAtAll(t *testing.T) {
	inPair(t, asked, asked, nil, func(w *world) {
		if _, err := w.current.engine.Deploy(w.t.Context(), rollout.DeployRequest{ID: "first", Actor: person(dev), At: time.Now(), Service: "web", Version: "v1.2.4"}); err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		_, err := w.together("v1.2.4", "v1.2.6")
		var one *rollout.DeployError
		var busy *rollout.BusyError
		if !errors.As(err, &one) || one.Request.Service != "web" || !errors.As(err, &busy) {
			w.t.Fatalf("got %v, want web to be busy", err)
		}
		if _, _, ok := w.pair(); ok {
			w.t.Error("checkout was started without web")
		}
	})
}

// A sibling that is rolled back just before the commit of a promotion keeps it from being promoted, whether that is about the
// sibling too, the sibling would go by itself, or both would.
func TestARollbackThatIsFasterThanASiblingsPromotion(t *testing.T) {
	for name, plans := range map[string][2]rollout.Plan{"one answer": {asked, asked}, "one gate": {asked, quick}, "no gate": {quick, quick}} {
		t.Run(name, func(t *testing.T) { rollbackIsFaster(t, plans[0], plans[1]) })
	}
}

// overtaken is a store in which something happens just before checkout is promoted, once.
type overtaken struct {
	rollout.Store
	before func()
	done   sync.Once
}

// Commit lets it happen.
func (o *overtaken) Commit(ctx context.Context, changes ...rollout.Change) error {
	if r := changes[0].Rollout; r.ID == "checkout-1" && r.Phase == rollout.Promoting {
		o.done.Do(o.before)
	}
	return o.Store.Commit(ctx, changes...)
}

func rollbackIsFaster(t *testing.T, plan, webPlan rollout.Plan) {
	inPair(t, plan, webPlan, func(w *world) {
		w.store = &overtaken{Store: w.store, before: func() {
			d := rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev), At: time.Now()}
			if _, err := w.current.engine.Decide(w.t.Context(), "web-1", d); err != nil {
				w.t.Error(err)
			}
		}}
	}, func(w *world) {
		if _, err := w.together("v1.2.4", "v1.2.4"); err != nil {
			w.t.Fatal(err)
		}
		if plan.Steps[0].Gate == rollout.Manual {
			checkout, _ := w.untilPair(func(checkout, web rollout.Rollout) bool {
				return checkout.Phase == rollout.Awaiting && (web.Phase == rollout.Awaiting || web.Ready && web.Current().Gate == rollout.Auto)
			})
			d := rollout.Decision{ID: "promote", Action: rollout.Promote, Actor: person(lead), Turn: checkout.Turn, At: time.Now()}
			if _, err := w.current.engine.Decide(w.t.Context(), checkout.ID, d); rollout.CodeOf(err) != rollout.Conflict {
				w.t.Errorf("got %v, want it refused", err)
			}
		}
		checkout, web := w.untilPair(bothEnded)
		if checkout.StableWritten || checkout.Ending.Outcome != rollout.RolledBack || web.Ending.Outcome != rollout.RolledBack {
			w.t.Errorf("checkout %s, its stable touched %t, web %s", checkout.Ending.Outcome, checkout.StableWritten, web.Ending.Outcome)
		}
	})
}

// While the store refuses commits, who is taken off traffic takes its sibling along all the same.
func TestTogetherWithoutAStore(t *testing.T) {
	memory := mem.New(mem.Options{ID: "s"})
	inPair(t, asked, asked, func(w *world) { w.store = memory }, func(w *world) {
		if _, err := w.together("v1.2.4", "v1.2.4"); err != nil {
			w.t.Fatal(err)
		}
		checkout, web := w.untilPair(bothAwait)
		memory.Refuse(errors.New("no space left on device"))
		d := rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev), At: time.Now()}
		_, err := w.current.engine.Decide(w.t.Context(), web.ID, d)
		if !rollout.Unsaved(err) {
			w.t.Fatalf("got %v", err)
		}
		time.Sleep(30 * time.Second)
		for _, r := range []rollout.Rollout{checkout, web} {
			if at := w.cluster.Observe(w.t.Context(), r).Route.Weight; at != 0 {
				w.t.Errorf("%s has %s of the traffic", r.ID, at)
			}
		}
		memory.Refuse(nil)
		w.untilPair(bothEnded)
	})
}

// Those that are asked for together count beside each other.
func TestTogetherCountsAtOnce(t *testing.T) {
	inPair(t, asked, asked, nil, func(w *world) {
		w.current.engine.AtOnce = rollout.AtOnce{All: 1}
		_, err := w.together("v1.2.4", "v1.2.4")
		if p := rollout.ProblemOf(err); p.Code != rollout.ProblemTooManyAtOnce || p.Count != 1 || p.Names[0] != "web" {
			w.t.Fatalf("got %v", err)
		}
	})
}
