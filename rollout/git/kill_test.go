package git_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
)

// The variables by which the test runs itself as a process that is killed.
const (
	killedRepo = "CANARYBOT_TEST_GIT_REPO"
	killedID   = "CANARYBOT_TEST_GIT_ID"
)

// TestMain is the process that is killed, where the variables say so.
func TestMain(m *testing.M) {
	if repo := os.Getenv(killedRepo); repo != "" {
		r := promoting(repo)
		r.ID = rollout.ID(os.Getenv(killedID))
		r.Image = image + ":" + string(r.ID)
		git.New(git.Options{}).Fulfil(context.Background(), r, rollout.WantPromotion)
		return
	}
	os.Exit(m.Run())
}

// A process that is killed by SIGKILL at any request leaves one commit at most, and the next makes sure of one.
func TestKilled(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	var g *gate
	repo := b.serve(func(h http.Handler) http.Handler { g = &gate{Handler: h}; return g })
	const rounds = 24
	for i := range rounds {
		r := promoting(repo)
		r.ID = rollout.NewID("checkout", i+1)
		r.Image = image + ":" + string(r.ID)
		victim := exec.CommandContext(t.Context(), os.Args[0])
		victim.Env = append(os.Environ(), killedRepo+"="+repo, killedID+"="+string(r.ID))
		started := make(chan struct{})
		kill := func() { <-started; _ = victim.Process.Kill() }
		g.set(func(n int, _ *http.Request) (before, after func()) {
			switch {
			case n != 1+i%4:
				return nil, nil
			case (i/4)%2 == 0:
				return nil, kill
			}
			return kill, func() {}
		})
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		close(started)
		_ = victim.Wait() // killed
		g.set(nil)
		s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion)
		if !s.Unreadable.IsZero() || s.Promotion.Hash == "" || s.Image != r.Image {
			t.Fatalf("round %d: %+v", i, s)
		}
	}
	log := b.run(b.bare, "log", "--format=%B", "main")
	for i := range rounds {
		if n := strings.Count(log, fmt.Sprintf("Canarybot-Rollout: checkout-%d\n", i+1)); n != 1 {
			t.Errorf("round %d made %d commits", i, n)
		}
	}
}
