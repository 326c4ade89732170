package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	connection "canarybot.io/bot/slack"
	"canarybot.io/config"
	"canarybot.io/rollout"
)

// livePeople looks up everybody whom a policy names. Somebody who is no full member may do nothing, and who meant to name
// them would otherwise learn it when they are needed.
func livePeople(ctx context.Context, tokens connection.Config, c config.Config) []string {
	client := connection.New(tokens, nil, nil)
	var problems []string
	for _, id := range named(c) {
		person, err := client.Person(ctx, id)
		switch {
		case err != nil:
			return append(problems, fmt.Sprintf("policy: %s cannot be looked up: %v.", id, err))
		case !person.Member:
			problems = append(problems, fmt.Sprintf("policy: %s is no full member of this workspace (unknown, a guest, of another workspace, "+
				"a bot or deactivated), and may do nothing: name somebody else.", id))
		}
	}
	return problems
}

// named lists everybody whom a policy names, in the order of their ids.
func named(c config.Config) []string {
	all := map[string]bool{}
	policies := []rollout.Policy{c.Policy}
	for _, s := range c.Services {
		policies = append(policies, s.Policy)
	}
	for _, p := range policies {
		for _, id := range slices.Concat(p.Deployers, p.Approvers, p.Rollback) {
			all[id] = id != rollout.Everyone
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(id string) bool { return !all[id] })
}
