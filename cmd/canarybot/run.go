package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"canarybot.io/app"
	"canarybot.io/bot/chart"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/prom"
	"canarybot.io/rollout/registry"
	"canarybot.io/store/bolt"
)

func runCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "run", Short: "Serve Slack and run the rollouts, until stopped", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
			klog.SetSlogLogger(log) // client-go logs where the bot logs
			return run(cmd.Context(), c, log)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", "/etc/canarybot/canarybot.yaml", "the configuration file")
}

// run composes production and serves until the context ends. It closes in reverse order of opening.
func run(ctx context.Context, c config.Config, log *slog.Logger) (err error) {
	connection, err := slackFromEnv(log)
	if err != nil {
		return err
	}
	connection.Classic = c.Slack.ClassicBlocks
	var pictures func(view.Picture) ([]byte, error)
	if c.Slack.Pictures {
		pictures = chart.PNG
	}
	settings, err := kubeSettings()
	if err != nil {
		return err
	}
	cluster, err := newCluster(settings)
	if err != nil {
		return err
	}
	watcher, err := newWatcher(settings, log)
	if err != nil {
		return err
	}
	c.Prometheus.Log, c.Git.Log = log, log
	source, err := prom.New(c.Prometheus)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	c.Registry.Secrets, c.Registry.Log = cluster, log
	pinner, err := registry.New(c.Registry)
	if err != nil {
		return err
	}
	store, err := bolt.Open(ctx, c.Store.Path, bolt.Options{Limit: c.Store.Limit})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s, the configuration's listen: %w", c.Listen, err)
	}
	reached, err := newAPI(ctx, c, cluster, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	repositories := git.New(c.Git)
	log.Info("started", "version", version, "environment", c.Environment, "services", len(c.Services), "store", c.Store.Path)
	defer log.Info("stopped")
	return app.New(app.Parts{
		Environment: c.Environment, Services: c.Services, Policy: c.Policy, Baseline: c.Baseline, Digests: c.Digests, Command: c.Slack.Command, Channel: c.Slack.Channel,
		SharedChannels: c.Slack.SharedChannels, Calendar: c.Calendar, AtOnce: c.AtOnce, Patience: c.Patience,
		Slack: connection, Draw: pictures, Store: store, Cluster: cluster, Beside: cluster, Metrics: source,
		Preflights: []rollout.Preflighter{pinner, cluster}, Tags: pinner, Registry: pinner,
		Repository: repositories, Commits: repositories,
		Told:     recipients(c.Webhooks, cluster, log),
		Watch:    func(ctx context.Context, wake func(rollout.ServiceName)) { watcher.Run(ctx, c.Services, wake) },
		API:      reached,
		Listener: listener, Version: version, Log: log,
	}).Run(ctx)
}

// slackFromEnv reads the tokens and where they go, and reports the problems of all together. Tokens in files may be
// rewritten later.
func slackFromEnv(log *slog.Logger) (slack.Config, error) {
	botToken, errBot := config.SecretFromEnv("SLACK_BOT_TOKEN", log)
	appToken, errApp := config.SecretFromEnv("SLACK_APP_TOKEN", log)
	address, errAddress := config.SlackAddressFromEnv()
	if err := errors.Join(errBot, errApp, errAddress); err != nil {
		return slack.Config{}, err
	}
	tokens := func() (bot, app string) { return botToken().Reveal(), appToken().Reveal() }
	return slack.Config{Tokens: tokens, APIURL: address}, nil
}
