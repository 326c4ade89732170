package bot_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"canarybot.io/rollout"
)

// registry knows what tags name. Before anything was pushed nobody asks it.
type registry struct {
	mu     sync.Mutex
	pushes map[string]int // by tag
	away   bool
}

// push makes the tag name another image.
func (g *registry) push(tag string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pushes == nil {
		g.pushes = map[string]int{}
	}
	g.pushes[tag]++
}

func (g *registry) leave(away bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.away = away
}

// Newest returns the tags that were pushed.
func (g *registry) Newest(context.Context, rollout.Service) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.away {
		return nil
	}
	names := slices.Sorted(maps.Keys(g.pushes))
	slices.Reverse(names)
	return names
}

// Resolve returns the image with the digest that its tag names.
func (g *registry) Resolve(_ context.Context, r rollout.Rollout) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	image, _, _ := strings.Cut(r.Image, "@")
	_, _, tag, _ := rollout.SplitImage(image)
	if g.away || g.pushes[tag] == 0 {
		return ""
	}
	return fmt.Sprintf("%s@sha256:%x", image, sha256.Sum256(fmt.Appendf(nil, "%s %d", tag, g.pushes[tag])))
}

// Preflight pins the rollout's image, or says that the tag stays.
func (g *registry) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	g.mu.Lock()
	used := g.pushes != nil
	g.mu.Unlock()
	switch image := g.Resolve(ctx, r); {
	case !used || strings.Contains(r.Image, "@"):
		return rollout.Preflight{}
	case image == "":
		return rollout.Preflight{Notices: []rollout.Problem{{
			Code: "registry_unreachable", Key: "registry.example.com", Value: r.Image, Words: "connection refused",
		}}}
	default:
		return rollout.Preflight{Pinned: image}
	}
}
