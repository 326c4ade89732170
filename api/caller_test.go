package api_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"canarybot.io/api"
	"canarybot.io/api/who"
	"canarybot.io/rollout"
)

func number(n int) string { return strconv.Itoa(n) }

// otherOf is the token of whoever waits beside the others: the lead's, of whom everything may be read.
func otherOf() string { return leadToken }

// The token comes as a bearer token, or in a header of our own, which counts where both come.
func TestWhereTheTokenIs(t *testing.T) {
	run(t, func(w *world) {
		for name, tt := range map[string]struct {
			header http.Header
			status int
			code   rollout.ProblemCode
		}{
			"none":                  {http.Header{}, 401, who.ProblemNoToken},
			"bearer":                {http.Header{"Authorization": {"Bearer " + ciToken}}, 200, ""},
			"bearer in lower case":  {http.Header{"Authorization": {"bearer  " + ciToken}}, 200, ""},
			"basic":                 {http.Header{"Authorization": {"Basic " + ciToken}}, 401, who.ProblemNoToken},
			"without a scheme":      {http.Header{"Authorization": {ciToken}}, 401, who.ProblemNoToken},
			"our header":            {http.Header{api.TokenHeader: {ciToken}}, 200, ""},
			"ours beside another's": {http.Header{api.TokenHeader: {ciToken}, "Authorization": {"Bearer of-the-api-server"}}, 200, ""},
			"ours is bad":           {http.Header{api.TokenHeader: {"bad"}, "Authorization": {"Bearer " + ciToken}}, 401, who.ProblemUnknownToken},
		} {
			q := httptest.NewRequestWithContext(w.Context(), "GET", "/v1/services", nil)
			q.Header = tt.header
			a := w.ask(q)
			if a.status != tt.status {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
			if tt.code != "" {
				a.refused(tt.status, tt.code)
				if a.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: nothing says how to sign in", name)
				}
			}
		}
	})
}

// A token in the address, which ends in logs, is none.
func TestNoTokenInTheAddress(t *testing.T) {
	run(t, func(w *world) {
		w.as("", "GET", "/v1/services?access_token="+ciToken, nil).refused(http.StatusUnauthorized, who.ProblemNoToken)
	})
}

// callers knows nobody, for one reason.
type callers struct{ err error }

func (c callers) Whose(context.Context, string) (who.Caller, error) { return who.Caller{}, c.err }

// A refused token is counted by its reason and logged, and stands nowhere.
func TestRefusedTokensAreCounted(t *testing.T) {
	const token = "eyJhbGciOi.secret.token"
	for code, tt := range map[rollout.ProblemCode]struct {
		kind   rollout.Code
		status int
	}{
		who.ProblemExpired: {rollout.Forbidden, 401}, who.ProblemClaims: {rollout.Forbidden, 401}, who.ProblemUnchecked: {rollout.Unavailable, 503},
	} {
		var log bytes.Buffer
		meters := api.NewMeters()
		a := api.New(api.Options{
			Callers: callers{rollout.Refuse(tt.kind, rollout.Problem{Code: code, Key: "ref", Value: "refs/heads/dev\nINFO all is well"}).Because(errors.New("why"))},
			Meters:  meters, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		w := &world{TB: t, handler: a.Handler()}
		got := w.as(token, "GET", "/v1/services", nil).refused(tt.status, code)
		if text := log.String(); !strings.Contains(text, "reason="+string(code)) || strings.Contains(text, token) || strings.Count(text, "\n") != 1 {
			t.Errorf("the log says %q", text)
		}
		if strings.Contains(got.Detail, token) {
			t.Errorf("the answer has the token: %+v", got)
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(meters.Collectors()...)
		want := `
# HELP canary_api_refused_tokens_total Tokens that prove nobody, by the reason.
# TYPE canary_api_refused_tokens_total counter
canary_api_refused_tokens_total{reason="` + string(code) + `"} 1
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "canary_api_refused_tokens_total"); err != nil {
			t.Error(err)
		}
	}
}

// A pipeline sends a hundred requests a second, and another one is not held up by it. An address is held up that sends as
// many tokens that prove nobody, and nobody is asked about those.
func TestTooManyRequests(t *testing.T) {
	run(t, func(w *world) {
		for range 100 {
			w.as(ciToken, "GET", "/v1/services", nil).is(http.StatusOK, nil)
		}
		w.as(ciToken, "GET", "/v1/services", nil).refused(http.StatusTooManyRequests, api.ProblemTooMany)
		w.as(leadToken, "GET", "/v1/services", nil).is(http.StatusOK, nil)
		time.Sleep(time.Second)
		for range 100 {
			w.as(ciToken, "GET", "/v1/services", nil).is(http.StatusOK, nil)
		}
		for range 100 {
			w.as("made up", "GET", "/v1/services", nil).refused(http.StatusUnauthorized, who.ProblemUnknownToken)
		}
		a := w.as("made up", "GET", "/v1/services", nil)
		if a.refused(http.StatusTooManyRequests, api.ProblemTooManyRefused); a.header.Get("Retry-After") != "1" {
			t.Error("nothing says when to come again")
		}
		time.Sleep(time.Second)
		w.as(leadToken, "GET", "/v1/services", nil).is(http.StatusOK, nil)
	})
}

func TestAddressesAndMethods(t *testing.T) {
	run(t, func(w *world) {
		for _, path := range []string{"/", "/v1", "/v1/rollouts/", "/v2/rollouts", "/metrics", "/v1/rollouts/checkout-1/x"} {
			w.as(leadToken, "GET", path, nil).refused(http.StatusNotFound, "no_such_path")
		}
		for path, allow := range map[string]string{
			"/v1/rollouts": "GET, POST", "/v1/rollouts/checkout-1": "GET", "/v1/rollouts/checkout-1/decisions": "POST", "/v1/plan": "POST",
			"/v1/services": "GET", "/v1/openapi.json": "GET",
		} {
			a := w.as(leadToken, "DELETE", path, nil)
			if a.refused(http.StatusMethodNotAllowed, "no_such_method"); a.header.Get("Allow") != allow {
				t.Errorf("%s allows %q", path, a.header.Get("Allow"))
			}
		}
	})
}

// slow is an engine whose dry runs take a while.
type slow struct {
	api.Engine
	under, most atomic.Int32
}

func (s *slow) DryRun(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, rollout.Preflight, error) {
	if n := s.under.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	defer s.under.Add(-1)
	time.Sleep(time.Second)
	return s.Engine.DryRun(ctx, l)
}

// However many dry runs are asked for, the cluster and Prometheus are asked for two at a time, and a decision waits for none.
func TestDryRunsWaitForEachOther(t *testing.T) {
	run(t, func(w *world) {
		engine := &slow{Engine: w.api.Engine}
		w.api.Engine = engine
		w.deploy("v2")
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				w.as(leadToken, "POST", "/v1/plan", api.Start{Service: "payments", Version: "v2"}).is(http.StatusOK, nil)
			})
		}
		synctest.Wait()
		began := time.Now()
		w.as(ciToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).is(http.StatusOK, nil)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("a rollback waited for %s", waited)
		}
		group.Wait()
		if most := engine.most.Load(); most != 2 {
			t.Errorf("%d dry runs at a time", most)
		}
	})
}
