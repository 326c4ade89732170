package engine_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

var errDiskFull = errors.New("write store.db: no space left on device")

// disk is the world's store, as what can be full.
func (w *world) disk() *mem.Store { return w.store.(*mem.Store) }

// reach launches a version and lets people promote until the rollout is as wanted.
func (w *world) reach(version string, holds func(rollout.Rollout) bool) rollout.Rollout {
	w.t.Helper()
	r, err := w.launch(version, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.until(r.ID, "where the disk fills", func(r rollout.Rollout) bool {
		if holds(r) {
			return true
		}
		if d, ok := promoting(r); ok {
			w.decide(d)
		}
		return false
	})
}

// route is the route as it is now.
func (w *world) route(r rollout.Rollout) rollout.Route {
	return w.cluster.Observe(w.t.Context(), r).Route
}

// offTraffic waits until the canary has no traffic, and returns how long that took; it fails after a minute.
func (w *world) offTraffic(r rollout.Rollout) time.Duration {
	w.t.Helper()
	start := time.Now()
	for w.route(r).Weight > 0 {
		if time.Since(start) > time.Minute {
			w.t.Fatalf("after a minute the canary still has %d %% of the traffic", w.route(r).Weight)
		}
		time.Sleep(time.Second)
	}
	return time.Since(start)
}

func atHalf(r rollout.Rollout) bool { return r.Phase == rollout.Baking && r.Current().Weight == 50 }

// Wherever the disk fills: a canary that gets bad is off traffic as soon as with a store that is well, nothing moves
// forward, and who can commit again rolls back.
func TestABadCanaryIsTakenOffTrafficWithAFullDisk(t *testing.T) {
	moments := map[string]func(rollout.Rollout) bool{
		"in a bake":      atHalf,
		"at a question":  func(r rollout.Rollout) bool { return r.Phase == rollout.Awaiting },
		"before the ack": func(r rollout.Rollout) bool { return r.Phase == rollout.Shifting },
	}
	after := map[string]func(w *world){
		"the same process": func(w *world) { w.disk().Refuse(nil) },
		"the next process": func(w *world) {
			w.stop()
			w.disk().Refuse(nil)
			w.start(0, false)
		},
		"a process that finds the disk full": func(w *world) {
			w.stop()
			w.start(0, false)
			time.Sleep(time.Minute)
			w.disk().Refuse(nil)
		},
	}
	for moment, holds := range moments {
		for who, goOn := range after {
			t.Run(moment+", "+who, func(t *testing.T) {
				in(t, standard, func(w *world) {
					r := w.reach("v1.2.4", holds)
					w.disk().Refuse(errDiskFull)
					time.Sleep(30 * time.Second) // the weight may still have to arrive
					w.app.Break(sim.Behaviour{Errors: 0.5})
					if took := w.offTraffic(r); took > 45*time.Second {
						t.Errorf("it took %s", took)
					}
					if !w.route(r).AsksRollback {
						t.Error("nothing says that it is to be rolled back")
					}
					goOn(w)
					r = w.until(r.ID, "its end", ended)
					if r.Ending.Outcome != rollout.RolledBack {
						t.Errorf("ended %+v", r.Ending)
					}
				})
			})
		}
	}
}

// What the same process commits in the end is what happened, with its reason and who decided.
func TestWhatWasKeptInMemoryIsCommittedWhenTheDiskHasRoom(t *testing.T) {
	reasons := map[string]struct {
		do   func(t *testing.T, w *world, r rollout.Rollout)
		want rollout.ReasonCode
		by   string
	}{
		"a check": {func(_ *testing.T, w *world, _ rollout.Rollout) { w.app.Break(sim.Behaviour{Errors: 0.5}) }, rollout.ReasonCheck, ""},
		"a person": {func(t *testing.T, w *world, r rollout.Rollout) {
			d := rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev), At: time.Now(), Text: "looks odd"}
			for range 3 { // delivered again and again
				_, err := w.current.engine.Decide(t.Context(), r.ID, d)
				if p := rollout.ProblemOf(err); p.Code != rollout.ProblemRollbackUnsaved && p.Code != rollout.ProblemRollingBackAlready {
					t.Errorf("the person was told %v", err)
				}
				time.Sleep(time.Second)
			}
		}, rollout.ReasonPerson, dev},
	}
	for name, test := range reasons {
		t.Run(name, func(t *testing.T) {
			in(t, standard, func(w *world) {
				r := w.reach("v1.2.4", atHalf)
				w.disk().Refuse(errDiskFull)
				test.do(t, w, r)
				w.offTraffic(r)
				time.Sleep(10 * time.Minute)
				if stored, _ := w.store.Load(t.Context(), r.ID); stored.Phase != rollout.Baking {
					t.Errorf("the store has %s", stored.Phase)
				}
				w.disk().Refuse(nil)
				r = w.until(r.ID, "its end", ended)
				if r.Ending.Outcome != rollout.RolledBack || r.Ending.Reason.Code != test.want || r.Ending.By.ID != test.by {
					t.Errorf("ended %+v", r.Ending)
				}
				w.story(r.ID) // its entries are numbered without a gap
			})
		})
	}
}

// With a full disk no share grows, no image is sent and nothing starts or is decided, however well the canary is; what
// stood still goes on when there is room.
func TestNothingMovesForwardWithAFullDisk(t *testing.T) {
	automatic := standard
	automatic = automatic.Automatic()
	in(t, automatic, func(w *world) {
		r := w.reach("v1.2.4", baking)
		w.disk().Refuse(errDiskFull)
		time.Sleep(3 * time.Hour)
		o := w.cluster.Observe(t.Context(), r)
		if want, _ := r.Weight(); o.Route.Weight != want || o.Stable.Image != "r/shop/checkout:v1.2.3" {
			t.Errorf("the canary has %d %%, stable runs %s", o.Route.Weight, o.Stable.Image)
		}
		for action, d := range map[string]rollout.Decision{
			"pause": {ID: "p", Action: rollout.Pause, Actor: person(dev)}, "promote": {ID: "q", Action: rollout.Promote, Actor: person(lead), Turn: r.Turn},
		} {
			if _, err := w.current.engine.Decide(t.Context(), r.ID, d); rollout.CodeOf(err) != rollout.Conflict {
				t.Errorf("%s was answered with %v", action, err)
			}
		}
		if _, err := w.launch("v1.2.6", nil); rollout.ProblemOf(err).Code != rollout.ProblemDegraded {
			t.Errorf("a deploy was answered with %v", err)
		}
		if o, degraded := w.current.engine.Outage(); !degraded || time.Since(o.Since) < 2*time.Hour {
			t.Errorf("degraded %t since %s", degraded, o.Since)
		}
		w.disk().Refuse(nil)
		r = w.until(r.ID, "its end", ended)
		if _, degraded := w.current.engine.Outage(); degraded || r.Ending.Outcome != rollout.Succeeded {
			t.Errorf("degraded %t, ended %+v", degraded, r.Ending)
		}
	})
}

// Nor is anything committed to Git: what could not be pushed before waits until there is room, and a canary that gets bad
// meanwhile is never promoted.
func TestNothingIsCommittedToGitWithAFullDisk(t *testing.T) {
	for name, bad := range map[string]bool{"well": false, "bad": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sim.Setup{}, quick)
				w.promotedByGit()
				time.Sleep(2 * time.Minute)
				w.start(0, false)
				defer w.stop()
				r := w.reach("v1.2.4", func(r rollout.Rollout) bool {
					if r.Phase == rollout.Baking {
						w.git.Refuse("pre-receive hook declined")
					}
					return r.Phase == rollout.Promoting
				})
				time.Sleep(20 * time.Second)
				w.disk().Refuse(errDiskFull)
				time.Sleep(20 * time.Second)
				w.git.Refuse("")
				if bad {
					w.app.Break(sim.Behaviour{Errors: 0.5})
				}
				time.Sleep(2 * time.Minute)
				if all := w.git.Commits(); len(all) != 1 {
					t.Errorf("committed while nothing could be saved: %+v", all[1:])
				}
				w.disk().Refuse(nil)
				want := rollout.Succeeded
				if bad {
					want = rollout.RolledBack
				}
				if r = w.until(r.ID, "its end", ended); r.Ending.Outcome != want {
					t.Errorf("ended %+v", r.Ending)
				}
			})
		})
	}
}

// While stable is being given the new image, a bad version is on both sides: stable gets its old image back too, first
// where it has no pod while it is replaced.
func TestABadReleaseIsTakenBackWithAFullDisk(t *testing.T) {
	warm := standard
	warm.Steps = append(slices.Clone(warm.Steps), rollout.Step{Weight: 100, Bake: 10 * time.Second})
	tests := map[string]struct {
		setup sim.Setup
		plan  rollout.Plan
	}{
		"one new pod first":  {sim.Setup{}, standard},
		"one old pod first":  {sim.Setup{Strategy: sim.NoSurge}, standard},
		"all old pods first": {sim.Setup{Strategy: sim.Recreate}, warm},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, test.setup, test.plan)
				time.Sleep(2 * time.Minute)
				w.start(0, false)
				defer w.stop()
				r := w.reach("v1.2.4", func(r rollout.Rollout) bool { return r.Phase == rollout.Promoting })
				time.Sleep(5 * time.Second)
				w.disk().Refuse(errDiskFull)
				w.app.Break(sim.Behaviour{Errors: 0.5})
				w.offTraffic(r)
				time.Sleep(time.Minute)
				if o := w.cluster.Observe(t.Context(), r); o.Stable.Image != "r/shop/checkout:v1.2.3" || !o.Stable.RolledOut() {
					t.Errorf("stable runs %s, rolled out %t", o.Stable.Image, o.Stable.RolledOut())
				}
				w.disk().Refuse(nil)
				if r = w.until(r.ID, "its end", ended); r.Ending.Outcome != rollout.RolledBack {
					t.Errorf("ended %+v", r.Ending)
				}
			})
		})
	}
}

// A store that cannot even be read, as when its file is gone, stops neither judging nor taking traffic off.
func TestABadCanaryIsTakenOffTrafficWithAStoreThatCannotBeRead(t *testing.T) {
	in(t, standard, func(w *world) {
		r := w.reach("v1.2.4", atHalf)
		w.disk().RefuseReads(errors.New("stat store.db: no such file or directory"))
		time.Sleep(20 * time.Second)
		if _, degraded := w.current.engine.Outage(); !degraded {
			t.Error("nobody noticed")
		}
		w.app.Break(sim.Behaviour{Errors: 0.5})
		w.offTraffic(r)
		w.disk().RefuseReads(nil)
		if r = w.until(r.ID, "its end", ended); r.Ending.Outcome != rollout.RolledBack {
			t.Errorf("ended %+v", r.Ending)
		}
	})
}

// A disk that is too slow to say so stores what nobody hears of: what is stored counts.
func TestACommitThatWasStoredAfterAllCountsOnce(t *testing.T) {
	in(t, standard, func(w *world) {
		r := w.reach("v1.2.4", atHalf)
		w.disk().Late(errors.New("no answer within 10 s"))
		d := rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev), At: time.Now()}
		_, err := w.current.engine.Decide(t.Context(), r.ID, d)
		if rollout.CodeOf(err) != rollout.Conflict {
			t.Errorf("the person was told %v", err)
		}
		w.offTraffic(r)
		time.Sleep(time.Minute)
		w.disk().Late(nil)
		r = w.until(r.ID, "its end", ended)
		if r.Ending.Outcome != rollout.RolledBack || r.Ending.By.ID != dev {
			t.Errorf("ended %+v", r.Ending)
		}
		w.story(r.ID)
	})
}

// fillingDisk is a store that fails from its nth commit on, in one of the ways in which disks fail, for a while.
type fillingDisk struct {
	*mem.Store
	fail func(*mem.Store, error)

	mu    sync.Mutex
	until int // commits
}

// outage is longer than a step, and shorter than anybody's patience.
const outage = 45 * time.Second

func (d *fillingDisk) Commit(ctx context.Context, changes ...rollout.Change) error {
	d.mu.Lock()
	d.until--
	now := d.until == 0
	d.mu.Unlock()
	if now {
		d.fail(d.Store, errDiskFull)
		time.AfterFunc(outage, func() { d.fail(d.Store, nil) })
	}
	return d.Store.Commit(ctx, changes...)
}

func (d *fillingDisk) failed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.until <= 0
}

// The disk may fail at every single commit: when it has room again everything comes to the same end, for the same reason.
func TestDiskFailsAnywhereSameEnd(t *testing.T) {
	ways := map[string]func(*mem.Store, error){
		"refuses":             (*mem.Store).Refuse,
		"cannot be read":      (*mem.Store).RefuseReads,
		"answers when stored": (*mem.Store).Late,
	}
	for _, l := range lives() {
		for way, fail := range ways {
			t.Run(l.name+", "+way, func(t *testing.T) {
				want := l.live(t, 0, false).standing
				n := 1
				stride := 1
				if raceEnabled {
					stride = 5
				}
				for again := true; again; n += stride {
					synctest.Test(t, func(t *testing.T) { again = l.throughOutage(t, &fillingDisk{fail: fail, until: n}, want) })
				}
				if n < 5 {
					t.Errorf("a life of %d commits", n)
				}
			})
		}
	}
}

// throughOutage plays the life on the disk, and reports whether the disk failed before its end.
func (l life) throughOutage(t *testing.T, disk *fillingDisk, want string) bool {
	w := l.world(t)
	disk.Store = w.store.(*mem.Store)
	w.store = disk
	at := disk.until
	time.Sleep(2 * time.Minute)
	w.cluster.Unreachable(l.away)
	w.start(0, false)
	r := w.play(l.version, l.people)
	w.cluster.Unreachable(false)
	time.Sleep(2 * time.Minute) // pods go, and the disk has room again
	if got := w.standing(r); got != want || r.Ending.Outcome != l.want || r.Ending.Reason.Code != l.why {
		t.Errorf("failing from commit %d on: %s because of %q, want %s because of %q; got\n%s\nwant\n%s\n%s",
			at, r.Ending.Outcome, r.Ending.Reason.Code, l.want, l.why, got, want, w.story(r.ID))
	}
	w.stop()
	return disk.failed()
}

// reserved is a full disk with room for what ends alone.
type reserved struct {
	*mem.Store
	full atomic.Bool
}

func (d *reserved) Commit(ctx context.Context, changes ...rollout.Change) error {
	for _, c := range changes {
		if d.full.Load() && !c.Rollout.Phase.Ending() && !c.Rollout.Terminal() {
			return rollout.Wrap(rollout.Unavailable, errDiskFull)
		}
	}
	return d.Store.Commit(ctx, changes...)
}

func (d *reserved) Probe(ctx context.Context) error {
	if d.full.Load() {
		return rollout.Wrap(rollout.Unavailable, errDiskFull)
	}
	return d.Store.Probe(ctx)
}

// With room for endings a rollback is saved and comes to its end, whoever decides it, and the disk is still full.
func TestWhatEndsIsSavedInTheRoomThatIsKept(t *testing.T) {
	for name, rollBack := range map[string]func(*world){
		"a check":  func(w *world) { w.app.Break(sim.Behaviour{Errors: 0.5}) },
		"a person": func(w *world) { w.decide(rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev)}) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, standard, func(w *world) {
				r := w.reach("v1.2.4", atHalf)
				w.stop()
				disk := &reserved{Store: w.disk()}
				w.store = disk
				w.start(0, false)
				disk.full.Store(true)
				time.Sleep(time.Minute)
				rollBack(w)
				w.offTraffic(r)
				r = w.until(r.ID, "its end", ended)
				_, degraded := w.current.engine.Outage()
				if r.Ending.Outcome != rollout.RolledBack || !degraded {
					t.Errorf("degraded %t, ended %+v", degraded, r.Ending)
				}
				w.story(r.ID)
			})
		})
	}
}
