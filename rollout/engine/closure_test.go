package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// dated runs the test in a world with a calendar.
func dated(t *testing.T, change func(w *world), do func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, standard)
		w.calendar = &calendar.Calendar{}
		if change != nil {
			change(w)
		}
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		defer w.stop()
		do(w)
	})
}

func (w *world) close(who string, c rollout.Closure, id rollout.DecisionID) error {
	c.By, c.At = person(who), time.Now()
	if c.From.IsZero() {
		c.From = c.At
	}
	return w.current.engine.Close(w.t.Context(), c, id)
}

func (w *world) reopen(who string, kind rollout.ClosureKind, scope rollout.Scope) ([]rollout.Closure, error) {
	return w.current.engine.Reopen(w.t.Context(), rollout.Reopening{Kind: kind, Scope: scope, Actor: person(who), At: time.Now()})
}

// racing is a store in which something happens just before a commit, once.
type racing struct {
	rollout.Store
	before func()
}

// Commit lets it happen.
func (r *racing) Commit(ctx context.Context, changes ...rollout.Change) error {
	if do := r.before; do != nil {
		r.before = nil
		do()
	}
	return r.Store.Commit(ctx, changes...)
}

// A freeze that counts between the look at the calendar and the commit of a deploy keeps it from starting.
func TestAFreezeThatIsFasterThanADeploy(t *testing.T) {
	var store *racing
	dated(t, func(w *world) {
		store = &racing{Store: w.store}
		w.store = store
	}, func(w *world) {
		store.before = func() {
			if err := w.close(lead, rollout.Closure{Kind: rollout.FreezeClosure, Text: "sale"}, "freeze"); err != nil {
				w.t.Error(err)
			}
		}
		_, err := w.launch("v1.2.4", nil)
		var closed *rollout.ClosedError
		if !errors.As(err, &closed) || closed.Closed.By[0].Text != "sale" {
			w.t.Fatalf("got %v, want it closed by the sale", err)
		}
		if all, err := w.store.Open(w.t.Context(), ""); len(all) > 0 || err != nil {
			w.t.Fatalf("something was started: %v, %v", all, err)
		}
	})
}

// Of many who lock at once one has the lock, and the others are told whose it is.
func TestManyWhoLockAtOnce(t *testing.T) {
	dated(t, func(w *world) { w.service.Policy.Deployers = []string{"UA", "UB", "UC", "UD"} }, func(w *world) {
		var group sync.WaitGroup
		var mu sync.Mutex
		locks := 0
		told := map[string]int{}
		for _, who := range []string{"UA", "UB", "UC", "UD"} {
			group.Go(func() {
				err := w.close(who, rollout.Closure{Kind: rollout.LockClosure, Scope: rollout.Scope{Service: "checkout"}, Until: time.Now().Add(time.Hour)}, rollout.DecisionID(who))
				mu.Lock()
				defer mu.Unlock()
				var locked *rollout.LockedError
				switch {
				case err == nil:
					locks++
				case errors.As(err, &locked):
					told[locked.Lock.By.ID]++
				}
			})
		}
		group.Wait()
		set, err := w.store.Closures(w.t.Context())
		if locks != 1 || len(set.All) != 1 || told[set.All[0].By.ID] != 3 || err != nil {
			w.t.Errorf("%d locks, of %v they were told, %+v, %v", locks, told, set, err)
		}
	})
}

func TestWhoMayFreezeAndLock(t *testing.T) {
	checkout, shop := rollout.Scope{Service: "checkout"}, rollout.Scope{Team: "shop"}
	dated(t, func(w *world) { w.service.Team = "shop" }, func(w *world) {
		freeze := func(s rollout.Scope) rollout.Closure { return rollout.Closure{Kind: rollout.FreezeClosure, Scope: s} }
		for _, tt := range []struct {
			name string
			err  error
			want rollout.Code
		}{
			{"a deployer freezes a service", w.close(dev, freeze(checkout), ""), ""},
			{"a team", w.close(dev, freeze(shop), ""), ""},
			{"all", w.close(dev, freeze(rollout.Scope{}), ""), ""},
			{"nobody else does", w.close("U0OTHER", freeze(checkout), ""), rollout.Forbidden},
			{"nor for a team", w.close("U0OTHER", freeze(shop), ""), rollout.Forbidden},
			{"nor for all", w.close("U0OTHER", freeze(rollout.Scope{}), ""), rollout.Forbidden},
			{"nor a guest", w.close(guest, freeze(checkout), ""), rollout.Forbidden},
			{"a service that there is not", w.close(dev, freeze(rollout.Scope{Service: "mail"}), ""), rollout.NotFound},
			{"a team that there is not", w.close(dev, freeze(rollout.Scope{Team: "mail"}), ""), rollout.NotFound},
		} {
			if got := rollout.CodeOf(tt.err); got != tt.want {
				w.t.Errorf("%s: got %v, want %q", tt.name, tt.err, tt.want)
			}
		}
		if _, err := w.reopen("U0OTHER", rollout.FreezeClosure, checkout); rollout.CodeOf(err) != rollout.Forbidden {
			w.t.Errorf("somebody ended it: %v", err)
		}
		if ended, err := w.reopen(dev, rollout.FreezeClosure, checkout); len(ended) != 1 || err != nil {
			w.t.Errorf("whoever froze may end it: %v, %v", ended, err)
		}
		if ended, err := w.reopen(lead, rollout.FreezeClosure, shop); len(ended) != 1 || err != nil {
			w.t.Errorf("an approver may end it: %v, %v", ended, err)
		}
		if _, err := w.reopen(lead, rollout.FreezeClosure, shop); rollout.CodeOf(err) != rollout.NotFound {
			w.t.Errorf("nothing was left: %v", err)
		}
		if _, err := w.reopen(lead, rollout.LockClosure, checkout); rollout.CodeOf(err) != rollout.NotFound {
			w.t.Errorf("there was no lock: %v", err)
		}
	})
}

// Whoever did not hear that a freeze counts and asks again is told that it counted; while nothing can be saved nothing is
// frozen, and nothing is ended.
func TestAFreezeCountsOnceAndIsSaved(t *testing.T) {
	dated(t, nil, func(w *world) {
		c := rollout.Closure{Kind: rollout.FreezeClosure, Text: "sale"}
		if err := w.close(lead, c, "once"); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.reopen(lead, rollout.FreezeClosure, rollout.Scope{}); err != nil {
			w.t.Fatal(err)
		}
		if err := w.close(lead, c, "once"); !errors.Is(err, rollout.ErrDecided) {
			w.t.Errorf("got %v, want it decided", err)
		}
		set, err := w.store.Closures(w.t.Context())
		if len(set.All) > 0 || err != nil {
			w.t.Errorf("it froze again: %+v, %v", set, err)
		}
		w.store.(*mem.Store).Refuse(rollout.Wrap(rollout.Unavailable, errors.New("no space left")))
		if err := w.close(lead, c, "later"); !rollout.Unsaved(err) {
			w.t.Errorf("got %v, want it not saved", err)
		}
		if set, err := w.store.Closures(w.t.Context()); len(set.All) > 0 || err != nil {
			w.t.Errorf("it froze all the same: %+v, %v", set, err)
		}
	})
}

// A way back starts whatever is closed, and is what a freeze that rolls back leaves alone.
func TestTheWayBackHeedsNoCalendar(t *testing.T) {
	dated(t, nil, func(w *world) {
		first, err := w.launch("v1.2.4", func(l *rollout.DeployRequest) { l.Actor, l.Auto = person(lead), true })
		if err != nil {
			w.t.Fatal(err)
		}
		w.until(first.ID, "its end", ended)
		if err := w.close(lead, rollout.Closure{Kind: rollout.FreezeClosure, Running: rollout.ReturnRunning}, ""); err != nil {
			w.t.Fatal(err)
		}
		back, err := w.launch("v1.2.3", func(l *rollout.DeployRequest) { l.Back = true })
		if err != nil {
			w.t.Fatal(err)
		}
		if r := w.until(back.ID, "its end", ended); r.Ending.Outcome != rollout.Succeeded {
			w.t.Errorf("it ended %+v", r.Ending)
		}
	})
}

// A lock keeps out pipelines and others, and its owner may deploy.
func TestALockKeepsOthersOut(t *testing.T) {
	dated(t, func(w *world) {
		w.service.Policy.Pipelines = map[string][]rollout.Action{dev: {rollout.Deploy}}
	}, func(w *world) {
		lock := rollout.Closure{Kind: rollout.LockClosure, Scope: rollout.Scope{Service: "checkout"}, Until: time.Now().Add(time.Hour)}
		if err := w.close(dev, lock, ""); err != nil {
			w.t.Fatal(err)
		}
		var closed *rollout.ClosedError
		for _, actor := range []rollout.Actor{person(lead), {Kind: rollout.Pipeline, ID: dev}} {
			if _, err := w.launch("v1.2.4", func(l *rollout.DeployRequest) { l.Actor = actor }); !errors.As(err, &closed) {
				w.t.Errorf("%+v: got %v, want it locked", actor, err)
			}
		}
		if _, err := w.launch("v1.2.4", nil); err != nil {
			w.t.Errorf("its owner: %v", err)
		}
	})
}

// As many rollouts start at once as may be, however many are asked for at the same moment.
func TestHowManyMayRunAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		most  rollout.AtOnce
		teams [3]string
		want  rollout.ProblemCode
	}{
		"in all":      {rollout.AtOnce{All: 1}, [3]string{}, rollout.ProblemTooManyAtOnce},
		"of a team":   {rollout.AtOnce{Team: 1}, [3]string{"shop", "shop", "shop"}, rollout.ProblemTooManyOfTeam},
		"of another":  {rollout.AtOnce{Team: 1}, [3]string{"shop", "search", "mail"}, ""},
		"of no team":  {rollout.AtOnce{Team: 1}, [3]string{}, ""},
		"two of them": {rollout.AtOnce{All: 3, Team: 2}, [3]string{"shop", "shop", "search"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sim.Setup{}, standard)
				services := map[rollout.ServiceName]rollout.Service{}
				for i, name := range []rollout.ServiceName{"checkout", "cart", "mail"} {
					s := w.service
					s.Name, s.Team = name, tt.teams[i]
					services[name] = s
				}
				e := engine.New(engine.Options{Store: w.store, Cluster: w.cluster, Metrics: w.metrics, Judge: w.judge, Services: services, AtOnce: tt.most})
				var group sync.WaitGroup
				var mu sync.Mutex
				started, refused := 0, 0
				for name := range services {
					group.Go(func() {
						_, err := e.Deploy(t.Context(), rollout.DeployRequest{Actor: person(dev), At: time.Now(), Service: name, Version: "v1.2.4"})
						mu.Lock()
						defer mu.Unlock()
						switch {
						case err == nil:
							started++
						case rollout.ProblemOf(err).Code == tt.want && rollout.CodeOf(err) == rollout.Conflict:
							refused++
						default:
							t.Error(err)
						}
					})
				}
				group.Wait()
				if want := map[bool]int{true: 3, false: 1}[tt.want == ""]; started != want || refused != 3-want {
					t.Errorf("%d started, %d were refused", started, refused)
				}
			})
		})
	}
}
