package git

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	lru "github.com/hashicorp/golang-lru/v2"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/edit"
	"canarybot.io/rollout/git/forge"
)

var _ rollout.Repository = (*Repository)(nil)

// limit is how long one Fulfil may take.
const limit = 50 * time.Second

// DefaultAuthor is who commits where the configuration names nobody.
const DefaultAuthor = "Canarybot <canarybot@localhost>"

// Options say how to reach repositories.
type Options struct {
	Hosts []Host
	// Log is told of secrets that are taken over from their files, or cannot be; nil: nobody is.
	Log *slog.Logger
}

// Repository commits to repositories, and reads at forges. Make it with New; its methods may be called from any goroutine.
type Repository struct {
	hosts map[string]*host
	other *host         // for those that nothing is configured for
	heavy chan struct{} // holds who reads a repository whole: one at a time

	compared *lru.Cache[question, compared]

	mu   sync.Mutex // guards seen
	seen map[seenKey]seen
}

// seenKey is a question that was asked of a repository, and seen the answer as of a commit.
type (
	seenKey struct {
		id    rollout.ID
		store string
		image string
		file  rollout.GitFile
		wish  rollout.GitWish
	}
	seen struct {
		head  plumbing.Hash
		state rollout.GitState
	}
)

// New returns what commits to the repositories. It reads and sends nothing yet.
func New(o Options) *Repository {
	answers, _ := lru.New[question, compared](comparisons) // fails for a size below one only
	g := &Repository{compared: answers, hosts: map[string]*host{}, other: newHost(Host{}, o.Log), heavy: make(chan struct{}, 1), seen: map[seenKey]seen{}}
	for _, h := range o.Hosts {
		g.hosts[strings.ToLower(h.Name)] = newHost(h, o.Log)
	}
	return g
}

// host returns how to sign in at an address.
func (g *Repository) host(a address) *host {
	if h, ok := g.hosts[a.host]; ok {
		return h
	}
	return g.other
}

// Fulfil does what the wish wants and reads the repository; see rollout.Repository. Where the file already says the
// rollout's version, because somebody else wrote it, there is nothing to commit: Image says it, and Promotion is zero.
func (g *Repository) Fulfil(ctx context.Context, r rollout.Rollout, wish rollout.GitWish) rollout.GitState {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	f := r.Spec.Promote.Git
	state, err := g.fulfil(ctx, r, wish)
	if p := g.problem(ctx, f, err); final(p) {
		state = rollout.GitState{Refused: p}
	} else if !p.IsZero() {
		state = rollout.GitState{Unreadable: p}
	}
	state.At = time.Now()
	return state
}

func (g *Repository) fulfil(ctx context.Context, r rollout.Rollout, wish rollout.GitWish) (rollout.GitState, error) {
	f := r.Spec.Promote.Git
	a, err := parseAddress(f.Repo)
	if err != nil {
		return rollout.GitState{}, err
	}
	if err := CheckPath(f.Path); err != nil {
		return rollout.GitState{}, err
	}
	h := g.host(a)
	remote, err := h.open(a)
	if err != nil {
		return rollout.GitState{}, err
	}
	defer remote.Close()
	v := &visit{Repository: g, of: r, wish: wish, file: f, host: h, remote: remote}
	close, err := v.findForge()
	if err != nil {
		return rollout.GitState{}, err
	}
	defer close()
	return v.run(ctx)
}

// visit is one Fulfil.
type visit struct {
	*Repository
	of     rollout.Rollout
	wish   rollout.GitWish
	file   rollout.GitFile
	host   *host
	remote *remote
	forge  *forge.Client // nil: there is none to ask
}

// findForge finds whom to ask for pull requests, and returns what closes the connections to it.
func (v *visit) findForge() (func(), error) {
	if v.host.Forge == forge.Unknown || v.host.token == nil {
		return func() {}, nil
	}
	token, err := read(v.host.token)
	if err != nil {
		return nil, err
	}
	client, release, err := v.host.client(4 << 20)
	if err != nil {
		return nil, err
	}
	v.forge = forge.New(forge.Options{
		Kind: v.host.Forge, API: v.host.api(), Repository: v.remote.address.repository(), Token: token, HTTP: client,
	})
	return release, nil
}

// api is where the host's forge is asked.
func (h *host) api() string {
	if h.API != "" {
		return h.API
	}
	return forge.DefaultAPI(h.Forge, h.Name)
}

// mostTries is how often a push is tried again because the branch moved.
const mostTries = 6

// run looks and acts, and looks again where the branch moved meanwhile.
func (v *visit) run(ctx context.Context) (rollout.GitState, error) {
	for range mostTries {
		state, moved, err := v.once(ctx)
		if err != nil || !moved {
			return state, err
		}
	}
	return rollout.GitState{}, rollout.Refuse(rollout.Unavailable, rollout.Problem{Code: rollout.ProblemGitMoving, Count: mostTries})
}

// once looks and acts once. Moved is true where somebody else was faster.
func (v *visit) once(ctx context.Context) (state rollout.GitState, moved bool, err error) {
	head, err := v.remote.head(ctx, v.file.Branch)
	if err != nil {
		return rollout.GitState{}, false, err
	}
	if state, ok := v.remembered(head); ok {
		return state, false, nil
	}
	l, err := v.look(ctx, head)
	if err != nil {
		return rollout.GitState{}, false, err
	}
	if state, moved, err = v.act(ctx, l); err == nil && !moved {
		v.remember(l.head, state)
	}
	return state, moved, err
}

// look is what was seen of a repository.
type look struct {
	head plumbing.Hash
	ours ours
	tree tree
	file edit.File
	// promotion and revert are the rollout's pull requests; nil: none were found, or looked for.
	promotion, revert *forge.Request
}

// look reads the history and the file, of a server that cannot leave anything out one at a time.
func (v *visit) look(ctx context.Context, head plumbing.Hash) (*look, error) {
	l, err := v.read(ctx, head)
	if err != nil && v.remote.leavesOut() && ctx.Err() == nil && (errMissing(err) || rollout.ProblemOf(err).Code == rollout.ProblemInternal) {
		v.remote.whole = true // it says that it can, and cannot
		v.remote.endSession()
		if err := v.remote.session(ctx); err != nil {
			return nil, err
		}
		l, err = v.read(ctx, head)
	}
	if err != nil {
		return nil, err
	}
	return l, v.findRequests(ctx, l)
}

func (v *visit) read(ctx context.Context, head plumbing.Hash) (*look, error) {
	if !v.remote.leavesOut() {
		select {
		case v.heavy <- struct{}{}:
			defer func() { <-v.heavy }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	l := &look{head: head}
	var err error
	if l.ours, err = v.remote.search(ctx, head, v.of); err != nil {
		return nil, err
	}
	if l.tree, err = v.remote.file(ctx, head, v.file.Path); err != nil {
		return nil, err
	}
	l.file, err = edit.Read(l.tree.data, edit.TargetOf(v.of))
	return l, err
}

// remembered returns what was read of the same commit, for the same question. Pull requests change without a commit.
func (v *visit) remembered(head plumbing.Hash) (rollout.GitState, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := v.seen[v.key()]
	return s.state, ok && s.head == head && !v.wantsRequests()
}

// wantsRequests reports whether it matters what became of pull requests.
func (v *visit) wantsRequests() bool {
	g := v.of.Git
	return g.Promotion.Asked || g.Revert.Asked || v.wish != rollout.WantNothing && v.file.Push == rollout.PullRequest
}

// mostSeen bounds what is remembered.
const mostSeen = 500

func (v *visit) remember(head plumbing.Hash, state rollout.GitState) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.seen) >= mostSeen {
		clear(v.seen)
	}
	if !state.Promotion.Asked && !state.Revert.Asked {
		v.seen[v.key()] = seen{head, state}
	}
}

func (v *visit) key() seenKey {
	return seenKey{v.of.ID, v.of.Store, v.of.Image, v.file, v.wish}
}
