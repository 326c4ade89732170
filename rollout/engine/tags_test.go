package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// tags is a registry that pins each tag to one digest, until it is pushed again.
type tags struct {
	mu     sync.Mutex
	digest string // the digit that digests are made of; empty: nobody answers
	asked  int
	panics bool
}

func (g *tags) set(digest string, panics bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.digest, g.panics = digest, panics
}

func (g *tags) questions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

func (g *tags) Resolve(_ context.Context, r rollout.Rollout) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	switch image, _, _ := strings.Cut(r.Image, "@"); {
	case g.panics:
		panic("a defect")
	case g.digest == "":
		return ""
	default:
		return image + "@sha256:" + strings.Repeat(g.digest, 64)
	}
}

func (g *tags) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	return rollout.Preflight{Pinned: g.Resolve(ctx, r)}
}

// looking remembers the image that the other preflighters are asked about.
type looking struct{ image string }

func (l *looking) Preflight(_ context.Context, r rollout.Rollout) rollout.Preflight {
	l.image = r.Image
	return rollout.Preflight{}
}

// pinned has the next process pin versions by the registry, and ask the others after it.
func (w *world) pinned(g *tags, others ...rollout.Preflighter) {
	w.tags, w.before = g, append([]rollout.Preflighter{g}, others...)
}

// anew is a deploy of the version that is another one than the last.
func anew(id string) func(*rollout.DeployRequest) {
	return func(l *rollout.DeployRequest) { l.ID = rollout.DecisionID(id) }
}

// What is pinned is what the cluster is asked about, what a dry run returns, and what runs in the end, under whatever
// admission makes of it.
func TestWhatIsPinnedIsWhatRuns(t *testing.T) {
	all := map[string]func(string) string{"no admission": func(image string) string { return image }}
	for name, admit := range admissions {
		all[name] = admit
	}
	for name, admit := range all {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sim.Setup{}, quick, func(o *sim.Options) { o.Admit = admit })
				g, seen := &tags{digest: "a"}, &looking{}
				w.pinned(g, seen)
				time.Sleep(2 * time.Minute)
				w.start(0, false)
				const first = "r/shop/checkout:v1.2.4@sha256:" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				dry, _, err := w.current.engine.DryRun(t.Context(), rollout.DeployRequest{Actor: person(dev), At: time.Now(), Service: "checkout", Version: "v1.2.4"})
				if err != nil || dry.Image != first || seen.image != first {
					t.Fatalf("a dry run is about %s (%v), and asks about %s", dry.Image, err, seen.image)
				}
				r := w.release("v1.2.4", nil)
				if r.Image != first || r.Ending.Outcome != rollout.Succeeded {
					t.Fatalf("%s: %+v", r.Image, r.Ending)
				}
				if _, err := w.launch("v1.2.4", anew("again")); !errors.As(err, new(*rollout.SameVersionError)) {
					t.Errorf("the same again: %v", err)
				}
				g.set("b", false) // pushed again
				r = w.release("v1.2.4", anew("pushed"))
				if !strings.HasSuffix(r.Image, strings.Repeat("b", 64)) || r.Ending.Outcome != rollout.Succeeded {
					t.Fatalf("pushed again: %s: %+v", r.Image, r.Ending)
				}
				g.set("", false) // nobody knows any more what the tag names: by its tag it is the same
				if _, err := w.launch("v1.2.4", anew("away")); !errors.As(err, new(*rollout.SameVersionError)) {
					t.Errorf("without an answer: %v", err)
				}
				r = w.release("", func(l *rollout.DeployRequest) { l.Back = true })
				if _, _, _, digest := rollout.SplitImage(r.Image); digest != "sha256:"+strings.Repeat("a", 64) || r.Ending.Outcome != rollout.Succeeded {
					t.Errorf("back: %s: %+v", r.Image, r.Ending)
				}
			})
		})
	}
}

// The tag is asked about beside the beats, every five minutes, and only while the version goes forward.
func TestTheTagIsAskedAboutNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, rollout.Plan{Name: "long", Steps: []rollout.Step{{Weight: 10, Bake: time.Hour, Gate: rollout.Auto}}})
		g := &tags{digest: "a"}
		w.pinned(g)
		time.Sleep(2 * time.Minute)
		w.start(0, false)
		r, err := w.launch("v1.2.4", nil)
		if err != nil {
			t.Fatal(err)
		}
		w.until(r.ID, "its bake", func(r rollout.Rollout) bool { return r.Phase == rollout.Baking })
		before := g.questions()
		g.set("b", true)
		time.Sleep(5*time.Minute + time.Second)
		g.set("b", false)
		time.Sleep(10 * time.Minute)
		if n := g.questions() - before; n != 3 {
			t.Errorf("it was asked %d times in fifteen minutes", n)
		}
		moved := 0
		for _, e := range w.entries(r.ID) {
			if e.Kind == rollout.EntryTagMoved {
				moved++
			}
		}
		if r, err = w.store.Load(t.Context(), r.ID); err != nil || moved != 1 || !strings.HasSuffix(r.Moved, "b") {
			t.Errorf("told %d times, moved to %q (%v)", moved, r.Moved, err)
		}
		w.until(r.ID, "its end", ended)
		before = g.questions()
		time.Sleep(time.Hour)
		if n := g.questions() - before; n != 0 {
			t.Errorf("it was asked %d times after the end", n)
		}
	})
}
