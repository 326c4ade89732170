package slack

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// retryAfterMost is the longest that a Retry-After is obeyed: beyond an hour it is a mistake of somebody on the way.
const retryAfterMost = time.Hour

// HTTPClient returns a client for Slack's Web API, by the environment's proxy. It follows no redirect: the token would go
// wherever that leads.
func HTTPClient() *http.Client {
	return &http.Client{
		Timeout: CallTimeout, Transport: heard{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// head is what the beginning of an answer says that slack-go does not pass on.
type head struct {
	status     int
	retryAfter time.Duration // zero: not told, or nothing that makes sense
	location   string        // the host of a redirect
}

// headKey is under which a call's context holds a *head to be filled.
type headKey struct{}

// heard is a transport that notes each answer's head.
type heard struct{ next http.RoundTripper } // nil: the network

// RoundTrip sends the request.
func (t heard) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if h, ok := r.Context().Value(headKey{}).(*head); ok && err == nil {
		*h = head{status: resp.StatusCode, retryAfter: readRetryAfter(resp.Header.Get("Retry-After"), time.Now())}
		if to, err := resp.Location(); err == nil {
			h.location = to.Host
		}
	}
	return resp, err
}

// CloseIdleConnections lets http.Client close the transport's connections.
func (t heard) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// readRetryAfter reads seconds or a date; zero: neither, or not in the future.
func readRetryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	var wait time.Duration
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		wait = time.Duration(min(max(seconds, 0), retryAfterMost.Seconds()) * float64(time.Second))
		if math.IsNaN(seconds) {
			wait = 0
		}
	} else if date, err := http.ParseTime(text); err == nil {
		wait = date.Sub(now)
	}
	if wait <= 0 {
		return 0
	}
	return min(max(wait, time.Second), retryAfterMost)
}

// withoutURL returns the error without the address that it came from: that of a socket holds a ticket, that of an answer
// is as good as a password.
func withoutURL(err error) error {
	var at *url.Error
	if !errors.As(err, &at) {
		return err
	}
	if host := hostOf(at.URL); host != "" && !errors.Is(at.Err, context.Canceled) {
		return &hostError{host: host, cause: at.Err}
	}
	return at.Err
}

// withoutTicket returns the error of a dial; of one that quotes the address nothing but that.
func withoutTicket(err error, address string) error {
	u, bad := url.Parse(address)
	if bad != nil {
		return errors.New("the address that Slack named cannot be read")
	}
	if err = withoutURL(err); u.RawQuery == "" && u.Path == "" || !quotes(err.Error(), u) {
		return err
	}
	return errors.New("the address cannot be dialled")
}

// quotes reports whether the text has a part of the address that is secret.
func quotes(text string, u *url.URL) bool {
	return u.RawQuery != "" && strings.Contains(text, u.RawQuery) || len(u.Path) > 1 && strings.Contains(text, u.Path)
}

// hostOf returns an address's host, port included; empty: it has none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// hostError is an error about a host.
type hostError struct {
	host  string
	cause error
}

// Error names the host, and nothing else of its address.
func (e *hostError) Error() string { return e.host + ": " + e.cause.Error() }

// Unwrap returns the cause.
func (e *hostError) Unwrap() error { return e.cause }
