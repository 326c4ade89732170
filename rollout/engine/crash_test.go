package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

var (
	standard = rollout.Plan{Name: "standard", Steps: []rollout.Step{
		{Weight: 5, Bake: 30 * time.Second, Gate: rollout.Manual}, {Weight: 50, Bake: 20 * time.Second, Gate: rollout.Auto},
	}}
	quick = rollout.Plan{Name: "quick", Steps: []rollout.Step{{Weight: 20, Bake: 20 * time.Second, Gate: rollout.Auto}}}
)

// promoting answers every gate.
func promoting(r rollout.Rollout) (rollout.Decision, bool) {
	if r.Phase != rollout.Awaiting {
		return rollout.Decision{}, false
	}
	return rollout.Decision{ID: rollout.DecisionID(fmt.Sprint("promote-", r.Step)), Action: rollout.Promote, Actor: person(lead), Turn: r.Turn}, true
}

// aborting rolls back as soon as somebody sees the rollout in the phase, or past it.
func aborting(phase rollout.Phase) script {
	return func(r rollout.Rollout) (rollout.Decision, bool) {
		if r.Phase < phase || r.Phase > rollout.Returning {
			return promoting(r)
		}
		return rollout.Decision{ID: "abort", Action: rollout.Rollback, Actor: person(dev), Turn: r.Turn, Text: "looks odd"}, true
	}
}

// abortingOnceCommitted rolls back as soon as somebody sees that Git has the promotion.
func abortingOnceCommitted(r rollout.Rollout) (rollout.Decision, bool) {
	if r.Git.Promotion.Hash == "" {
		return promoting(r)
	}
	return aborting(rollout.Promoting)(r)
}

// life is one whole rollout, and how it ends.
type life struct {
	name    string
	setup   sim.Setup
	plan    rollout.Plan
	version string
	people  script
	want    rollout.Outcome
	why     rollout.ReasonCode
	accept  time.Duration // how long the router takes to follow new weights
	away    bool          // the cluster cannot be read
	signals bool          // it is judged by raw counts
	by      rollout.Promoter
}

func lives() []life {
	return []life{
		{"promoted", sim.Setup{}, standard, "v1.2.4", promoting, rollout.Succeeded, "", 0, false, false, rollout.ByPatch},
		{"promoted with a found canary", sim.Setup{Canary: "r/shop/checkout:v1.0.0"}, quick, "v1.2.4", promoting, rollout.Succeeded, "", 0, false, false, rollout.ByPatch},
		{"rolled back by evidence", sim.Setup{}, standard, "v1.2.5", promoting, rollout.RolledBack, rollout.ReasonCheck, 0, false, false, rollout.ByPatch},
		{"promoted, judged by its signals", sim.Setup{Requests: 400}, quick, "v1.2.4", promoting, rollout.Succeeded, "", 0, false, true, rollout.ByPatch},
		{"rolled back by its signals", sim.Setup{Requests: 400}, standard, "v1.2.5", promoting, rollout.RolledBack, rollout.ReasonCheck, 0, false, true, rollout.ByPatch},
		{"rolled back by a crash loop", sim.Setup{}, quick, "v1.2.8", promoting, rollout.RolledBack, rollout.ReasonCanary, 0, false, false, rollout.ByPatch},
		{"aborted while preparing", sim.Setup{}, quick, "v1.2.4", aborting(rollout.Preparing), rollout.RolledBack, rollout.ReasonPerson, 0, false, false, rollout.ByPatch},
		{"aborted while baking", sim.Setup{}, quick, "v1.2.4", aborting(rollout.Baking), rollout.RolledBack, rollout.ReasonPerson, 0, false, false, rollout.ByPatch},
		{"aborted at the gate", sim.Setup{}, standard, "v1.2.4", aborting(rollout.Awaiting), rollout.RolledBack, rollout.ReasonPerson, 0, false, false, rollout.ByPatch},
		{"aborted while promoting", sim.Setup{}, quick, "v1.2.4", aborting(rollout.Promoting), rollout.RolledBack, rollout.ReasonPerson, 0, false, false, rollout.ByPatch},
		{"aborted while returning", sim.Setup{}, quick, "v1.2.4", aborting(rollout.Returning), rollout.RolledBack, rollout.ReasonPerson, 0, false, false, rollout.ByPatch},
		{"rolled back without surge", sim.Setup{Strategy: sim.Recreate}, rollout.Plan{Name: "all", Steps: []rollout.Step{
			{Weight: 100, Bake: 20 * time.Second, Gate: rollout.Auto}}}, "v1.2.4", aborting(rollout.Promoting), rollout.RolledBack, rollout.ReasonPerson, 0, false, false, rollout.ByPatch},
		{"cancelled while queued", sim.Setup{}, quick, "v1.2.4", aborting(rollout.Queued), rollout.Cancelled, rollout.ReasonPerson, 0, true, false, rollout.ByPatch},
		{name: "promoted by git", plan: quick, version: "v1.2.4", people: promoting, want: rollout.Succeeded, by: rollout.ByGit},
		{name: "aborted after the commit to git", plan: quick, version: "v1.2.4", people: abortingOnceCommitted, want: rollout.RolledBack,
			why: rollout.ReasonPerson, by: rollout.ByGit},
		{"aborted while shifting", sim.Setup{}, quick, "v1.2.4", aborting(rollout.Shifting), rollout.RolledBack, rollout.ReasonPerson, 5 * time.Second, false, false, rollout.ByPatch},
	}
}

// world is where the life takes place.
func (l life) world(t *testing.T) *world {
	w := newWorld(t, l.setup, l.plan, func(o *sim.Options) { o.Accept = l.accept })
	if l.signals {
		w.judgedBySignals()
	}
	if l.by == rollout.ByGit {
		w.promotedByGit()
	}
	return w
}

// outcome is what a life came to.
type outcome struct {
	story, standing string
	calls           int
	crashed         bool
}

// live plays the life in a world of its own, crashing at the call, if it comes to that.
func (l life) live(t *testing.T, crash int, after bool) (got outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := l.world(t)
		time.Sleep(2 * time.Minute) // stable has a past
		w.cluster.Unreachable(l.away)
		w.start(crash, after)
		first := w.ports
		r := w.play(l.version, l.people)
		w.cluster.Unreachable(false)
		time.Sleep(time.Minute) // pods go
		got = outcome{story: w.story(r.ID), standing: w.standing(r), calls: first.count(), crashed: first.died()}
		if r.Ending.Outcome != l.want || r.Ending.Reason.Code != l.why {
			t.Errorf("%s because of %q %+v, want %s because of %q", r.Ending.Outcome, r.Ending.Reason.Code, r.Ending.Left, l.want, l.why)
		}
		w.stop()
	})
	return got
}

// A process may die before and after every single call through a port. The next one comes to the same end: the same
// cluster, and the same timeline but for times.
func TestCrashAnywhereSameEnd(t *testing.T) {
	for _, l := range lives() {
		t.Run(l.name, func(t *testing.T) {
			want := l.live(t, 0, false)
			t.Logf("%d calls\n%s%s", want.calls, want.story, want.standing)
			crashes, stride := 0, 1
			if raceEnabled {
				stride = 12
			}
			for n := 1; ; n += stride {
				before, after := l.live(t, n, false), l.live(t, n, true)
				for _, got := range []outcome{before, after} {
					if got.story != want.story || got.standing != want.standing {
						t.Fatalf("crashed at call %d; got\n%s%s\nwant\n%s%s", n, got.story, got.standing, want.story, want.standing)
					}
					if got.crashed {
						crashes++
					}
				}
				if !before.crashed && !after.crashed {
					break // the rollout was over before that call
				}
			}
			if crashes*stride < want.calls {
				t.Errorf("only %d crashes in a life of %d calls", crashes, want.calls)
			}
		})
	}
}
