package sim

import (
	"context"
	"slices"
	"sync"
	"time"

	"canarybot.io/rollout"
)

var _ rollout.Comparer = (*Forge)(nil)

const (
	// forgePatience is how long one comparison may take.
	forgePatience = 5 * time.Second
	// commitsNamed is how many commits an answer names.
	commitsNamed = 10
)

// Forge is where code lives, in memory: each repository is one line of commits, with tags on some. Its methods may be called
// from any goroutine.
type Forge struct {
	mu      sync.Mutex // guards what follows
	lines   map[string][]rollout.SourceCommit
	tags    map[string]map[string]int // by repository: how many commits the tag has
	down    bool
	latency time.Duration
	asked   int
}

// NewForge returns a forge without repositories.
func NewForge() *Forge {
	return &Forge{lines: map[string][]rollout.SourceCommit{}, tags: map[string]map[string]int{}}
}

// Tag adds commits to a repository, oldest first, and tags what it has then.
func (f *Forge) Tag(repository, tag string, commits ...rollout.SourceCommit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines[repository] = append(f.lines[repository], commits...)
	if f.tags[repository] == nil {
		f.tags[repository] = map[string]int{}
	}
	f.tags[repository][tag] = len(f.lines[repository])
}

// Down takes the forge away, or brings it back.
func (f *Forge) Down(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// Slow lets each answer take so long.
func (f *Forge) Slow(latency time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latency = latency
}

// Asked returns how often it was asked.
func (f *Forge) Asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// Compare returns the commits between two images, as rollout.Comparer says.
func (f *Forge) Compare(ctx context.Context, s rollout.Source, from, to string) rollout.Commits {
	f.mu.Lock()
	f.asked++
	latency := f.latency
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, forgePatience)
	defer cancel()
	c := s.Between(from, to)
	switch {
	case !c.Unknown.IsZero():
		return c
	case !wait(ctx, latency):
		c.Unknown = rollout.Problem{Code: rollout.ProblemGitTimeout, Value: s.Repository, Span: forgePatience}
		return c
	}
	return f.compare(s.Repository, c)
}

func (f *Forge) compare(repository string, c rollout.Commits) rollout.Commits {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		c.Unknown = rollout.Problem{Code: rollout.ProblemGitNoAnswer, Value: repository, Words: "connection refused"}
		return c
	}
	at := map[string]int{}
	for _, tag := range []string{c.Base, c.Head} {
		n, ok := f.tags[repository][tag]
		if !ok {
			c.Unknown = rollout.Problem{Code: rollout.ProblemNoSuchTag, Value: repository, Want: tag}
			return c
		}
		at[tag] = n
	}
	base, head := at[c.Base], at[c.Head]
	c.Ahead, c.Behind = max(0, head-base), max(0, base-head)
	c.Newest = slices.Clone(f.lines[repository][min(base, head):max(base, head)])
	slices.Reverse(c.Newest)
	c.Newest = c.Newest[:min(len(c.Newest), commitsNamed)]
	c.Link = "https://" + repository + "/compare/" + c.Base + "..." + c.Head
	return c
}
