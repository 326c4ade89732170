package git

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/forge"
)

// findRequests looks for the rollout's pull requests, where there may be some.
func (v *visit) findRequests(ctx context.Context, l *look) error {
	if v.forge == nil {
		return nil
	}
	may := func(known rollout.GitCommit, landed bool) bool {
		return known.Asked || known.Declined || v.wish != rollout.WantNothing && (v.file.Push == rollout.PullRequest || !landed)
	}
	var err error
	if may(v.of.Git.Promotion, l.ours.promotion != nil) {
		if l.promotion, err = v.find(ctx, v.branch("")); err != nil {
			return err
		}
	}
	if v.wish == rollout.WantRevert && may(v.of.Git.Revert, l.ours.revert != nil) {
		l.revert, err = v.find(ctx, v.branch("-revert"))
	}
	return err
}

// find returns the newest pull request from a branch of ours; nil: there never was one.
func (v *visit) find(ctx context.Context, branch string) (*forge.Request, error) {
	pull, ok, err := v.forge.Find(ctx, branch, v.file.Branch)
	if err != nil || !ok {
		return nil, err
	}
	return &pull, nil
}

// request pushes a commit to a branch of its own and asks for it. A branch that is there already has it: whoever died
// after pushing it, or does the same beside us, pushed the same change.
func (v *visit) request(ctx context.Context, state rollout.GitState, c change, objects []plumbing.EncodedObject) (rollout.GitState, bool, error) {
	if v.forge == nil {
		return state, false, refuse(rollout.ProblemGitNoForge)
	}
	at, err := v.remote.branch(ctx, c.branch)
	if err == nil && at.IsZero() {
		err = v.remote.push(ctx, c.branch, plumbing.ZeroHash, objects[len(objects)-1].Hash(), objects...)
		if _, refused := errors.AsType[refusedError](err); refused {
			if at, errNow := v.remote.branch(ctx, c.branch); errNow == nil && !at.IsZero() {
				err = nil // another process was faster
			}
		}
	}
	if err != nil {
		return state, false, err
	}
	title, body, _ := strings.Cut(c.message, "\n\n")
	pull, err := v.forge.Open(ctx, forge.Draft{Head: c.branch, Base: v.file.Branch, Title: title, Body: body})
	if refusal, ok := errors.AsType[*forge.Error](err); ok && (refusal.Status == http.StatusConflict || refusal.Status == http.StatusUnprocessableEntity) {
		if found, errNow := v.find(ctx, c.branch); errNow == nil && found != nil {
			pull, err = *found, nil
		}
	}
	if err != nil {
		return state, false, err
	}
	*c.commit(&state) = v.known(nil, &pull, rollout.GitCommit{})
	return state, false, nil
}

// withdraw takes back what is not in the branch yet: it closes the pull request and deletes its branch.
func (v *visit) withdraw(ctx context.Context, l *look, state rollout.GitState) (rollout.GitState, bool, error) {
	if l.promotion != nil && l.promotion.State == forge.Open {
		pull, err := v.forge.Close(ctx, l.promotion.Number)
		if err != nil {
			return state, false, err
		}
		if pull.State == forge.Merged { // somebody was faster
			return state, true, nil
		}
		state.Promotion = v.known(nil, &pull, rollout.GitCommit{})
	}
	branch := v.branch("")
	at, err := v.remote.branch(ctx, branch)
	if err != nil || at.IsZero() {
		return state, false, err
	}
	err = v.remote.push(ctx, branch, at, plumbing.ZeroHash)
	if _, refused := errors.AsType[refusedError](err); refused {
		err = nil // a branch that nobody asks to merge does no harm
	}
	return state, false, err
}
