package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

const code = "github.com/acme/checkout"

// forge is a forge that may have a defect.
type forge struct {
	*sim.Forge
	mu     sync.Mutex
	panics bool
}

func newForge() *forge {
	f := &forge{Forge: sim.NewForge()}
	f.Tag(code, "v1.2.3", rollout.SourceCommit{Hash: "1"})
	f.Tag(code, "v1.2.4", rollout.SourceCommit{Hash: "2"}, rollout.SourceCommit{Hash: "3"})
	return f
}

func (f *forge) breakDown(broken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.panics = broken
}

// Compare answers as the forge does.
func (f *forge) Compare(ctx context.Context, s rollout.Source, from, to string) rollout.Commits {
	f.mu.Lock()
	broken := f.panics
	f.mu.Unlock()
	c := f.Forge.Compare(ctx, s, from, to)
	if broken {
		panic("a defect")
	}
	return c
}

// told is what the timeline tells of commits.
func (w *world) told(id rollout.ID) (all []rollout.Commits) {
	for _, e := range w.entries(id) {
		if e.Kind == rollout.EntryCommits {
			all = append(all, *e.Data.Commits)
		}
	}
	return all
}

// What a version brings is told once, soon after its start where the forge answers, and after three questions else. Whatever
// the forge does, the rollout goes on as fast as without it.
func TestCommitsAreTold(t *testing.T) {
	for name, test := range map[string]struct {
		forge   func(*forge)
		version string
		asked   int
		unknown rollout.ProblemCode
	}{
		"the forge answers":       {forge: func(*forge) {}, version: "v1.2.4", asked: 1},
		"it is down":              {forge: func(f *forge) { f.Down(true) }, version: "v1.2.4", asked: 3, unknown: rollout.ProblemGitNoAnswer},
		"it hangs":                {forge: func(f *forge) { f.Slow(time.Hour) }, version: "v1.2.4", asked: 3, unknown: rollout.ProblemGitTimeout},
		"there is a defect":       {forge: func(f *forge) { f.breakDown(true) }, version: "v1.2.4", asked: 3, unknown: rollout.ProblemInternal},
		"no such tag":             {forge: func(*forge) {}, version: "v1.2.6", asked: 3, unknown: rollout.ProblemNoSuchTag},
		"a version without a tag": {forge: func(*forge) {}, version: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", asked: 1, unknown: rollout.ProblemNoVersionTag},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := rollout.Plan{Name: "long", Steps: []rollout.Step{{Weight: 10, Bake: 10 * time.Minute, Gate: rollout.Manual}}}
				w := newWorld(t, sim.Setup{}, plan)
				f := newForge()
				test.forge(f)
				w.commits, w.service.Source = f, rollout.Source{Repository: code}
				time.Sleep(2 * time.Minute)
				w.start(0, false)
				defer w.stop()
				r, err := w.launch(test.version, nil)
				if err != nil {
					t.Fatal(err)
				}
				w.until(r.ID, "its bake", func(r rollout.Rollout) bool { return r.Phase == rollout.Baking })
				if since := time.Since(r.Request.At); since > time.Minute {
					t.Errorf("it bakes only after %s", since)
				}
				time.Sleep(20 * time.Minute)
				told := w.told(r.ID)
				if len(told) != 1 || told[0].Unknown.Code != test.unknown || f.Asked() != test.asked {
					t.Fatalf("told %+v, after %d questions", told, f.Asked())
				}
				if test.unknown == "" && (told[0].Ahead != 2 || told[0].Newest[0].Hash != "3") {
					t.Errorf("told %+v", told[0])
				}
				if now, _ := w.rollout(); now.Phase != rollout.Awaiting || !now.CommitsTold {
					t.Errorf("it is at %s", now.Phase)
				}
			})
		})
	}
}

// Without a repository nobody is asked.
func TestWithoutARepositoryNobodyIsAsked(t *testing.T) {
	in(t, quick, func(w *world) {
		f := newForge()
		w.stop()
		w.commits = f
		w.start(0, false)
		w.release("v1.2.4", nil)
		if f.Asked() != 0 {
			t.Errorf("%d questions", f.Asked())
		}
	})
}

// A process may die at every call: the next one tells what nobody told, and nothing twice.
func TestCommitsAreToldOnceAcrossCrashes(t *testing.T) {
	died := true
	for n := 1; died; n += 3 {
		for _, after := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sim.Setup{}, standard)
				f := newForge()
				f.Slow(time.Second)
				w.commits, w.service.Source = f, rollout.Source{Repository: code}
				time.Sleep(2 * time.Minute)
				w.start(n, after)
				first := w.ports
				r := w.play("v1.2.4", promoting)
				if told := w.told(r.ID); len(told) != 1 || told[0].Ahead != 2 || r.Ending.Outcome != rollout.Succeeded {
					t.Errorf("died at call %d, after it %t: told %+v, and %s", n, after, told, r.Ending.Outcome)
				}
				died = first.died()
				w.stop()
			})
		}
	}
}
