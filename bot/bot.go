package bot

import (
	"context"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/errgroup"

	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

const (
	// handlingMost bounds what happens between an envelope and its ack: Slack waits three seconds.
	handlingMost = 2500 * time.Millisecond
	// shutdownMost bounds what the bot finishes once its context ended.
	shutdownMost = 5 * time.Second
	// handlersAtOnce and repliesAtOnce bound the work under way.
	handlersAtOnce, repliesAtOnce = 128, 64
)

// Rollouts starts rollouts and decides about them. Its methods return when what they did is durable; their errors are
// answers for the person, as the engine's are.
type Rollouts interface {
	Deploy(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, error)
	DeployTogether(ctx context.Context, all []rollout.DeployRequest) ([]rollout.Rollout, error)
	DryRun(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, rollout.Preflight, error)
	DryRunTogether(ctx context.Context, all []rollout.DeployRequest) []rollout.DryRun
	Decide(ctx context.Context, id rollout.ID, d rollout.Decision) (rollout.Rollout, error)
	// Close commits a freeze or a lock; Reopen ends those of a scope and returns them.
	Close(ctx context.Context, c rollout.Closure, id rollout.DecisionID) error
	Reopen(ctx context.Context, r rollout.Reopening) ([]rollout.Closure, error)
	Queue
	// Outage returns since when and why nothing can be saved, and whether that is so; Snapshot the rollouts as they are in
	// memory then.
	Outage() (rollout.Outage, bool)
	Snapshot() []rollout.Rollout
	// Checks returns what the checks say now: of the canary, or of stable for a rollout without an id.
	Checks(ctx context.Context, r rollout.Rollout) rollout.Verdict
	// Recheck has a live rollout's checks asked at once. It never blocks.
	Recheck(id rollout.ID)
}

// Queue makes deploys pending. Its methods return when what they did is durable.
type Queue interface {
	// Await makes a deploy pending and returns it with its place in line; 0: it waits for its moment.
	Await(ctx context.Context, l rollout.DeployRequest, notBefore time.Time) (p rollout.Pending, place int, err error)
	// Foresee returns what Await would make of it, and commits nothing.
	Foresee(ctx context.Context, l rollout.DeployRequest, notBefore time.Time) (rollout.Outlook, error)
	// Leave removes a pending deploy and Jump lets one go first; both return it.
	Leave(ctx context.Context, d rollout.QueueDecision) (rollout.Pending, error)
	Jump(ctx context.Context, d rollout.QueueDecision) (rollout.Pending, error)
	// Told forgets what came of one: people know.
	Told(ctx context.Context, id int) error
}

// Store is what the bot reads of a rollout.Store.
type Store interface {
	cards.Store
	Holder(ctx context.Context, service rollout.ServiceName) (rollout.ID, error)
	Closures(ctx context.Context) (rollout.Closures, error)
	Queue(ctx context.Context) (rollout.Queue, error)
	Decided(ctx context.Context, decision rollout.DecisionID) (rollout.ID, bool, error)
	// Audit, AuditHead and Record are the audit's: its entries, newest first, where it ends, and what is added to it alone.
	Audit(ctx context.Context, q rollout.AuditQuery) ([]rollout.AuditEntry, error)
	AuditHead(ctx context.Context) (rollout.AuditHead, error)
	Record(ctx context.Context, entries []rollout.AuditEntry, notes ...rollout.StoredNote) error
	// Note returns one small record; ok is false when there is none. Notes returns all of a kind, by their keys.
	Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error)
	Notes(ctx context.Context, kind string) (map[string][]byte, error)
}

// Registry knows which versions there are.
type Registry interface {
	// Newest returns the newest versions of the service, newest first; none where it cannot tell. Somebody is typing: it
	// blocks for a second or so at most.
	Newest(ctx context.Context, s rollout.Service) []string
}

// Options are what a bot is made of. All but Log, Command and Calendar are required.
type Options struct {
	Slack    *slack.Client
	Cards    *cards.Publisher
	Rollouts Rollouts
	Store    Store
	// Registry is asked what to suggest; nil: nobody is.
	Registry Registry
	// Commits is asked what lies between two versions; nil: nobody is.
	Commits rollout.Comparer
	// Services is the configuration. Policies are read from it live.
	Services map[rollout.ServiceName]rollout.Service
	// Policy holds where a service has none, or left the configuration.
	Policy rollout.Policy
	// Calendar is what the configuration says about time; nil: nothing.
	Calendar *calendar.Calendar
	Channel  string // the bot's own, id or #name
	// Environment is what this bot steers. Buttons of another one do nothing here.
	Environment string
	Command     string // default: /canary
	// Baseline is how it was before, for the report.
	Baseline rollout.Baseline
	// Digests are told to channels again and again.
	Digests []calendar.Digest
	// Draw draws charts where Slack does not; nil: nobody does.
	Draw func(view.Picture) ([]byte, error)
	Log  *slog.Logger
}

// Bot answers what people do in Slack, for one environment. Make it with New, start it with Run.
type Bot struct {
	Options
	answers     view.Answers
	connections *slack.Connections
	dedup       *dedup
	forms       *forms
	homes       *homes
	digests     *digests
	apps        *lru.Cache[string, struct{}] // those that were told what is not done for them
	handlers    errgroup.Group               // handle envelopes
	replies     errgroup.Group               // answer after the ack
	incidents   chan struct{}                // of size one: there is an incident to tell
}

// New returns a bot that does nothing before Run.
func New(o Options) *Bot {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Command == "" {
		o.Command = "/canary"
	}
	apps, _ := lru.New[string, struct{}](appsTold) // fails for a size below one only
	o.Store = remembering{o.Store, o.Rollouts.Snapshot}
	b := &Bot{Options: o, answers: view.Answers{Command: o.Command}, dedup: newDedup(), forms: newForms(), homes: newHomes(), digests: newDigests(), apps: apps, incidents: make(chan struct{}, 1)}
	b.handlers.SetLimit(handlersAtOnce)
	b.replies.SetLimit(repliesAtOnce)
	b.connections = slack.NewConnections(o.Slack, b.reportForeignConnections)
	return b
}

// Run serves until the context ends, and returns when everything that it started has. It finishes what is being
// committed and closes its connections; that takes five seconds at most. Trouble with Slack is in Ready, the log and the
// metrics, and never ends the process.
func (b *Bot) Run(ctx context.Context) {
	// What has come in when ctx ends may be finished; late bounds it.
	late, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var group sync.WaitGroup
	group.Go(func() { b.connections.Run(ctx, func(e *slack.Envelope) { b.receive(late, e) }) })
	group.Go(func() { b.tellOutages(ctx) })
	group.Go(func() { b.keepHomes(ctx) })
	group.Go(func() { b.tellSettled(ctx) })
	group.Go(func() { b.remindOfReviews(ctx) })
	group.Go(func() { b.tellIncidents(ctx) })
	group.Go(func() { b.postDigests(ctx) })
	<-ctx.Done()
	timer := time.AfterFunc(shutdownMost, stop)
	defer timer.Stop()
	group.Wait()
	_ = b.handlers.Wait() // no connection is left that could bring more, and none of them returns an error
	_ = b.replies.Wait()
}

// Ready returns nil while at least one connection to Slack is up and people can be looked up, else why not.
func (b *Bot) Ready() error {
	if err := b.connections.Ready(); err != nil {
		return err
	}
	return b.Slack.LookupTrouble()
}

// policy returns the policy that holds for the service now.
func (b *Bot) policy(service rollout.ServiceName) rollout.Policy {
	if s, ok := b.Services[service]; ok {
		return s.Policy
	}
	return b.Policy
}

// reportForeignConnections says in the bot's own channel that another process uses its token.
func (b *Bot) reportForeignConnections(ctx context.Context, ours, counted int) {
	b.announce(ctx, b.Channel, b.answers.ConnectionsTold(ours, counted))
}
