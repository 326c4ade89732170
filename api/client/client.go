package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// The headers that a token travels in.
const (
	Authorization = "Authorization"
	OwnHeader     = "X-Canarybot-Token" // where something on the way uses Authorization up
)

// Options say where Canarybot is, and how to speak with it.
type Options struct {
	Server    string // its address; a path in it is kept
	Transport http.RoundTripper
	Token     Token
	Header    string // that the token travels in; empty: Authorization
	Agent     string // what we call ourselves
	// Patience is how long a call goes on trying while there is no answer; zero: it tries once.
	Patience time.Duration
	// Trouble hears of every try that failed and is repeated; nil: nobody does.
	Trouble func(error)
}

// Client calls the API. It is safe for concurrent use. Make it with New.
type Client struct {
	base *url.URL
	http *http.Client
	with Options
}

// New returns a client. It sends nothing. The error says what is wrong with the address, without quoting a password in it.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.Server)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("the server's address is no address such as https://canarybot.example.com")
	case base.User != nil:
		return nil, fmt.Errorf("the server's address has a user or a password in it: a token goes into a file or the environment")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, fmt.Errorf("the server's address goes on after its path: leave out what follows ? or #")
	}
	if o.Header == "" {
		o.Header = Authorization
	}
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	return &Client{base: base, with: o, http: &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Start starts a rollout. The same key means the same start, however often it is sent: whoever sends it again gets the
// rollout of the first. The error is *Refused or *Unreachable; after the latter, with Sent, it may have started.
func (c *Client) Start(ctx context.Context, start api.Start, key string) (r api.Rollout, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "v1/rollouts", body: start, key: key}, &r)
	return r, err
}

// Plan returns what a start would do, and changes nothing. Errors are those of Start.
func (c *Client) Plan(ctx context.Context, start api.Start) (p api.Plan, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "v1/plan", body: start, wait: planning}, &p)
	return p, err
}

// Rollout returns a rollout as it is now. Errors are those of Start.
func (c *Client) Rollout(ctx context.Context, id rollout.ID) (r api.Rollout, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: rolloutPath(id)}, &r)
	return r, err
}

// Await returns the rollout once its last entry comes after the one that is named, or as it is after that time. Errors are
// those of Start.
func (c *Client) Await(ctx context.Context, id rollout.ID, after int, wait time.Duration) (r api.Rollout, err error) {
	query := url.Values{"after": {strconv.Itoa(after)}, "wait": {wait.String()}}
	err = c.do(ctx, call{method: http.MethodGet, path: rolloutPath(id), query: query, wait: wait}, &r)
	return r, err
}

// Rollouts returns the last rollouts of a service, newest first. Errors are those of Start.
func (c *Client) Rollouts(ctx context.Context, service rollout.ServiceName) ([]api.Rollout, error) {
	var list api.Rollouts
	err := c.do(ctx, call{method: http.MethodGet, path: "v1/rollouts", query: url.Values{"service": {string(service)}}}, &list)
	return list.Rollouts, err
}

// Services returns the services that the caller may do something about, by name. Errors are those of Start.
func (c *Client) Services(ctx context.Context) ([]api.Service, error) {
	var list api.Services
	err := c.do(ctx, call{method: http.MethodGet, path: "v1/services"}, &list)
	return list.Services, err
}

// Decide decides about a rollout, and returns it as it is then. It carries a key of its own: sent again, because its first
// answer was lost, it counts once. A rollback that is taken and cannot be saved is taken. Errors are those of Start.
func (c *Client) Decide(ctx context.Context, id rollout.ID, d api.Decision) (r api.Rollout, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: rolloutPath(id) + "/decisions", body: d, key: rand.Text()}, &r)
	var refused *Refused
	if errors.As(err, &refused) && refused.Problem.Code == string(rollout.ProblemRollbackUnsaved) {
		return c.Rollout(ctx, id)
	}
	return r, err
}

// rolloutPath returns the path of a rollout, whose id cannot leave it.
func rolloutPath(id rollout.ID) string {
	return "v1/rollouts/" + strings.ReplaceAll(url.PathEscape(string(id)), ".", "%2E")
}
