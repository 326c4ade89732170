package kube

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	apps "k8s.io/client-go/kubernetes/typed/apps/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	autoscaling "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	core "k8s.io/client-go/kubernetes/typed/core/v1"
	discovery "k8s.io/client-go/kubernetes/typed/discovery/v1"
	policy "k8s.io/client-go/kubernetes/typed/policy/v1"
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
	apps          apps.AppsV1Interface
	core          core.CoreV1Interface
	discovery     discovery.DiscoveryV1Interface
	autoscaling   autoscaling.AutoscalingV2Interface
	policy        policy.PolicyV1Interface
	authorization authorization.AuthorizationV1Interface
	routers       map[string]Router
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
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for Kubernetes: %w", err)
	}
	c := &Cluster{routers: maps.Clone(routers)}
	var errs [6]error
	c.apps, errs[0] = apps.NewForConfigAndClient(config, client)
	c.core, errs[1] = core.NewForConfigAndClient(config, client)
	c.discovery, errs[2] = discovery.NewForConfigAndClient(config, client)
	c.autoscaling, errs[3] = autoscaling.NewForConfigAndClient(config, client)
	c.policy, errs[4] = policy.NewForConfigAndClient(config, client)
	c.authorization, errs[5] = authorization.NewForConfigAndClient(config, client)
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("make a client for Kubernetes: %w", err)
		}
	}
	return c, nil
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
