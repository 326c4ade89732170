package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api"
	"canarybot.io/api/who"
	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// The static tokens of the world's pipelines.
const (
	ciToken    = "canarybot_ci-may-deploy-and-roll-back"
	leadToken  = "canarybot_lead-may-everything"
	otherToken = "canarybot_other-is-for-payments"
)

// world is an API over an engine, all in memory, in a bubble.
type world struct {
	testing.TB
	api     *api.API
	engine  *engine.Engine
	store   *mem.Store
	handler http.Handler
	meters  *api.Meters
	// each request has this header too.
	header http.Header
}

// plan is shorter than any that people would write.
func plan() rollout.Plan {
	return rollout.Plan{Name: "standard", Steps: []rollout.Step{
		{Weight: 5, Bake: 0, Gate: rollout.Manual}, {Weight: 50, Bake: 0, Gate: rollout.Auto},
	}}
}

func pipelines() []who.Pipeline {
	all := []rollout.Action{rollout.Deploy, rollout.Promote, rollout.Rollback, rollout.Pause, rollout.Resume}
	return []who.Pipeline{
		{Name: "ci", Tokens: []string{who.Sum(ciToken)}, Services: []rollout.ServiceName{"checkout"},
			May: []rollout.Action{rollout.Deploy, rollout.Rollback}, Links: []string{"https://ci.example.com/job/"}},
		{Name: "lead", Tokens: []string{who.Sum(leadToken)}, May: all},
		{Name: "other", Tokens: []string{who.Sum(otherToken)}, Services: []rollout.ServiceName{"payments"}, May: all},
	}
}

// services has checkout and payments.
func services(cluster *sim.Cluster) map[rollout.ServiceName]rollout.Service {
	all := map[rollout.ServiceName]rollout.Service{}
	for _, name := range []rollout.ServiceName{"checkout", "payments"} {
		objects := sim.Objects("shop", string(name))
		cluster.Add(sim.Setup{Objects: objects, Image: "r/" + string(name) + ":v1", Age: time.Hour})
		policy := rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U1"}, Rollback: []string{rollout.Everyone}, Pipelines: map[string][]rollout.Action{}}
		for _, p := range pipelines() {
			if p.For(name) {
				policy.Pipelines[p.Name] = p.May
			}
		}
		all[name] = rollout.Service{Name: name, Policy: policy, Plans: []rollout.Plan{rollout.WayBack()}, Spec: rollout.Spec{
			Environment: "test", Repository: "r/" + string(name), Objects: objects, Plan: plan(),
			Limits: rollout.Limits{Interval: 5 * time.Second, Drain: 5 * time.Second, Wait: 2 * time.Hour, UnknownLimit: time.Hour,
				OnUnknown: rollout.Ask, Shift: 2 * time.Minute, Stuck: 2 * time.Minute, Remind: time.Hour},
		}}
	}
	return all
}

// run runs the test in a bubble, with the engine running.
func run(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.engine.Run(ctx) }()
		synctest.Wait()
		test(w)
		cancel()
		<-done
	})
}

func newWorld(t testing.TB) *world {
	cluster := sim.New(sim.Options{Seed: 1})
	w := &world{TB: t, store: mem.New(mem.Options{}), header: http.Header{}}
	all := services(cluster)
	w.engine = engine.New(engine.Options{
		Store: w.store, Cluster: cluster, Metrics: sim.NewMetrics(cluster), Judge: judge.Judge{}, Preflights: []rollout.Preflighter{cluster},
		Services: all, Committed: func(r rollout.Rollout) { w.api.Committed(r) },
	})
	w.meters = api.NewMeters()
	w.api = api.New(api.Options{
		Engine: w.engine, Store: w.store, Callers: who.New(who.Options{Pipelines: pipelines()}), Services: all, Meters: w.meters,
		Card: func(_ context.Context, id rollout.ID) (string, error) {
			return "https://slack.test/archives/C1/" + string(id), nil
		},
	})
	w.handler = w.api.Handler()
	return w
}

// answer is what came back.
type answer struct {
	testing.TB
	status int
	header http.Header
	body   []byte
}

// as asks with a token.
func (w *world) as(token, method, path string, body any) answer {
	w.Helper()
	raw, ok := body.(string)
	if body != nil && !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			w.Fatal(err)
		}
		raw = string(encoded)
	}
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(raw))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range w.header {
		r.Header[name] = values
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.ask(r)
}

func (w *world) ask(r *http.Request) answer {
	w.Helper()
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	a := answer{TB: w.TB, status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
	conforms(a, r)
	return a
}

// keyed asks as ci, with an Idempotency-Key.
func (w *world) keyed(key, method, path string, body any) answer {
	w.Helper()
	w.header.Set("Idempotency-Key", key)
	defer w.header.Del("Idempotency-Key")
	return w.as(ciToken, method, path, body)
}

// is fails unless the answer has the status, and reads its body.
func (a answer) is(status int, into any) answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if into != nil {
		d := json.NewDecoder(bytes.NewReader(a.body))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			a.Fatalf("%v: %s", err, a.body)
		}
	}
	return a
}

// refused fails unless the answer is a problem with the status and the code.
func (a answer) refused(status int, code rollout.ProblemCode) api.Problem {
	a.Helper()
	var p api.Problem
	a.is(status, &p)
	if p.Code != string(code) || p.Detail == "" || p.Status != status || p.Title == "" || p.Type != "about:blank" {
		a.Fatalf("got %+v, want the code %s", p, code)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.Errorf("a problem comes as %q", got)
	}
	return p
}

// deploy starts a rollout of checkout as the lead, and returns it at its first gate.
func (w *world) deploy(version string) api.Rollout {
	w.Helper()
	var r api.Rollout
	w.as(leadToken, "POST", "/v1/rollouts", api.Start{Service: "checkout", Version: version}).is(http.StatusCreated, &r)
	return w.until(r.ID, func(r api.Rollout) bool { return r.Phase == "awaiting" })
}

var errNever = errors.New("that never happened")

// until follows a rollout as a pipeline does, until something is so.
func (w *world) until(id rollout.ID, so func(api.Rollout) bool) api.Rollout {
	w.Helper()
	for range 1000 {
		var r api.Rollout
		w.as(leadToken, "GET", "/v1/rollouts/"+string(id)+"?wait=55s", nil).is(http.StatusOK, &r)
		if so(r) {
			return r
		}
	}
	w.Fatalf("%s: %v", id, errNever)
	return api.Rollout{}
}
