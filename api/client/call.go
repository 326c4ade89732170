package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

const (
	// answering bounds one try, beside what the server was asked to wait.
	answering = 15 * time.Second
	// planning is what a dry run may take longer: it asks the cluster and Prometheus.
	planning = 45 * time.Second
	// longest bounds an answer, in bytes.
	longest = 4 << 20
	// The pauses between tries: doubled from the first to the last.
	firstPause, lastPause = 250 * time.Millisecond, 5 * time.Second
	// longestAfter bounds what Retry-After can ask for.
	longestAfter = 30 * time.Second
)

// Refused is the error of a call that Canarybot, or Kubernetes before it, refused. Its text is foreign.
type Refused struct{ Problem api.Problem }

// Error returns the sentence that Slack would show.
func (r *Refused) Error() string {
	if r.Problem.Detail != "" {
		return r.Problem.Detail
	}
	return fmt.Sprintf("Canarybot answers %d %s.", r.Problem.Status, http.StatusText(r.Problem.Status))
}

// Unreachable is the error of a call without an answer from Canarybot: its time ran out, or trying again is pointless.
type Unreachable struct {
	Err error
	// Sent is true where a request may have arrived all the same.
	Sent bool
}

// Error says why there is no answer.
func (u *Unreachable) Error() string { return u.Err.Error() }

// Unwrap returns the cause.
func (u *Unreachable) Unwrap() error { return u.Err }

// call is one question to the API.
type call struct {
	method, path string
	query        url.Values
	body         any
	key          string        // Idempotency-Key
	wait         time.Duration // what the answer may take longer than others
}

// failure is a try without an answer.
type failure struct {
	err   error
	sent  bool          // the request may have arrived
	final bool          // another try fails too
	after time.Duration // what the server asks to wait; zero: it does not
}

// do asks until there is an answer, and reads it into the value. The error is *Refused or *Unreachable.
func (c *Client) do(ctx context.Context, q call, into any) error {
	var since time.Time
	sent := false
	anew, renewed := false, false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		failed, err := c.try(ctx, q, anew, into)
		anew = false
		var refused *Refused
		if errors.As(err, &refused) && refused.Problem.Status == http.StatusUnauthorized && !renewed {
			anew, renewed = true, true // it may have expired on the way
			continue
		}
		if failed == nil {
			return err
		}
		sent = sent || failed.sent
		if since.IsZero() {
			since = time.Now()
		}
		if ctx.Err() != nil {
			return &Unreachable{Err: ctx.Err(), Sent: sent}
		}
		rest := max(pause, failed.after)
		if failed.final || time.Since(since)+rest > c.with.Patience {
			return &Unreachable{Err: failed.err, Sent: sent}
		}
		c.with.Trouble(failed.err)
		select {
		case <-ctx.Done():
			return &Unreachable{Err: ctx.Err(), Sent: sent}
		case <-time.After(rest):
		}
	}
}

// try asks once. What is no answer of Canarybot is a failure; what refuses is a *Refused.
func (c *Client) try(ctx context.Context, q call, anew bool, into any) (*failure, error) {
	ctx, cancel := context.WithTimeout(ctx, answering+q.wait)
	defer cancel()
	token, err := c.with.Token(ctx, anew)
	if err != nil {
		var none NoToken
		return &failure{err: err, final: errors.As(err, &none)}, nil
	}
	request, err := c.request(ctx, q, token)
	if err != nil {
		return &failure{err: err, final: true}, nil
	}
	response, err := c.http.Do(request)
	if err != nil {
		return unanswered(err), nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, longest+1))
	switch {
	case err != nil:
		return &failure{err: fmt.Errorf("the answer broke off: %w", err), sent: true}, nil
	case len(text) > longest:
		return &failure{err: errors.New("the answer is larger than any of Canarybot"), sent: true, final: true}, nil
	}
	return read(response, text, into)
}

func (c *Client) request(ctx context.Context, q call, token string) (*http.Request, error) {
	address := c.base.JoinPath(q.path)
	address.RawQuery = q.query.Encode()
	var body io.Reader
	if q.body != nil {
		text, err := json.Marshal(q.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, q.method, address.String(), body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.with.Agent)
	if q.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if q.key != "" {
		request.Header.Set("Idempotency-Key", q.key)
	}
	if c.with.Header == Authorization {
		token = "Bearer " + token
	}
	request.Header.Set(c.with.Header, token)
	return request, nil
}

// unanswered says what is wrong where a request got no answer. A name that does not exist may exist in a moment, and a
// certificate that nobody vouches for does not change by waiting.
func unanswered(err error) *failure {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the method and the address
	}
	var dialled *net.OpError
	f := &failure{err: err, sent: !errors.As(err, &dialled) || dialled.Op != "dial", final: untrusted(err)}
	if f.final {
		f.sent = false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		f.err = errors.New("no answer in time")
	}
	return f
}

// read takes an answer apart: what Canarybot says, what stands before it and says that it is away, and what is no
// Canarybot.
func read(response *http.Response, text []byte, into any) (*failure, error) {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	status := response.StatusCode
	switch {
	case takenUnsaved(kind, text):
		return refusal(status, kind, text)
	case status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented:
		return &failure{err: away(status, kind, text), sent: status != http.StatusTooManyRequests, after: after(response.Header)}, nil
	case status >= 300 && status < 400:
		return &failure{err: fmt.Errorf("the server sends us on to another address, where the token is not sent: name the last address itself"), final: true}, nil
	case status >= 400:
		return refusal(status, kind, text)
	case kind != "application/json":
		return &failure{err: fmt.Errorf("what answers there is not Canarybot's API: it sends %q", kind), final: true, sent: true}, nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return &failure{err: fmt.Errorf("what answers there is not Canarybot's API: %w", err), final: true, sent: true}, nil
	}
	return nil, nil //nolint:nilnil // no failure, no refusal
}

// takenUnsaved reports whether the answer says that a rollback is taken although it cannot be saved. It comes with a status
// that otherwise asks to try again.
func takenUnsaved(kind string, text []byte) bool {
	var said api.Problem
	return kind == "application/problem+json" && json.Unmarshal(text, &said) == nil && said.Code == string(rollout.ProblemRollbackUnsaved)
}

// refusal is Canarybot's own problem, or Kubernetes's word about its service proxy.
func refusal(status int, kind string, text []byte) (*failure, error) {
	var ours api.Problem
	if kind == "application/problem+json" && json.Unmarshal(text, &ours) == nil {
		ours.Status = status
		return nil, &Refused{Problem: ours}
	}
	var theirs struct{ Kind, Message string }
	_ = json.Unmarshal(text, &theirs) // what is no JSON is no Status
	if theirs.Kind != "Status" {
		return &failure{err: fmt.Errorf("what answers there is not Canarybot's API: it answers %d", status), final: true}, nil
	}
	if status == http.StatusForbidden || status == http.StatusUnauthorized {
		return nil, &Refused{Problem: api.Problem{Title: http.StatusText(status), Status: status, Detail: "Kubernetes refuses the way to Canarybot: " + theirs.Message}}
	}
	return &failure{err: fmt.Errorf("there is no way to Canarybot through Kubernetes: %s", theirs.Message), final: true}, nil
}

// away says who says that Canarybot is away.
func away(status int, kind string, text []byte) error {
	var said struct {
		Detail  string `json:"detail"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(text, &said); err == nil && kind != "" && said.Detail+said.Message != "" {
		return fmt.Errorf("the server answers %d: %s", status, said.Detail+said.Message)
	}
	return fmt.Errorf("the server answers %d %s", status, http.StatusText(status))
}

// after returns what Retry-After asks for, in seconds.
func after(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestAfter)
}
