package kube

import (
	"fmt"
	"slices"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// place is where in the canary's objects metadata stands.
type place string

// The places.
const (
	onDeployment place = "Deployment"
	onService    place = "Service"
)

// carried is a label or an annotation that the canary's objects take over from stable's. Whatever else is on stable's
// objects stays there: labels and annotations are how tools own, prune, scale and register objects, and nobody knows
// all of them.
type carried struct {
	key string // a key, or with a trailing slash every key of that domain
	on  []place
	why string // for the docs
}

// carriedLabels and carriedAnnotations are the whole list, beside keys without a domain: by Kubernetes' convention
// those are the team's own, and tools put their domain before theirs.
var (
	carriedLabels = []carried{
		{"app.kubernetes.io/name", []place{onDeployment, onService}, "dashboards, policies and ServiceMonitors find the program by it"},
		{"app.kubernetes.io/component", []place{onDeployment, onService}, "as the name"},
		{"app.kubernetes.io/part-of", []place{onDeployment, onService}, "as the name"},
		{"app.kubernetes.io/version", []place{onDeployment, onService}, "as the name"},
		{"tags.datadoghq.com/", []place{onDeployment, onService}, "under which environment and service Datadog counts the pods"},
		{"istio.io/use-waypoint", []place{onService}, "the canary is reached through the same waypoint, and its policies hold"},
		{"istio.io/use-waypoint-namespace", []place{onService}, "where that waypoint is"},
		{"istio.io/ingress-use-waypoint", []place{onService}, "that requests from a Gateway take it, too"},
		{"service.kubernetes.io/service-proxy-name", []place{onService}, "the same proxy serves both Services"},
	}
	carriedAnnotations = []carried{
		{"polaris.fairwinds.com/", []place{onDeployment}, "what admission lets stable do it lets the canary do"},
		{"prometheus.io/", []place{onService}, "the canary's pods are scraped as stable's are; each is behind one Service only"},
		{"service.kubernetes.io/topology-mode", []place{onService}, "both sides are reached from the same zones"},
		{"service.kubernetes.io/topology-aware-hints", []place{onService}, "its name before"},
		{"networking.istio.io/exportTo", []place{onService}, "the canary is seen from no further away than stable"},
		{"networking.istio.io/traffic-distribution", []place{onService}, "both sides are reached from the same zones"},
		{"config.linkerd.io/opaque-ports", []place{onService}, "the protocol of a port"},
		{"retry.linkerd.io/", []place{onService}, "requests are repeated as stable's are"},
		{"timeout.linkerd.io/", []place{onService}, "requests wait as long as stable's"},
		{"balancer.linkerd.io/", []place{onService}, "a bad pod is avoided as stable's are"},
		{"konghq.com/", []place{onService}, "protocol, timeouts and plugins; Kong refuses a rule whose Services differ in them"},
		{"ingress.kubernetes.io/service-upstream", []place{onService}, "as the ones before: Kong reads it"},
		{"projectcontour.io/", []place{onService}, "the protocol of a port, and limits on connections"},
		{"traefik.ingress.kubernetes.io/service.serversscheme", []place{onService}, "the protocol of the pods"},
		{"traefik.ingress.kubernetes.io/service.serverstransport", []place{onService}, "the certificates of the pods"},
		{"traefik.ingress.kubernetes.io/service.passhostheader", []place{onService}, "the host that the pods see"},
		{"traefik.ingress.kubernetes.io/service.nativelb", []place{onService}, "whether pods are reached one by one"},
	}
)

// exceptions are keys that the lists above would let through.
var exceptions = []carried{
	{"expose", []place{onService}, "exposecontroller makes an Ingress for the Service"},
	{"pod-template-hash", []place{onDeployment, onService}, "a controller's own"},
	{"chart", []place{onDeployment, onService}, "Helm's, from before it had a domain"},
	{"heritage", []place{onDeployment, onService}, "as chart"},
	{"prometheus.io/probe", []place{onService}, "the blackbox exporter would probe the canary, and page when it goes"},
	{"prometheus.io/probe-path", []place{onService}, "belongs to the one before"},
}

// ownInTemplate are the annotations of stable's pod template that the canary's does not get. All others stay, and all
// of its labels do: injectors, scrapers and the program itself read them, and owners do not prune what a ReplicaSet
// owns.
var ownInTemplate = []carried{
	{"external-dns.alpha.kubernetes.io/", nil, "a name in DNS would point to the pod, at any weight"},
	{"consul.hashicorp.com/connect-service", nil, "Consul would register the pod as stable's service; without it, by the canary's own Service"},
	{"consul.hashicorp.com/kubernetes-service", nil, "as the one before"},
	{"kubectl.kubernetes.io/last-applied-configuration", nil, "kubectl apply --prune deletes by it"},
}

// names reports whether the entry is about the key.
func (c carried) names(key string) bool {
	return key == c.key || strings.HasSuffix(c.key, "/") && strings.HasPrefix(key, c.key)
}

// listed reports whether one of the entries is about the key in that place.
func listed(all []carried, key string, on place) bool {
	return slices.ContainsFunc(all, func(c carried) bool { return c.names(key) && slices.Contains(c.on, on) })
}

// teams reports whether the key has no domain. A dot makes it one, as in olm.owner.
func teams(key string) bool { return !strings.ContainsAny(key, "/.") }

// carries reports whether the key is taken over.
func carries(list []carried, key string, on place) bool {
	return (teams(key) || listed(list, key, on)) && !listed(exceptions, key, on)
}

// ownMeta returns the metadata of an object that is made from stable's: what the lists name of its labels and
// annotations, with the canary's value of the labels in which the sides differ.
func ownMeta(from meta.ObjectMeta, on place, name string, differing map[string]string) meta.ObjectMeta {
	own := meta.ObjectMeta{Name: name, Namespace: from.Namespace, Labels: map[string]string{}, Annotations: map[string]string{}}
	for k, v := range from.Labels {
		if canarys, ok := differing[k]; ok {
			v = canarys
		}
		if carries(carriedLabels, k, on) {
			own.Labels[k] = v
		}
	}
	for k, v := range from.Annotations {
		if carries(carriedAnnotations, k, on) {
			own.Annotations[k] = v
		}
	}
	return own
}

// withoutOwn removes the annotations of a pod template that only stable's pods may have, and returns which.
func withoutOwn(annotations map[string]string) (removed []string) {
	for k := range annotations {
		if slices.ContainsFunc(ownInTemplate, func(c carried) bool { return c.names(k) }) {
			delete(annotations, k)
			removed = append(removed, k)
		}
	}
	slices.Sort(removed)
	return removed
}

// Carried returns the lists as a Markdown table, for the docs.
func Carried() string {
	var s strings.Builder
	s.WriteString("| key | where | why |\n|---|---|---|\n")
	for _, list := range []struct {
		what string
		all  []carried
	}{
		{"label on the canary's ", carriedLabels}, {"annotation on the canary's ", carriedAnnotations},
		{"**not** on the canary's ", exceptions}, {"**not** on the canary's pods", ownInTemplate},
	} {
		for _, c := range list.all {
			var on []string
			for _, p := range c.on {
				on = append(on, string(p))
			}
			key := c.key
			if strings.HasSuffix(key, "/") {
				key += "*"
			}
			fmt.Fprintf(&s, "| `%s` | %s%s | %s |\n", key, list.what, strings.Join(on, " and "), c.why)
		}
	}
	return s.String()
}
