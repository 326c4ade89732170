package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	connection "canarybot.io/bot/slack"
	"canarybot.io/config"
	"canarybot.io/rollout"
)

// livePeople looks up everybody whom a policy names. Somebody who is no full member may do nothing, and who meant to name
// them would otherwise learn it when they are needed.
func livePeople(ctx context.Context, tokens connection.Config, c config.Config) []string {
	client := connection.New(tokens, nil, nil)
	people, groups := named(c)
	problems := liveGroups(ctx, client, groups, calledGroups(c))
	for _, id := range people {
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

// calledGroups returns the user groups that are called when something happens, each once.
func calledGroups(c config.Config) []string {
	var groups []string
	for _, s := range c.Services {
		groups = append(groups, slices.DeleteFunc(s.Notify.All(), func(id string) bool { return !strings.HasPrefix(id, "S") })...)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// liveGroups looks up every user group that a policy names, and those that are called.
func liveGroups(ctx context.Context, client *connection.Client, policy, called []string) []string {
	if len(policy)+len(called) == 0 {
		return nil
	}
	known, err := client.UserGroups(ctx)
	if err != nil {
		key, ids := "policy", policy
		if len(policy) == 0 {
			key, ids = "notify", called
		}
		return []string{fmt.Sprintf("%s: %s cannot be looked up: %v.", key, ids[0], err)}
	}
	var problems []string
	for _, id := range policy {
		switch members, ok := known[id]; {
		case !ok:
			problems = append(problems, fmt.Sprintf("policy: there is no user group %s in this workspace, or it is disabled: name another, or people.", id))
		case len(members) == 0:
			problems = append(problems, fmt.Sprintf("policy: nobody is in the user group %s, so it gives nobody a right: add people to it.", id))
		}
	}
	for _, id := range called {
		if len(known[id]) == 0 {
			problems = append(problems, fmt.Sprintf("notify: nobody is in the user group %s, or it is disabled: nobody hears when it is called.", id))
		}
	}
	return problems
}

// named lists everybody whom a policy names, and every user group, in the order of their ids.
func named(c config.Config) (people, groups []string) {
	policies := []rollout.Policy{c.Policy}
	for _, s := range c.Services {
		policies = append(policies, s.Policy)
	}
	for _, p := range policies {
		groups = append(groups, p.Groups()...)
		people = append(people, p.Named()...)
	}
	slices.Sort(groups)
	slices.Sort(people)
	people = slices.DeleteFunc(slices.Compact(people), func(id string) bool { return id == rollout.Everyone || slices.Contains(groups, id) })
	return people, slices.Compact(groups)
}
