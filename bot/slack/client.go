package slack

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
)

// CallTimeout bounds one call of the Web API.
const CallTimeout = 10 * time.Second

// Config is how to reach Slack.
type Config struct {
	// Tokens returns the bot's, xoxb-, and the app's, xapp-, as they are now: they may be replaced while the process runs.
	// It is asked before each call and must not block; nil: there are none.
	Tokens func() (bot, app string)
	APIURL string // ends in a slash; empty: Slack's own
	// HTTP makes the calls; nil: a client of its own. Redirects are not followed either way: the token would go with them.
	HTTP *http.Client
	// Classic sends no native block, which some workspaces do not take: none is tried.
	Classic bool
	// Dial opens the sockets' connections; nil: the network, by the environment's proxy.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client calls the Web API, with one budget per method and a time limit per call. It never repeats a call.
type Client struct {
	log     *slog.Logger
	metrics *metrics
	tokens  func() (bot, app string)
	http    *http.Client
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	base    *url.URL // of the Web API
	budget  *budget
	people  *lru.Cache[string, lookup]  // by user
	groups  *lru.Cache[string, members] // by user group
	clock   *clock
	natives *natives
	// groupChanges counts what Slack told of changed user groups.
	groupChanges atomic.Uint64

	mu            sync.Mutex // guards the fields below
	me            Identity
	channels      map[string]string // ids by name
	lookupTrouble error             // why nobody can be looked up; nil: somebody can
	groupTrouble  error             // why nobody has a right by a user group; nil: somebody may
	noFiles       time.Time         // when Slack said last that the bot may upload none; zero: it did not
}

// New returns a client that has called nobody yet. A nil registerer registers no metrics.
func New(config Config, log *slog.Logger, registerer prometheus.Registerer) *Client {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if config.APIURL == "" {
		config.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(config.APIURL, "/") {
		config.APIURL += "/"
	}
	if config.Tokens == nil {
		config.Tokens = func() (bot, app string) { return "", "" }
	}
	calls := HTTPClient()
	if config.HTTP != nil {
		calls.Transport, calls.Jar = heard{config.HTTP.Transport}, config.HTTP.Jar
	}
	base, err := url.Parse(config.APIURL)
	if err != nil {
		base = &url.URL{}
	}
	people, _ := lru.New[string, lookup](lookupsKept) // fails for a size below one only
	groups, _ := lru.New[string, members](groupsKept)
	compared := &clock{}
	return &Client{
		log: log, metrics: newMetrics(registerer), tokens: config.Tokens,
		http: calls, dial: config.Dial, base: base, budget: newBudget(), people: people, groups: groups, clock: compared, natives: newNatives(config.Classic), channels: map[string]string{},
	}
}

// api returns the Web API with the tokens as they are now.
func (c *Client) api() *slack.Client {
	bot, app := c.tokens()
	return slack.New(bot, slack.OptionAppLevelToken(app), slack.OptionAPIURL(c.base.String()), slack.OptionHTTPClient(c.http),
		slack.OptionOnResponseHeaders(func(_ string, h http.Header) { c.clock.note(h, time.Now()) }))
}

// Identity returns who the bot is, and asks Slack where that is not known yet.
func (c *Client) Identity(ctx context.Context) (Identity, error) { return c.identify(ctx) }

// FreeAt returns when the method may be called: now, or a later time. Of a post the channel counts, by its id or as #name;
// empty: of none. It spends nothing.
func (c *Client) FreeAt(now time.Time, method, channel string, reserve Reserve) time.Time {
	if name, isName := strings.CutPrefix(channel, "#"); isName {
		c.mu.Lock()
		channel = c.channels[name]
		c.mu.Unlock()
	}
	return c.budget.freeAt(now, method, channel, reserve)
}

// call makes one call within the budget.
func (c *Client) call(ctx context.Context, method string, do func(context.Context) error) error {
	return c.callIn(ctx, method, "", do)
}

// callIn makes one call within the budget; a post is one to the channel.
func (c *Client) callIn(ctx context.Context, method, channel string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	if err := c.budget.wait(ctx, method, channel); err != nil {
		return &Error{Method: method, Outcome: RateLimited, Cause: err}
	}
	answer := &head{}
	e := translate(method, do(context.WithValue(ctx, headKey{}, answer)), answer)
	if e == nil {
		c.budget.worked(method)
		c.metrics.calls.WithLabelValues(method, "ok").Inc()
		return nil
	}
	if e.Outcome == RateLimited {
		c.budget.limited(method, answer.retryAfter)
	}
	c.metrics.calls.WithLabelValues(method, e.result()).Inc()
	return e
}
