package kube_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// What the start says of the shop as it is.
var (
	exposed = rollout.Problem{Code: rollout.ProblemServiceExposed, Object: ref("Service", "checkout"), Value: "type NodePort"}
	stays   = rollout.Problem{Code: rollout.ProblemVersionStays, Object: ref("Deployment", "checkout-canary"), Names: []string{"label version"}}
)

// noticeCase is a shop whose Service is not exposed and whose pods tell no version, and what its start says.
type noticeCase struct {
	name  string
	world func(*kubetest.Server)
	want  []rollout.Problem
}

func checkNotices(t *testing.T, cases []noticeCase) {
	t.Helper()
	for _, c := range cases {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", strings.Replace(kubetest.Shop, "version: v1.2.3, ", "", 1))
			service("checkout", func(o kubetest.Object) { spec(o)["type"] = "ClusterIP" })(s)
			if c.world != nil {
				c.world(s)
			}
			got := connect(t, s).Preflight(t.Context(), queued())
			if !got.Passes() {
				t.Fatalf("got %+v, want it to start", got)
			}
			if diff := cmp.Diff(got.Notices, c.want); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

// behind returns an object of the Gateway API that sends to these backends.
func behind(kind, name, backends string) func(*kubetest.Server) {
	return apply("apiVersion: gateway.networking.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: shop}\nspec: {rules: [{backendRefs: " + backends + "}]}\n")
}

func ingress(name, spec string) func(*kubetest.Server) {
	return apply("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec + "\n")
}

func virtual(spec string) func(*kubetest.Server) {
	return apply("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: mesh, namespace: shop}\nspec: " + spec + "\n")
}

// past is the notice that the object sends users to stable, past the split.
func past(kind, name, service string) []rollout.Problem {
	return []rollout.Problem{{Code: rollout.ProblemOtherWays, Object: ref("Service", service), Names: []string{kind + " " + name}}}
}

// Who comes to the service and not by its route.
func TestOtherWaysAreNamed(t *testing.T) {
	t.Parallel()
	const internal = "apiVersion: v1\nkind: Service\nmetadata: {name: internal, namespace: shop}\nspec: {selector: {app: checkout, track: stable}}\n"
	beside := rollout.Problem{Code: rollout.ProblemServiceBeside, Object: ref("Service", "internal"), Other: ref("Deployment", "checkout")}
	checkNotices(t, []noticeCase{
		{name: "its route alone"},
		{name: "another HTTPRoute", world: behind("HTTPRoute", "other", "[{name: checkout, port: 80}]"), want: past("HTTPRoute", "other", "checkout")},
		{name: "another HTTPRoute, by the full notation", world: behind("HTTPRoute", "other", "[{name: checkout, kind: Service, group: '', namespace: shop}]"), want: past("HTTPRoute", "other", "checkout")},
		{name: "another HTTPRoute that sends nothing to it", world: behind("HTTPRoute", "other", "[{name: checkout, weight: 0}, {name: cart}]")},
		{name: "another HTTPRoute to a Service of that name elsewhere", world: behind("HTTPRoute", "other", "[{name: checkout, namespace: cart}]")},
		{name: "another HTTPRoute to something of that name that is no Service", world: behind("HTTPRoute", "other", "[{name: checkout, kind: ServiceImport, group: multicluster.x-k8s.io}]")},
		{name: "another HTTPRoute that is not what the Gateway API describes", world: behind("HTTPRoute", "other", "checkout")},
		{name: "a GRPCRoute of the route's name", world: behind("GRPCRoute", "checkout", "[{name: checkout}]"), want: past("GRPCRoute", "checkout", "checkout")},
		{name: "a TLSRoute", world: behind("TLSRoute", "tls", "[{name: checkout}]"), want: past("TLSRoute", "tls", "checkout")},
		{name: "a TCPRoute", world: behind("TCPRoute", "tcp", "[{name: checkout}]"), want: past("TCPRoute", "tcp", "checkout")},
		{name: "an Ingress by its paths, twice", world: ingress("legacy", "{rules: [{http: {paths: [{backend: {service: {name: checkout}}}, {backend: {service: {name: checkout}}}]}}]}"),
			want: past("Ingress", "legacy", "checkout")},
		{name: "an Ingress by its default", world: ingress("legacy", "{defaultBackend: {service: {name: checkout}}}"), want: past("Ingress", "legacy", "checkout")},
		{name: "an Ingress of somebody else, with a backend that is no Service", world: ingress("cart", "{defaultBackend: {resource: {kind: Bucket, name: checkout}}, rules: [{http: {paths: [{backend: {service: {name: cart}}}]}}, {host: x}]}")},
		{name: "a VirtualService of the mesh", world: virtual("{hosts: [checkout], http: [{route: [{destination: {host: checkout, port: {number: 80}}}]}]}"), want: past("VirtualService", "mesh", "checkout")},
		{name: "a VirtualService that names the Service in full", world: virtual("{tcp: [{route: [{destination: {host: checkout.shop.svc.cluster.local}, weight: 100}, {destination: {host: cart}}]}]}"), want: past("VirtualService", "mesh", "checkout")},
		{name: "a VirtualService that copies requests to it", world: virtual("{http: [{route: [{destination: {host: cart}}], mirror: {host: checkout.shop}}, {mirrors: [{destination: {host: checkout}, percentage: {value: 5}}]}]}"), want: past("VirtualService", "mesh", "checkout")},
		{name: "a VirtualService that sends nothing to it", world: virtual("{http: [{route: [{destination: {host: checkout}}, {destination: {host: cart}, weight: 100}]}, {redirect: {authority: checkout}}]}")},
		{name: "a VirtualService to a Service of that name elsewhere", world: virtual("{tls: [{route: [{destination: {host: checkout.cart.svc.cluster.local}}]}, {route: [{destination: {host: checkout.example.com}}]}]}")},
		{name: "a VirtualService that is not what Istio describes", world: virtual("{http: checkout, tls: [checkout], tcp: [{route: [{destination: checkout}], mirror: 5}]}")},
		{name: "a VirtualService to the canary", world: virtual("{http: [{route: [{destination: {host: checkout-canary}}]}]}"),
			want: []rollout.Problem{{Code: rollout.ProblemOtherWaysCanary, Object: ref("Service", "checkout-canary"), Names: []string{"VirtualService mesh"}}}},
		{name: "a TrafficSplit", world: apply("apiVersion: split.smi-spec.io/v1alpha2\nkind: TrafficSplit\nmetadata: {name: ab, namespace: shop}\nspec: {service: all, backends: [{service: checkout, weight: 50}, {service: cart, weight: 50}]}\n"),
			want: past("TrafficSplit", "ab", "checkout")},
		{name: "a way in for testers", world: behind("HTTPRoute", "testers", "[{name: checkout-canary}]"),
			want: []rollout.Problem{{Code: rollout.ProblemOtherWaysCanary, Object: ref("Service", "checkout-canary"), Names: []string{"HTTPRoute testers"}}}},
		{name: "more than people read", world: func(s *kubetest.Server) {
			for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
				ingress(name, "{defaultBackend: {service: {name: checkout}}}")(s)
			}
			behind("HTTPRoute", "other", "[{name: checkout}]")(s)
		}, want: []rollout.Problem{{
			Code: rollout.ProblemOtherWays, Object: ref("Service", "checkout"), Count: 2,
			Names: []string{"HTTPRoute other", "Ingress a", "Ingress b", "Ingress c", "Ingress d"},
		}}},
		{name: "another Service in front of stable, and a route to it", world: func(s *kubetest.Server) {
			s.Apply("helm", internal)
			behind("HTTPRoute", "admin", "[{name: internal}]")(s)
		}, want: append([]rollout.Problem{beside}, past("HTTPRoute", "admin", "internal")...)},
		{name: "a Service with no selector, and one that is a name", world: apply("apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\nspec: {}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: shop}\nspec: {type: ExternalName, externalName: example.com, selector: {app: checkout, track: stable}}\n")},
		{name: "a load balancer of its own", world: service("checkout", func(o kubetest.Object) { spec(o)["type"] = "LoadBalancer" }),
			want: []rollout.Problem{{Code: rollout.ProblemServiceExposed, Object: ref("Service", "checkout"), Value: "type LoadBalancer"}}},
		{name: "addresses of its own", world: service("checkout", func(o kubetest.Object) { spec(o)["externalIPs"] = []any{"198.51.100.7"} }),
			want: []rollout.Problem{{Code: rollout.ProblemServiceExposed, Object: ref("Service", "checkout"), Value: "externalIPs"}}},
		{name: "the node's own pods only", world: service("checkout", func(o kubetest.Object) { spec(o)["internalTrafficPolicy"] = "Local" }),
			want: []rollout.Problem{{Code: rollout.ProblemServiceLocal, Object: ref("Service", "checkout")}}},
		{name: "what may not be listed is said in one line", world: func(s *kubetest.Server) {
			s.Deny("list", "ingresses")
			s.Deny("list", "httproutes")
			behind("GRPCRoute", "grpc", "[{name: checkout}]")(s)
		}, want: append(past("GRPCRoute", "grpc", "checkout"), rollout.Problem{
			Code: rollout.ProblemOtherWaysUnread, Object: rollout.ObjectRef{Namespace: "shop"},
			Names: []string{"httproutes.gateway.networking.k8s.io", "ingresses.networking.k8s.io"},
		})},
		{name: "what the cluster does not serve is not said", world: func(s *kubetest.Server) {
			s.Withdraw("networking.k8s.io/v1")
			for _, version := range []string{"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"} {
				s.Withdraw("split.smi-spec.io/" + version)
			}
		}},
	})
}

// podLabels edits the labels of stable's pods, as if its controller had followed at once.
func podLabels(edit func(labels kubetest.Object)) func(*kubetest.Server) {
	return rolledOut(func(d kubetest.Object) {
		edit(spec(d)["template"].(kubetest.Object)["metadata"].(kubetest.Object)["labels"].(kubetest.Object))
	})
}

// podSpec edits the pods of stable, as if its controller had followed at once.
func podSpec(edit func(pod kubetest.Object)) func(*kubetest.Server) {
	return rolledOut(func(d kubetest.Object) { edit(spec(spec(d)["template"].(kubetest.Object))) })
}

// affinity sets stable's affinity.
func affinity(kind string, rule any) func(*kubetest.Server) {
	return podSpec(func(pod kubetest.Object) { pod["affinity"] = kubetest.Object{kind: rule} })
}

const (
	must  = "requiredDuringSchedulingIgnoredDuringExecution"
	would = "preferredDuringSchedulingIgnoredDuringExecution"
	host  = "kubernetes.io/hostname"
)

// term is a term of pod affinity with this selector and whatever more is given.
func term(selector kubetest.Object, more kubetest.Object) kubetest.Object {
	t := kubetest.Object{"topologyKey": host, "labelSelector": selector}
	for k, v := range more {
		t[k] = v
	}
	return t
}

func labels(pairs ...string) kubetest.Object {
	all := kubetest.Object{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return kubetest.Object{"matchLabels": all}
}

func expression(key, operator string, values ...string) kubetest.Object {
	e := kubetest.Object{"key": key, "operator": operator}
	if len(values) > 0 {
		e["values"] = values
	}
	return kubetest.Object{"matchExpressions": []any{e}}
}

// What of stable's spread means its own kind, and is the canary's own in the canary.
func TestPodsSpreadAmongTheirOwnKind(t *testing.T) {
	t.Parallel()
	const apart = "spec.affinity.podAntiAffinity." + must + "[0].labelSelector"
	mine, canarys := labels("app", "checkout", "track", "stable"), labels("app", "checkout", "track", "canary")
	anti := func(selector, more kubetest.Object) kubetest.Object {
		return kubetest.Object{must: []any{term(selector, more)}}
	}
	in := expression("track", "In", "canary")
	for _, c := range []struct {
		name     string
		kind     string // of affinity; empty: topology spread
		rule     any
		selector []any // where in the rule the selector is
		want     kubetest.Object
		changed  string // the field that the start names; empty: none
		keeps    string // the topology in which no pod of the other side may be
	}{
		{"anti-affinity to its own kind", "podAntiAffinity", anti(mine, nil), []any{must, 0}, canarys, apart, ""},
		{"anti-affinity by the label alone", "podAntiAffinity", anti(labels("track", "stable"), nil), []any{must, 0}, labels("track", "canary"), apart, ""},
		{"one of several values", "podAntiAffinity", anti(expression("track", "In", "stable", "next"), nil), []any{must, 0}, in, apart, ""},
		{"everything but a canary", "podAntiAffinity", anti(expression("track", "NotIn", "canary"), nil), []any{must, 0}, in, apart, ""},
		{"its own namespace, by name", "podAntiAffinity", anti(mine, kubetest.Object{"namespaces": []any{"shop"}}), []any{must, 0}, canarys, apart, ""},
		{"every namespace", "podAntiAffinity", anti(mine, kubetest.Object{"namespaceSelector": kubetest.Object{}}), []any{must, 0}, canarys, apart, ""},
		{"namespaces by a label that nobody knows here", "podAntiAffinity", anti(mine, kubetest.Object{"namespaceSelector": labels("team", "payments")}), []any{must, 0}, canarys, apart, ""},
		{"another namespace, by its name as a label", "podAntiAffinity", anti(mine, kubetest.Object{"namespaceSelector": labels("kubernetes.io/metadata.name", "cart")}), []any{must, 0}, mine, "", ""},
		{"another namespace", "podAntiAffinity", anti(mine, kubetest.Object{"namespaces": []any{"cart"}}), []any{must, 0}, mine, "", ""},
		{"its own template", "podAntiAffinity", anti(mine, kubetest.Object{"matchLabelKeys": []any{"pod-template-hash"}}), []any{must, 0}, canarys, apart, ""},
		{"others of its track", "podAntiAffinity", anti(labels("track", "stable"), kubetest.Object{"mismatchLabelKeys": []any{"app"}}), []any{must, 0}, labels("track", "stable"), "", ""},
		{"another program", "podAntiAffinity", anti(labels("app", "noisy", "track", "stable"), nil), []any{must, 0}, labels("app", "noisy", "track", "stable"), "", ""},
		{"both sides", "podAntiAffinity", anti(labels("app", "checkout"), nil), []any{must, 0}, labels("app", "checkout"), "", host},
		{"both sides, of one template", "podAntiAffinity", anti(labels("app", "checkout"), kubetest.Object{"matchLabelKeys": []any{"pod-template-hash"}}), []any{must, 0}, labels("app", "checkout"), "", ""},
		{"both sides, of one track", "podAntiAffinity", anti(labels("app", "checkout"), kubetest.Object{"matchLabelKeys": []any{"track"}}), []any{must, 0}, labels("app", "checkout"), "", ""},
		{"both sides, elsewhere", "podAntiAffinity", anti(labels("app", "checkout"), kubetest.Object{"namespaces": []any{"cart"}}), []any{must, 0}, labels("app", "checkout"), "", ""},
		{"both sides, where it can be", "podAntiAffinity", kubetest.Object{would: []any{kubetest.Object{"weight": 1, "podAffinityTerm": term(labels("app", "checkout"), nil)}}}, []any{would, 0, "podAffinityTerm"}, labels("app", "checkout"), "", ""},
		{"anti-affinity that is a wish", "podAntiAffinity", kubetest.Object{would: []any{kubetest.Object{"weight": 1, "podAffinityTerm": term(mine, nil)}}}, []any{would, 0, "podAffinityTerm"}, canarys, "spec.affinity.podAntiAffinity." + would + "[0].labelSelector", ""},
		{"affinity to its own kind", "podAffinity", anti(mine, nil), []any{must, 0}, canarys, "spec.affinity.podAffinity." + must + "[0].labelSelector", ""},
		{"affinity to a cache", "podAffinity", anti(labels("app", "cache"), nil), []any{must, 0}, labels("app", "cache"), "", ""},
		{"spread of its own kind", "", term(mine, kubetest.Object{"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}), nil, canarys, "spec.topologySpreadConstraints[0].labelSelector", ""},
		{"spread of both sides", "", term(labels("app", "checkout"), kubetest.Object{"maxSkew": 1}), nil, labels("app", "checkout"), "", ""},
		{"spread of its own template", "", term(labels("app", "checkout"), kubetest.Object{"matchLabelKeys": []any{"pod-template-hash"}}), nil, labels("app", "checkout"), "", ""},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			if c.kind == "" {
				podSpec(func(pod kubetest.Object) { pod["topologySpreadConstraints"] = []any{c.rule} })(s)
			} else {
				affinity(c.kind, c.rule)(s)
			}
			var want []rollout.Problem
			if c.changed != "" {
				want = append(want, rollout.Problem{Code: rollout.ProblemCanaryTemplate, Object: ref("Deployment", "checkout-canary"), Names: []string{c.changed}})
			}
			if c.keeps != "" {
				want = append(want, rollout.Problem{Code: rollout.ProblemKeepsApart, Object: ref("Deployment", "checkout"), Key: "spec.affinity.podAntiAffinity." + must + "[0]", Value: c.keeps})
			}
			if diff := cmp.Diff(connect(t, s).Preflight(t.Context(), queued()).Notices, append(want, stays, exposed)); diff != "" {
				t.Errorf("notices, got before want:\n%s", diff)
			}
			canary, _ := made(t, s, kubetest.Rollout())
			pod := spec(spec(canary)["template"].(kubetest.Object))
			at := any(pod["topologySpreadConstraints"])
			if c.kind == "" {
				at = at.([]any)[0]
			} else {
				at = pod["affinity"].(kubetest.Object)[c.kind]
			}
			for _, step := range c.selector {
				if i, ok := step.(int); ok {
					at = at.([]any)[i]
				} else {
					at = at.(kubetest.Object)[step.(string)]
				}
			}
			if diff := cmp.Diff(plainly(t, at.(kubetest.Object)["labelSelector"]), plainly(t, c.want)); diff != "" {
				t.Errorf("selector, got before want:\n%s", diff)
			}
		})
	}
}

// A canary that was there before may spread among its own kind, or as stable's manifest says: neither is a difference.
func TestSpreadIsNoDifferenceOfAFoundCanary(t *testing.T) {
	t.Parallel()
	for _, track := range []string{"canary", "stable"} {
		kubetest.Run(t, track, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+foundCanary)
			spread := func(track string) any { return []any{term(labels("track", track), kubetest.Object{"maxSkew": 1})} }
			podSpec(func(pod kubetest.Object) { pod["topologySpreadConstraints"] = spread("stable") })(s)
			deployment("checkout-canary", func(d kubetest.Object) {
				spec(spec(d)["template"].(kubetest.Object))["topologySpreadConstraints"] = spread(track)
			})(s)
			if got := connect(t, s).Preflight(t.Context(), queued()).Original.TemplateDiffers; len(got) > 0 {
				t.Errorf("got %v, want no difference", got)
			}
		})
	}
}

// A port of the node is one pod's only.
func TestPortsOfNodesAreNamed(t *testing.T) {
	t.Parallel()
	want := []rollout.Problem{{Code: rollout.ProblemKeepsApart, Object: ref("Deployment", "checkout"), Key: "spec.containers[0].ports[0].hostPort", Value: host}}
	port := func(pod kubetest.Object) kubetest.Object {
		return pod["containers"].([]any)[0].(kubetest.Object)["ports"].([]any)[0].(kubetest.Object)
	}
	checkNotices(t, []noticeCase{
		{name: "a host's port", world: podSpec(func(pod kubetest.Object) { port(pod)["hostPort"] = 8080 }), want: want},
		{name: "the host's network", world: podSpec(func(pod kubetest.Object) { pod["hostNetwork"] = true }), want: want},
		{name: "the host's network without a port", world: podSpec(func(pod kubetest.Object) {
			pod["hostNetwork"] = true
			delete(pod["containers"].([]any)[0].(kubetest.Object), "ports")
		})},
	})
}

// Annotations by which a pod is registered somewhere are named where they are left out.
func TestRegistrationsOfPodsAreNamed(t *testing.T) {
	t.Parallel()
	checkNotices(t, []noticeCase{{name: "Consul and DNS", world: rolledOut(func(d kubetest.Object) {
		for _, key := range []string{"consul.hashicorp.com/connect-inject", "consul.hashicorp.com/connect-service", "external-dns.alpha.kubernetes.io/hostname"} {
			kubetest.Annotate(spec(d)["template"].(kubetest.Object), key, "checkout")
		}
	}), want: []rollout.Problem{{
		Code: rollout.ProblemCanaryTemplate, Object: ref("Deployment", "checkout-canary"),
		Names: []string{"metadata.annotations[consul.hashicorp.com/connect-service]", "metadata.annotations[external-dns.alpha.kubernetes.io/hostname]"},
	}}}})
}

// plainly returns the value as JSON has it.
func plainly(t *testing.T, v any) any {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(body, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

// What keeps telling stable's version in the canary's pods.
func TestVersionThatStaysIsNamed(t *testing.T) {
	t.Parallel()
	label := func(key, value string) func(*kubetest.Server) {
		return podLabels(func(l kubetest.Object) { l[key] = value })
	}
	variables := func(list string, env ...any) func(*kubetest.Server) {
		return podSpec(func(pod kubetest.Object) {
			if pod[list] == nil {
				pod[list] = []any{kubetest.Object{"name": "cache", "image": "registry.example.com/cache:v1.2.3"}}
			}
			pod[list].([]any)[0].(kubetest.Object)["env"] = env
		})
	}
	variable := func(name, value string) any { return kubetest.Object{"name": name, "value": value} }
	stays := func(names ...string) []rollout.Problem {
		return []rollout.Problem{{Code: rollout.ProblemVersionStays, Object: ref("Deployment", "checkout-canary"), Names: names}}
	}
	checkNotices(t, []noticeCase{
		{name: "a label of any name that has it", world: label("release", "v1.2.3"), want: stays("label release")},
		{name: "a label that has it without its v", world: label("release", "1.2.3"), want: stays("label release")},
		{name: "the common label, whatever it has", world: label("app.kubernetes.io/version", "1.2"), want: stays("label app.kubernetes.io/version")},
		{name: "Datadog's label", world: label("tags.datadoghq.com/version", "1f3c"), want: stays("label tags.datadoghq.com/version")},
		{name: "a label of a version of something else", world: label("version", "v1")},
		{name: "a label in which the canary differs", world: func(s *kubetest.Server) {
			label("track", "v1.2.3")(s)
			service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"track": "v1.2.3"} })(s)
		}},
		{name: "variables, in their order", world: variables("containers", variable("TAG", "v1.2.3"), variable("SENTRY_RELEASE", "5f2a"), variable("DD_VERSION", "5f2a"), variable("PORT", "8080")),
			want: stays("variable DD_VERSION", "variable SENTRY_RELEASE", "variable TAG")},
		{name: "attributes of spans", world: variables("containers", variable("OTEL_RESOURCE_ATTRIBUTES", "service.name=$(NAME),service.version=1.2")), want: stays("variable OTEL_RESOURCE_ATTRIBUTES")},
		{name: "attributes of spans without it", world: variables("containers", variable("OTEL_RESOURCE_ATTRIBUTES", "service.criticality=high"))},
		{name: "what the variable takes from elsewhere", world: variables("containers", variable("OTEL_RESOURCE_ATTRIBUTES", "service.version=$(VERSION)"), variable("SENTRY_RELEASE", "$(VERSION)"),
			kubetest.Object{"name": "DD_VERSION", "valueFrom": kubetest.Object{"fieldRef": kubetest.Object{"fieldPath": "metadata.labels['x']"}}})},
		{name: "a container of another program", world: variables("initContainers", variable("CACHE_VERSION", "v1.2.3"))},
	})
}
