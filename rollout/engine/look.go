package engine

import (
	"context"

	"canarybot.io/rollout"
)

// look reads the cluster. A rollback that is decided meanwhile does not wait for the end of it: the look begins anew, as
// that of a rollback, which waits for no other.
func (w *worker) look(ctx context.Context, r rollout.Rollout) rollout.Observed {
	for {
		looking, cancel := context.WithCancel(ctx)
		w.mu.Lock()
		w.cancel = cancel
		w.mu.Unlock()
		observed := w.e.Cluster.Observe(looking, r)
		interrupted := looking.Err() != nil && ctx.Err() == nil
		cancel()
		if !interrupted {
			return observed
		}
		if !r.Phase.Ending() {
			r.Phase = rollout.RollingBack
		}
	}
}
