package bot

import (
	"context"

	"canarybot.io/rollout"
)

// Rollouts starts rollouts and decides about them. Its methods return when what they did is durable; their errors are
// answers for whoever asked, as the engine's are.
type Rollouts interface {
	Deploy(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, error)
	DryRun(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, rollout.Preflight, error)
	Decide(ctx context.Context, id rollout.ID, d rollout.Decision) (rollout.Rollout, error)
	// Checks returns what the checks say now: of the canary, or of stable for a rollout without an id.
	Checks(ctx context.Context, r rollout.Rollout) rollout.Verdict
}

// Store is what the bot reads of a rollout.Store.
type Store interface {
	Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error)
	Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error)
	History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error)
	Timeline(ctx context.Context, id rollout.ID, after int) ([]rollout.Entry, error)
	Holder(ctx context.Context, service rollout.ServiceName) (rollout.ID, error)
}

// Notes keeps the bot's own small records. A note whose key is a rollout's id is forgotten together with it.
type Notes interface {
	PutNote(ctx context.Context, kind, key string, value []byte) error
	Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error)
	Notes(ctx context.Context, kind string) (map[string][]byte, error)
}
