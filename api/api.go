package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// Engine starts rollouts and decides about them. Its methods return when what they did is durable; their errors are answers
// for whoever asked.
type Engine interface {
	Deploy(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, error)
	DryRun(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, rollout.Preflight, error)
	Decide(ctx context.Context, id rollout.ID, d rollout.Decision) (rollout.Rollout, error)
	// Outage returns since when and why nothing can be saved, and whether that is so; Snapshot the rollouts as they are in
	// memory then.
	Outage() (rollout.Outage, bool)
	Snapshot() []rollout.Rollout
}

// Store is what the API reads of a rollout.Store.
type Store interface {
	Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error)
	Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error)
	History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error)
	Timeline(ctx context.Context, id rollout.ID, after int) ([]rollout.Entry, error)
	Decided(ctx context.Context, decision rollout.DecisionID) (rollout.ID, bool, error)
}

// Callers finds out who asks. Whose returns a Forbidden error with the reason for a token that proves nobody, and
// Unavailable where nobody can say now.
type Callers interface {
	Whose(ctx context.Context, token string) (who.Caller, error)
}

// Options are what an API is made of. All but Meters and Log are required.
type Options struct {
	Engine  Engine
	Store   Store
	Callers Callers
	// Card returns the address of a rollout's card; empty: there is none. It asks nobody outside.
	Card func(ctx context.Context, id rollout.ID) (string, error)
	// Services is the configuration. Policies and plans are read from it live.
	Services map[rollout.ServiceName]rollout.Service
	// Policy holds for a rollout whose service left the configuration.
	Policy rollout.Policy
	Meters *Meters
	Log    *slog.Logger
}

// API answers pipelines. Make it with New, and tell it of every commit.
type API struct {
	Options
	answers view.Answers
	waiting waiting
	limits  *limits
	wide    chan struct{} // holds one element for each request under way that reads much
}

// New returns an API that serves nothing before its Handler is served.
func New(o Options) *API {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Meters == nil {
		o.Meters = NewMeters()
	}
	return &API{Options: o, answers: view.Answers{Command: "canarybot"}, limits: newLimits(), wide: make(chan struct{}, mostWide)}
}

// Committed hears of every commit, for those who wait for a change. It does not block.
func (a *API) Committed(r rollout.Rollout) { a.waiting.changed(r) }

// now reads the clock, without the monotonic part, which no store keeps.
func now() time.Time { return time.Now().UTC().Round(0) }

// route is one path and what answers its methods.
type route struct {
	path    string
	methods map[string]answerer
}

// answerer answers a caller: with a status and a body, or an error that becomes a problem.
type answerer func(w http.ResponseWriter, r *http.Request, c who.Caller) (status int, body any, err error)

func (a *API) routes() []route {
	return []route{
		{"/v1/rollouts", map[string]answerer{http.MethodGet: a.few(a.list), http.MethodPost: a.start}},
		{"/v1/rollouts/{id}", map[string]answerer{http.MethodGet: a.get}},
		{"/v1/rollouts/{id}/decisions", map[string]answerer{http.MethodPost: a.decide}},
		{"/v1/plan", map[string]answerer{http.MethodPost: a.few(a.plan)}},
		{"/v1/services", map[string]answerer{http.MethodGet: a.few(a.services)}},
	}
}

// policy returns the policy that holds for the service now.
func (a *API) policy(service rollout.ServiceName) rollout.Policy {
	if s, ok := a.Services[service]; ok {
		return s.Policy
	}
	return a.Policy
}
