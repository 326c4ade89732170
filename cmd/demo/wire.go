package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"canarybot.io/app"
	"canarybot.io/bot/slack"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
	"canarybot.io/store/bolt"
)

// wiring is production's composition, with only Kubernetes replaced by the simulated cluster.
type wiring struct {
	config config.Config
	slack  slack.Config // tokens and address
	log    *slog.Logger
	lives  func(*app.App) // gets each life's program
}

// live is one life of the bot: it serves until the context ends, connected to the world through the kill switch.
func (w wiring) live(ctx context.Context, c *killSwitch) (err error) {
	store, err := bolt.Open(ctx, w.config.Store.Path, bolt.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	transport := &http.Transport{DialContext: c.Dial}
	defer transport.CloseIdleConnections()
	asking := w.config.Prometheus
	asking.Transport = transport
	metrics, err := prom.New(asking)
	if err != nil {
		return err
	}
	connection := w.slack
	connection.HTTP, connection.Dial = &http.Client{Transport: transport}, c.Dial
	program := app.New(app.Parts{
		Environment: w.config.Environment, Services: w.config.Services,
		Command: w.config.Slack.Command, Channel: w.config.Slack.Channel, Slack: connection,
		Store: store, Cluster: c, Metrics: metrics, Preflights: []rollout.Preflighter{c},
		Version: "demo", Log: w.log,
	})
	w.lives(program)
	return program.Run(ctx)
}

// together runs all until one fails or the context ends, and returns when all have returned.
func together(ctx context.Context, all ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	errs := make([]error, len(all))
	for i, run := range all {
		group.Go(func() {
			if errs[i] = run(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
