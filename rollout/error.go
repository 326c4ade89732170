package rollout

import (
	"errors"
	"fmt"
)

// Code says what kind of error it is, and so what a caller may do about it.
type Code string

// The codes. Only Unavailable is worth a retry with the same input; after Conflict one reads again first.
const (
	Invalid     Code = "invalid"
	NotFound    Code = "not_found"
	Conflict    Code = "conflict"
	Forbidden   Code = "forbidden"
	Unavailable Code = "unavailable"
	Internal    Code = "internal"
)

// Error is the one error type that crosses the boundaries of the product. Message is for people: one sentence, what
// is wrong, where, what to do. Cause is for the log.
type Error struct {
	Code    Code
	Problem Problem // what is wrong, as data
	Message string
	Cause   error
}

// Refuse returns an Error that says what is wrong as data.
func Refuse(code Code, p Problem) *Error { return &Error{Code: code, Problem: p} }

// Because returns the error with its cause, which is for the log.
func (e *Error) Because(cause error) *Error {
	with := *e
	with.Cause = cause
	return &with
}

// Error returns what is wrong for the log, with the cause when there is one.
func (e *Error) Error() string {
	text := e.Message
	if text == "" {
		text = e.Problem.String()
	}
	if e.Cause == nil {
		return text
	}
	return text + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf returns an Error with a message for people and no cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an Error with a message for people and the cause that the log needs.
func Wrap(code Code, cause error, message string) *Error {
	return &Error{Code: code, Message: message, Cause: cause}
}

// CodeOf returns the code of the first Error in err's chain: Internal for any other error, empty for nil.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	default:
		return Internal
	}
}

// ProblemOf returns what an error says is wrong: ProblemInternal for an error that is not ours, whose text is for the
// log only.
func ProblemOf(err error) Problem {
	var e *Error
	switch {
	case err == nil:
		return Problem{}
	case !errors.As(err, &e):
		return Problem{Code: ProblemInternal}
	case e.Problem.IsZero():
		return Text(e.Message)
	default:
		return e.Problem
	}
}

// Message returns the sentence for people. An error that is not ours is never shown: its text is for the log.
func Message(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "Something went wrong inside Canarybot; its log has the details."
}
