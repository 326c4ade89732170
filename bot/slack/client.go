package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

// CallTimeout bounds one call of the Web API.
const CallTimeout = 10 * time.Second

// Config is how to reach Slack.
type Config struct {
	// Tokens returns the bot's, xoxb-, and the app's, xapp-, as they are now: they may be replaced while the process runs.
	// It is asked before each call and must not block.
	Tokens func() (bot, app string)
	APIURL string // ends in a slash; empty: Slack's own
	// HTTP makes the calls; nil: a client of its own.
	HTTP *http.Client
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
	people  *lru.Cache[string, lookup] // by user

	mu       sync.Mutex // guards the fields below
	me       Identity
	channels map[string]string // ids by name
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
	if config.HTTP == nil {
		config.HTTP = &http.Client{Timeout: CallTimeout}
	}
	base, err := url.Parse(config.APIURL)
	if err != nil {
		base = &url.URL{}
	}
	people, _ := lru.New[string, lookup](lookupsKept) // fails for a size below one only
	return &Client{
		log: log, metrics: newMetrics(registerer), tokens: config.Tokens,
		http: config.HTTP, dial: config.Dial, base: base, budget: newBudget(), people: people, channels: map[string]string{},
	}
}

// api returns the Web API with the tokens as they are now.
func (c *Client) api() *slack.Client {
	bot, app := c.tokens()
	return slack.New(bot, slack.OptionAppLevelToken(app), slack.OptionAPIURL(c.base.String()), slack.OptionHTTPClient(c.http))
}

// FreeAt returns when the method may be called: now, or a later time. It spends nothing.
func (c *Client) FreeAt(now time.Time, method string, reserve Reserve) time.Time {
	return c.budget.freeAt(now, method, reserve)
}

// call makes one call within the budget.
func (c *Client) call(ctx context.Context, method string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	if err := c.budget.wait(ctx, method); err != nil {
		return &Error{Method: method, Outcome: RateLimited, Cause: err}
	}
	err := c.translate(method, do(ctx))
	result := "ok"
	var e *Error
	if errors.As(err, &e) {
		result = e.result()
	}
	c.metrics.calls.WithLabelValues(method, result).Inc()
	return err
}

// translate makes an Error of slack-go's. A rate limit closes the method.
func (c *Client) translate(method string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Method: method, Outcome: Lost, Cause: err}
	var limit *slack.RateLimitedError
	var answer slack.SlackErrorResponse
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &limit):
		e.Outcome = RateLimited
		c.budget.closeUntil(method, time.Now().Add(max(limit.RetryAfter, time.Second)))
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		e.Outcome = RateLimited
		c.budget.closeUntil(method, time.Now().Add(30*time.Second))
	case errors.As(err, &status) && status.Code < http.StatusInternalServerError:
		e.Outcome, e.Code = Refused, fmt.Sprintf("http_%d", status.Code)
	case errors.As(err, &answer):
		e.Outcome, e.Code = outcomeOfCode(answer.Err), answer.Err
	}
	return e
}

// outcomeOfCode returns what is known of the effect after an answer with ok:false.
func outcomeOfCode(code string) Outcome {
	switch code {
	case "internal_error", "fatal_error", "request_timeout", "service_unavailable":
		return Lost // Slack's own trouble: what it did before is not known
	case "ratelimited", "rate_limited":
		return RateLimited
	}
	return Refused
}

// Reserve is how much of a burst a call leaves to others.
type Reserve int

// The reserves.
const (
	NoReserve   Reserve = iota // for calls that cannot wait
	HalfReserve                // for calls that can
)

// budget spends the calls of the whole workspace, by method. A 429 closes its method for as long as Slack says.
type budget struct {
	mu      sync.Mutex // guards the methods
	methods map[string]*quota
}

// quota is what we allow ourselves of one method.
type quota struct {
	*rate.Limiter
	closed time.Time // until then
}

func newBudget() *budget { return &budget{methods: map[string]*quota{}} }

// newQuota stays below what Slack documents: with its burst it is under the tier's quota in any minute.
func newQuota(method string) *quota {
	every, burst := 100*time.Millisecond, 10
	switch method {
	case MethodPost: // about one a second and channel; bursts are tolerated
		every, burst = time.Second, 5
	case MethodUpdate, MethodHistory, MethodReplies, "conversations.info", "users.conversations",
		"apps.connections.open": // tier 3
		every, burst = 1500*time.Millisecond, 8
	case "users.info", "chat.postEphemeral": // tier 4
		every, burst = time.Second, 30
	}
	return &quota{Limiter: rate.NewLimiter(rate.Every(every), burst)}
}

// of returns the method's quota; the caller holds the lock.
func (b *budget) of(method string) *quota {
	q := b.methods[method]
	if q == nil {
		q = newQuota(method)
		b.methods[method] = q
	}
	return q
}

// freeAt returns when the method may be called, leaving the reserve.
func (b *budget) freeAt(now time.Time, method string, reserve Reserve) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.of(method)
	need := 1
	if reserve == HalfReserve {
		need += q.Burst() - max(1, q.Burst()/2)
	}
	at := now
	if missing := float64(need) - q.TokensAt(now); missing > 0 {
		at = now.Add(time.Duration(missing / float64(q.Limit()) * float64(time.Second)))
	}
	if q.closed.After(at) {
		return q.closed
	}
	return at
}

// closeUntil closes the method.
func (b *budget) closeUntil(method string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q := b.of(method); until.After(q.closed) {
		q.closed = until
	}
}

// wait takes one call as soon as the method is free, or fails at once where ctx would end before that.
func (b *budget) wait(ctx context.Context, method string) error {
	b.mu.Lock()
	q := b.of(method)
	b.mu.Unlock()
	if err := q.Wait(ctx); err != nil {
		return err
	}
	for { // somebody may have closed it meanwhile
		b.mu.Lock()
		closed := q.closed
		b.mu.Unlock()
		if !closed.After(time.Now()) {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && closed.After(deadline) {
			return context.DeadlineExceeded
		}
		if !sleep(ctx, time.Until(closed)) {
			return ctx.Err()
		}
	}
}

// Outcome is what is known of a call that did not work.
type Outcome int

// The outcomes.
const (
	Refused     Outcome = iota // Slack said no: nothing happened
	RateLimited                // too many calls: nothing happened
	Lost                       // no answer that can be read: it may have happened
)

// Error is a Web API call that did not work.
type Error struct {
	Method  string
	Outcome Outcome
	Code    string // Slack's own word, when refused
	Cause   error
}

// Error returns the method and what went wrong.
func (e *Error) Error() string {
	if e.Outcome == Refused {
		return e.Method + ": " + e.Code
	}
	return fmt.Sprintf("%s: %v", e.Method, e.Cause)
}

// Unwrap returns the cause, for context errors.
func (e *Error) Unwrap() error { return e.Cause }

// result is the outcome as a metric's label.
func (e *Error) result() string {
	switch e.Outcome {
	case RateLimited:
		return "ratelimited"
	case Lost:
		return "lost"
	case Refused:
	}
	return e.Code
}

// CodeOf returns Slack's word for a refused call; empty for any other error.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// OutcomeOf returns what is known of the call that the error is about. Of any other error nothing is: it is Lost.
func OutcomeOf(err error) Outcome {
	var e *Error
	if errors.As(err, &e) {
		return e.Outcome
	}
	return Lost
}
