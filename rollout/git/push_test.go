package git_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
)

// gate lets a test act at a request, and end the caller's context there.
type gate struct {
	http.Handler
	mu     sync.Mutex // guards at
	at     func(n int, r *http.Request) (before, after func())
	number atomic.Int32
}

// ServeHTTP counts a request and passes it on.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	at := g.at
	g.mu.Unlock()
	var before, after func()
	if at != nil {
		before, after = at(int(g.number.Add(1)), r)
	}
	if before != nil {
		before()
	}
	if r.Context().Err() == nil || after != nil {
		g.Handler.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context()))) // a server goes on when its client dies
	}
	if after != nil {
		after()
	}
}

func (g *gate) set(at func(n int, r *http.Request) (before, after func())) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = at
	g.number.Store(0)
}

// Cut off before, during and after each request of a promotion and of its revert, two hundred times: one commit each.
func TestCutOffAtAnyInstant(t *testing.T) {
	t.Parallel()
	for part := range 4 { // at once, in repositories of their own
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, shop())
			var g *gate
			r := promoting(b.serve(func(h http.Handler) http.Handler { g = &gate{Handler: h}; return g }))
			const rounds = 25
			for i := range rounds {
				r.ID, r.Image = rollout.NewID("checkout", i+1), image+":v"+fmt.Sprint(i+2)
				for _, wish := range []rollout.GitWish{rollout.WantPromotion, rollout.WantRevert} {
					cutOff(t, g, r, wish, 1+(i+part)%4, (i/4)%2 == 0)
					s := git.New(git.Options{}).Fulfil(t.Context(), r, wish)
					if !s.Unreadable.IsZero() || s.Promotion.Hash == "" || wish == rollout.WantRevert && s.Revert.Hash == "" {
						t.Fatalf("round %d, %s: %+v", i, wish, s)
					}
				}
			}
			log := b.run(b.bare, "log", "--format=%B", "main")
			for i := range rounds {
				if n := strings.Count(log, fmt.Sprintf("Canarybot-Rollout: checkout-%d\n", i+1)); n != 2 {
					t.Errorf("round %d made %d commits", i, n)
				}
			}
			if b.file("main", "apps/shop/kustomization.yaml")+"\n" != kustomization {
				t.Error("the file is not what it was")
			}
		})
	}
}

// cutOff runs a wish whose context ends at a request, before it is served or after.
func cutOff(t *testing.T, g *gate, r rollout.Rollout, wish rollout.GitWish, request int, served bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var handled sync.WaitGroup
	g.set(func(n int, _ *http.Request) (before, after func()) {
		switch {
		case n != request:
			return nil, nil
		case served:
			handled.Add(1)
			return nil, func() { cancel(); handled.Done() }
		}
		return cancel, nil
	})
	git.New(git.Options{}).Fulfil(ctx, r, wish)
	handled.Wait()
	g.set(nil)
}

// A branch that moves between the look and the push is read and edited anew.
func TestAMovedBranch(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	var g *gate
	r := promoting(b.serve(func(h http.Handler) http.Handler { g = &gate{Handler: h}; return g }))
	moves := 0
	g.set(func(_ int, r *http.Request) (before, after func()) {
		if !strings.HasSuffix(r.URL.Path, "/git-receive-pack") || moves == 3 {
			return nil, nil
		}
		return func() {
			moves++
			b.commit("Theirs", map[string]string{"apps/shop/kustomization.yaml": kustomization + strings.Repeat("# theirs\n", moves)})
		}, nil
	})
	s := want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
	wanted := strings.Replace(kustomization, "newTag: v1 ", "newTag: v2 ", 1) + strings.Repeat("# theirs\n", 3)
	if got := b.file("main", "apps/shop/kustomization.yaml") + "\n"; got != wanted || s.Promotion.Hash == "" || b.ours("main") != 1 {
		t.Errorf("the file is\n%s\n%+v", got, s)
	}
}

// A branch that never stands still is left for the next time.
func TestABranchThatNeverStandsStill(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	var g *gate
	r := promoting(b.serve(func(h http.Handler) http.Handler { g = &gate{Handler: h}; return g }))
	g.set(func(_ int, r *http.Request) (before, after func()) {
		if !strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
			return nil, nil
		}
		return func() { b.commit("Theirs", nil) }, nil
	})
	s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion)
	if s.Unreadable.Code != rollout.ProblemGitMoving || b.ours("main") != 0 {
		t.Errorf("got %+v", s)
	}
}

// Several processes with the same rollout make one commit; several rollouts make one each.
func TestBesideOtherProcesses(t *testing.T) {
	t.Parallel()
	files := shop()
	for i := range 3 {
		files[fmt.Sprintf("apps/shop/%d/kustomization.yaml", i)] = kustomization
	}
	b := newBed(t, files)
	repo := b.serve(nil)
	var group sync.WaitGroup
	for i := range 3 {
		for range 3 {
			group.Go(func() {
				r := promoting(repo)
				r.ID, r.Spec.Promote.Git.Path = rollout.NewID("checkout", i+1), fmt.Sprintf("apps/shop/%d/kustomization.yaml", i)
				for {
					s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion)
					if s.Unreadable.Code == rollout.ProblemGitMoving { // the engine asks again
						continue
					}
					if !s.Unreadable.IsZero() || s.Promotion.Hash == "" {
						t.Errorf("got %+v", s)
					}
					return
				}
			})
		}
	}
	group.Wait()
	log := b.run(b.bare, "log", "--format=%B", "main")
	for i := range 3 {
		if n := strings.Count(log, fmt.Sprintf("Canarybot-Rollout: checkout-%d\n", i+1)); n != 1 {
			t.Errorf("checkout-%d made %d commits", i+1, n)
		}
	}
}

func TestRefusedPushes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hook  string
		code  rollout.ProblemCode
		words string
		final bool
	}{
		"by a hook":      {`echo "no commits on Fridays" >&2; exit 1`, rollout.ProblemGitPushRefused, "no commits on Fridays", false},
		"of one branch":  {`exit 1`, rollout.ProblemGitPushRefused, "pre-receive hook declined", false},
		"as by GitHub":   {`echo "error: GH006: Protected branch update failed for refs/heads/main." >&2; exit 1`, rollout.ProblemGitProtected, "GH006", true},
		"as by GitLab":   {`echo "GitLab: You are not allowed to push code to protected branches on this project." >&2; exit 1`, rollout.ProblemGitProtected, "not allowed", true},
		"with a mention": {`echo "<!channel> <@U1>" >&2; exit 1`, rollout.ProblemGitPushRefused, "<!channel>", false}, // the view escapes it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, way := range []string{"over HTTP", "over the file system"} {
				b := newBed(t, shop())
				r := promoting(ways()[way](b))
				b.hook("pre-receive", tt.hook)
				s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion)
				p := s.Unreadable
				if tt.final {
					p = s.Refused
				}
				if p.Code != tt.code || !strings.Contains(p.Words, tt.words) || b.ours("main") != 0 || s.Image != "" {
					t.Errorf("%s: got %+v", way, s)
				}
				b.hook("pre-receive", "exit 0")
				want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			}
		})
	}
}
