package git

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/forge"
)

var _ rollout.Comparer = (*Repository)(nil)

const (
	// comparing is how long one Compare may take: somebody is waiting for it.
	comparing = 5 * time.Second
	// mostCommits is how many commits are named; the page of the forge has them all.
	mostCommits = 10
	// mostCompared is how large one answer may be: forges list what changed in the files beside the commits.
	mostCompared = 16 << 20
	// comparedFor is how long an answer about tags holds: they can be moved. About commits it holds for good.
	comparedFor = 5 * time.Minute
	// comparisons is how many answers are kept.
	comparisons = 200
	// mostTitle and mostName bound what is kept of a commit, in characters.
	mostTitle, mostName = 200, 80
)

// question is what was asked about a repository.
type question struct{ repository, base, head string }

// compared is an answer, and until when it holds; zero: for good.
type compared struct {
	commits rollout.Commits
	until   time.Time
}

// Compare returns the commits between two images; see rollout.Comparer. Refusals are asked about again.
func (g *Repository) Compare(ctx context.Context, s rollout.Source, from, to string) rollout.Commits {
	ctx, cancel := context.WithTimeout(ctx, comparing)
	defer cancel()
	c := s.Between(from, to)
	if !c.Unknown.IsZero() {
		return c
	}
	q := question{strings.ToLower(s.Repository), c.Base, c.Head}
	if known, ok := g.compared.Get(q); ok && (known.until.IsZero() || time.Now().Before(known.until)) {
		return known.commits
	}
	c, err := g.compare(ctx, s, c)
	if c.Unknown = g.uncompared(ctx, s, err); !c.Unknown.IsZero() {
		return c
	}
	answer := compared{commits: c}
	if !rollout.IsCommit(c.Base) || !rollout.IsCommit(c.Head) {
		answer.until = time.Now().Add(comparedFor)
	}
	g.compared.Add(q, answer)
	return c
}

// CanRead returns what keeps the repository from being read; zero: nothing does.
func (g *Repository) CanRead(ctx context.Context, s rollout.Source) rollout.Problem {
	ctx, cancel := context.WithTimeout(ctx, comparing)
	defer cancel()
	client, _, release, err := g.forge(s)
	if err == nil {
		defer release()
		err = client.Reach(ctx)
	}
	return g.uncompared(ctx, s, err)
}

// compare asks the forge.
func (g *Repository) compare(ctx context.Context, s rollout.Source, c rollout.Commits) (rollout.Commits, error) {
	if !isRef(c.Base) {
		return c, &forge.NoRefError{Ref: c.Base}
	}
	if !isRef(c.Head) {
		return c, &forge.NoRefError{Ref: c.Head}
	}
	client, at, release, err := g.forge(s)
	if err != nil {
		return c, err
	}
	defer release()
	found, err := client.Compare(ctx, c.Base, c.Head, mostCommits)
	if err != nil {
		return c, err
	}
	kind := g.host(at).forgeAt(at)
	c.Ahead, c.Behind = found.Ahead, found.Behind
	c.Link = forge.CompareLink(kind, at.host, at.repository(), c.Base, c.Head)
	if c.Ahead == 0 {
		c.Link = forge.CompareLink(kind, at.host, at.repository(), c.Head, c.Base) // the other way round it would be empty
	}
	for _, one := range found.Newest {
		c.Newest = append(c.Newest, rollout.SourceCommit{
			Hash: one.Hash, Title: first(one.Title, mostTitle), Author: first(one.Author, mostName),
			Link: forge.CommitLink(kind, at.host, at.repository(), one.Hash),
		})
	}
	return c, nil
}

// isRef reports whether the text can be the name of a tag. One with two dots would be another question.
func isRef(text string) bool { return CheckBranch(text) == nil }

// first returns the beginning of a text, at most so many characters.
func first(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// forge returns the client of the source's forge, where it is, and a function that closes its connections.
func (g *Repository) forge(s rollout.Source) (*forge.Client, address, func(), error) {
	at, err := parseSource(s.Repository)
	if err != nil {
		return nil, at, nil, err
	}
	h := g.host(at)
	kind := h.forgeAt(at)
	if kind == forge.Unknown {
		return nil, at, nil, refuse(rollout.ProblemNoForge)
	}
	token, err := read(h.token)
	if err != nil {
		return nil, at, nil, err
	}
	client, release, err := h.client(mostCompared + 1)
	if err != nil {
		return nil, at, nil, err
	}
	api := h.API
	if api == "" {
		api = forge.DefaultAPI(kind, at.host)
	}
	return forge.New(forge.Options{
		Kind: kind, API: api, Repository: at.repository(), Token: token, Most: mostCompared, HTTP: client,
	}), at, release, nil
}

// forgeAt returns what runs at an address: as configured, and at github.com and gitlab.com as everybody knows.
func (h *host) forgeAt(a address) forge.Kind {
	switch {
	case h.Forge != forge.Unknown:
		return h.Forge
	case a.host == "github.com":
		return forge.GitHub
	case a.host == "gitlab.com":
		return forge.GitLab
	}
	return forge.Unknown
}

// uncompared says why a forge was asked in vain, for people; zero: it was not.
func (g *Repository) uncompared(ctx context.Context, s rollout.Source, err error) rollout.Problem {
	if err == nil {
		return rollout.Problem{}
	}
	absent, isAbsent := errors.AsType[*forge.NoRefError](err)
	refusal, isRefusal := errors.AsType[*forge.Error](err)
	p := g.problem(ctx, rollout.GitFile{Repo: httpsOf(s.Repository)}, err)
	switch {
	case isAbsent:
		p.Code, p.Want, p.Words = rollout.ProblemNoSuchTag, absent.Ref, ""
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		p.Code, p.Span, p.Words = rollout.ProblemGitTimeout, comparing, ""
	case isRefusal && refusal.Limited:
		p.Code, p.Until, p.Words = rollout.ProblemForgeLimit, refusal.Until, ""
	case isRefusal && refusal.Status == http.StatusUnauthorized:
		p.Code, p.Words = rollout.ProblemGitSignIn, ""
	case isRefusal && refusal.Status == http.StatusNotFound:
		p.Code, p.Words = rollout.ProblemGitMissing, ""
	case errors.Is(err, forge.ErrTooLarge), errors.Is(err, errTooLarge):
		p.Code, p.Limit, p.Words = rollout.ProblemTooManyCommits, mostCompared>>20, ""
	case errors.Is(err, forge.ErrNoAnswer):
		p.Code, p.Words = rollout.ProblemNotRead, ""
	case p.Code == rollout.ProblemNoForge:
		if at, err := parseSource(s.Repository); err == nil {
			p.Want = at.host
		}
	}
	return p
}

// parseSource reads where a source is: github.com/acme/checkout, or that as an address.
func parseSource(text string) (address, error) {
	a, err := parseAddress(httpsOf(text))
	if err != nil || a.scheme != "https" || !strings.Contains(a.repository(), "/") {
		return a, errors.New("is not a repository at a forge; write for example github.com/acme/checkout")
	}
	return a, nil
}

func httpsOf(repository string) string {
	if strings.Contains(repository, "://") {
		return repository
	}
	return "https://" + repository
}

// CanCompare returns what is missing to read a source at its forge, in words that follow its key.
func (o Options) CanCompare(s rollout.Source) error {
	a, err := parseSource(s.Repository)
	if err != nil {
		return err
	}
	var h host
	for _, one := range o.Hosts {
		if strings.EqualFold(one.Name, a.host) {
			h.Host = one
		}
	}
	if h.forgeAt(a) == forge.Unknown {
		return fmt.Errorf("is at %s, and nothing says whether GitHub or GitLab runs there; name forge and token_file for it in the top-level git", a.host)
	}
	return nil
}
