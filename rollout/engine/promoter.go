package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"canarybot.io/rollout"
)

// repositoryEvery is how often Git is asked while something is wanted of it that it has not got: a commit that could not be
// pushed, a pull request that nobody merged.
const repositoryEvery = 15 * time.Second

// promoter fulfils what one rollout wants of Git beside its worker: no beat waits for a push.
type promoter struct {
	e    *Engine
	news chan struct{} // of size one

	mu      sync.Mutex // guards the fields below
	rollout rollout.Rollout
	wish    rollout.GitWish
	state   rollout.GitState
	cancel  context.CancelFunc // of the call under way
}

func newPromoter(e *Engine) *promoter { return &promoter{e: e, news: make(chan struct{}, 1)} }

// follow tells the promoter what the rollout, as committed, wants now. Another wish ends the call that is under way.
func (p *promoter) follow(r rollout.Rollout, wish rollout.GitWish) {
	p.mu.Lock()
	defer p.mu.Unlock()
	other := wish != p.wish
	p.rollout, p.wish = r, wish
	if !other {
		return
	}
	if p.cancel != nil {
		p.cancel()
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// latest returns what Git said last.
func (p *promoter) latest() rollout.GitState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// run fulfils wishes until the context ends, and calls answered after each answer. It does one thing at a time, so that a revert
// never overtakes the push before it.
func (p *promoter) run(ctx context.Context, answered func()) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.news:
		case <-timer.C:
		}
		if p.fulfil(ctx) {
			answered()
		}
		timer.Reset(repositoryEvery)
	}
}

// fulfil fulfils the wish once, if there is one, and reports whether Git has answered.
func (p *promoter) fulfil(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, rollout.GitPatience)
	defer cancel()
	p.mu.Lock()
	r, wish := p.rollout, p.wish
	p.cancel = cancel
	p.mu.Unlock()
	if wish == rollout.WantNothing {
		return false
	}
	state := p.e.askRepository(ctx, r, wish)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = nil
	if p.wish != wish { // it was cut off, or nobody wants it any more
		return false
	}
	p.state = state
	return true
}

// askRepository asks once, and turns a panic into no answer: a defect in one rollout must not stop the others.
func (e *Engine) askRepository(ctx context.Context, r rollout.Rollout, wish rollout.GitWish) (state rollout.GitState) {
	began := now()
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("repository not asked", "rollout", r.ID, "error", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			state = rollout.GitState{Unreadable: rollout.Problem{Code: rollout.ProblemInternal}}
		}
		state.At, state.Wish = began, wish // what lands after the look began may not be in it
	}()
	return e.Repository.Fulfil(ctx, r, wish)
}

// readRepository adds what Git says before a rollout starts that is to be promoted by a commit: what keeps it from ever being
// promoted, and that stable runs something else than Git says.
func (e *Engine) readRepository(ctx context.Context, r rollout.Rollout, p *rollout.Preflight) {
	if r.Spec.Promote.By != rollout.ByGit {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, repositoryPatience)
	defer cancel()
	state := e.askRepository(ctx, r, rollout.WantNothing)
	stable := p.Original.Stable.Image
	switch {
	case !state.Unreadable.IsZero():
		p.Unreadable = state.Unreadable
	case !state.Refused.IsZero():
		p.Problems = append(p.Problems, state.Refused)
	case state.Image != "" && stable != "" && !rollout.SameImage(state.Image, stable):
		p.Notices = append(p.Notices, rollout.Problem{
			Code: ProblemGitDiffers, Value: rollout.ShortVersion(stable), Want: rollout.ShortVersion(state.Image),
			Object: rollout.ObjectRef{Kind: "Deployment", Namespace: r.Spec.Objects.Namespace, Name: r.Spec.Objects.Stable},
		})
	}
}

// repositoryPatience bounds the look before a start.
const repositoryPatience = 20 * time.Second

// ProblemGitDiffers says that Object runs Value, and Git says that it runs Want.
const ProblemGitDiffers rollout.ProblemCode = "git_differs"
