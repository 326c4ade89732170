package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/sim"
)

// pend asks for a deploy at the moment; zero: as soon as nothing is in its way.
func (w *world) pend(who, version string, at time.Time) (rollout.Pending, int, error) {
	l := rollout.DeployRequest{ID: rollout.DecisionID("pend-" + version), Actor: person(who), At: time.Now(), Service: "checkout", Version: version}
	return w.current.engine.Await(w.t.Context(), l, at)
}

func (w *world) mustPend(who, version string, at time.Time) rollout.Pending {
	w.t.Helper()
	p, _, err := w.pend(who, version, at)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// settled returns what came of the pending deploy; nil: it is pending.
func (w *world) settled(id int) *rollout.Settlement {
	w.t.Helper()
	q, err := w.store.Queue(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range q.All {
		if p.ID == id {
			return p.Settled
		}
	}
	w.t.Fatalf("%d is not known: %+v", id, q)
	return nil
}

// started returns how many rollouts there ever were.
func (w *world) started() int {
	all, err := w.store.History(w.t.Context(), "checkout", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all)
}

// A process that dies before or after any of the calls between the request and the settlement starts the deploy once, at its
// moment, and somebody learns what came of it.
func TestAPendingDeployStartsOnceWhateverCrashes(t *testing.T) {
	const most = 12 // commits, writes and looks: more than it takes to start
	for call := 1; call <= most; call++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("call %d, after %t", call, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, sim.Setup{}, quick)
					time.Sleep(2 * time.Minute)
					w.start(call, after)
					defer func() { w.stop() }()
					moment := time.Now().Add(time.Minute)
					for range 120 {
						w.revive()
						if q, err := w.store.Queue(t.Context()); err != nil || q.Last == 0 {
							_, _, err := w.pend(dev, "v1.2.4", moment)
							w.mustArrive(err)
						}
						time.Sleep(time.Second)
						if time.Now().Before(moment) && w.started() > 0 {
							t.Fatal("it started before its moment")
						}
					}
					s := w.settled(1)
					if s == nil || s.Rollout != "checkout-1" || w.started() != 1 {
						t.Errorf("settled as %+v, %d rollouts", s, w.started())
					}
				})
			})
		}
	}
}

// Of several deploys of a service one is under way, and the others follow one by one in their order; whoever asked may leave, and
// an approver may let one go first.
func TestTheLine(t *testing.T) {
	dated(t, func(w *world) { w.service.Spec.Plan = quick }, func(w *world) {
		if _, err := w.launch("v1.2.4", nil); err != nil {
			w.t.Fatal(err)
		}
		first, second := w.mustPend(dev, "v1.2.6", time.Time{}), w.mustPend(lead, "v1.2.7", time.Time{})
		gone, again := w.mustPend(dev, "v1.2.9", time.Time{}), rollout.DecisionID("leave")
		decide := func(who string, p rollout.Pending) rollout.QueueDecision {
			return rollout.QueueDecision{Pending: p.ID, Actor: person(who), At: time.Now()}
		}
		ctx, e := w.t.Context(), w.current.engine
		asGuest := decide(dev, first)
		asGuest.Actor.Member = false
		leave := decide(dev, gone)
		leave.ID = again
		for _, tt := range []struct {
			name string
			do   func(context.Context, rollout.QueueDecision) (rollout.Pending, error)
			with rollout.QueueDecision
			want rollout.Code
		}{
			{"nobody removes what there is not", e.Leave, decide(dev, rollout.Pending{ID: 17}), rollout.NotFound},
			{"a deployer does not remove somebody else's", e.Leave, decide(dev, second), rollout.Forbidden},
			{"who left the workspace does not remove their own", e.Leave, asGuest, rollout.Forbidden},
			{"a deployer lets nothing go first, not even their own", e.Jump, decide(dev, first), rollout.Forbidden},
			{"nothing goes first that there is not", e.Jump, decide(lead, rollout.Pending{ID: 17}), rollout.NotFound},
			{"whoever asked removes their own", e.Leave, leave, ""},
			{"an approver lets one go first", e.Jump, decide(lead, second), ""},
		} {
			if _, err := tt.do(ctx, tt.with); rollout.CodeOf(err) != tt.want {
				w.t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
			}
		}
		if _, err := e.Leave(ctx, rollout.QueueDecision{ID: again, Pending: first.ID, Actor: person(dev), At: time.Now()}); !errors.Is(err, rollout.ErrDecided) {
			w.t.Errorf("the same decision counted twice: %v", err)
		}
		time.Sleep(15 * time.Minute)
		if s := w.settled(second.ID); s == nil || s.Rollout != "checkout-2" {
			w.t.Errorf("the one that went ahead: %+v", s)
		}
		if s := w.settled(first.ID); s == nil || s.Rollout != "checkout-3" {
			w.t.Errorf("the other: %+v", s)
		}
		if n := w.started(); n != 3 {
			w.t.Errorf("%d rollouts", n)
		}
	})
}

// What a pending deploy meets at its moment: what passes is waited for, and what does not ends it.
func TestWhatAPendingDeployMeets(t *testing.T) {
	frozen := rollout.Closure{Kind: rollout.FreezeClosure, Text: "sale"}
	policy := func(change func(*rollout.Policy)) func(w *world) {
		return func(w *world) {
			w.stop()
			change(&w.service.Policy)
			w.start(0, false)
		}
	}
	for name, tt := range map[string]struct {
		meets func(w *world)
		want  rollout.ProblemCode // empty: it starts in the end
		after time.Duration       // when it does
	}{
		"nothing": {func(*world) {}, "", time.Minute},
		"a freeze that ends": {func(w *world) {
			frozen := frozen
			frozen.Until = time.Now().Add(time.Hour)
			w.must(w.close(lead, frozen, ""))
		}, "", time.Hour},
		"somebody else's lock": {func(w *world) {
			w.must(w.close(lead, rollout.Closure{Kind: rollout.LockClosure, Scope: rollout.Scope{Service: "checkout"}, Until: time.Now().Add(30 * time.Minute)}, ""))
		}, "", 30 * time.Minute},
		"one's own lock": {func(w *world) {
			w.must(w.close(dev, rollout.Closure{Kind: rollout.LockClosure, Scope: rollout.Scope{Service: "checkout"}, Until: time.Now().Add(30 * time.Minute)}, ""))
		}, "", time.Minute},
		"a policy that does not let them": {policy(func(p *rollout.Policy) { p.Deployers = []string{lead} }), rollout.ProblemNotAllowed, 0},
		"somebody who left":               {func(w *world) { w.person.Store(&rollout.Actor{Kind: rollout.Person, ID: dev}) }, rollout.ProblemNotAMember, 0},
		"a service that left":             {func(w *world) { w.stop(); w.service.Name = "other"; w.start(0, false) }, engine.ProblemNoSuchService, 0},
		"a version that runs by then":     {func(w *world) { w.launchAndEnd("v1.2.4") }, rollout.ProblemSameVersion, 0},
		"a version rolled back by then":   {func(w *world) { w.launchAndAbort("v1.2.4") }, rollout.ProblemRolledBackBefore, 0},
		"Slack that does not say who they are": {func(w *world) {
			w.unknown.Store(true)
			time.AfterFunc(10*time.Minute, func() { w.unknown.Store(false) })
		}, "", 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			dated(t, func(w *world) {
				w.service.Spec.Plan = quick
				w.identify = w.identified
			}, func(w *world) {
				began := time.Now()
				p := w.mustPend(dev, "v1.2.4", began.Add(time.Minute))
				tt.meets(w)
				for w.settled(p.ID) == nil && time.Since(began) < 3*time.Hour {
					time.Sleep(time.Second)
				}
				s := w.settled(p.ID)
				switch {
				case s == nil || s.Problem.Code != tt.want:
					t.Errorf("got %+v, want %q", s, tt.want)
				case tt.want == "" && (s.Rollout == "" || s.At.Sub(began) < tt.after || s.At.Sub(began) > tt.after+10*time.Second):
					t.Errorf("started as %s after %s, want %s", s.Rollout, s.At.Sub(began), tt.after)
				}
			})
		})
	}
}

// A rollback waits for nothing that is pending, nor does a way back.
func TestARollbackPassesTheLine(t *testing.T) {
	dated(t, func(w *world) { w.service.Spec.Plan = quick }, func(w *world) {
		w.launchAndEnd("v1.2.4")
		if err := w.close(lead, rollout.Closure{Kind: rollout.FreezeClosure, Text: "sale"}, ""); err != nil {
			w.t.Fatal(err)
		}
		p := w.mustPend(dev, "v1.2.6", time.Time{})
		back := rollout.DeployRequest{ID: "back", Actor: person(guest), At: time.Now(), Service: "checkout", Back: true}
		back.Actor.Member = true
		if _, err := w.current.engine.Deploy(w.t.Context(), back); err != nil {
			w.t.Errorf("the way back: %v", err)
		}
		if s := w.settled(p.ID); s != nil {
			w.t.Errorf("what is pending: %+v", s)
		}
	})
}

// What was removed never starts, even when that is asked at its very moment.
func TestLeavingAtTheMoment(t *testing.T) {
	dated(t, nil, func(w *world) {
		p := w.mustPend(dev, "v1.2.4", time.Now().Add(time.Minute))
		time.Sleep(time.Minute)
		_, err := w.current.engine.Leave(w.t.Context(), rollout.QueueDecision{Pending: p.ID, Actor: person(dev), At: time.Now()})
		time.Sleep(time.Minute)
		if left := err == nil; left == (w.started() == 1) {
			w.t.Errorf("leaving said %v, and %d rollouts started", err, w.started())
		}
	})
}

// identified says who somebody is as the test has it.
func (w *world) identified(_ context.Context, by rollout.Actor, _ rollout.ServiceName) (rollout.Actor, error) {
	if w.unknown.Load() {
		return by, errors.New("Slack is away")
	}
	if now := w.person.Load(); now != nil {
		return *now, nil
	}
	return by, nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) launchAndEnd(version string) {
	w.t.Helper()
	if r := w.play(version, promoting); r.Ending.Outcome != rollout.Succeeded {
		w.t.Fatalf("%s is %s", r.ID, r.Ending.Outcome)
	}
}

func (w *world) launchAndAbort(version string) {
	w.t.Helper()
	if r := w.play(version, aborting(rollout.Baking)); r.Ending.Outcome != rollout.RolledBack {
		w.t.Fatalf("%s is %s", r.ID, r.Ending.Outcome)
	}
}

// What is foreseen is what becomes of a deploy that waits, and nothing is pending by it.
func TestAPendingDeployIsForeseen(t *testing.T) {
	for name, at := range map[string]time.Duration{"in line": 0, "at a moment": time.Hour} {
		t.Run(name, func(t *testing.T) {
			dated(t, func(*world) {}, func(w *world) {
				var moment time.Time
				if at > 0 {
					moment = time.Now().UTC().Add(at)
				}
				l := rollout.DeployRequest{ID: "pend-v3", Actor: person(lead), At: time.Now(), Service: "checkout", Version: "v3"}
				o, err := w.current.engine.Foresee(w.t.Context(), l, moment)
				if err != nil {
					w.t.Fatal(err)
				}
				if q, err := w.store.Queue(w.t.Context()); err != nil || len(q.All) > 0 {
					w.t.Fatalf("%d are pending, %v", len(q.All), err)
				}
				p, place, err := w.current.engine.Await(w.t.Context(), l, moment)
				if err != nil || place != o.Place || p.Expires() != o.Pending.Expires() || p.ID != o.Pending.ID || o.InTheWay != nil {
					w.t.Errorf("%+v at place %d (%v), foreseen %+v", p, place, err, o)
				}
			})
		})
	}
}
