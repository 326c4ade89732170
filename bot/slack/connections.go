package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// kept is how many connections are kept, so that a refresh of one loses nothing.
	kept = 2
	// stagger is how long after the first the second is opened, so that they do not grow old together.
	stagger = 5 * time.Second
	// retryMost and retryRefusedMost are how long to wait before the next try at most, the second where the answer looks as
	// if only a person could change it. The first tries come within seconds: Slack has such answers for a moment, too.
	retryMost, retryRefusedMost = time.Minute, 5 * time.Minute
	// stable is how long a connection lives until the one after it may be tried at once.
	stable = 10 * time.Second
)

// Connections keeps two Socket Mode connections to Slack.
type Connections struct {
	client        *Client
	dialer        *websocket.Dialer
	reportForeign func(ctx context.Context, ours, counted int)
	foreign       foreignConnections

	mu      sync.Mutex // guards the fields below
	up      []*socket
	open    int   // connections of ours that Slack may count
	trouble error // why the last try failed
}

// NewConnections returns connections that are not opened before Run. While another process uses the app's token,
// reportForeign is called once an hour, with how many connections are ours and how many Slack counts.
func NewConnections(client *Client, reportForeign func(ctx context.Context, ours, counted int)) *Connections {
	c := &Connections{client: client, reportForeign: reportForeign, dialer: &websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, NetDialContext: client.dial, HandshakeTimeout: CallTimeout,
		WriteBufferSize: 32 << 10, // an ack in two frames is dropped by Slack
	}}
	if client.dial != nil {
		c.dialer.Proxy = nil
	}
	c.trouble = errors.New("not connected to Slack yet")
	return c
}

// Run keeps the connections up until ctx ends, and returns when they are closed: once every envelope that they brought
// is Done. Receive takes the envelopes and must not block.
func (c *Connections) Run(ctx context.Context, receive func(*Envelope)) {
	var group sync.WaitGroup
	defer group.Wait()
	renew := make(chan struct{}, 1)
	for i := range kept {
		group.Go(func() {
			if sleep(ctx, time.Duration(i)*stagger) {
				c.keep(ctx, renew, receive)
			}
		})
	}
	group.Go(func() { c.client.learnIdentity(ctx) })
	group.Go(func() { c.watchForeign(ctx, renew) })
}

// Ready returns nil while at least one connection is up, else why none is.
func (c *Connections) Ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.up) > 0 {
		return nil
	}
	return c.trouble
}

// keep keeps one connection up. When Slack says that it will end it, the next is opened first; the old one goes on
// until it has ended. A token in renew makes it change its connection in the same way.
func (c *Connections) keep(ctx context.Context, renew <-chan struct{}, receive func(*Envelope)) {
	var group sync.WaitGroup
	defer group.Wait()
	failures := 0
	for ctx.Err() == nil {
		life, leave := context.WithCancel(ctx)
		s, err := c.connect(life)
		if err != nil {
			leave()
			failures++
			c.failed(ctx, err)
			sleep(ctx, backoff(err, failures))
			continue
		}
		began := time.Now()
		group.Go(func() {
			defer leave()
			s.serve(life, func(f frame) { receive(f.envelope(c.acks(s), s.end)) })
			c.down(s)
		})
		select {
		case <-s.leave:
		case <-s.done:
		case <-ctx.Done():
			continue // serve closes it
		case <-renew:
			failures = 0
			group.Go(func() {
				if sleep(ctx, drain) { // the next one is up by then
					leave()
				}
			})
			continue
		}
		failures++
		if time.Since(began) > stable {
			failures = 0
		}
		if wait := c.pause(ctx, s, failures); wait > 0 {
			sleep(ctx, wait)
		}
	}
}

// acks sends acks to the connection that the envelope came from, or, when that is gone, to another one.
func (c *Connections) acks(s *socket) func(raw []byte) error {
	return func(raw []byte) error {
		err := s.send(raw)
		if err == nil {
			return nil
		}
		if o := c.other(s); o != nil {
			return o.send(raw)
		}
		return err
	}
}

// other returns a connection that is up and is not s; nil when there is none.
func (c *Connections) other(s *socket) *socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.up {
		if o != s && !o.leaving() {
			return o
		}
	}
	return nil
}

// pause returns how long to wait before the connection is replaced.
func (c *Connections) pause(ctx context.Context, s *socket, failures int) time.Duration {
	reason, _ := s.whyEnded()
	if reason == "link_disabled" || reason == "too_many_websockets" {
		err := &disconnected{reason}
		c.failed(ctx, err)
		return backoff(err, failures)
	}
	if failures > 1 { // it came up and broke at once, again
		return backoff(nil, failures)
	}
	return 0
}

// connect opens one connection, up to Slack's hello.
func (c *Connections) connect(ctx context.Context) (*socket, error) {
	var address string
	err := c.client.call(ctx, "apps.connections.open", func(ctx context.Context) (err error) {
		_, address, err = c.client.api().StartSocketModeContext(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.count(1)
	s, err := c.dial(ctx, address)
	if err != nil {
		c.count(-1)
		return nil, err
	}
	c.mu.Lock()
	c.up = append(c.up, s)
	c.trouble = nil
	ours, up := c.open, len(c.up)
	c.mu.Unlock()
	c.client.metrics.connections.Set(float64(up))
	c.client.log.Info("connected", "connections", up, "host", s.host, "reported", s.hello.Connections)
	c.foreign.hello(time.Now(), s.hello.Connections, ours)
	return s, nil
}

// dial opens the socket that Slack named. Its ticket goes in clear text only where the Web API's token does.
func (c *Connections) dial(ctx context.Context, address string) (*socket, error) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "ws" && c.client.base.Scheme == "https" {
		return nil, &hostError{host: u.Host, cause: errors.New("the socket that Slack named is not encrypted; it is not dialled")}
	}
	return openSocket(ctx, c.dialer, address)
}

func (c *Connections) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += n
}

// down takes a connection that has ended off the list.
func (c *Connections) down(s *socket) {
	c.mu.Lock()
	c.open--
	c.up = slices.DeleteFunc(c.up, func(o *socket) bool { return o == s })
	up := len(c.up)
	reason, err := s.whyEnded()
	if up == 0 && c.trouble == nil {
		c.trouble = errors.New("the connections to Slack ended; reconnecting")
		if err != nil {
			c.trouble = fmt.Errorf("the connections to Slack ended; reconnecting: %w", &hostError{host: s.host, cause: err})
		}
	}
	c.mu.Unlock()
	c.client.metrics.connections.Set(float64(up))
	level := slog.LevelInfo
	if reason == "" && err != nil {
		level = slog.LevelWarn // nobody announced it
	}
	c.client.log.Log(context.Background(), level, "connection ended", "connections", up, "host", s.host,
		"lived", time.Since(s.began).Round(time.Second), "reason", reason, "error", err)
}

// failed notes why a connection could not be opened.
func (c *Connections) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	c.trouble = fmt.Errorf("no connection to Slack: %w", err)
	c.mu.Unlock()
	if needsPerson(err) {
		c.client.log.Error("slack refuses the connection; a person has to look at the app and its tokens", "error", err)
		return
	}
	c.client.log.Warn("connection to slack failed", "error", err)
}

// needsPerson reports whether it looks as if only a person could do something about the error.
func needsPerson(err error) bool {
	var d *disconnected
	if errors.As(err, &d) {
		return RemedyFor(d.reason) == Permission
	}
	var e *Error
	return errors.As(err, &e) && e.Outcome == Refused
}

// backoff is how long to wait before the next try: longer after each failure in a row.
func backoff(err error, failures int) time.Duration {
	most := retryMost
	if err != nil && needsPerson(err) {
		most = retryRefusedMost
	}
	wait := min(time.Second<<min(max(failures-1, 0), 10), most)
	return wait/2 + rand.N(wait/2) // spread, so that two connections do not come at once
}

// sleep waits, and reports whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
