package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"

	"canarybot.io/bot"
	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/judge"
)

// Store keeps rollouts, and the small records about their cards.
type Store interface {
	rollout.Store
	cards.Notes
}

// Parts are what an app is made of. All but Listener, Version and Log are required.
type Parts struct {
	Environment string
	Services    map[rollout.ServiceName]rollout.Service
	Policy      rollout.Policy // for a rollout whose service left the configuration
	Command     string
	Channel     string
	// SharedChannels allows cards in channels that another organisation reads too.
	SharedChannels bool
	Slack          slack.Config

	Store   Store
	Cluster rollout.Cluster
	Metrics rollout.Metrics
	// Preflights run before the cards' own, which checks their channel. The cluster's comes first.
	Preflights []rollout.Preflighter
	// Beside leaves notes in the cluster about what people cannot see in Slack; nil: there are none.
	Beside cards.Beside
	// Watch calls wake when an object of a service may have changed, until the context ends; nil: no watch.
	Watch func(ctx context.Context, wake func(rollout.ServiceName))
	// Listener serves /metrics, /healthz and /readyz; nil: nobody serves them. The app closes it.
	Listener net.Listener
	Version  string
	Log      *slog.Logger
}

// App is the whole product in one process. Create it with New, start it with Run.
type App struct {
	parts  Parts
	meters *meters
	cards  *cards.Publisher
	engine *engine.Engine
	bot    *bot.Bot
}

// New returns an app that does nothing before Run. Each part needs those before it: the connection to Slack, the cards
// that follow commits and know the channels, the engine that commits, and the bot that passes people's decisions to it.
func New(p Parts) *App {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{parts: p, meters: newMeters(p.Version)}
	store := measuredStore{Store: p.Store, seconds: a.meters.commit}
	cluster := countedCluster{Cluster: p.Cluster, calls: a.meters.cluster}
	metrics := countedMetrics{Metrics: p.Metrics, answers: a.meters.answers}
	client := slack.New(p.Slack, p.Log, a.meters.registry)
	a.cards = cards.New(cards.Options{
		Slack: client, Store: store, Notes: p.Store, Services: p.Services, Policy: p.Policy, Channel: p.Channel,
		Command: p.Command, SharedChannels: p.SharedChannels, Beside: p.Beside, Log: p.Log,
	})
	a.engine = engine.New(engine.Options{
		Store: store, Cluster: cluster, Metrics: metrics, Judge: judge.Judge{},
		Preflights: slices.Concat(p.Preflights, []rollout.Preflighter{a.cards}), Audience: a.cards, Committed: a.cards.Committed,
		Services: p.Services, Policy: p.Policy, Log: p.Log,
	})
	a.meters.countRollouts(a.engine.Snapshot)
	a.meters.watchOutage(func() bool {
		_, degraded := a.engine.Outage()
		return degraded
	})
	if sized, ok := p.Store.(sizedStore); ok {
		a.meters.measureStore(sized)
	}
	a.bot = bot.New(bot.Options{
		Slack: client, Cards: a.cards, Rollouts: a.engine, Store: store,
		Services: p.Services, Policy: p.Policy, Channel: p.Channel, Environment: p.Environment, Command: p.Command, Log: p.Log,
	})
	return a
}

// Run serves until the context ends, and returns when everything that it started has. A store that fails does not end it.
// Run does not close the store.
func (a *App) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	var unserved error
	group.Go(func() { a.engine.Run(ctx) })
	group.Go(func() { a.cards.Run(ctx) })
	group.Go(func() { a.bot.Run(ctx) })
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
	return unserved
}

// Ready returns nil while people can reach the bot, and see every rollout; else the reason.
func (a *App) Ready() error { return errors.Join(a.bot.Ready(), a.cards.Ready()) }

// Deploy starts a rollout, as a person's command would.
func (a *App) Deploy(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, error) {
	return a.engine.Deploy(ctx, l)
}

// Snapshot returns every open rollout as of its last reconcile.
func (a *App) Snapshot() []rollout.Rollout { return a.engine.Snapshot() }
