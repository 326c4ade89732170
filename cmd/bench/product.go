package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/app"
	"canarybot.io/bot/slack"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
	"canarybot.io/store/bolt"
)

// product is the product, running, with so many live rollouts.
type product struct {
	n      int
	store  *bolt.Store
	app    *app.App
	api    string // where the API is
	cancel context.CancelFunc
	done   chan error
}

// start runs the product over the file. sync runs before every commit's syncs.
func start(ctx context.Context, o *outside, path string, n int, sync func() error) (*product, error) {
	store, err := bolt.Open(ctx, path, bolt.Options{Sync: sync})
	if err != nil {
		return nil, err
	}
	source, err := prom.New(prom.Default(o.Address + "/prometheus"))
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	pipelines := []who.Pipeline{{Name: deployer, Tokens: []string{who.Sum(apiToken)}}}
	p := &product{n: n, store: store, api: "http://" + listener.Addr().String(), done: make(chan error, 1)}
	p.app = app.New(app.Parts{
		Environment: "bench", Services: services(n), Channel: "#deploys",
		Slack: slack.Config{Tokens: func() (bot, app string) { return o.BotToken, o.AppToken }, APIURL: o.Address + "/api/"},
		Store: store, Cluster: agreeable{}, Metrics: source, Preflights: []rollout.Preflighter{agreeable{}},
		API: app.API{Callers: who.New(who.Options{Pipelines: pipelines}), Listener: listener},
	})
	ctx, p.cancel = context.WithCancel(ctx)
	go func() { p.done <- p.app.Run(ctx) }()
	return p, p.until(ctx, often, func() bool { return p.app.Ready() == nil })
}

func (p *product) stop() error {
	p.cancel()
	err := <-p.done
	if closed := p.store.Close(); err == nil {
		err = closed
	}
	return err
}

// launchAll starts a rollout of every service and waits until all of them bake and pass: the measurement
// excludes the first queries, which all of them send in the same second.
func (p *product) launchAll(ctx context.Context) error {
	for i := range p.n {
		_, err := p.app.Deploy(ctx, rollout.DeployRequest{
			ID: rollout.DecisionID(fmt.Sprint("launch-", i)), Service: serviceName(i), Version: "v2", At: time.Now(),
			Actor: rollout.Actor{Kind: rollout.Person, ID: deployer, Member: true},
		})
		if err != nil {
			return err
		}
	}
	return p.until(ctx, rarely, func() bool { return p.baking() == p.n })
}

func (p *product) baking() int {
	n := 0
	for _, r := range p.app.Snapshot() {
		if r.Phase == rollout.Baking && r.Verdict.Result == rollout.Pass {
			n++
		}
	}
	return n
}

// How often until looks. Looking at all rollouts copies them, which counts as the product's own work and memory: only what
// is timed by looking is looked at often.
const (
	often  = 5 * time.Millisecond
	rarely = time.Second
)

// until looks again and again until it holds.
func (p *product) until(ctx context.Context, every time.Duration, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("it did not get ready in time: %w; %s", ctx.Err(), p.phases())
		case <-tick.C:
		}
	}
	return nil
}

// temporary returns a path for a store, and what removes it.
func temporary() (path string, remove func(), err error) {
	folder, err := os.MkdirTemp("", "canarybot-bench-")
	return filepath.Join(folder, "store.db"), func() { _ = os.RemoveAll(folder) }, err
}

// phases describes the rollouts' phases, for an error.
func (p *product) phases() string {
	count := map[string]int{}
	for i := range p.n {
		past, err := p.store.History(context.Background(), serviceName(i), 1)
		if err != nil || len(past) == 0 {
			count["none"]++
			continue
		}
		count[fmt.Sprint(past[0].Phase, " ", past[0].Ending.Outcome, " ", past[0].Ending.Reason.Code, " ", past[0].Ending.Left)]++
	}
	return fmt.Sprint(count)
}
