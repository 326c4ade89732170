package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/view"
)

// callTimeout bounds one call of the Web API.
const callTimeout = 10 * time.Second

// outcome is what is known of a call that did not work.
type outcome int

const (
	refused outcome = iota // Slack said no: nothing happened
	limited                // too many calls: nothing happened
	lost                   // no answer that can be read: it may have happened
)

// callError is a Web API call that did not work. No error of slack-go's leaves this file.
type callError struct {
	method  string
	outcome outcome
	code    string // Slack's own word, when refused
	cause   error
}

// Error says what was called and what came of it.
func (e *callError) Error() string {
	if e.outcome == refused {
		return e.method + ": " + e.code
	}
	return fmt.Sprintf("%s: %v", e.method, e.cause)
}

// Unwrap returns the cause, for context errors.
func (e *callError) Unwrap() error { return e.cause }

// codeOf returns Slack's word for a refused call, else nothing.
func codeOf(err error) string {
	var e *callError
	if errors.As(err, &e) {
		return e.code
	}
	return ""
}

// outcomeOf returns what is known of the call that the error is about. Of any other error nothing is.
func outcomeOf(err error) outcome {
	var e *callError
	if errors.As(err, &e) {
		return e.outcome
	}
	return lost
}

// api is the Web API with one budget per method, a time limit per call, and counters. It never repeats a call.
type api struct {
	client *slack.Client
	http   *http.Client
	host   *url.URL
	budget *budget
	stats  *stats
}

func newAPI(o Slack, counters *stats) *api {
	if o.APIURL == "" {
		o.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/"
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: callTimeout}
	}
	host, err := url.Parse(o.APIURL)
	if err != nil {
		host = &url.URL{}
	}
	return &api{
		client: slack.New(o.BotToken, slack.OptionAppLevelToken(o.AppToken), slack.OptionAPIURL(o.APIURL), slack.OptionHTTPClient(o.HTTP)),
		http:   o.HTTP, host: host, budget: newBudget(), stats: counters,
	}
}

// call makes one call within the budget.
func (a *api) call(ctx context.Context, method string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := a.budget.wait(ctx, method); err != nil {
		return &callError{method: method, outcome: limited, cause: err}
	}
	err := a.judge(method, do(ctx))
	result := "ok"
	var e *callError
	if errors.As(err, &e) {
		result = map[outcome]string{refused: e.code, limited: "ratelimited", lost: "lost"}[e.outcome]
	}
	a.stats.called(method, result)
	return err
}

// judge translates an error of slack-go's.
func (a *api) judge(method string, err error) error {
	if err == nil {
		return nil
	}
	e := &callError{method: method, outcome: lost, cause: err}
	var limit *slack.RateLimitedError
	var answer slack.SlackErrorResponse
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &limit):
		e.outcome = limited
		a.budget.shut(method, time.Now().Add(max(limit.RetryAfter, time.Second)))
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		e.outcome = limited
		a.budget.shut(method, time.Now().Add(30*time.Second))
	case errors.As(err, &status) && status.Code < http.StatusInternalServerError:
		e.outcome, e.code = refused, fmt.Sprintf("http_%d", status.Code)
	case errors.As(err, &answer):
		e.outcome, e.code = answered(answer.Err), answer.Err
	}
	return e
}

// answered tells what an answer with ok:false says about the effect.
func answered(code string) outcome {
	switch code {
	case "internal_error", "fatal_error", "request_timeout", "service_unavailable":
		return lost // Slack's own trouble: what it did before is not known
	case "ratelimited", "rate_limited":
		return limited
	}
	return refused
}

// tag is what marks our own messages, so that they are found again.
type tag struct {
	store   string
	rollout string
	seq     int
}

// eventType is the metadata's type of our messages.
const eventType = "canarybot"

func (t tag) metadata() slack.SlackMetadata {
	return slack.SlackMetadata{EventType: eventType, EventPayload: map[string]any{
		"store": t.store, "rollout": t.rollout, "seq": t.seq,
	}}
}

// bears reports whether the message is marked so.
func (t tag) bears(m slack.Message) bool {
	p := m.Metadata.EventPayload
	seq, ok := p["seq"].(float64)
	return ok && m.Metadata.EventType == eventType && p["rollout"] == t.rollout && p["store"] == t.store && int(seq) == t.seq
}

// place is where a message goes: a channel, or a thread of it.
type place struct {
	channel string
	thread  string // the ts of its first message; empty: the channel itself
}

// post posts a message and returns its ts.
func (a *api) post(ctx context.Context, to place, m view.Message, t tag) (ts string, err error) {
	options := append(content(m), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
	if t.rollout != "" {
		options = append(options, slack.MsgOptionMetadata(t.metadata()))
	}
	if to.thread != "" {
		options = append(options, slack.MsgOptionTS(to.thread))
		if m.Broadcast {
			options = append(options, slack.MsgOptionBroadcast())
		}
	}
	err = a.call(ctx, "chat.postMessage", func(ctx context.Context) error {
		_, ts, err = a.client.PostMessageContext(ctx, to.channel, options...)
		return err
	})
	return ts, err
}

// update replaces what a message of ours says.
func (a *api) update(ctx context.Context, channel, ts string, m view.Message) error {
	return a.call(ctx, "chat.update", func(ctx context.Context) error {
		_, _, _, err := a.client.UpdateMessageContext(ctx, channel, ts, content(m)...)
		return err
	})
}

// whisper shows a message to one person.
func (a *api) whisper(ctx context.Context, to place, user string, m view.Message) error {
	options := content(m)
	if to.thread != "" {
		options = append(options, slack.MsgOptionTS(to.thread))
	}
	return a.call(ctx, "chat.postEphemeral", func(ctx context.Context) error {
		_, err := a.client.PostEphemeralContext(ctx, to.channel, user, options...)
		return err
	})
}

// content is a message's text and blocks. Blocks are always sent, also when there are none: an update without them
// would keep the old ones.
func content(m view.Message) []slack.MsgOption {
	blocks := m.Blocks
	if blocks == nil {
		blocks = []slack.Block{}
	}
	return []slack.MsgOption{slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(blocks...)}
}
