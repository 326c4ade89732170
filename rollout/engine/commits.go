package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"canarybot.io/rollout"
)

const (
	// commitTries is how often it is asked which commits a version brings, and commitPause how long after an answer that
	// another try may mend.
	commitTries = 3
	commitPause = time.Minute
)

// askCommits finds out, beside the beats, which commits the new version brings, from when that is wanted until the answer is
// one, or nobody wants it any more. A process that begins anew asks anew, unless the timeline has the answer.
func (w *worker) askCommits(ctx context.Context) {
	if w.e.Commits == nil {
		return
	}
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	select {
	case <-ctx.Done():
		return
	case <-w.wanted:
	}
	for tries := 1; ; tries++ {
		r := w.current()
		source := w.e.Services[r.Service].Source
		if !r.WantsCommits() || source.IsZero() {
			return
		}
		c := w.e.compare(ctx, r, source)
		if ctx.Err() != nil {
			return
		}
		if !c.MayBeKnownLater() || tries == commitTries {
			w.setCommits(c)
			return
		}
		again.Reset(commitPause)
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// compare asks once. A panic is turned into no answer: a defect in one rollout must not stop the others.
func (e *Engine) compare(ctx context.Context, r rollout.Rollout, s rollout.Source) (c rollout.Commits) {
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("commits not asked about", "rollout", r.ID, "error", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			c = rollout.Commits{Unknown: rollout.Problem{Code: rollout.ProblemInternal}}
		}
	}()
	return e.Commits.Compare(ctx, s, r.From(), r.Image)
}

// wantCommits lets it be asked, where that is wanted. It never blocks.
func (w *worker) wantCommits(r rollout.Rollout) {
	if w.e.Commits == nil || !r.WantsCommits() {
		return
	}
	select {
	case w.wanted <- struct{}{}:
	default:
	}
}

// setCommits lets the next beat tell them.
func (w *worker) setCommits(c rollout.Commits) {
	w.mu.Lock()
	w.commits = &c
	w.mu.Unlock()
	w.wake()
}

// brought returns which commits the version brings; nil: not known yet.
func (w *worker) brought() *rollout.Commits {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commits
}
