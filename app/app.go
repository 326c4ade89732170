package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"canarybot.io/bot"
	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/judge"
)

// Store is what the product keeps: rollouts, and the bot's small records.
type Store interface {
	rollout.Store
	bot.Notes
}

// Parts are what an app is made of. All but Listener, Version and Log are required.
type Parts struct {
	Environment string
	Services    map[rollout.ServiceName]rollout.Service
	Policy      rollout.Policy // for a rollout whose service left the configuration
	Command     string
	Channel     string
	Slack       bot.Slack

	Store   Store
	Cluster rollout.Cluster
	Metrics rollout.Metrics
	// Preflights are asked beside the bot, which looks after its channel. The cluster's comes first.
	Preflights []rollout.Preflighter
	// Watch calls wake when something of a service may have changed, until the context ends; nil: nothing watches.
	Watch func(ctx context.Context, wake func(rollout.ServiceName))
	// Listener serves /metrics, /healthz and /readyz; nil: they are not served. The app closes it.
	Listener net.Listener
	Version  string
	Log      *slog.Logger
}

// App is the whole product in one process. Make it with New, start it with Run.
type App struct {
	parts  Parts
	engine *engine.Engine
	bot    *bot.Bot
	meters *meters
}

// New returns an app that does nothing before Run.
func New(p Parts) *App {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{parts: p}
	a.meters = newMeters(a)
	store := metered{Store: p.Store, seconds: a.meters.commit}
	cluster := countedCluster{Cluster: p.Cluster, calls: a.meters.cluster}
	metrics := countedMetrics{Metrics: p.Metrics, answers: a.meters.answers}
	a.engine = engine.New(engine.Options{
		Store: store, Cluster: cluster, Metrics: metrics, Judge: judge.Judge{},
		Preflights: append(append([]rollout.Preflighter{}, p.Preflights...), later{a}),
		Services:   p.Services, Policy: p.Policy, Log: p.Log,
		Committed: func(r rollout.Rollout) { a.bot.Committed(r) },
	})
	a.bot = bot.New(bot.Options{
		Slack: p.Slack, Rollouts: a.engine, Store: store, Notes: p.Store,
		Services: p.Services, Policy: p.Policy, Channel: p.Channel, Environment: p.Environment, Command: p.Command, Log: p.Log,
	})
	return a
}

// later is the bot as a preflighter of the engine, which is made before it.
type later struct{ app *App }

func (l later) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	return l.app.bot.Preflight(ctx, r)
}

// Run serves until the context ends, and returns when everything that it started has. When the store fails it ends by
// itself with the error, and the process must exit: a restart reads what is durable. The store stays open.
func (a *App) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	var failed, unserved error
	group.Go(func() {
		failed = a.engine.Run(ctx)
		cancel() // nothing is judged any more: stop taking decisions too
	})
	group.Go(func() {
		if err := a.bot.Run(ctx); err != nil {
			a.parts.Log.Error("slack face ended", "error", err)
		}
	})
	if a.parts.Watch != nil {
		group.Go(func() { a.parts.Watch(ctx, a.engine.Wake) })
	}
	if a.parts.Listener != nil {
		group.Go(func() {
			unserved = a.serve(ctx, a.parts.Listener)
			cancel()
		})
	}
	group.Wait()
	if failed != nil {
		failed = fmt.Errorf("the rollouts stopped: %w", failed)
	}
	return errors.Join(failed, unserved)
}

// Ready returns nil while people can reach the bot, else why not.
func (a *App) Ready() error { return a.bot.Ready() }

// Deploy starts a rollout, as the command of a person would.
func (a *App) Deploy(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, error) {
	return a.engine.Deploy(ctx, l)
}

// Snapshot returns every open rollout as its last beat left it.
func (a *App) Snapshot() []rollout.Rollout { return a.engine.Snapshot() }
