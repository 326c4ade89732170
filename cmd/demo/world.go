package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"canarybot.io/app"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// world is the bot's environment, and outlives it: Slack, the cluster, Prometheus, a directory, and one listener for
// everything that speaks HTTP.
type world struct {
	pace       pace
	dir        string
	listener   net.Listener
	address    string // the listener's, as URLs name it
	config     config.Config
	cluster    *sim.Cluster
	apps       []service
	prometheus *prometheus
	slack      *slacksim.Sim
	offline    atomic.Bool // Slack is unplugged
	bot        *supervisor
	program    atomic.Pointer[app.App] // of this life of the bot
}

// service is one of the configured services with its app in the cluster.
type service struct {
	name rollout.ServiceName
	app  *sim.App
}

// site is where a world listens and how its bot dials: the network, or memory in tests.
type site struct {
	listener net.Listener
	address  string
	api      string // where the bot's API listens; empty: nowhere
	dial     dialer
	log      *slog.Logger
}

// newWorld creates everything and starts nothing. It takes over the listener; close releases everything.
func newWorld(p pace, at site) (w *world, err error) {
	w = &world{pace: p, listener: at.listener, address: at.address}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "canarybot-demo-"); err != nil {
		return w, fmt.Errorf("make a directory for the demo: %w", err)
	}
	if w.config, err = configure(p, "http://"+at.address+"/prometheus"); err != nil {
		return w, err
	}
	w.config.Store.Path = filepath.Join(w.dir, "canarybot.db")
	w.cluster = sim.New(sim.Options{
		Behaviours: behaviours(), Start: p.Start, Jitter: 0.12, Seed: uint64(time.Now().UnixNano()),
	})
	for _, name := range []rollout.ServiceName{"checkout", "search"} {
		spec := w.config.Services[name].Spec
		w.apps = append(w.apps, service{name: name, app: w.cluster.Add(sim.Setup{
			Objects: spec.Objects, Image: spec.Repository + ":" + running, Requests: busy, Progress: time.Minute, Age: 2 * time.Minute,
		})})
	}
	if w.prometheus, err = newPrometheus(filepath.Join(w.dir, "prometheus"), w.cluster); err != nil {
		return w, err
	}
	w.slack = slacksim.New(workspace())
	live := wiring{
		config: w.config, api: at.api, log: at.log, lives: w.program.Store,
		slack: slack.Config{Tokens: w.slack.Bot().Tokens, APIURL: "http://" + at.address + "/api/"},
	}
	w.bot = &supervisor{
		live: live.live, down: p.Down,
		connect: func() *killSwitch { return newKillSwitch(at.dial, w.cluster) },
	}
	return w, nil
}

// close ends what newWorld created. All of it must have stopped.
func (w *world) close() error {
	errs := []error{w.listener.Close()}
	if errors.Is(errs[0], net.ErrClosed) {
		errs = nil // the server did that already
	}
	if w.slack != nil {
		errs = append(errs, w.slack.Close())
	}
	if w.prometheus != nil {
		errs = append(errs, w.prometheus.close())
	}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

// run serves until the visit is over or the context ends. The bot stops first, so that Slack still gets its last edits.
func (w *world) run(ctx context.Context, visit func(context.Context) error) error {
	outer, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	inner := func(context.Context) error {
		defer stop()
		inside, end := context.WithCancel(ctx)
		defer end()
		return together(inside, w.bot.run, func(ctx context.Context) error {
			defer end()
			return visit(ctx)
		})
	}
	return together(outer, w.serve, w.scrape, inner)
}

func (w *world) scrape(ctx context.Context) error { return w.prometheus.run(ctx, w.pace.Scrape) }

// serve answers HTTP until the context ends.
func (w *world) serve(ctx context.Context) error {
	server := &http.Server{Handler: w.handler(), ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // browsers hold streams open; there is nothing to wait for
	defer stop()
	if err := server.Serve(w.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the demo: %w", err)
	}
	return nil
}

// handler is everything under one address: Slack at the root, the panel and Prometheus beside it.
func (w *world) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/prometheus/", http.StripPrefix("/prometheus", w.prometheus.handler()))
	mux.Handle("/panel/", newPanel(w))
	mux.Handle("/", w.slack.Handler())
	return mux
}

// unplugSlack takes Slack down, or brings it back.
func (w *world) unplugSlack(out bool) {
	w.offline.Store(out)
	w.slack.Outage(out)
}

// setTraffic sets how many requests a second every service gets.
func (w *world) setTraffic(perSecond float64) {
	for _, s := range w.apps {
		s.app.SetRequests(perSecond)
	}
}

// breakIt makes every existing canary behave like this, and reports whether there was one.
func (w *world) breakIt(broken sim.Behaviour) bool {
	found := false
	for _, s := range w.apps {
		if s.app.View(0).Canary.Exists {
			s.app.Break(broken)
			found = true
		}
	}
	return found
}
