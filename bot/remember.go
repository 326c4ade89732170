package bot

import (
	"context"
	"slices"

	"canarybot.io/rollout"
)

// remembering is a store that, while it cannot be read, knows the open rollouts as they are in memory: a rollback must not
// need the disk.
type remembering struct {
	Store
	open func() []rollout.Rollout
}

// Load returns one rollout.
func (m remembering) Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error) {
	r, err := m.Store.Load(ctx, id)
	if rollout.CodeOf(err) != rollout.Unavailable {
		return r, err
	}
	open := m.open()
	if i := slices.IndexFunc(open, func(r rollout.Rollout) bool { return r.ID == id }); i >= 0 {
		return open[i], nil
	}
	return r, err
}

// Open returns the open rollouts of the service; for no service, those of all.
func (m remembering) Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error) {
	open, err := m.Store.Open(ctx, service)
	if rollout.CodeOf(err) != rollout.Unavailable {
		return open, err
	}
	return slices.DeleteFunc(m.open(), func(r rollout.Rollout) bool { return service != "" && r.Service != service }), nil
}

// Holder returns the live rollout of the service; empty: there is none.
func (m remembering) Holder(ctx context.Context, service rollout.ServiceName) (rollout.ID, error) {
	id, err := m.Store.Holder(ctx, service)
	if rollout.CodeOf(err) != rollout.Unavailable {
		return id, err
	}
	for _, r := range m.open() {
		if r.Service == service && r.Phase.Live() {
			return r.ID, nil
		}
	}
	return "", err
}
