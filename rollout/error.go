package rollout

import "errors"

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

// Error is the one error type that crosses the boundaries of the product. Problem says what is wrong as data, which the
// view turns into a sentence for people; an error without one is for the log only, as Cause always is.
type Error struct {
	Code    Code
	Problem Problem
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

// Error returns the error as the log has it: its code, its problem and its cause. People read the view's sentence.
func (e *Error) Error() string {
	text := string(e.Code)
	if !e.Problem.IsZero() {
		text += ": " + e.Problem.String()
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Wrap gives a cause that only the log needs to know a code.
func Wrap(code Code, cause error) *Error { return &Error{Code: code, Cause: cause} }

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

// ProblemOf returns what an error says is wrong: ProblemInternal for an error without a problem, whose text is for the
// log only.
func ProblemOf(err error) Problem {
	var e *Error
	switch {
	case err == nil:
		return Problem{}
	case !errors.As(err, &e) || e.Problem.IsZero():
		return Problem{Code: ProblemInternal}
	default:
		return e.Problem
	}
}
