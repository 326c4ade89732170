// Package forge asks GitHub and GitLab for pull requests and for the commits between two versions, by their REST APIs, also
// where they are self-hosted. What GitLab calls a merge request is a pull request here too.
//
// It is a thin client: one request and one bounded answer at a time, no redirects (a token goes where it was meant to go),
// no retries. Test it against forges in memory.
package forge

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Kind is what runs at a host.
type Kind string

// The kinds. Unknown opens no pull requests.
const (
	Unknown Kind = ""
	GitHub  Kind = "github"
	GitLab  Kind = "gitlab"
)

// Request is a pull request.
type Request struct {
	Number int
	State  State
	Link   string
	Hash   string // of the commit in the branch, once it is merged
}

// State is how far a pull request is.
type State string

// The states.
const (
	Open   State = "open"
	Merged State = "merged"
	Closed State = "closed" // without being merged
)

// Draft is a pull request to be opened.
type Draft struct {
	Head, Base  string // branches
	Title, Body string
}

// Options say where the forge is.
type Options struct {
	Kind       Kind
	API        string // without a slash at its end
	Repository string // acme/deploys
	Token      string
	// Most is how large an answer may be, in bytes; 0: two MiB.
	Most int64
	// HTTP sends the requests. Its redirects are not followed.
	HTTP *http.Client
}

// Error is a refusal of the forge's.
type Error struct {
	Status  int
	Message string // the forge's words
	// Limited is true where too much was asked; Until is when it may be asked again, zero where the forge does not say.
	Limited bool
	Until   time.Time
}

// Error returns the status and the words.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Message) }

// Client asks one repository's forge. Make it with New.
type Client struct {
	options Options
	of      dialect
}

// dialect is what differs between the forges.
type dialect interface {
	find(ctx context.Context, c *Client, head, base string) ([]Request, error)
	open(ctx context.Context, c *Client, d Draft) (Request, error)
	close(ctx context.Context, c *Client, number int) (Request, error)
	compare(ctx context.Context, c *Client, base, head string, most int) (Comparison, error)
	project(c *Client) string
	commit(c *Client, ref string) string
	header(token string) (name, value string)
}

// DefaultAPI returns where a forge has its API: at github.com, or at a self-hosted one.
func DefaultAPI(kind Kind, host string) string {
	switch {
	case kind == GitHub && host == "github.com":
		return "https://api.github.com"
	case kind == GitHub:
		return "https://" + host + "/api/v3"
	}
	return "https://" + host + "/api/v4"
}

// CommitLink returns where people read a commit; empty where that is not known.
func CommitLink(kind Kind, host, repository, hash string) string {
	link := url.URL{Scheme: "https", Host: host}
	switch kind {
	case GitHub:
		link.Path = "/" + repository + "/commit/" + hash
	case GitLab:
		link.Path = "/" + repository + "/-/commit/" + hash
	case Unknown:
		return ""
	}
	return link.String()
}

// CompareLink returns where people read what lies between two versions; empty where that is not known.
func CompareLink(kind Kind, host, repository, base, head string) string {
	link := url.URL{Scheme: "https", Host: host}
	switch kind {
	case GitHub:
		link.Path = "/" + repository + "/compare/" + base + "..." + head
	case GitLab:
		link.Path = "/" + repository + "/-/compare/" + base + "..." + head
	case Unknown:
		return ""
	}
	return link.String()
}

// New returns a client. It sends nothing.
func New(o Options) *Client {
	client := *o.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.HTTP = &client
	o.API = strings.TrimSuffix(o.API, "/")
	if o.Kind == GitLab {
		return &Client{options: o, of: gitLab{}}
	}
	return &Client{options: o, of: gitHub{}}
}

// Find returns the newest pull request from one branch into another; ok is false where there never was one.
func (c *Client) Find(ctx context.Context, head, base string) (newest Request, ok bool, err error) {
	all, err := c.of.find(ctx, c, head, base)
	for _, r := range all {
		if r.Number > newest.Number {
			newest, ok = r, true
		}
	}
	return newest, ok, err
}

// Open opens a pull request. Where one of the same branches is open already the forge refuses, as an *Error.
func (c *Client) Open(ctx context.Context, d Draft) (Request, error) { return c.of.open(ctx, c, d) }

// Close closes a pull request without merging it, and returns what it is then: merged, where somebody was faster.
func (c *Client) Close(ctx context.Context, number int) (Request, error) {
	return c.of.close(ctx, c, number)
}

// largest bounds an answer where nothing else is said.
const largest = 2 << 20

// ErrTooLarge says that an answer is larger than is read.
var ErrTooLarge = errors.New("the answer is too large")

// ErrNoAnswer says that what was answered is none of such an API's answers.
var ErrNoAnswer = errors.New("the answer is not what such an API answers")

// call sends one request and decodes the answer.
func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.options.API+path, content)
	if err != nil {
		return errors.New("the address of the API is none")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "canarybot")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if name, value := c.of.header(c.options.Token); c.options.Token != "" {
		request.Header.Set(name, value)
	}
	response, err := c.options.HTTP.Do(request)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok { // it names the address
			err = u.Err
		}
		return err
	}
	defer response.Body.Close()
	most := cmp.Or(c.options.Most, largest)
	data, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	switch {
	case err != nil:
		return err
	case int64(len(data)) > most:
		return ErrTooLarge
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return &Error{Status: response.StatusCode, Message: "the repository moved, or the API is elsewhere; write its present address"}
	case response.StatusCode >= 300:
		limited, until := limit(response)
		return &Error{Status: response.StatusCode, Message: message(data), Limited: limited, Until: until}
	}
	if err := json.Unmarshal(data, into); err != nil {
		return ErrNoAnswer
	}
	return nil
}

// limit reports whether a refusal says that too much was asked, and until when: GitHub says so by 403 or 429, GitLab by 429.
func limit(r *http.Response) (limited bool, until time.Time) {
	wait, wrong := strconv.Atoi(r.Header.Get("Retry-After"))
	waits := wrong == nil && wait >= 0 && wait < 1<<20
	used := r.Header.Get("X-RateLimit-Remaining") == "0"
	switch {
	case r.StatusCode != http.StatusTooManyRequests && (r.StatusCode != http.StatusForbidden || !used && !waits):
		return false, time.Time{}
	case waits:
		return true, time.Now().Add(time.Duration(wait) * time.Second).Round(time.Second)
	}
	reset, err := strconv.ParseInt(cmp.Or(r.Header.Get("X-RateLimit-Reset"), r.Header.Get("RateLimit-Reset")), 10, 64)
	if err != nil || reset <= 0 || reset > 1<<40 {
		return true, time.Time{}
	}
	return true, time.Unix(reset, 0)
}

// message returns the forge's own words about a refusal.
func message(data []byte) string {
	var said struct {
		Message json.RawMessage `json:"message"`
		Error   string          `json:"error"`
		Errors  []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(data, &said) != nil {
		return "it gives no reason"
	}
	words := []string{said.Error}
	var text string
	var list []string
	if json.Unmarshal(said.Message, &text) == nil {
		words = append(words, text)
	} else if json.Unmarshal(said.Message, &list) == nil {
		words = append(words, list...)
	}
	for _, e := range said.Errors {
		words = append(words, e.Message)
	}
	line := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	if r := []rune(line); len(r) > 300 {
		line = string(r[:300]) + "…"
	}
	if line == "" {
		return "it gives no reason"
	}
	return line
}
