package storetest

import (
	"time"

	"canarybot.io/rollout"
)

// Epoch is the time of the suite's first entries.
func Epoch() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// Queued returns a queued rollout of the service that was never stored.
func Queued(service rollout.ServiceName, n int) rollout.Rollout {
	return rollout.Rollout{
		ID: rollout.NewID(service, n), Service: service, Store: "storetest",
		Request: rollout.Request{Version: "v1.2.4", By: rollout.Actor{Kind: rollout.Person, ID: "U024BE7LH", Member: true}, At: Epoch()},
		Spec: rollout.Spec{
			Environment: "test", Repository: "registry.example.com/shop/" + string(service),
			Plan: rollout.Plan{Name: "standard", Steps: []rollout.Step{
				{Weight: 5, Bake: 10 * time.Minute, Gate: rollout.Manual}, {Weight: 50, Bake: 10 * time.Minute, Gate: rollout.Auto},
			}},
		},
		Image: "registry.example.com/shop/" + string(service) + ":v1.2.4",
	}
}

// Move returns the change that takes the rollout to the phase, with one entry at the given time.
func Move(r rollout.Rollout, to rollout.Phase, at time.Time) rollout.Change {
	from := r.Phase
	r.Seq++
	r.Phase = to
	r.ReconciledAt = at
	return rollout.Change{Rollout: r, Entries: []rollout.Entry{{
		Rollout: r.ID, Seq: r.Seq, At: at, Kind: rollout.EntryPhase,
		Data: rollout.Data{From: from, To: to},
	}}}
}

// Decided returns the change with a decision.
func Decided(c rollout.Change, id rollout.DecisionID) rollout.Change {
	c.Decision = id
	return c
}

// WithoutEntry returns a change without entries: nothing happened.
func WithoutEntry(r rollout.Rollout, at time.Time) rollout.Change {
	r.ReconciledAt = at
	return rollout.Change{Rollout: r}
}
