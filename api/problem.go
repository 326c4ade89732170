package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"canarybot.io/api/who"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// Why a request is refused, beside what rollout, engine and who say.
const (
	ProblemBusy           rollout.ProblemCode = "busy"                  // Rollout is in the way
	ProblemMayNot         rollout.ProblemCode = "pipeline_may_not"      // Key is the pipeline, Value the action
	ProblemMayNotAuto     rollout.ProblemCode = "pipeline_may_not_auto" // Key is the pipeline
	ProblemNotForService  rollout.ProblemCode = "pipeline_not_for"      // Key is the pipeline, Service what it asks about
	ProblemKeyReused      rollout.ProblemCode = "key_reused"            // for another request than Rollout's
	ProblemKeyForm        rollout.ProblemCode = "key_form"
	ProblemBody           rollout.ProblemCode = "body"             // Words say what is wrong with it
	ProblemFields         rollout.ProblemCode = "fields"           // Count of them are wrong
	ProblemBodyTooLarge   rollout.ProblemCode = "body_too_large"   // Limit is in KiB
	ProblemContentType    rollout.ProblemCode = "content_type"     // Value is what it was
	ProblemParameter      rollout.ProblemCode = "parameter"        // Key is its name, Value what it was, Want what it may be
	ProblemTooMany        rollout.ProblemCode = "requests_limited" // by the pipeline Key: Limit a second
	ProblemTooManyRefused rollout.ProblemCode = "tokens_limited"
	problemNoPath         rollout.ProblemCode = "no_such_path"   //
	problemNoMethod       rollout.ProblemCode = "no_such_method" // Value is the method, Names those that there are
)

// fieldsError is a body of which some fields are wrong.
type fieldsError struct{ fields []FieldError }

func (e *fieldsError) Error() string {
	return "fields: " + e.fields[0].Field + ": " + e.fields[0].Detail
}

func (e *fieldsError) Unwrap() error {
	return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemFields, Count: len(e.fields), Words: e.fields[0].Field + " " + e.fields[0].Detail})
}

// fail answers with what an error says.
func (a *API) fail(w http.ResponseWriter, r *http.Request, c who.Caller, err error) {
	status := statusOf(err)
	if status >= http.StatusInternalServerError && r.Context().Err() == nil { // else the caller is gone
		a.Log.Error("request of a pipeline failed", "pipeline", c.Name(), "method", r.Method, "path", r.URL.Path, "error", err)
	}
	a.writeProblem(w, a.problem(status, err))
}

// statusOf is the status of an answer that refuses.
func statusOf(err error) int {
	var busy *rollout.BusyError
	var back *rollout.RolledBackError
	var same *rollout.SameVersionError
	if errors.As(err, &busy) || errors.As(err, &back) || errors.As(err, &same) {
		return http.StatusConflict
	}
	switch p := rollout.ProblemOf(err); {
	case rollout.Unsaved(err):
		return http.StatusServiceUnavailable
	case p.Code == ProblemBodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case p.Code == ProblemContentType:
		return http.StatusUnsupportedMediaType
	case p.Code == ProblemKeyReused:
		return http.StatusUnprocessableEntity
	}
	switch rollout.CodeOf(err) {
	case rollout.Invalid:
		return http.StatusBadRequest
	case rollout.NotFound:
		return http.StatusNotFound
	case rollout.Conflict:
		return http.StatusConflict
	case rollout.Forbidden:
		return http.StatusForbidden
	case rollout.Unavailable:
		return http.StatusServiceUnavailable
	case rollout.Internal:
	}
	return http.StatusInternalServerError
}

// problem is what an error says, with the sentence that Slack would show.
func (a *API) problem(status int, err error) Problem {
	var busy *rollout.BusyError
	var back *rollout.RolledBackError
	var same *rollout.SameVersionError
	var fields *fieldsError
	var sibling *rollout.SiblingError
	known := rollout.ProblemOf(err)
	p := Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: view.Plain(view.Problem(known)), Code: string(known.Code), Rollout: known.Rollout,
	}
	switch {
	case errors.As(err, &busy):
		p.Code, p.Rollout = string(ProblemBusy), busy.Live.ID
		p.Detail = view.Plain(a.answers.Busy(rollout.DeployRequest{Service: busy.Live.Service}, busy, "").Text)
	case errors.As(err, &back):
		p.Code, p.Rollout = string(rollout.ProblemRolledBackBefore), back.Before.ID
		p.Detail = view.Plain(a.answers.RolledBackBefore(rollout.DeployRequest{Service: back.Before.Service}, back.Before).Text)
	case errors.As(err, &same):
		p.Code, p.Detail = string(rollout.ProblemSameVersion), view.Plain(a.answers.SameVersion(same.Service, same.Image).Text)
	case errors.As(err, &sibling):
		p.Rollout = sibling.Sibling.ID
		p.Detail = a.answers.BecauseOf(sibling.Sibling.Service, view.NothingApproved, view.Message{Text: p.Detail}).Text
	case errors.As(err, &fields):
		p.Errors = fields.fields
	}
	return p
}

// refuse answers with a problem.
func (a *API) refuse(w http.ResponseWriter, status int, p rollout.Problem) {
	a.writeProblem(w, a.problem(status, rollout.Refuse(rollout.Invalid, p)))
}

// refuseCaller answers whoever proved nothing, or asks too often.
func (a *API) refuseCaller(w http.ResponseWriter, err error) {
	status := http.StatusUnauthorized
	switch code := rollout.CodeOf(err); {
	case code == rollout.Unavailable:
		status = http.StatusServiceUnavailable
	case code == rollout.Conflict:
		status = http.StatusTooManyRequests
	default:
		w.Header().Set("WWW-Authenticate", `Bearer realm="canarybot"`)
	}
	a.writeProblem(w, a.problem(status, err))
}

func (a *API) writeProblem(w http.ResponseWriter, p Problem) {
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	a.write(w, p.Status, "application/problem+json", p)
}

// write sends an answer. What cannot be sent any more is not worth an error: nobody is there to read it.
func (a *API) write(w http.ResponseWriter, status int, contentType string, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		a.Log.Error("answer not encoded", "error", err)
		status, raw = http.StatusInternalServerError, nil
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}
