package bot

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// handling bounds what happens between an envelope and its ack: Slack waits three seconds.
	handling = 2500 * time.Millisecond
	// farewell bounds what the bot still says and finishes once its context ended.
	farewell = 5 * time.Second
	// handlersAtOnce and answersAtOnce bound the work under way.
	handlersAtOnce, answersAtOnce = 128, 64
)

// Slack is how to reach Slack.
type Slack struct {
	BotToken string // xoxb-
	AppToken string // xapp-
	APIURL   string // ends in a slash; empty: Slack's own
	// HTTP makes the calls; nil: a client of its own.
	HTTP *http.Client
	// Dial opens the sockets' connections; nil: the network, by the environment's proxy.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Options are what a bot is made of. All but Log and Command are required.
type Options struct {
	Slack    Slack
	Rollouts Rollouts
	Store    Store
	Notes    Notes
	// Services is the configuration. Policies and channels are read from it live.
	Services map[rollout.ServiceName]rollout.Service
	// Policy and Channel hold where a service has none, or left the configuration.
	Policy  rollout.Policy
	Channel string // id or #name
	// Environment is what this bot steers. Buttons of another one do nothing here.
	Environment string
	Command     string // default: /canary
	Log         *slog.Logger
}

// Bot is the Slack face of one environment. Make it with New, start it with Run.
type Bot struct {
	Options
	api      *api
	home     *home
	people   *people
	channels *channels
	cursors  *cursors
	poster   *poster
	links    *links
	once     *once
	stats    *stats
	say      view.Answers
	handlers *crew
	answers  *crew
}

var _ rollout.Preflighter = (*Bot)(nil)

// New returns a bot that does nothing before Run.
func New(o Options) *Bot {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Command == "" {
		o.Command = "/canary"
	}
	b := &Bot{
		Options: o, stats: newStats(), once: newOnce(), say: view.Answers{Command: o.Command},
		handlers: newCrew(handlersAtOnce), answers: newCrew(answersAtOnce),
	}
	b.api = newAPI(o.Slack, b.stats)
	b.home = &home{api: b.api}
	b.people = &people{api: b.api, home: b.home, known: map[string]lookup{}}
	b.channels = &channels{api: b.api, known: map[string]string{}}
	b.cursors = &cursors{notes: o.Notes, threads: map[string]rollout.ID{}}
	b.poster = newPoster(b)
	b.links = newLinks(b)
	return b
}

// Run serves until the context ends, and returns when everything that it started has. It then says on the live cards
// that the bot is restarting, finishes what is being committed and closes its connections; that takes five seconds at
// most. Its error is always nil today: trouble with Slack is in Ready, the log and Stats, and never ends the process.
func (b *Bot) Run(ctx context.Context) error {
	// What is in hand when ctx ends may be finished; late bounds it.
	late, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var group sync.WaitGroup
	group.Go(func() { b.home.learn(ctx) })
	group.Go(func() { b.links.run(ctx, late) })
	group.Go(func() { b.poster.run(ctx, late) })
	<-ctx.Done()
	timer := time.AfterFunc(farewell, stop)
	defer timer.Stop()
	group.Wait()
	b.handlers.wait() // no connection is left that could bring more
	b.answers.wait()
	return nil
}

// Committed tells the bot of a rollout's new value. It never blocks.
func (b *Bot) Committed(r rollout.Rollout) { b.poster.hear(r) }

// Ready returns nil while at least one connection to Slack is up, else why none is.
func (b *Bot) Ready() error { return b.links.ready() }

// Stats returns the counters as they stand.
func (b *Bot) Stats() Stats { return b.stats.read() }

// policy returns the policy that holds for the service now.
func (b *Bot) policy(service rollout.ServiceName) rollout.Policy {
	if s, ok := b.Services[service]; ok {
		return s.Policy
	}
	return b.Policy
}

// channel returns where the service's cards go, as configured.
func (b *Bot) channel(service rollout.ServiceName) string {
	if s, ok := b.Services[service]; ok && s.Channel != "" {
		return s.Channel
	}
	return b.Channel
}
