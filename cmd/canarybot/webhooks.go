package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"canarybot.io/webhook"
)

// kubernetesEvery is the least time between two events in Kubernetes.
const kubernetesEvery = time.Second

// newTargets returns what makes a target of each type. To add one, add its line here.
func newTargets(notes webhook.Noter) map[string]func(webhook.Settings, *slog.Logger) webhook.Target {
	return map[string]func(webhook.Settings, *slog.Logger) webhook.Target{
		webhook.PlainType:      webhook.NewPlain,
		webhook.CDEventsType:   webhook.NewCDEvents,
		webhook.GrafanaType:    webhook.NewGrafana,
		webhook.GitHubType:     webhook.NewGitHub,
		webhook.KubernetesType: func(webhook.Settings, *slog.Logger) webhook.Target { return webhook.NewKubernetes(notes) },
	}
}

// recipients makes those who are told.
func recipients(all []webhook.Settings, notes webhook.Noter, log *slog.Logger) []webhook.Recipient {
	var told []webhook.Recipient
	targets := newTargets(notes)
	for _, s := range all {
		r := s.Recipient(targets[s.Type](s, log.With("target", s.Name)))
		if s.Type == webhook.KubernetesType {
			r.Every = kubernetesEvery
		}
		told = append(told, r)
	}
	return told
}

// describeTargets prints who is told of what.
func describeTargets(out io.Writer, all []webhook.Settings) {
	for _, s := range all {
		services, events := "every service", make([]string, len(s.Events))
		if len(s.Services) > 0 {
			services = fmt.Sprint(s.Services)
		}
		for i, kind := range s.Events {
			events[i] = string(kind)
		}
		fmt.Fprintf(out, "%s, a target of type %s, is told of %s: %s\n", s.Name, s.Type, services, strings.Join(events, ", "))
	}
}

// liveTargets tries whether each target can be reached, and tells none of them anything.
func liveTargets(ctx context.Context, out io.Writer, all []webhook.Settings) (problems []string) {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	for _, s := range all {
		switch err := webhook.Reach(ctx, s); {
		case err != nil:
			for _, line := range strings.Split(err.Error(), "\n") {
				problems = append(problems, fmt.Sprintf("%s: %s.", s.Name, line))
			}
		case s.Type != webhook.KubernetesType:
			fmt.Fprintf(out, "  ✓ %s can be reached\n", s.Name)
		}
	}
	return problems
}
