package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"canarybot.io/bot/view"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
)

// liveSources tries whether the repositories can be read that services name: their commits are told, and nothing waits for
// them.
func liveSources(ctx context.Context, out io.Writer, c config.Config) (problems []string) {
	repositories, asked := git.New(c.Git), map[string]rollout.Problem{}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		s := c.Services[name].Source
		if s.IsZero() {
			continue
		}
		p, known := asked[s.Repository]
		if !known {
			p = repositories.CanRead(ctx, s)
			asked[s.Repository] = p
		}
		if !p.IsZero() {
			problems = append(problems, fmt.Sprintf("%s: %s", name, view.Plain(view.Problem(p))))
			continue
		}
		fmt.Fprintf(out, "  ✓ %s: the commits in %s can be read\n", name, s.Repository)
	}
	return problems
}
