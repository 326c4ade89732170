package kube

import (
	"context"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// way is a kind of object that sends requests to Services of its namespace.
type way struct {
	group, resource, kind string
	versions              []string // the best first; they are read alike
	services              func(spec map[string]any, namespace string) []string
}

// ways are the kinds that a start looks at, to say who comes past the split. Each needs the right to list; without it
// the start says so and goes on.
var ways = []way{
	{"gateway.networking.k8s.io", "httproutes", "HTTPRoute", []string{"v1", "v1beta1"}, routeServices},
	{"gateway.networking.k8s.io", "grpcroutes", "GRPCRoute", []string{"v1", "v1alpha2"}, routeServices},
	{"gateway.networking.k8s.io", "tlsroutes", "TLSRoute", []string{"v1", "v1alpha3", "v1alpha2"}, routeServices},
	{"gateway.networking.k8s.io", "tcproutes", "TCPRoute", []string{"v1", "v1alpha2"}, routeServices},
	{"networking.k8s.io", "ingresses", "Ingress", []string{"v1"}, ingressServices},
	{"networking.istio.io", "virtualservices", "VirtualService", []string{"v1", "v1beta1", "v1alpha3"}, virtualServices},
	{"split.smi-spec.io", "trafficsplits", "TrafficSplit", []string{"v1alpha2", "v1alpha4", "v1alpha3", "v1alpha1"}, splitServices},
}

// Optional returns the rights that a start makes use of and does without, and that of Note.
func Optional() []Right {
	all := []Right{
		{Group: "autoscaling.k8s.io", Resource: "verticalpodautoscalers", Verbs: []string{"list"}},
		{Group: "", Resource: "events", Verbs: []string{"create"}},
	}
	for _, w := range ways {
		all = append(all, Right{Group: w.group, Resource: w.resource, Verbs: []string{"list"}})
	}
	return all
}

// wayObject is as much as is read of any of them.
type wayObject struct {
	Metadata struct{ Name string }
	Spec     map[string]any
}

// otherWays returns who sends requests to the pair's Services beside the rollout's own route, as notices. It never
// fails: what could not be read is one of them, or nothing where the cluster serves no such kind.
func (c *Cluster) otherWays(ctx context.Context, r rollout.Rollout, services map[string]bool) []rollout.Problem {
	o := r.Spec.Objects
	found := make([][]wayObject, len(ways))
	unread := make([]string, len(ways))
	var reads []func() error
	for i, w := range ways {
		reads = append(reads, func() error {
			var err error
			if found[i], err = c.list(ctx, w, o.Namespace); err != nil {
				unread[i] = Right{Group: w.group, Resource: w.resource}.name()
			}
			return nil
		})
	}
	_ = together(reads...) // they return none
	all := senders(found, o, services)
	if unread = slices.DeleteFunc(unread, func(name string) bool { return name == "" }); len(unread) > 0 {
		all = append(all, rollout.Problem{
			Code: rollout.ProblemOtherWaysUnread, Object: rollout.ObjectRef{Namespace: o.Namespace}, Names: unread,
		})
	}
	return all
}

// senders returns a notice for each of the Services that other objects than the rollout's route send to, which are found
// by the order of the ways.
func senders(found [][]wayObject, o rollout.Objects, services map[string]bool) []rollout.Problem {
	by := map[string][]string{}
	for i, w := range ways {
		for _, other := range found[i] {
			name := other.Metadata.Name
			if w.kind == o.Route.Kind && (name == o.Route.Name || name == o.Route.From) {
				continue
			}
			names := w.services(other.Spec, o.Namespace)
			slices.Sort(names)
			for _, name := range slices.Compact(names) {
				by[name] = append(by[name], w.kind+" "+other.Metadata.Name)
			}
		}
	}
	var all []rollout.Problem
	for _, name := range slices.Sorted(maps.Keys(by)) {
		p := rollout.Problem{Code: rollout.ProblemOtherWays, Object: object.Ref("Service", o.Namespace, name), Names: by[name]}
		switch {
		case name == o.CanaryService:
			p.Code = rollout.ProblemOtherWaysCanary
		case !services[name]:
			continue
		}
		const most = 5
		p.Count = max(0, len(p.Names)-most)
		p.Names = p.Names[:len(p.Names)-p.Count]
		all = append(all, p)
	}
	return all
}

// list reads all objects of the kind, in the first version that is served; none where no version is.
func (c *Cluster) list(ctx context.Context, w way, namespace string) ([]wayObject, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	for _, version := range w.versions {
		var list struct{ Items []wayObject }
		err := c.client.getJSON(ctx, &list, "/apis", w.group, version, "namespaces", namespace, w.resource)
		if !apierrors.IsNotFound(err) {
			return list.Items, err
		}
	}
	return nil, nil
}

// routeServices returns the Services that a route of the Gateway API sends to. A weight of 0 sends nothing.
func routeServices(spec map[string]any, namespace string) []string {
	var names []string
	for _, rule := range objectsIn(spec["rules"]) {
		for _, ref := range objectsIn(rule["backendRefs"]) {
			is := func(key, usual string) bool { return text(ref[key]) == "" || ref[key] == usual }
			if is("kind", "Service") && is("group", "") && is("namespace", namespace) && ref["weight"] != float64(0) {
				names = append(names, text(ref["name"]))
			}
		}
	}
	return names
}

// ingressServices returns the Services that an Ingress sends to.
func ingressServices(spec map[string]any, _ string) []string {
	named := func(backend any) []string {
		fields, _ := backend.(map[string]any)
		service, _ := fields["service"].(map[string]any)
		return []string{text(service["name"])}
	}
	names := named(spec["defaultBackend"])
	for _, rule := range objectsIn(spec["rules"]) {
		protocol, _ := rule["http"].(map[string]any)
		for _, path := range objectsIn(protocol["paths"]) {
			names = append(names, named(path["backend"])...)
		}
	}
	return names
}

// virtualServices returns the Services that a VirtualService of Istio's sends to, also copies. It names them as DNS does.
func virtualServices(spec map[string]any, namespace string) []string {
	var names []string
	for _, rule := range slices.Concat(objectsIn(spec["http"]), objectsIn(spec["tls"]), objectsIn(spec["tcp"])) {
		for _, destination := range destinations(rule) {
			fields, _ := destination.(map[string]any)
			name, domain, qualified := strings.Cut(text(fields["host"]), ".")
			if in, _, _ := strings.Cut(domain, "."); !qualified || in == namespace {
				names = append(names, name)
			}
		}
	}
	return names
}

// destinations returns where a rule of a VirtualService sends requests and copies of them. Of several destinations, one
// without a weight gets nothing.
func destinations(rule map[string]any) []any {
	all := []any{rule["mirror"]}
	routes := objectsIn(rule["route"])
	for _, route := range routes {
		if weight, _ := route["weight"].(float64); weight > 0 || len(routes) == 1 {
			all = append(all, route["destination"])
		}
	}
	for _, mirror := range objectsIn(rule["mirrors"]) {
		all = append(all, mirror["destination"])
	}
	return all
}

// splitServices returns the Services that a TrafficSplit sends to.
func splitServices(spec map[string]any, _ string) []string {
	var names []string
	for _, backend := range objectsIn(spec["backends"]) {
		if backend["weight"] != float64(0) {
			names = append(names, text(backend["service"]))
		}
	}
	return names
}

// objectsIn returns the objects of a list.
func objectsIn(list any) []map[string]any {
	items, _ := list.([]any)
	var all []map[string]any
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok {
			all = append(all, fields)
		}
	}
	return all
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
