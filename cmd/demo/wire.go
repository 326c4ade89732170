package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"canarybot.io/api/who"
	"canarybot.io/app"
	"canarybot.io/bot/chart"
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
	api    string       // where pipelines ask; empty: nowhere
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
	pipelines, err := w.pipelines(ctx)
	if err != nil {
		return err
	}
	connection := w.slack
	connection.HTTP, connection.Dial = &http.Client{Transport: transport}, c.Dial
	program := app.New(app.Parts{
		Environment: w.config.Environment, Services: w.config.Services, Policy: w.config.Policy,
		Calendar: w.config.Calendar, AtOnce: w.config.AtOnce,
		Command: w.config.Slack.Command, Channel: w.config.Slack.Channel, Slack: connection, Draw: chart.PNG,
		Store: store, Cluster: c, Metrics: metrics, Preflights: []rollout.Preflighter{c}, Registry: registry{},
		API: pipelines, Version: "demo", Log: w.log,
	})
	w.lives(program)
	return program.Run(ctx)
}

// pipelines opens the API. A bot that is killed takes its listener with it, as production does.
func (w wiring) pipelines(ctx context.Context) (app.API, error) {
	if w.api == "" {
		return app.API{}, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.api)
	if err != nil {
		return app.API{}, fmt.Errorf("listen on %s for pipelines: %w", w.api, err)
	}
	return app.API{Callers: who.New(who.Options{Pipelines: w.config.Pipelines, Log: w.log}), Listener: l}, nil
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
