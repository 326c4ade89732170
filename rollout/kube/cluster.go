package kube

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"k8s.io/client-go/rest"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

const (
	// readTimeout bounds every single read.
	readTimeout = 5 * time.Second
	// mostLooks is how many rollouts are looked at at a time, each with some ten requests at once, and lookTimeout how long
	// one waits for that.
	mostLooks, lookTimeout = 16, 15 * time.Second
	// tellTimeout bounds the reads of an ending that only inform people.
	tellTimeout = time.Second
	// writeTimeout bounds every write, with the reads that it needs.
	writeTimeout = 10 * time.Second
)

// Cluster is Kubernetes as a rollout sees it. It keeps nothing of it between calls and is safe for concurrent use.
type Cluster struct {
	client  client
	routers map[string]Router
	looks   chan struct{} // holds one element for each look under way
}

var (
	_ rollout.Cluster     = (*Cluster)(nil)
	_ rollout.Preflighter = (*Cluster)(nil)
)

// Config returns a copy of the configuration as every client of ours needs it: no request is repeated by the client
// and none waits for a client-side rate limit (by default five a second, which would delay a rollback); the API
// server has its own priority and fairness. All clients from this configuration leave an API server alone together that
// does not answer, or that asks for it. Make the clients of routers from it too.
func Config(base *rest.Config) *rest.Config {
	config := rest.CopyConfig(base)
	config.UserAgent = "canarybot"
	config.QPS = -1
	config.Timeout = writeTimeout
	config.WarningHandler = rest.NoWarnings{} // they are about versions that discovery chose, and would bypass our log
	shared := &pace{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return paced{next: next, pace: shared} })
	return config
}

// New returns the cluster behind the configuration, which is one that Config returned. The routers are keyed by the
// kind in a route's configuration. It sends nothing.
func New(config *rest.Config, routers map[string]Router) (*Cluster, error) {
	client, err := newClient(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{client: client, routers: maps.Clone(routers), looks: make(chan struct{}, mostLooks)}, nil
}

// wait waits until few enough looks are under way, and returns what ends this one. A rollout that takes its canary off
// traffic waits for nobody.
func (c *Cluster) wait(ctx context.Context, r rollout.Rollout) (done func(), err error) {
	if r.Phase.Ending() {
		return func() {}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	select {
	case c.looks <- struct{}{}:
		return func() { <-c.looks }, nil
	case <-ctx.Done():
		o := r.Spec.Objects
		return nil, object.Error(ctx.Err(), reading(o.Route.Kind, o.Namespace, o.Route.Name))
	}
}

// Kinds returns the kinds of routes that the cluster can steer, sorted.
func (c *Cluster) Kinds() []string { return slices.Sorted(maps.Keys(c.routers)) }

// router returns the router for the kind. An unknown kind is Invalid, and the error lists the known ones.
func (c *Cluster) router(kind string) (Router, error) {
	if router, ok := c.routers[kind]; ok {
		return router, nil
	}
	return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemRouteKindUnknown, Value: kind, Names: c.Kinds()})
}
