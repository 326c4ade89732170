package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// tagEvery is how often it is asked what the tag of a live rollout names now.
const tagEvery = 5 * time.Minute

// alike reports whether a tag was that of a digest before: what it names now then decides whether it is the same version.
func alike(past []rollout.Rollout, image string) bool {
	same := func(other string) bool {
		return strings.Contains(other, "@") && !strings.Contains(image, "@") && rollout.SameImage(other, image)
	}
	return slices.ContainsFunc(past, func(r rollout.Rollout) bool { return same(r.Image) || same(r.From()) })
}

// named returns the rollout's image with the digest that its tag names now; as it is where that is not known at once.
func (e *Engine) named(ctx context.Context, r rollout.Rollout) string {
	if e.Tags == nil || strings.Contains(r.Image, "@") {
		return r.Image
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if image := e.Tags.Resolve(ctx, r); image != "" {
		return image
	}
	return r.Image
}

// watchTag asks now and then, beside the beats, what the rollout's tag names, until the context ends.
func (w *worker) watchTag(ctx context.Context) {
	if w.e.Tags == nil {
		return
	}
	again := time.NewTicker(tagEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			w.askTag(ctx)
		}
	}
}

// askTag asks once. A panic is turned into no answer: a defect in one rollout must not stop the others.
func (w *worker) askTag(ctx context.Context) {
	r := w.current()
	defer func() {
		if p := recover(); p != nil {
			w.e.Log.Error("tag not asked about", "rollout", r.ID, "error", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if !r.Phase.Forward() || !r.PinnedByTag() {
		return
	}
	image := w.e.Tags.Resolve(ctx, r)
	if image == "" {
		return
	}
	w.mu.Lock()
	changed := w.tag != image
	w.tag = image
	w.mu.Unlock()
	if changed {
		w.wake()
	}
}

// named returns what the rollout's tag named when that was asked last; empty: it was not.
func (w *worker) named() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tag
}
