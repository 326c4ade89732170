package bot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// connections is how many are kept, so that a refresh of one loses nothing.
	connections = 2
	// apart is how long after the first the second is opened, so that they do not grow old together.
	apart = 5 * time.Second
	// retryMost, retryFatal and retryCrowded are how long to wait before the next try: at most, after an answer that
	// only a person can change, and when Slack counts too many connections.
	retryMost, retryFatal, retryCrowded = time.Minute, 5 * time.Minute, time.Minute
	// settled is how long a connection lives until the next try after it may come at once.
	settled = 10 * time.Second
)

// fatal are Slack's words that only a person can do something about.
var fatal = []string{
	"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
	"not_allowed_token_type", "access_denied", "team_access_not_granted", "link_disabled", "http_404",
}

// links keeps the connections to Slack.
type links struct {
	b      *Bot
	dialer *websocket.Dialer
	excess excess

	mu      sync.Mutex // guards the fields below
	up      []*socket
	opening int   // connections of ours that Slack may count
	trouble error // why the last try failed
}

func newLinks(b *Bot) *links {
	l := &links{b: b, dialer: &websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, NetDialContext: b.Slack.Dial, HandshakeTimeout: callTimeout,
		WriteBufferSize: 32 << 10, // an ack in two frames is dropped by Slack
	}}
	if b.Slack.Dial != nil {
		l.dialer.Proxy = nil
	}
	l.trouble = errors.New("not connected to Slack yet")
	return l
}

// run keeps the connections up until ctx ends, and returns when they are closed.
func (l *links) run(ctx, late context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	renew := make(chan struct{}, 1)
	for i := range connections {
		group.Go(func() {
			if sleep(ctx, time.Duration(i)*apart) {
				l.keep(ctx, late, renew)
			}
		})
	}
	group.Go(func() { l.excess.watch(ctx, l.b, renew) })
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

// keep keeps one connection up. When Slack says that it will end it, the next is opened first; the old one goes on
// until it has ended. A token in renew makes it change its connection in the same way.
func (l *links) keep(ctx, late context.Context, renew <-chan struct{}) {
	var group sync.WaitGroup
	defer group.Wait()
	failures := 0
	for ctx.Err() == nil {
		life, leave := context.WithCancel(ctx)
		s, err := l.connect(life)
		if err != nil {
			leave()
			failures++
			l.failed(ctx, err)
			sleep(ctx, setback(err, failures))
			continue
		}
		began := time.Now()
		group.Go(func() {
			defer leave()
			s.serve(life, func(s *socket, f frame) { l.b.receive(late, s, f) })
			l.down(s)
		})
		select {
		case <-s.leave:
		case <-s.done:
		case <-ctx.Done():
			continue // serve says goodbye
		case <-renew:
			group.Go(func() {
				if sleep(ctx, leaving) { // the next one is up by then
					leave()
				}
			})
			continue
		}
		failures++
		if time.Since(began) > settled {
			failures = 0
		}
		l.b.stats.add(func(s *Stats) { s.Reconnects++ })
		if wait := l.after(ctx, s, failures); wait > 0 {
			sleep(ctx, wait)
		}
	}
}

// after returns how long to wait before the connection is replaced.
func (l *links) after(ctx context.Context, s *socket, failures int) time.Duration {
	reason := s.whyLeft()
	if reason == "link_disabled" || reason == "too_many_websockets" {
		err := &disconnected{reason}
		l.failed(ctx, err)
		return setback(err, failures)
	}
	if failures > 1 { // it came up and broke at once, again
		return setback(nil, failures)
	}
	return 0
}

// connect opens one connection, up to Slack's greeting.
func (l *links) connect(ctx context.Context) (*socket, error) {
	var url string
	err := l.b.api.call(ctx, "apps.connections.open", func(ctx context.Context) (err error) {
		_, url, err = l.b.api.client.StartSocketModeContext(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	l.count(1)
	s, err := openSocket(ctx, l.dialer, url)
	if err != nil {
		l.count(-1)
		return nil, err
	}
	l.mu.Lock()
	l.up = append(l.up, s)
	l.trouble = nil
	ours, up := l.opening, len(l.up)
	l.mu.Unlock()
	l.b.stats.add(func(st *Stats) { st.Connections, st.Reported = up, s.hello.Connections })
	l.b.Log.Info("connected", "connections", up, "reported", s.hello.Connections)
	l.excess.greeted(time.Now(), s.hello.Connections, ours)
	return s, nil
}

func (l *links) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opening += n
}

// down takes a connection that has ended off the list.
func (l *links) down(s *socket) {
	l.mu.Lock()
	l.opening--
	l.up = slices.DeleteFunc(l.up, func(o *socket) bool { return o == s })
	up := len(l.up)
	if up == 0 && l.trouble == nil {
		l.trouble = errors.New("the connections to Slack ended; reconnecting")
	}
	l.mu.Unlock()
	l.b.stats.add(func(st *Stats) { st.Connections = up })
	l.b.Log.Info("connection ended", "connections", up, "reason", s.whyLeft())
}

// failed notes why a connection could not be had.
func (l *links) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	l.trouble = fmt.Errorf("no connection to Slack: %w", err)
	l.mu.Unlock()
	if hopeless(err) {
		l.b.Log.Error("slack refuses the connection; a person has to look at the app and its tokens", "error", err)
		return
	}
	l.b.Log.Warn("connection to slack failed", "error", err)
}

// hopeless reports whether only a person can do something about the error.
func hopeless(err error) bool {
	var d *disconnected
	if errors.As(err, &d) {
		return slices.Contains(fatal, d.reason)
	}
	return slices.Contains(fatal, codeOf(err))
}

// setback is how long to wait before the next try: longer after each failure in a row, and longest where trying does
// not help.
func setback(err error, failures int) time.Duration {
	var d *disconnected
	switch {
	case err != nil && hopeless(err):
		return retryFatal
	case errors.As(err, &d) && d.reason == "too_many_websockets":
		return retryCrowded
	}
	wait := min(time.Second<<min(failures-1, 10), retryMost)
	return wait/2 + rand.N(wait/2) // spread, so that two links do not come at once
}

// ready returns nil while a connection is up.
func (l *links) ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.up) > 0 {
		return nil
	}
	return l.trouble
}

// other returns a connection that is up and is not s; nil when there is none.
func (l *links) other(s *socket) *socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.up {
		if o != s && !o.leavesSoon() {
			return o
		}
	}
	return nil
}
