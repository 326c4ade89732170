package git

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"golang.org/x/crypto/ssh/knownhosts"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/forge"
)

// final reports whether somebody has to change the file, the configuration or the branch: no further try would mend it.
// What a hook refuses, and whoever may not sign in, may be let in at the next.
func final(p rollout.Problem) bool {
	return slices.Contains([]rollout.ProblemCode{
		rollout.ProblemGitNoFile, rollout.ProblemGitSymlink, rollout.ProblemGitSubmodule, rollout.ProblemGitDirectory, rollout.ProblemGitLFS,
		rollout.ProblemGitFileTooLarge, rollout.ProblemGitNotYAML, rollout.ProblemGitNoValue, rollout.ProblemGitTwice, rollout.ProblemGitAlias,
		rollout.ProblemGitForm, rollout.ProblemGitOtherImage, rollout.ProblemGitNoTag, rollout.ProblemGitNoDigest,
		rollout.ProblemGitTooLarge, rollout.ProblemGitNoForge, rollout.ProblemGitProtected,
	}, p.Code)
}

// problem says what an error is, for people: once, at the edge of this package.
func (g *Repository) problem(ctx context.Context, f rollout.GitFile, err error) rollout.Problem {
	if err == nil {
		return rollout.Problem{}
	}
	a, errAddress := parseAddress(f.Repo)
	p := rollout.Problem{Code: rollout.ProblemGitFailed}
	if errAddress != nil {
		p.Value, p.Want, p.Words = "The repository's address", f.Branch, "it "+errAddress.Error()
		return p
	}
	h := g.host(a)
	own, is := errors.AsType[*rollout.Error](err)
	switch {
	case is && !own.Problem.IsZero():
		p = own.Problem
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		p.Code, p.Span = rollout.ProblemGitTimeout, limit
	default:
		p.Code, p.Words = g.code(err, a)
	}
	p.Value, p.Want, p.Key = a.String(), f.Branch, f.Path
	if refusal, ok := errors.AsType[*forge.Error](err); ok {
		p.Count = refusal.Status
		if api, err := url.Parse(h.api()); err == nil {
			p.Want = api.Host
		}
	}
	if p.Code == rollout.ProblemGitTooLarge {
		p.Limit = mostReceived >> 20
	}
	p.Words = h.hide(p.Words)
	return p
}

// code returns what kind of failure it is, and the words about it.
func (g *Repository) code(err error, a address) (rollout.ProblemCode, string) {
	var (
		noKey      errNoKey
		refused    refusedError
		refusal    *forge.Error
		hostKey    *knownhosts.KeyError
		unexpected *githttp.Err
		words      = errorWords(err)
	)
	switch {
	case errors.As(err, &noKey):
		return rollout.ProblemGitNoKey, words
	case errors.As(err, &hostKey):
		return rollout.ProblemGitNoKey, "known_hosts_file does not list the key that the host shows"
	case errors.Is(err, errTooLarge):
		return rollout.ProblemGitTooLarge, ""
	case errors.Is(err, errNoBranch), errors.Is(err, transport.ErrEmptyRemoteRepository):
		return rollout.ProblemGitNoBranch, ""
	case errors.As(err, &refused) && refused.protected():
		return rollout.ProblemGitProtected, words
	case errors.As(err, &refused):
		return rollout.ProblemGitPushRefused, words
	case errors.As(err, &refusal):
		return rollout.ProblemGitForge, refusal.Message
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed), hasAny(words, "unable to authenticate", "permission denied", "access denied"):
		return rollout.ProblemGitSignIn, ""
	case errors.Is(err, transport.ErrRepositoryNotFound), hasAny(words, "not found", "does not exist", "not appear to be a git repository"):
		return rollout.ProblemGitMissing, ""
	case errors.As(err, &unexpected):
		return rollout.ProblemGitNoAnswer, "its status is " + unexpected.Response.Status
	case errors.Is(err, plumbing.ErrObjectNotFound), errors.Is(err, errMalformed):
		return rollout.ProblemGitFailed, "an object of it cannot be read"
	case a.scheme == "file":
		return rollout.ProblemGitFailed, words
	}
	return rollout.ProblemGitNoAnswer, words
}

func hasAny(words string, signs ...string) bool {
	for _, s := range signs {
		if strings.Contains(strings.ToLower(words), s) {
			return true
		}
	}
	return false
}

// errorWords returns the words of an error, without the address that a client of HTTP puts before them.
func errorWords(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return cmp.Or(oneLine(err.Error()), "it gives no reason")
}

// hide takes the token out of a server's words.
func (h *host) hide(words string) string {
	if token, err := read(h.token); err == nil && token != "" {
		words = strings.ReplaceAll(words, token, "…")
	}
	return words
}
