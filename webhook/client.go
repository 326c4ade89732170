package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"canarybot.io/secret"
)

const (
	requestMost = 10 * time.Second
	answerMost  = 1 << 20
	bodyMost    = 64 << 10
	headersMost = 64 << 10
)

// client makes one target's requests. It belongs to the goroutine that tells the target.
type client struct {
	s       Settings
	url     *secret.File // nil: s.URL
	token   *secret.File // nil: nothing signs in
	ca      *secret.File // nil: the system's authorities
	signer  signer
	caText  string
	current http.RoundTripper
}

func newClient(s Settings, log *slog.Logger) *client {
	file := func(path string, form secret.Form) *secret.File {
		if path == "" {
			return nil
		}
		return secret.NewFile(path, form, log)
	}
	return &client{
		s: s, url: file(s.URLFile, secret.Word), token: file(s.TokenFile, secret.Word), ca: file(s.CAFile, secret.Text),
		signer: newSigner(s.SecretFiles, log), current: s.Transport,
	}
}

// later is an error that is worth another try.
func later(format string, args ...any) error {
	return &Error{Outcome: Later, Cause: fmt.Errorf(format, args...)}
}

// address returns where the target is told.
func (c *client) address() (string, error) {
	if c.url == nil {
		return c.s.URL, nil
	}
	address, err := c.url.Read()
	if err != nil {
		return "", later("url_file: %w", err)
	}
	if err := CheckURL(address, c.s.Insecure, c.s.Networks); err != nil {
		return "", later("the address in url_file %w", err)
	}
	return address, nil
}

// request is one request to a target.
type request struct {
	method string // empty: POST
	url    string
	accept string
	header http.Header
	body   []byte
}

// do makes a request, and decodes the answer's JSON into what is not nil; into a *string goes the answer as it is. The
// error is an *Error.
func (c *client) do(ctx context.Context, q request, into any) error {
	ctx, cancel := context.WithTimeout(ctx, requestMost)
	defer cancel()
	if len(q.body) > bodyMost {
		return &Error{Outcome: Refused, Cause: fmt.Errorf("the body has %d bytes, and %d is the most", len(q.body), bodyMost)}
	}
	r, err := c.request(ctx, q)
	if err != nil {
		return err
	}
	transport, err := c.transport()
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(r) // a client would follow redirects
	if err != nil {
		return later("%s: %w", r.Method, withoutURL(err))
	}
	defer answer.Body.Close()
	body := io.LimitReader(answer.Body, answerMost)
	if answer.StatusCode/100 != 2 {
		_, _ = io.Copy(io.Discard, io.LimitReader(body, bodyMost)) // so that the connection can be used again
		return judge(r.Method, answer, time.Now())
	}
	raw, err := io.ReadAll(body)
	if err != nil && into != nil {
		return later("%s: read the answer: %w", r.Method, withoutURL(err))
	}
	if text, ok := into.(*string); ok {
		*text = string(raw)
		return nil
	}
	if into != nil && json.Unmarshal(raw, into) != nil {
		return later("%s: the answer is not what was expected", r.Method)
	}
	return nil
}

// request makes a request out of what is wanted, with what signs in.
func (c *client) request(ctx context.Context, q request) (*http.Request, error) {
	if q.method == "" {
		q.method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(q.body))
	if err != nil {
		return nil, &Error{Outcome: Refused, Cause: errors.New("the address cannot be used")}
	}
	if err := checkHost(r.URL.Hostname(), c.s.Networks); err != nil { // also where a proxy reaches it
		return nil, later("the address %w", err)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", "canarybot")
	if len(q.body) > 0 && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if c.token != nil {
		token, err := c.token.Read()
		if err != nil {
			return nil, later("token_file: %w", err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r, nil
}

// transport returns what makes the requests, with the authorities as they are now.
func (c *client) transport() (http.RoundTripper, error) {
	if c.s.Transport != nil {
		return c.current, nil
	}
	text := ""
	if c.ca != nil {
		var err error
		if text, err = c.ca.Read(); err != nil {
			return nil, later("ca_file: %w", err)
		}
	}
	if c.current != nil && text == c.caText {
		return c.current, nil
	}
	t := &http.Transport{
		DialContext: dialer(c.s.Networks), ForceAttemptHTTP2: true, MaxIdleConns: 2, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second, MaxResponseHeaderBytes: headersMost,
		DisableCompression: true, // a small answer may stand for a large one
		TLSClientConfig:    &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if c.s.Proxy { // it may stand on this machine
		t.Proxy, t.DialContext = http.ProxyFromEnvironment, nil
	}
	if text != "" {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(text)) {
			return nil, later("ca_file holds no certificate")
		}
	}
	if old, ok := c.current.(*http.Transport); ok {
		old.CloseIdleConnections()
	}
	c.current, c.caText = t, text
	return t, nil
}

// judge returns what an answer other than yes means.
func judge(method string, a *http.Response, now time.Time) error {
	e := &Error{Outcome: Refused, Cause: fmt.Errorf("%s: %d %s", method, a.StatusCode, http.StatusText(a.StatusCode))}
	limited := a.Header.Get("X-Ratelimit-Remaining") == "0" // as GitHub has it, also with 403
	switch code := a.StatusCode; {
	case code == http.StatusGone:
		e.Outcome = Gone
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusTooEarly,
		code == http.StatusForbidden && (limited || a.Header.Get("Retry-After") != ""):
		e.Outcome = Later
		e.After = retryAfter(a.Header.Get("Retry-After"), now)
		if reset, err := strconv.ParseInt(a.Header.Get("X-Ratelimit-Reset"), 10, 64); err == nil && limited && e.After == 0 {
			e.After = time.Unix(reset, 0).Sub(now)
		}
	}
	e.After = min(max(0, e.After), afterMost)
	return e
}

// retryAfter reads seconds or a date; zero: neither.
func retryAfter(s string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return at.Sub(now)
	}
	return 0
}

// withoutURL returns an error that does not say where the request went: the address may be a secret.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
