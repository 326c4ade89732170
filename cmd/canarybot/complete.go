package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// completing bounds what a shell waits for.
const completing = time.Second

// words picks what may come next of the services, after the arguments that are there.
type words func(services []api.Service, args []string) []string

func anyService(services []api.Service, args []string) []string {
	return names(services, args, func(api.Service) bool { return true })
}

func underWay(services []api.Service, args []string) []string {
	return names(services, args, func(s api.Service) bool { return s.Live != "" })
}

func serviceThenVersion(services []api.Service, args []string) []string {
	if len(args) != 1 {
		return anyService(services, args)
	}
	for _, s := range services {
		if s.Name == rollout.ServiceName(args[0]) {
			return s.Versions
		}
	}
	return nil
}

func names(services []api.Service, args []string, which func(api.Service) bool) (all []string) {
	for _, s := range services {
		if len(args) == 0 && which(s) {
			all = append(all, string(s.Name))
		}
	}
	return all
}

// plans are those of the service that the arguments name.
func plans(services []api.Service, args []string) []string {
	for _, s := range services {
		if len(args) > 0 && s.Name == rollout.ServiceName(args[0]) {
			return s.Plans
		}
	}
	return nil
}

// oneOf completes a flag that takes one of a few words.
func oneOf(words ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlags says how the values of flags are completed.
func completeFlags(cmd *cobra.Command, flags map[string]cobra.CompletionFunc) {
	for name, values := range flags {
		if err := cmd.RegisterFlagCompletionFunc(name, values); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// complete returns what a shell asks for the next word. It says nothing where the server does not answer in time.
func (c *caller) complete(pick words) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begin string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		ctx, cancel := context.WithTimeout(ctx, completing)
		defer cancel()
		var all []cobra.Completion
		for _, word := range pick(c.services(ctx), args) {
			if strings.HasPrefix(word, begin) && word == oneLine(word) && !strings.Contains(word, " ") {
				all = append(all, word)
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// services asks once, and returns none where there is no answer.
func (c *caller) services(ctx context.Context) []api.Service {
	client, err := c.dial(nil, 0)
	if err != nil {
		return nil
	}
	services, err := client.Services(ctx)
	if err != nil {
		return nil
	}
	return services
}
