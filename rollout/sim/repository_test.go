package sim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// gitBench is a rollout that is promoted by a commit, in a repository that a controller follows.
type gitBench struct {
	t    *testing.T
	repo *sim.Repository
	app  *sim.App
	r    rollout.Rollout
	file rollout.GitFile
	who  *sim.Follower
}

func inGit(t *testing.T, test func(*gitBench)) {
	synctest.Test(t, func(t *testing.T) {
		f := rollout.GitFile{Repo: "https://git.example.com/shop", Branch: "main", Path: "shop/kustomization.yaml", Push: rollout.PushDirect}
		b := &gitBench{t: t, repo: sim.NewRepository(), file: f}
		b.app = sim.New(sim.Options{}).Add(sim.Setup{Objects: sim.Objects("shop", "checkout"), Image: "r/checkout:v1"})
		b.repo.Set(f, "r/checkout:v1", "ana")
		b.who = b.repo.Follow(f, b.app, sim.FollowOptions{Delay: time.Minute})
		b.r = rollout.Rollout{ID: "checkout-1", Image: "r/checkout:v2", Spec: rollout.Spec{Promote: rollout.Promotion{By: rollout.ByGit, Git: f}}}
		test(b)
	})
}

func (b *gitBench) fulfil(wish rollout.GitWish) rollout.GitState {
	return b.repo.Fulfil(b.t.Context(), b.r, wish)
}

func (b *gitBench) runs(want string) {
	b.t.Helper()
	synctest.Wait()
	if got := b.app.View(1).Stable.Version; got != rollout.ShortVersion(want) {
		b.t.Errorf("stable runs %s, want %s", got, want)
	}
}

func TestACommitIsMadeOnceAndFollowed(t *testing.T) {
	inGit(t, func(b *gitBench) {
		if s := b.fulfil(rollout.WantNothing); s.Image != "r/checkout:v1" || !s.Promotion.IsZero() {
			t.Errorf("read %+v", s)
		}
		first := b.fulfil(rollout.WantPromotion)
		again := b.fulfil(rollout.WantPromotion)
		if first.Promotion.Hash == "" || again.Promotion != first.Promotion || again.Image != "r/checkout:v2" {
			t.Errorf("promoted %+v, then %+v", first, again)
		}
		b.runs("r/checkout:v1")
		time.Sleep(time.Minute)
		b.runs("r/checkout:v2")
		back := b.fulfil(rollout.WantRevert)
		if b.fulfil(rollout.WantRevert); back.Revert.Hash == "" || back.Image != "r/checkout:v1" || len(b.repo.Commits()) != 3 {
			t.Errorf("reverted %+v", back)
		}
		time.Sleep(time.Minute)
		b.runs("r/checkout:v1")
	})
}

func TestANewerValueIsNotReverted(t *testing.T) {
	inGit(t, func(b *gitBench) {
		b.fulfil(rollout.WantPromotion)
		b.repo.Set(b.file, "r/checkout:v3", "ana")
		if s := b.fulfil(rollout.WantRevert); s.Image != "r/checkout:v3" || !s.Revert.IsZero() {
			t.Errorf("reverted %+v", s)
		}
	})
}

func TestAPullRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		then func(*gitBench)
		want rollout.GitCommit
		runs string
	}{
		"open":     {func(*gitBench) {}, rollout.GitCommit{Asked: true}, "r/checkout:v1"},
		"merged":   {func(b *gitBench) { b.repo.Merge("checkout-1") }, rollout.GitCommit{Asked: true, Hash: "+"}, "r/checkout:v2"},
		"declined": {func(b *gitBench) { b.repo.Decline("checkout-1") }, rollout.GitCommit{Declined: true}, "r/checkout:v1"},
		"closed by the revert": {func(b *gitBench) { b.fulfil(rollout.WantRevert) },
			rollout.GitCommit{Declined: true}, "r/checkout:v1"},
	} {
		t.Run(name, func(t *testing.T) {
			inGit(t, func(b *gitBench) {
				b.repo.Protect(true)
				b.fulfil(rollout.WantPromotion)
				tt.then(b)
				time.Sleep(time.Minute)
				got := b.fulfil(rollout.WantPromotion).Promotion
				tt.want.Link = got.Link
				if tt.want.Hash != "" {
					tt.want.Hash = got.Hash
				}
				if got != tt.want || got.Link == "" {
					t.Errorf("got %+v", got)
				}
				b.runs(tt.runs)
			})
		})
	}
}

func TestARepositoryInTrouble(t *testing.T) {
	inGit(t, func(b *gitBench) {
		b.repo.Unreachable(true)
		if s := b.fulfil(rollout.WantPromotion); s.Unreadable.Code != rollout.ProblemGitNoAnswer || s.Image != "" {
			t.Errorf("unreachable: %+v", s)
		}
		b.repo.Unreachable(false)
		b.repo.Refuse("no bots here")
		if s := b.fulfil(rollout.WantPromotion); s.Unreadable.Code != rollout.ProblemGitPushRefused {
			t.Errorf("refused: %+v", s)
		}
		b.repo.Refuse("")
		b.repo.SetFault(func(c sim.Call) error {
			if c.Op == sim.Fulfil && c.After && c.Wish == rollout.WantPromotion {
				return sim.ErrLost
			}
			return nil
		})
		if s := b.fulfil(rollout.WantPromotion); s.Unreadable.IsZero() {
			t.Errorf("the answer was lost: %+v", s)
		}
		b.repo.SetFault(nil)
		if s := b.fulfil(rollout.WantPromotion); s.Promotion.Hash == "" || len(b.repo.Commits()) != 2 {
			t.Errorf("after the lost answer: %+v", s)
		}
		b.who.Stop(true)
		b.repo.Set(b.file, "r/checkout:v9", "ana")
		time.Sleep(time.Hour)
		b.runs("r/checkout:v9") // the change before was under way: it applies what the file says when it arrives
	})
}
