package api

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// TokenHeader carries the caller's token where something on the way uses up Authorization, as the API server's proxy does. It
// counts before Authorization.
const TokenHeader = "X-Canarybot-Token"

// Handler serves the API. The document that describes it needs no token.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.HandleFunc(r.path, a.measured(r.path, a.serve(r)))
	}
	mux.HandleFunc(documentPath, a.measured(documentPath, a.document))
	mux.HandleFunc("/", a.measured("other", func(w http.ResponseWriter, _ *http.Request) {
		a.refuse(w, http.StatusNotFound, rollout.Problem{Code: problemNoPath})
	}))
	return mux
}

// serve answers the requests for one path.
func (a *API) serve(to route) http.HandlerFunc {
	methods := slices.Sorted(maps.Keys(to.methods))
	return func(w http.ResponseWriter, r *http.Request) {
		answer, ok := to.methods[r.Method]
		if !ok {
			a.refuseMethod(w, r, methods)
			return
		}
		c, err := a.caller(r)
		if err == nil {
			err = a.limits.request(c)
		}
		if err != nil {
			a.refuseCaller(w, err)
			return
		}
		a.answer(w, r, c, answer)
	}
}

// caller finds out who asks. Whoever proves nothing is counted and told of, without the token.
func (a *API) caller(r *http.Request) (who.Caller, error) {
	from := address(r)
	if err := a.limits.tired(from); err != nil {
		a.Meters.refused.WithLabelValues(string(ProblemTooManyRefused)).Inc()
		return who.Caller{}, err
	}
	c, err := a.Callers.Whose(r.Context(), token(r))
	if err != nil {
		a.limits.refuses(from)
		p := rollout.ProblemOf(err)
		a.Meters.refused.WithLabelValues(string(p.Code)).Inc()
		a.Log.Warn("token refused", "from", from, "reason", p.Code, "claim", p.Key, "value", view.Word(p.Value), "error", errors.Unwrap(err))
	}
	return c, err
}

func (a *API) refuseMethod(w http.ResponseWriter, r *http.Request, methods []string) {
	w.Header().Set("Allow", strings.Join(methods, ", "))
	a.refuse(w, http.StatusMethodNotAllowed, rollout.Problem{Code: problemNoMethod, Value: r.Method, Names: methods})
}

// answer has the caller answered.
func (a *API) answer(w http.ResponseWriter, r *http.Request, c who.Caller, answer answerer) {
	status, body, err := answer(w, r, c)
	if err != nil {
		a.fail(w, r, c, err)
		return
	}
	a.write(w, status, "application/json", body)
}

// measured measures how long the handler takes, without what the caller waits for.
func (a *API) measured(path string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		noted := &noting{ResponseWriter: w, status: http.StatusOK}
		next(noted, r)
		a.Meters.answered(path, noted.status, time.Since(began)-noted.waited)
	}
}

// noting notes the status of an answer, and how long its caller waited for a change.
type noting struct {
	http.ResponseWriter
	status int
	waited time.Duration
}

// WriteHeader notes the status.
func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// token returns what the request proves its caller by; empty: nothing.
func token(r *http.Request) string {
	if own := r.Header.Get(TokenHeader); own != "" {
		return own
	}
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(rest)
}
