package install

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"canarybot.io/bot/slacksim"
	"canarybot.io/e2e/chart"
	"canarybot.io/e2e/process"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
)

// namespace is where the chart is installed.
const namespace = "canarybot"

// patience is how long what always happens may take on a busy machine.
const patience = 30 * time.Second

// Options are what differs between installations.
type Options struct {
	// Apps are the services. The first one's namespace names the installation.
	Apps []shop.App
	// Change changes the configuration before it is written; nil leaves it.
	Change func(configuration map[string]any)
	// Slack is how the simulated Slack is; the zero value is strict.
	Slack slacksim.Options
	// Volume is the directory of the store's file; empty: a temporary one.
	Volume string
	// ReadOnly leaves out the chart's rights to create and delete.
	ReadOnly bool
	// Pipelines are the configuration's pipelines. With any, the bot has an API.
	Pipelines []any
}

// Bot is an installation. It runs, unless it was killed.
type Bot struct {
	Slack   *slacksim.Sim
	Process *process.Process
	Store   string // the path of its file
	API     string // where its API listens, as pods do; empty: nowhere

	t          *testing.T
	w          *world.World
	name       string
	config     string
	kubeconfig string
	api        string
	pipelines  atomic.Int32 // that were run
}

// New installs the bot and does not run it. When the test ends, every breach of Slack's protocol fails it.
func New(t *testing.T, w *world.World, o Options) *Bot {
	t.Helper()
	dir := t.TempDir()
	b := &Bot{
		t: t, w: w, name: "canarybot-" + o.Apps[0].Namespace,
		Store: filepath.Join(cmp.Or(o.Volume, dir), "canarybot.db"), config: filepath.Join(dir, "canarybot.yaml"),
	}
	configuration := Configuration(b.Store, o.Apps...)
	if len(o.Pipelines) > 0 {
		b.API = address()
		configuration["api"], configuration["pipelines"] = map[string]any{"listen": b.API}, o.Pipelines
	}
	if o.Change != nil {
		o.Change(configuration)
	}
	text, err := yaml.Marshal(configuration)
	if err == nil {
		err = os.WriteFile(b.config, text, 0o600)
	}
	if err != nil {
		t.Fatalf("write the configuration: %v", err)
	}
	// In its container the chart says where these are.
	delete(configuration, "store")
	delete(configuration, "listen")
	if b.API != "" {
		delete(configuration["api"].(map[string]any), "listen")
	}
	b.kubeconfig = w.Grant(t, "../charts/canarybot", chart.Release{Name: b.name, Namespace: namespace}, map[string]any{
		"config": configuration, "tokens": map[string]any{"secret": "slack"}, "namespaces": grants(o),
	})
	b.Slack = slacksim.Start(t, o.Slack)
	b.api = listen(t, b.Slack)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what people saw:\n%s", b.Slack.Transcript(Channel))
			if b.Process != nil {
				t.Logf("the end of the bot's log:\n%s", b.Process.Tail(60))
			}
		}
	})
	return b
}

func grants(o Options) []any {
	kinds := map[string][]any{}
	var grants []any
	for _, app := range o.Apps {
		if kinds[app.Namespace] == nil {
			grants = append(grants, map[string]any{"name": app.Namespace, "create": !o.ReadOnly})
		}
		kinds[app.Namespace] = append(kinds[app.Namespace], string(app.Router))
	}
	for _, grant := range grants {
		grant := grant.(map[string]any)
		grant["routes"] = unique(kinds[grant["name"].(string)])
	}
	return grants
}

func unique(all []any) []any {
	seen := map[any]bool{}
	var once []any
	for _, one := range all {
		if !seen[one] {
			seen[one] = true
			once = append(once, one)
		}
	}
	return once
}

// listen serves the simulated Slack on a port of this world and returns the address of its API.
func listen(t *testing.T, slack *slacksim.Sim) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- slack.Serve(l) }()
	t.Cleanup(func() {
		// Closing it here, before the judgement that Start registered, is what ends Serve.
		if err := errors.Join(slack.Close(), <-served); err != nil {
			t.Errorf("serve the simulated Slack: %v", err)
		}
	})
	return "http://" + l.Addr().String() + "/api/"
}

// Start installs the bot, runs it and waits until people can reach it.
func Start(t *testing.T, w *world.World, o Options) *Bot {
	t.Helper()
	b := New(t, w, o)
	b.Run()
	return b
}

// Run runs the bot, for the first time or again, and waits until people can reach it.
func (b *Bot) Run() {
	b.t.Helper()
	b.Launch()
	world.Eventually(b.t, patience, func() error {
		if err := b.Process.Err(); err != nil {
			b.t.Fatal(err)
		}
		if n := b.Slack.Connections(); n < 1 {
			return fmt.Errorf("%d connections to Slack", n)
		}
		return nil
	})
}

// Launch runs the bot and does not wait.
func (b *Bot) Launch() {
	b.t.Helper()
	b.Process = b.w.Run(b.t, b.name, b.command("run"))
}

// Validate runs canarybot validate --live and returns what it prints, and whether all was well.
func (b *Bot) Validate() (string, bool) {
	b.t.Helper()
	output, err := b.command("validate", "--live").CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return string(output), err == nil
}

// command returns the binary with the arguments and the environment that its users give it.
func (b *Bot) command(verb string, flags ...string) *exec.Cmd {
	b.t.Helper()
	path, err := binary()
	if err != nil {
		b.t.Fatal(err)
	}
	command := exec.Command(path, append([]string{verb, "--config", b.config}, flags...)...)
	command.Env = []string{
		"SLACK_BOT_TOKEN=" + b.Slack.Bot().BotToken, "SLACK_APP_TOKEN=" + b.Slack.Bot().AppToken,
		"SLACK_API_URL=" + b.api, "KUBECONFIG=" + b.kubeconfig,
	}
	return command
}

// Timeline stops the bot and returns what its store has of a rollout.
func (b *Bot) Timeline(id string) (rollout.Rollout, []rollout.Entry) {
	b.t.Helper()
	b.Process.Stop()
	store, err := bolt.Open(b.t.Context(), b.Store, bolt.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer store.Close()
	r, err := store.Load(b.t.Context(), rollout.ID(id))
	if err != nil {
		b.t.Fatal(err)
	}
	entries, err := store.Timeline(b.t.Context(), r.ID, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return r, entries
}

// Kill kills the bot without warning and waits until Slack has noticed.
func (b *Bot) Kill() {
	b.t.Helper()
	b.Process.Kill()
	world.Eventually(b.t, patience, func() error {
		if n := b.Slack.Connections(); n > 0 {
			return fmt.Errorf("%d connections to Slack", n)
		}
		return nil
	})
}

// binary returns the path of the production binary, built from this checkout. The compiler knows best whether it is
// up to date.
var binary = sync.OnceValues(func() (string, error) {
	build := exec.Command("make", "build")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the bot: %w\n%s", err, output)
	}
	return filepath.Abs("../bin/canarybot")
})
