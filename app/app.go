package app

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"canarybot.io/api"
	"canarybot.io/bot"
	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/judge"
	"canarybot.io/webhook"
)

// Store keeps rollouts, and the small records about their cards.
type Store interface {
	rollout.Store
	cards.Notes
	Audit(ctx context.Context, q rollout.AuditQuery) ([]rollout.AuditEntry, error)
	AuditHead(ctx context.Context) (rollout.AuditHead, error)
	Record(ctx context.Context, entries []rollout.AuditEntry, notes ...rollout.StoredNote) error
}

// Parts are what an app is made of. All but Listener, Version and Log are required.
type Parts struct {
	Environment string
	Services    map[rollout.ServiceName]rollout.Service
	Policy      rollout.Policy // for a rollout whose service left the configuration
	Command     string
	Channel     string
	Baseline    rollout.Baseline  // how it was before, for the report
	Digests     []calendar.Digest // told to channels again and again
	// SharedChannels allows cards in channels that another organisation reads too.
	SharedChannels bool
	Slack          slack.Config
	// Draw draws charts where Slack does not; nil: nobody does.
	Draw func(view.Picture) ([]byte, error)

	Store   Store
	Cluster rollout.Cluster
	Metrics rollout.Metrics
	// Preflights run before the cards' own, which checks their channel. What pins an image comes before the cluster's.
	Preflights []rollout.Preflighter
	// Calendar is what the configuration says about time; nil: nothing.
	Calendar *calendar.Calendar
	// AtOnce is how many rollouts may be under way at once.
	AtOnce rollout.AtOnce
	// Patience is how long a deploy is in line before it is dropped; 0: rollout.Patience.
	Patience time.Duration
	// Tags knows what tags name now; nil: nobody asks.
	Tags rollout.Tags
	// Registry knows which versions there are; nil: nobody is asked.
	Registry bot.Registry
	// Repository takes the promotions of services that are promoted by a commit to Git; nil: there are none.
	Repository rollout.Repository
	// Commits knows which commits lie between two versions; nil: nobody is asked.
	Commits rollout.Comparer
	// Beside leaves notes in the cluster about what people cannot see in Slack; nil: there are none.
	Beside cards.Beside
	// Told are told of what is committed, beside Slack.
	Told []webhook.Recipient
	// Watch calls wake when an object of a service may have changed, until the context ends; nil: no watch.
	Watch func(ctx context.Context, wake func(rollout.ServiceName))
	// API says who may ask over HTTP; a zero value: there is no API.
	API API
	// Listener serves /metrics, /healthz and /readyz; nil: nobody serves them. The app closes it.
	Listener net.Listener
	Version  string
	Log      *slog.Logger
}

// API is how pipelines reach the app.
type API struct {
	Callers api.Callers
	// Listener serves the API; nil: there is none. The app closes it.
	Listener net.Listener
	// Certificate returns what the API is served by TLS with, at each handshake; nil: in clear text.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// App is the whole product in one process. Create it with New, start it with Run.
type App struct {
	parts  Parts
	meters *meters
	cards  *cards.Publisher
	engine *engine.Engine
	told   *webhook.Sender
	bot    *bot.Bot
	api    *api.API
}

// New returns an app that does nothing before Run. Each part needs those before it: the connection to Slack, the cards
// that follow commits and know the channels, the engine that commits, and the bot that passes people's decisions to it.
func New(p Parts) *App {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{parts: p, meters: newMeters(p.Version)}
	numbers := newReported(p.Services)
	a.meters.registry.MustRegister(numbers.collectors()...)
	store := measuredStore{Store: reportedStore{p.Store, numbers}, seconds: a.meters.commit}
	cluster := countedCluster{Cluster: p.Cluster, calls: a.meters.cluster}
	metrics := countedMetrics{Metrics: p.Metrics, answers: a.meters.answers}
	client := slack.New(p.Slack, p.Log, a.meters.registry)
	a.cards = cards.New(cards.Options{
		Slack: client, Store: store, Notes: p.Store, Services: p.Services, Policy: p.Policy, Channel: p.Channel,
		Command: p.Command, SharedChannels: p.SharedChannels, Beside: p.Beside, Draw: p.Draw, Quiet: p.Calendar, Log: p.Log,
	})
	a.told = webhook.New(webhook.Options{
		Recipients: p.Told, Store: store, Notes: p.Store, Services: slices.Sorted(maps.Keys(p.Services)),
		Say: view.Line, Link: a.cards.Link, Registerer: a.meters.registry, Log: p.Log,
	})
	a.engine = engine.New(engine.Options{
		Store: store, Cluster: cluster, Metrics: metrics, Judge: judge.Judge{},
		Repository: p.Repository, Commits: p.Commits,
		Preflights: slices.Concat(p.Preflights, []rollout.Preflighter{a.cards}), Audience: a.cards, Committed: a.committed,
		Tags: p.Tags, Calendar: p.Calendar, AtOnce: p.AtOnce, Patience: p.Patience, Identify: a.identify,
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
		Slack: client, Cards: a.cards, Rollouts: a.engine, Store: store, Registry: p.Registry, Commits: p.Commits,
		Services: p.Services, Policy: p.Policy, Calendar: p.Calendar, Channel: p.Channel, Environment: p.Environment, Baseline: p.Baseline, Digests: p.Digests, Command: p.Command, Draw: p.Draw, Log: p.Log,
	})
	apiMeters := api.NewMeters()
	if p.API.Listener != nil {
		a.meters.registry.MustRegister(apiMeters.Collectors()...)
	}
	a.api = api.New(api.Options{
		Engine: a.engine, Store: store, Callers: p.API.Callers, Card: a.cards.Link, Services: p.Services, Policy: p.Policy,
		Meters: apiMeters, Log: p.Log,
	})
	return a
}

// committed tells of a commit. Nothing in it blocks: the next reconcile waits for it.
func (a *App) committed(r rollout.Rollout) {
	a.cards.Committed(r)
	a.told.Committed(r)
	a.api.Committed(r)
	a.bot.Committed(r)
}

// identify returns who asked for a pending deploy as Slack knows them now.
func (a *App) identify(ctx context.Context, by rollout.Actor, service rollout.ServiceName) (rollout.Actor, error) {
	return a.bot.Identify(ctx, by, service)
}

// Run serves until the context ends, and returns when everything that it started has. A store that fails does not end it.
// Run does not close the store.
func (a *App) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	var unserved, unreached error
	group.Go(func() { a.engine.Run(ctx) })
	group.Go(func() { a.cards.Run(ctx) })
	group.Go(func() { a.told.Run(ctx) })
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
	if a.parts.API.Listener != nil {
		group.Go(func() {
			unreached = a.serveAPI(ctx, a.parts.API.Listener)
			cancel()
		})
	}
	group.Wait()
	return errors.Join(unserved, unreached)
}

// Ready returns nil while people can reach the bot, and see every rollout; else the reason.
func (a *App) Ready() error { return errors.Join(a.bot.Ready(), a.cards.Ready()) }

// Deploy starts a rollout, as a person's command would.
func (a *App) Deploy(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, error) {
	return a.engine.Deploy(ctx, l)
}

// Snapshot returns every open rollout as of its last reconcile.
func (a *App) Snapshot() []rollout.Rollout { return a.engine.Snapshot() }
