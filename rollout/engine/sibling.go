package engine

import (
	"context"

	"canarybot.io/rollout"
)

// meet adds to the facts what the rollout's siblings are at, as they are stored, and returns their revisions. One that cannot
// be read is where it was, and not ready.
func (e *Engine) meet(ctx context.Context, r rollout.Rollout, f *rollout.Facts) map[rollout.ID]rollout.Revision {
	f.Siblings = nil
	given := map[rollout.ID]rollout.Revision{}
	for _, id := range r.Others() {
		other, err := e.Store.Load(ctx, id)
		if err != nil {
			f.Siblings = append(f.Siblings, asBefore(r, id))
			continue
		}
		s := other.Sibling()
		s.Ready = s.Ready && e.looked(id)
		f.Siblings = append(f.Siblings, s)
		given[id] = other.Revision
	}
	return given
}

// looked reports whether the rollout's worker reconciled since this process began: what an earlier process found ready counts
// no more.
func (e *Engine) looked(id rollout.ID) bool {
	e.mu.Lock()
	w := e.workers[id]
	e.mu.Unlock()
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.looked
}

func (w *worker) setLooked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked = true
}

// asBefore is what the rollout knew of its sibling, which cannot be read now.
func asBefore(r rollout.Rollout, id rollout.ID) rollout.Sibling {
	for _, s := range r.Siblings {
		if s.ID == id {
			s.Ready = false
			return s
		}
	}
	return rollout.Sibling{ID: id}
}

// meetInMemory adds to the facts what the workers of the rollout's siblings know, while no store does.
func (e *Engine) meetInMemory(r rollout.Rollout, f *rollout.Facts) {
	f.Siblings = nil
	for _, id := range r.Others() {
		e.mu.Lock()
		w := e.workers[id]
		e.mu.Unlock()
		if w == nil { // it has ended
			f.Siblings = append(f.Siblings, asBefore(r, id))
			continue
		}
		f.Siblings = append(f.Siblings, w.current().Sibling())
	}
}

// wakeSiblings has the rollouts that go together with this one look at it. What they send to go forward is cancelled when it is
// rolled back; what takes their own canary off traffic is not.
func (e *Engine) wakeSiblings(r rollout.Rollout) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range r.Others() {
		w := e.workers[id]
		if w == nil {
			continue
		}
		if r.Phase == rollout.RollingBack && w.current().Phase.Forward() {
			w.cancelApply()
		}
		w.wake()
	}
}

// loadSiblings returns the rollouts that go together with this one, where the decision is about them too.
func (e *Engine) loadSiblings(ctx context.Context, r rollout.Rollout, d rollout.Decision) ([]rollout.Rollout, error) {
	if d.Action != rollout.Promote && !d.All {
		return nil, nil
	}
	var all []rollout.Rollout
	for _, id := range r.Others() {
		other, err := e.Store.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, other)
	}
	return all, nil
}

// given are the revisions of the siblings, for a change that was decided by them.
func given(siblings []rollout.Rollout) map[rollout.ID]rollout.Revision {
	all := map[rollout.ID]rollout.Revision{}
	for _, s := range siblings {
		all[s.ID] = s.Revision
	}
	return all
}
