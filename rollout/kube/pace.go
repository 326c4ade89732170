package kube

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"canarybot.io/rollout"
)

const (
	// failsInARow is how many requests in a row have no answer before the API server is left alone for a while: one may be
	// a single broken connection.
	failsInARow = 3
	// backOff is how long it is left alone, at first and at most. What it asks for by Retry-After counts where that is more.
	backOff, backOffMost, retryAfterMost = time.Second, 30 * time.Second, 5 * time.Minute
	// calm is how long it has to answer until the next time begins at the first again.
	calm = 30 * time.Second
	// hanging is how long a request that its caller gave up must have had to count as one without an answer.
	hanging = time.Second
	// replayed bounds what is kept of an answer.
	replayed = 64 << 10
)

// pace is how the requests of all clients to one API server are held up together. Where it does not answer, or asks for
// patience, no request is sent for a while, but for one that tries: the others have the answer of before. So a thousand
// rollouts are as gentle as one, and none waits.
//
// What takes a canary off traffic is never held up.
type pace struct {
	mu       sync.Mutex // guards the fields below
	fails    int        // in a row, while it is open
	answered time.Time  // when it answered last
	turned   time.Time  // when it began to be left alone, or to be asked again: what was sent before tells nothing new
	again    time.Time  // until when it is left alone; then one request tries; zero: it is asked
	trying   bool
	rest     time.Duration // how long that was the last time
	why      outcome
}

// outcome is what came of a request.
type outcome struct {
	err    error
	status int
	header http.Header
	body   []byte
}

// ending is the context's key for the requests of a rollout that takes its canary off traffic.
type ending struct{}

// inLane marks the requests of such a rollout.
func inLane(ctx context.Context, r rollout.Rollout) context.Context {
	if r.Phase.Ending() {
		return context.WithValue(ctx, ending{}, true)
	}
	return ctx
}

func ofAnEnding(ctx context.Context) bool { return ctx.Value(ending{}) != nil }

// paced sends requests at the pace of the API server.
type paced struct {
	next http.RoundTripper
	pace *pace
}

// RoundTrip sends the request, unless the API server is left alone just now. It takes Retry-After from the response, which
// would have client-go repeat the request, up to ten times and writes too: a repeated write is one that was decided on an
// older state.
func (p paced) RoundTrip(r *http.Request) (*http.Response, error) {
	try := false
	if !ofAnEnding(r.Context()) {
		var held bool
		var before outcome
		if before, held, try = p.pace.hold(time.Now()); held {
			if r.Body != nil {
				_ = r.Body.Close()
			}
			return before.response(r)
		}
	}
	sent := time.Now()
	response, err := p.next.RoundTrip(r)
	p.pace.note(sent, try, outcomeOf(r, response, err, time.Since(sent)))
	if response != nil {
		response.Header.Del("Retry-After")
	}
	return response, err
}

// hold returns what to answer in place of a request that is not to be sent now, and whether one that is sent tries whether
// the API server answers again.
func (p *pace) hold(now time.Time) (before outcome, held, try bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.again.IsZero():
		return outcome{}, false, false
	case now.Before(p.again), p.trying:
		return p.why, true, false
	}
	p.trying = true
	return outcome{}, false, true
}

// note takes into account what came of a request.
func (p *pace) note(sent time.Time, try bool, o outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if try {
		p.trying = false
	}
	now := time.Now()
	wait, asked := o.retryAfter(now)
	switch {
	case o.unknown(), o.ofOneKind(), sent.Before(p.turned), now.Before(p.again):
	case o.answered():
		if !p.again.IsZero() {
			p.again, p.turned = time.Time{}, now
		}
		p.fails, p.answered = 0, now
	case asked, try:
		p.leaveAlone(now, wait, o)
	case p.answered.Before(sent): // else it is this request that has no answer, and not the API server
		if p.fails++; p.fails >= failsInARow {
			p.leaveAlone(now, wait, o)
		}
	}
}

// leaveAlone sends no request for a while, which is longer each time and never the same for two clients. The caller holds
// the lock.
func (p *pace) leaveAlone(now time.Time, asked time.Duration, why outcome) {
	if p.again.IsZero() && now.Sub(p.turned) > calm {
		p.rest = 0
	}
	p.rest = min(max(backOff, 2*p.rest), backOffMost)
	wait := max(p.rest/2+rand.N(p.rest/2), asked+rand.N(min(asked/2, p.rest)+1))
	p.again, p.turned, p.why, p.fails = now.Add(wait), now, why, 0
}

// outcomeOf describes what came of a request. A response that says that the API server cannot answer is read and put back.
func outcomeOf(r *http.Request, response *http.Response, err error, took time.Duration) outcome {
	switch {
	case err != nil && (errors.Is(err, context.Canceled) || r.Context().Err() != nil && took < hanging):
		return outcome{} // its caller gave it up
	case err != nil:
		return outcome{err: err}
	}
	o := outcome{status: response.StatusCode, header: response.Header.Clone()}
	if !o.answered() {
		o.body, _ = io.ReadAll(io.LimitReader(response.Body, replayed))
		_ = response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(o.body))
	}
	return o
}

// unknown reports whether nothing is known of a request.
func (o outcome) unknown() bool { return o.err == nil && o.status == 0 }

// answered reports whether the API server, and whatever is in front of it, is there and has room. A 500 is about one
// object, such as a webhook that is away.
func (o outcome) answered() bool {
	switch o.status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}

// ofOneKind reports whether the API server has no answer about one kind of objects only, and has room for everything else:
// it fills its cache of them, as after an edit of their CustomResourceDefinition.
func (o outcome) ofOneKind() bool {
	return bytes.Contains(o.body, []byte("storage is (re)initializing"))
}

// retryAfter returns for how long the API server wants to be left alone: a number of seconds, or until a date.
func (o outcome) retryAfter(now time.Time) (time.Duration, bool) {
	text := o.header.Get("Retry-After")
	if text == "" || o.answered() {
		return 0, false
	}
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(seconds, int(retryAfterMost/time.Second))) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), retryAfterMost), true
}

// response is the outcome once more, for another request.
func (o outcome) response(r *http.Request) (*http.Response, error) {
	if o.err != nil {
		return nil, o.err
	}
	header := o.header.Clone()
	header.Del("Retry-After")
	return &http.Response{
		StatusCode: o.status, Status: http.StatusText(o.status), Header: header, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(o.body)), ContentLength: int64(len(o.body)),
	}, nil
}
