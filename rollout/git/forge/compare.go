package forge

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Commit is one commit, as its author wrote it.
type Commit struct {
	Hash   string
	Title  string // the first line of its message
	Author string // empty: nobody is named
}

// Comparison is what lies between two versions.
type Comparison struct {
	Ahead, Behind int // how many commits head has and base has not, and the other way round
	// Newest are the newest of those ahead, newest first; where there are none, of those behind.
	Newest []Commit
}

// NoRefError says that the repository is there, and has nothing of that name.
type NoRefError struct{ Ref string }

// Error names what is missing.
func (e *NoRefError) Error() string { return "there is no " + e.Ref }

// Compare returns what lies between two tags, branches or commits, with so many of the newest commits at most. Where one of
// the two does not exist the error is a *NoRefError.
func (c *Client) Compare(ctx context.Context, base, head string, most int) (Comparison, error) {
	found, err := c.of.compare(ctx, c, base, head, most)
	if missing(err) {
		if absent := c.absent(ctx, base, head); absent != nil {
			err = absent
		}
	}
	return found, err
}

// Reach asks whether the repository can be read.
func (c *Client) Reach(ctx context.Context) error {
	var project struct{}
	return c.call(ctx, http.MethodGet, c.of.project(c), nil, &project)
}

// absent says what does not exist, where something does not; nil: that cannot be told.
func (c *Client) absent(ctx context.Context, refs ...string) error {
	if err := c.Reach(ctx); err != nil {
		return err
	}
	for _, ref := range refs {
		var commit struct{}
		if err := c.call(ctx, http.MethodGet, c.of.commit(c, ref), nil, &commit); missing(err) {
			return &NoRefError{ref}
		} else if err != nil {
			return err
		}
	}
	return nil
}

// missing reports whether the forge does not know what was asked about. GitHub says 422 where a commit does not exist.
func missing(err error) bool {
	refusal, ok := errors.AsType[*Error](err)
	return ok && (refusal.Status == http.StatusNotFound || refusal.Status == http.StatusUnprocessableEntity)
}

// newest returns so many of the last commits, newest first. What has no hash is none.
func newest(oldestFirst []Commit, most int) []Commit {
	all := slices.DeleteFunc(oldestFirst, func(c Commit) bool { return !isHash(c.Hash) })
	all = all[max(0, len(all)-most):]
	slices.Reverse(all)
	return all
}

// isHash reports whether the text is a whole hash, SHA-1 or SHA-256.
func isHash(text string) bool {
	return (len(text) == 40 || len(text) == 64) && strings.Trim(text, "0123456789abcdef") == ""
}

// title returns the first line of a message.
func title(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSpace(line)
}

// gitHubComparison is one page of a comparison: the commits, oldest first.
type gitHubComparison struct {
	Status  string         `json:"status"` // ahead, behind, diverged, identical
	Ahead   int            `json:"ahead_by"`
	Behind  int            `json:"behind_by"`
	Commits []gitHubCommit `json:"commits"`
}

type gitHubCommit struct {
	Hash   string `json:"sha"`
	Commit struct {
		Message string `json:"message"`
		Author  struct {
			Name string `json:"name"`
		} `json:"author"`
	} `json:"commit"`
}

func (g gitHub) commit(c *Client, ref string) string {
	return g.project(c) + "/commits/" + url.PathEscape(ref)
}

func (g gitHub) compare(ctx context.Context, c *Client, base, head string, most int) (Comparison, error) {
	first, err := g.page(ctx, c, base, head, 1, most)
	if err != nil {
		return Comparison{}, err
	}
	out := Comparison{Ahead: first.Ahead, Behind: first.Behind}
	if out.Ahead == 0 && out.Behind > 0 { // it lists those ahead alone
		base, head = head, base
		if first, err = g.page(ctx, c, base, head, 1, most); err != nil {
			return Comparison{}, err
		}
	}
	commits := first.Commits
	if last := (first.Ahead + most - 1) / most; last > 1 && len(commits) < first.Ahead { // the newest come last
		before := first
		if last > 2 {
			before, err = g.page(ctx, c, base, head, last-1, most)
		}
		end, errEnd := g.page(ctx, c, base, head, last, most)
		if err := errors.Join(err, errEnd); err != nil {
			return Comparison{}, err
		}
		commits = slices.Concat(before.Commits, end.Commits)
	}
	var all []Commit
	for _, one := range commits {
		all = append(all, Commit{Hash: one.Hash, Title: title(one.Commit.Message), Author: one.Commit.Author.Name})
	}
	out.Newest = newest(all, most)
	return out, nil
}

// page asks for a page of so many commits. The first lists files too, which makes it large.
func (g gitHub) page(ctx context.Context, c *Client, base, head string, n, size int) (page gitHubComparison, err error) {
	q := url.Values{"per_page": {strconv.Itoa(size)}, "page": {strconv.Itoa(n)}}
	path := g.project(c) + "/compare/" + url.PathEscape(base) + "..." + url.PathEscape(head) + "?" + q.Encode()
	err = c.call(ctx, http.MethodGet, path, nil, &page)
	if err == nil && (page.Status == "" || page.Ahead < 0 || page.Behind < 0) {
		err = ErrNoAnswer
	}
	return page, err
}

// gitLabComparison has all commits, oldest first.
type gitLabComparison struct {
	Same    bool            `json:"compare_same_ref"`
	Commits *[]gitLabCommit `json:"commits"`
}

type gitLabCommit struct {
	Hash    string `json:"id"`
	Message string `json:"message"`
	Title   string `json:"title"` // shortened where it is long
	Author  string `json:"author_name"`
}

func (g gitLab) commit(c *Client, ref string) string {
	return g.project(c) + "/repository/commits/" + url.PathEscape(ref)
}

func (g gitLab) compare(ctx context.Context, c *Client, base, head string, most int) (Comparison, error) {
	ahead, same, err := g.between(ctx, c, base, head)
	if err != nil || same {
		return Comparison{}, err
	}
	behind, _, err := g.between(ctx, c, head, base)
	if err != nil {
		return Comparison{}, err
	}
	out := Comparison{Ahead: len(ahead), Behind: len(behind)}
	if len(ahead) == 0 {
		ahead = behind
	}
	out.Newest = newest(ahead, most)
	return out, nil
}

// between returns the commits that one has over another.
func (g gitLab) between(ctx context.Context, c *Client, from, to string) (all []Commit, same bool, err error) {
	q := url.Values{"from": {from}, "to": {to}, "straight": {"false"}}
	var answer gitLabComparison
	if err := c.call(ctx, http.MethodGet, g.project(c)+"/repository/compare?"+q.Encode(), nil, &answer); err != nil {
		return nil, false, err
	}
	if answer.Commits == nil {
		return nil, false, ErrNoAnswer
	}
	for _, one := range *answer.Commits {
		text := title(one.Message)
		if text == "" {
			text = title(one.Title)
		}
		all = append(all, Commit{Hash: one.Hash, Title: text, Author: one.Author})
	}
	return all, answer.Same, nil
}
