package bot_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"canarybot.io/bot"
	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

const (
	dev     = "U00000DEV1" // deploys
	oncall  = "U00ONCALL1" // approves
	guest   = "U000GUEST1" // a guest
	channel = "C0DEPLOYS1"
)

// world is the bot with the real engine and a reference store, over the simulated Slack and a small cluster.
type world struct {
	t       *testing.T
	slack   *slacksim.Sim
	store   *mem.Store
	cluster *cluster
	metrics *metrics
	tags    *registry
	judge   *doubter
	git     *sim.Repository
	forge   *sim.Forge
	follows *sim.Follower // applies what Git says to checkout; nil before Git promotes
	log     *logs
	wire    *wire
	notes   *notes
	beside  *beside
	hook    *told
	shared  bool                               // slack.shared_channels: allowed
	native  bool                               // slack.blocks: auto; the transcripts are of classic blocks unless they say so
	draw    func(view.Picture) ([]byte, error) // slack.pictures: auto; nil: none
	change  func(*bot.Options)
	// services is the configuration that the next process reads.
	services map[rollout.ServiceName]rollout.Service
	calendar *calendar.Calendar
	digests  []calendar.Digest
	zones    map[string]string // people's, by their names

	bot       *bot.Bot
	publisher *cards.Publisher
	engine    *engine.Engine
	counted   *prometheus.Registry
	stop      context.CancelFunc
	running   *sync.WaitGroup
}

// inWorld runs a test in a bubble with a bot that is connected.
func inWorld(t *testing.T, opts slacksim.Options, test func(*world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, opts)
		w.start()
		test(w)
	})
}

func newWorld(t *testing.T, opts slacksim.Options) *world {
	t.Helper()
	if opts.Shortcuts == nil {
		opts.Shortcuts = []slacksim.Shortcut{
			{Name: "Deploy", CallbackID: "canary.deploy"}, {Name: "Deploy this version", CallbackID: "canary.deploy_this", OnMessage: true},
		}
	}
	opts.Groups = append(opts.Groups, slacksim.Group{ID: "S0614TZR7", Handle: "S0614TZR7"}) // who is called
	w := &world{
		t: t, slack: slacksim.Start(t, opts), store: mem.New(mem.Options{}), cluster: newCluster(), tags: &registry{},
		metrics: &metrics{value: 0.001}, judge: &doubter{}, git: sim.NewRepository(), forge: sim.NewForge(), log: &logs{}, beside: &beside{}, hook: &told{}, change: func(*bot.Options) {},
		services: map[rollout.ServiceName]rollout.Service{"checkout": service()}, calendar: &calendar.Calendar{}, zones: map[string]string{},
	}
	w.wire = &wire{under: w.slack.HTTPClient().Transport}
	w.notes = &notes{Store: w.store}
	return w
}

// service is what the tests deploy.
func service() rollout.Service {
	return rollout.Service{
		Name: "checkout", Channel: "#deploys", Notify: rollout.Notify{RolledBack: []string{"S0614TZR7"}},
		Policy: rollout.Policy{Deployers: []string{dev, oncall}, Approvers: []string{oncall}, Rollback: []string{rollout.Everyone}},
		Plans:  []rollout.Plan{{Name: "quick", Steps: []rollout.Step{{Weight: 10, Bake: time.Minute, Gate: rollout.Manual}}}},
		Spec: rollout.Spec{
			Environment: "production", Repository: repository,
			Objects: rollout.Objects{
				Namespace: "shop", Stable: "checkout-stable", Canary: "checkout-canary", StableService: "checkout-stable",
				CanaryService: "checkout-canary", Route: rollout.RouteRef{Kind: "HTTPRoute", Name: "checkout"},
			},
			Plan: rollout.Plan{Name: "standard", Steps: []rollout.Step{
				{Weight: 5, Bake: 2 * time.Minute, Gate: rollout.Manual}, {Weight: 50, Bake: 2 * time.Minute, Gate: rollout.Auto},
			}},
			Checks: []rollout.Check{{
				Name: "error_rate", Query: "up", Comparison: rollout.LessThan, Threshold: 0.01, Window: time.Minute,
				Interval: 15 * time.Second, Failures: 2, MinRequests: 50, Unit: rollout.Ratio,
			}},
			Limits: rollout.Limits{
				Interval: 15 * time.Second, Drain: 30 * time.Second, Wait: 2 * time.Hour, UnknownLimit: 15 * time.Minute,
				OnUnknown: rollout.Ask, Shift: 2 * time.Minute, Stuck: 2 * time.Minute, Remind: 30 * time.Minute,
			},
		},
	}
}

// start starts the bot and the engine and waits until both connections are up.
func (w *world) start() {
	w.t.Helper()
	time.Sleep(time.Until(time.Now().Add(time.Second - 1).Truncate(time.Second))) // no line of a scenario is done at a whole second
	services := maps.Clone(w.services)
	log := slog.New(w.log)
	w.counted = prometheus.NewRegistry()
	client := slack.New(slack.Config{
		Tokens: w.slack.Bot().Tokens, APIURL: w.slack.APIURL(),
		HTTP: &http.Client{Transport: w.wire}, Dial: w.slack.Dial, Classic: !w.native,
	}, log, w.counted)
	w.publisher = cards.New(cards.Options{
		Slack: client, Store: w.store, Notes: w.notes, Services: services, Policy: services["checkout"].Policy,
		Channel: "#deploys", SharedChannels: w.shared, Beside: w.beside, Draw: w.draw, Quiet: w.calendar, Log: log,
	})
	sender := w.hook.sender(w.store, w.publisher.Link, log)
	w.engine = engine.New(engine.Options{
		Store: &slowStore{Store: w.store}, Cluster: w.cluster, Metrics: w.metrics, Judge: w.judge, Services: services, Repository: w.git, Commits: w.forge, Calendar: w.calendar,
		Preflights: []rollout.Preflighter{w.tags, w.cluster, w.publisher}, Tags: w.tags, Committed: func(r rollout.Rollout) {
			w.publisher.Committed(r)
			sender.Committed(r)
			w.bot.Committed(r)
		}, Audience: w.publisher, Identify: func(ctx context.Context, by rollout.Actor, service rollout.ServiceName) (rollout.Actor, error) {
			return w.bot.Identify(ctx, by, service)
		},
		Policy: services["checkout"].Policy, Log: log,
	})
	opts := bot.Options{
		Slack: client, Cards: w.publisher, Rollouts: w.engine, Store: w.store, Registry: w.tags, Commits: w.forge,
		Services: services, Calendar: w.calendar, Policy: services["checkout"].Policy, Channel: "#deploys", Environment: "production", Draw: w.draw, Digests: w.digests, Log: log,
	}
	w.change(&opts)
	w.bot = bot.New(opts)
	ctx, cancel := context.WithCancel(w.t.Context())
	running := &sync.WaitGroup{}
	running.Go(func() { w.engine.Run(ctx) })
	running.Go(func() { w.publisher.Run(ctx) })
	running.Go(func() { sender.Run(ctx) })
	running.Go(func() { w.bot.Run(ctx) })
	w.running = running
	w.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	w.t.Cleanup(w.stop)
	w.await("both connections", func() bool { return w.slack.Connections() >= 2 })
}

// slowStore is a store whose commits take a while, each a little longer than the one before, and each service its own while. In
// virtual time everything that follows from a commit would happen in its very moment otherwise, in any order: the card that is
// drawn because of it, and the next commit of whoever waited for it.
type slowStore struct {
	*mem.Store
	commits atomic.Int64
}

// Commit commits after its while.
func (s *slowStore) Commit(ctx context.Context, changes ...rollout.Change) error {
	time.Sleep(time.Duration(changes[0].Rollout.Service[0]-'a'+1)*time.Millisecond + time.Duration(s.commits.Add(1))*time.Microsecond)
	return s.Store.Commit(ctx, changes...)
}

// count returns what is counted under the name, with all the labels; a label is "name=value".
func (w *world) count(name string, labels ...string) (sum float64) {
	w.t.Helper()
	return counted(w.t, w.counted, name, labels...)
}

func counted(t testing.TB, from prometheus.Gatherer, name string, labels ...string) (sum float64) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var has []string
			for _, l := range m.GetLabel() {
				has = append(has, l.GetName()+"="+l.GetValue())
			}
			if f.GetName() == name && !slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(has, l) }) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// await lets fake time pass until the condition holds.
func (w *world) await(what string, cond func() bool) {
	w.t.Helper()
	for range 2000 {
		synctest.Wait()
		if cond() {
			return
		}
		time.Sleep(time.Second)
	}
	w.t.Fatalf("%s: never came\n%s\n%s", what, w.slack.Transcript("#deploys"), w.log)
}

// settle lets the bot finish what it is doing and catch up with its cards.
func (w *world) settle() {
	time.Sleep(5*time.Second + time.Millisecond/2) // more than the five seconds for which the bot asks others
	synctest.Wait()
}

// slash types a command in the channel; the answer must not keep anybody waiting.
func (w *world) slash(user, text string) string {
	w.t.Helper()
	out, err := w.slack.As(user).Slash("#deploys", "/canary", text)
	if err != nil || out.Delivery != slacksim.Acked {
		w.t.Fatalf("/canary %s: %v, %v\n%s", text, out.Delivery, err, w.log)
	}
	return out.Text
}

// press presses a button on the card.
func (w *world) press(user, button string) {
	w.t.Helper()
	out, err := w.slack.As(user).Press("#deploys", w.card().TS, button)
	if err != nil || out.Delivery != slacksim.Acked {
		w.t.Fatalf("press %s: %v, %v\n%s\n%s", button, out.Delivery, err, w.slack.Transcript("#deploys"), w.log)
	}
	synctest.Wait()
}

// phase returns where the rollout is.
func (w *world) phase(id rollout.ID) rollout.Phase {
	r, err := w.store.Load(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Phase
}

func (w *world) awaitPhase(id rollout.ID, phase rollout.Phase) {
	w.t.Helper()
	w.await(fmt.Sprintf("%s in %s", id, phase), func() bool {
		r, err := w.store.Load(w.t.Context(), id)
		return err == nil && r.Phase == phase
	})
	w.settle()
}

// cards returns the bot's root messages.
func (w *world) cards() []slacksim.Message { return w.cardsIn("#deploys") }

func (w *world) cardsIn(channel string) []slacksim.Message {
	var all []slacksim.Message
	for _, m := range w.slack.Messages(channel) {
		if m.FromBot && m.ThreadTS == "" {
			all = append(all, m)
		}
	}
	return all
}

// card returns the newest card.
func (w *world) card() slacksim.Message {
	w.t.Helper()
	all := w.cards()
	if len(all) == 0 {
		w.t.Fatalf("there is no card\n%s", w.log)
	}
	return all[len(all)-1]
}

// shown returns what the newest card says.
func (w *world) shown() string { return w.slack.Plain(w.card()) }

func (w *world) wants(what, got string, want ...string) {
	w.t.Helper()
	for _, s := range want {
		if !strings.Contains(got, s) {
			w.t.Errorf("%s lacks %q:\n%s", what, s, got)
		}
	}
}

// logs keeps what was logged, for the message of a test that fails.
type logs struct {
	mu    sync.Mutex
	lines []string
}

// Enabled keeps everything.
func (l *logs) Enabled(context.Context, slog.Level) bool { return true }

// Handle keeps a line.
func (l *logs) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	fmt.Fprintf(&line, "%s %s %s", r.Time.UTC().Format("15:04:05"), r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&line, " %s=%v", a.Key, a.Value)
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line.String())
	return nil
}

// WithAttrs keeps no attributes.
func (l *logs) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup keeps no groups.
func (l *logs) WithGroup(string) slog.Handler { return l }

// String returns the last lines.
func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines[max(0, len(l.lines)-40):], "\n")
}

// has reports whether a line contains the text.
func (l *logs) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(strings.Join(l.lines, "\n"), text)
}
