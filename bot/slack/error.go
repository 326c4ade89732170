package slack

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/slack-go/slack"
)

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
	Code    string // Slack's own word, when refused; http_403 and the like where the answer was not Slack's
	// Unsupported are the types of block that Slack says it does not take.
	Unsupported []string
	Cause       error
}

// Error returns the method and what went wrong.
func (e *Error) Error() string {
	if e.Outcome == Refused && e.Cause == nil {
		return e.Method + ": " + e.Code
	}
	return fmt.Sprintf("%s: %v", e.Method, e.Cause)
}

// Unwrap returns the cause, for context errors.
func (e *Error) Unwrap() error { return e.Cause }

// result is the outcome as a metric's label. Words that nobody knows are not among them: a gateway could make any.
func (e *Error) result() string {
	switch e.Outcome {
	case RateLimited:
		return "ratelimited"
	case Lost:
		return "lost"
	case Refused:
	}
	if _, known := remedies[e.Code]; known || e.Cause != nil {
		return e.Code
	}
	return "refused"
}

// translate makes an Error of slack-go's and of the answer's head; nil: it worked.
func translate(method string, err error, answer *head) *Error {
	if err == nil {
		return nil
	}
	e := &Error{Method: method, Outcome: Lost, Cause: withoutURL(err)}
	var said slack.SlackErrorResponse
	var limit *slack.RateLimitedError
	switch status := answer.status; {
	case status == http.StatusTooManyRequests, errors.As(err, &limit):
		e.Outcome = RateLimited
	case status >= 300 && status < 400:
		e.Outcome, e.Code = Refused, fmt.Sprintf("http_%d", status)
		e.Cause = fmt.Errorf("answered with a redirect to %q, which is not followed: the token would go there", answer.location)
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
	case status >= 400 && status < 500:
		e.Outcome, e.Code = Refused, fmt.Sprintf("http_%d", status)
	case errors.As(err, &said):
		e.Outcome, e.Code = outcomeOf(said.Err), said.Err
		e.Unsupported = unsupportedIn(said.ResponseMetadata.Messages)
		if e.Outcome == Refused {
			e.Cause = nil // the code says it all
		}
	}
	return e
}

// unsupportedIn returns the types of block that Slack's messages call unsupported.
func unsupportedIn(messages []string) (types []string) {
	for _, m := range messages {
		if found := unsupported.FindStringSubmatch(m); found != nil {
			types = append(types, found[1])
		}
	}
	return types
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
