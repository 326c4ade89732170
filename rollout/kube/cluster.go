package kube

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"k8s.io/client-go/rest"

	"canarybot.io/rollout"
)

const (
	// readTimeout bounds every single read.
	readTimeout = 5 * time.Second
	// tellTimeout bounds the reads of an ending that only inform people.
	tellTimeout = time.Second
	// writeTimeout bounds every write, with the reads that it needs.
	writeTimeout = 10 * time.Second
)

// Cluster is Kubernetes as a rollout sees it. It keeps nothing between calls and is safe for concurrent use.
type Cluster struct {
	client  client
	routers map[string]Router
}

var (
	_ rollout.Cluster     = (*Cluster)(nil)
	_ rollout.Preflighter = (*Cluster)(nil)
)

// Config returns a copy of the configuration as every client of ours needs it: no request is repeated by the client
// and none waits for a client-side rate limit (by default five a second, which would delay a rollback); the API
// server has its own priority and fairness. Make the clients of routers from this configuration too.
func Config(base *rest.Config) *rest.Config {
	config := rest.CopyConfig(base)
	config.UserAgent = "canarybot"
	config.QPS = -1
	config.Timeout = writeTimeout
	config.WarningHandler = rest.NoWarnings{} // they are about versions that discovery chose, and would bypass our log
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return once{next} })
	return config
}

// once keeps client-go from repeating a request, as it does up to ten times, writes too, whenever a response has
// Retry-After. A repeated write would be one that was decided on an older state.
type once struct{ next http.RoundTripper }

// RoundTrip sends the request and removes Retry-After from the response.
func (o once) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.next.RoundTrip(request)
	if response != nil {
		response.Header.Del("Retry-After")
	}
	return response, err
}

// New returns the cluster behind the configuration, which is one that Config returned. The routers are keyed by the
// kind in a route's configuration. It sends nothing.
func New(config *rest.Config, routers map[string]Router) (*Cluster, error) {
	client, err := newClient(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{client: client, routers: maps.Clone(routers)}, nil
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
