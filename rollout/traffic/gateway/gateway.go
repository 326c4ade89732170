package gateway

import (
	"fmt"

	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout/traffic"
)

// Kind is what the configuration calls this router.
const Kind = "HTTPRoute"

// Router steers HTTPRoutes, and makes and deletes them where route.create says so.
type Router struct {
	*traffic.Router
}

// New returns a router over the two clients. It sends nothing.
func New(dyn dynamic.Interface, disc traffic.Discovery) *Router {
	return &Router{traffic.NewRouter(traffic.Dialect{
		Kind: traffic.Kind{
			Group: "gateway.networking.k8s.io", Resource: "httproutes", Name: Kind, Versions: []string{"v1", "v1beta1"},
		},
		Path: []string{"f:spec", "f:rules"}, Backend: "name",
		Pointer: func(rule, backend int) string { return fmt.Sprintf("/spec/rules/%d/backendRefs/%d", rule, backend) },
		Rules:   parse, Spec: specOf, Acknowledged: acknowledged,
	}, dyn, disc)}
}
