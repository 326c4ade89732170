package kube_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/kube/object"
)

// problemCase keeps the shop's rollout from starting by one thing.
type problemCase struct {
	name   string
	world  func(*kubetest.Server)
	change func(*rollout.Rollout)
	want   []rollout.Problem
}

// ref names an object in the shop.
func ref(kind, name string) rollout.ObjectRef { return object.Ref(kind, "shop", name) }

func deployment(name string, edit func(kubetest.Object)) func(*kubetest.Server) {
	return func(s *kubetest.Server) { s.Edit("kubectl", "deployments", "shop", name, edit) }
}

// rolledOut edits stable as if its controller had followed at once.
func rolledOut(edit func(kubetest.Object)) func(*kubetest.Server) {
	return deployment("checkout", func(d kubetest.Object) {
		edit(d)
		d["status"].(kubetest.Object)["observedGeneration"] = 2
	})
}

func service(name string, edit func(kubetest.Object)) func(*kubetest.Server) {
	return func(s *kubetest.Server) { s.Edit("kubectl", "services", "shop", name, edit) }
}

func apply(manifests string) func(*kubetest.Server) {
	return func(s *kubetest.Server) { s.Apply("helm", manifests) }
}

func plan(weights ...rollout.Weight) func(*rollout.Rollout) {
	return func(r *rollout.Rollout) {
		r.Spec.Plan.Steps = nil
		for _, w := range weights {
			r.Spec.Plan.Steps = append(r.Spec.Plan.Steps, rollout.Step{Weight: w})
		}
	}
}

func wayBack(r *rollout.Rollout) { r.Spec.Plan = rollout.WayBack() }

func annotate(resource, name, key, value string) func(*kubetest.Server) {
	return func(s *kubetest.Server) {
		s.Edit("kubectl", resource, "shop", name, func(o kubetest.Object) { kubetest.Annotate(o, key, value) })
	}
}

func hpa(target string) string {
	return "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: grow, namespace: shop}\nspec: {scaleTargetRef: {kind: Deployment, name: " + target + "}}\n"
}

func recreate(s *kubetest.Server) {
	rolledOut(func(d kubetest.Object) { spec(d)["strategy"] = kubetest.Object{"type": "Recreate"} })(s)
}

// single leaves stable one replica that has to stop before the next starts.
func single(s *kubetest.Server) { alone(0)(s) }

// singleThatMayGo leaves stable one replica that can surge and need not wait for the next all the same.
func singleThatMayGo(s *kubetest.Server) { alone(1)(s) }

func alone(surge int) func(*kubetest.Server) {
	return rolledOut(func(d kubetest.Object) {
		spec(d)["replicas"] = 1
		spec(d)["strategy"] = kubetest.Object{"rollingUpdate": kubetest.Object{"maxSurge": surge, "maxUnavailable": 1}}
		d["status"] = kubetest.Object{"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
	})
}

// check runs the preflight of each case, and expects exactly its problems.
func check(t *testing.T, cases []problemCase) {
	t.Helper()
	for _, c := range cases {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			if c.world != nil {
				c.world(s)
			}
			r := queued()
			if c.change != nil {
				c.change(&r)
			}
			got := connect(t, s).Preflight(t.Context(), r)
			if !got.Unreadable.IsZero() {
				t.Fatalf("%+v", got.Unreadable)
			}
			if diff := cmp.Diff(got.Problems, c.want); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

// What has to be right about stable.
func TestProblemsOfStable(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "stable is missing", change: func(r *rollout.Rollout) { r.Spec.Objects.Stable = "other" },
			want: []rollout.Problem{{Code: rollout.ProblemStableMissing, Service: "checkout", Object: ref("Deployment", "other"), Key: "stable"}}},
		{name: "stable is paused", world: rolledOut(func(d kubetest.Object) { spec(d)["paused"] = true }),
			want: []rollout.Problem{{Code: rollout.ProblemPaused, Object: ref("Deployment", "checkout")}}},
		{name: "stable is at 0", world: rolledOut(func(d kubetest.Object) { spec(d)["replicas"] = 0 }),
			want: []rollout.Problem{{Code: rollout.ProblemNoReplicas, Object: ref("Deployment", "checkout")}}},
		{name: "stable is not rolled out", world: deployment("checkout", func(d kubetest.Object) { d["status"].(kubetest.Object)["availableReplicas"] = 3 }),
			want: []rollout.Problem{{Code: rollout.ProblemNotRolledOut, Object: ref("Deployment", "checkout"), Value: "3", Count: 4, Limit: 4}}},
		{name: "stable is not rolled out, and the plan asks for no evidence", change: wayBack,
			world: deployment("checkout", func(d kubetest.Object) { d["status"].(kubetest.Object)["availableReplicas"] = 0 })},
		{name: "stable is at 0, on the way back", world: rolledOut(func(d kubetest.Object) { spec(d)["replicas"] = 0 }), change: wayBack,
			want: []rollout.Problem{{Code: rollout.ProblemNoReplicas, Object: ref("Deployment", "checkout")}}},
		{name: "stable is paused, on the way back", world: rolledOut(func(d kubetest.Object) { spec(d)["paused"] = true }), change: wayBack,
			want: []rollout.Problem{{Code: rollout.ProblemPaused, Object: ref("Deployment", "checkout")}}},
		{name: "stable runs what the way back rolls back", change: func(r *rollout.Rollout) { r.Request.Replaces = kubetest.OldImage }},
		{name: "stable runs something else than the way back rolls back", change: func(r *rollout.Rollout) { r.Request.Replaces = "registry.example.com/shop/checkout:v1.2.2" },
			want: []rollout.Problem{{
				Code: rollout.ProblemUnreleased, Service: "checkout", Value: kubetest.OldImage, Want: "registry.example.com/shop/checkout:v1.2.2",
			}}},
		{name: "the same image", change: func(r *rollout.Rollout) { r.Image = kubetest.OldImage },
			want: []rollout.Problem{{Code: rollout.ProblemAlreadyRuns, Object: ref("Deployment", "checkout"), Value: "v1.2.3"}}},
		{name: "no such container", change: func(r *rollout.Rollout) { r.Spec.Objects.Containers = rollout.Containers{"app"} },
			want: []rollout.Problem{{Code: rollout.ProblemContainerMissing, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "container", Value: "app", Names: []string{"checkout"}}}},
	})
}

// What stable can bear of a plan.
func TestProblemsOfThePlan(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "Recreate", world: recreate,
			want: []rollout.Problem{{Code: rollout.ProblemRecreate, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "plan"}}},
		{name: "Recreate with a plan that ends at 100", world: recreate, change: plan(5, 100)},
		{name: "one replica that cannot surge", world: single,
			want: []rollout.Problem{{Code: rollout.ProblemNoSurge, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "plan"}}},
		{name: "one replica that may go before the next serves", world: singleThatMayGo,
			want: []rollout.Problem{{Code: rollout.ProblemLosesOne, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "plan"}}},
		{name: "all replicas may go before the next serve", world: rolledOut(func(d kubetest.Object) {
			spec(d)["strategy"] = kubetest.Object{"rollingUpdate": kubetest.Object{"maxSurge": 1, "maxUnavailable": "100%"}}
		}), want: []rollout.Problem{{Code: rollout.ProblemLosesAll, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "plan"}}},
		{name: "a scaler and more than half", world: apply(hpa("checkout")), change: plan(5, 60)},
		{name: "two scalers", world: apply(hpa("checkout") + "---\n" + strings.Replace(hpa("checkout"), "grow", "grow-more", 1)),
			want: []rollout.Problem{{Code: rollout.ProblemScalersSeveral, Object: ref("Deployment", "checkout"), Names: []string{"grow", "grow-more"}}}},
		{name: "a scaler that another store holds", world: func(s *kubetest.Server) {
			apply(hpa("checkout"))(s)
			annotate("horizontalpodautoscalers", "grow", "canarybot.io/applied", `{"store":"store-2","rollout":"checkout-7","revision":3,"replicas":4}`)(s)
		}, want: []rollout.Problem{{Code: rollout.ProblemStampOtherStore, Object: ref("HorizontalPodAutoscaler", "grow"), Rollout: "checkout-7", Value: "store-2", Key: "canarybot.io/applied"}}},
		{name: "a scaler and half", world: apply(hpa("checkout")), change: plan(5, 50)},
		{name: "a scaler and everybody", world: apply(hpa("checkout")), change: plan(60, 100)},
		{name: "a scaler on the canary", world: apply(hpa("checkout-canary")),
			want: []rollout.Problem{{Code: rollout.ProblemScalerOnCanary, Object: ref("HorizontalPodAutoscaler", "grow"), Other: ref("Deployment", "checkout")}}},
		{name: "a volume for one node", world: func(s *kubetest.Server) {
			s.Apply("helm", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\nspec: {accessModes: [ReadWriteOnce]}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: shared, namespace: shop}\nspec: {accessModes: [ReadWriteMany]}\n")
			rolledOut(func(d kubetest.Object) {
				spec(d)["template"].(kubetest.Object)["spec"].(kubetest.Object)["volumes"] = []any{
					kubetest.Object{"name": "d", "persistentVolumeClaim": kubetest.Object{"claimName": "data"}},
					kubetest.Object{"name": "s", "persistentVolumeClaim": kubetest.Object{"claimName": "shared"}},
					kubetest.Object{"name": "gone", "persistentVolumeClaim": kubetest.Object{"claimName": "gone"}},
				}
			})(s)
		}, want: []rollout.Problem{{Code: rollout.ProblemVolumeNotShared, Object: ref("PersistentVolumeClaim", "data"), Value: "ReadWriteOnce"}}},
	})
}

// Who would reach whose pods.
func TestProblemsOfReach(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "stable's Service is missing", change: func(r *rollout.Rollout) { r.Spec.Objects.StableService = "other" },
			want: []rollout.Problem{{Code: rollout.ProblemStableServiceMissing, Service: "checkout", Object: ref("Service", "other"), Other: ref("Deployment", "checkout"), Key: "stable_service"}, {Code: rollout.ProblemStableUnnamed, Service: "checkout", Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "other"), Key: "stable_service"}}},
		{name: "stable's Service selects somebody else", world: service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"app": "cart", "track": "stable"} }),
			want: []rollout.Problem{{Code: rollout.ProblemStableServiceElsewhere, Service: "checkout", Object: ref("Service", "checkout"), Other: ref("Deployment", "checkout"), Key: "stable_service"}}},
		{name: "nothing tells the canary from stable", world: service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"app": "checkout"} }),
			want: []rollout.Problem{{Code: rollout.ProblemLabelsReachCanary, Service: "checkout", Object: ref("Service", "checkout"), Key: "canary_labels", Value: "checkout-canary", Want: "app", Names: []string{"app"}}}},
		{name: "nothing tells the canary from stable, nor for a budget", world: func(s *kubetest.Server) {
			service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"app": "checkout"} })(s)
			s.Apply("helm", "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: keep, namespace: shop}\nspec: {selector: {matchLabels: {track: stable}}}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: told-apart, namespace: shop}\nspec: {selector: {matchLabels: {app: checkout}}}\n")
		}, want: []rollout.Problem{
			{Code: rollout.ProblemLabelsReachCanary, Service: "checkout", Object: ref("Service", "checkout"), Key: "canary_labels", Value: "checkout-canary", Want: "app", Names: []string{"app"}},
			{Code: rollout.ProblemBudgetOnBoth, Object: ref("PodDisruptionBudget", "keep"), Want: rollout.LabelsInConfig, Names: []string{"track"}},
		}},
		{name: "the label that is proposed tells the Deployment's pods apart, too", world: func(s *kubetest.Server) {
			rolledOut(func(d kubetest.Object) {
				spec(d)["selector"] = kubetest.Object{"matchLabels": kubetest.Object{"version": "v1.2.3"}}
			})(s)
			service("checkout", func(o kubetest.Object) {
				spec(o)["selector"] = kubetest.Object{"app": "checkout", "version": "v1.2.3"}
			})(s)
		}, want: []rollout.Problem{{Code: rollout.ProblemLabelsReachCanary, Service: "checkout", Object: ref("Service", "checkout"), Key: "canary_labels", Value: "checkout-canary", Want: "version", Names: []string{"app", "version"}}}},
		{name: "the Service is told apart and the Deployment is not", world: func(s *kubetest.Server) {
			rolledOut(func(d kubetest.Object) {
				spec(d)["selector"] = kubetest.Object{"matchLabels": kubetest.Object{"app": "checkout"}}
			})(s)
		}, want: []rollout.Problem{{Code: rollout.ProblemStableSelectsCanary, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "canary_labels", Want: rollout.LabelsInConfig, Names: []string{"app"}}}},
		{name: "a budget for both", world: apply("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: keep, namespace: shop}\nspec: {selector: {matchLabels: {app: checkout}}}\n"),
			want: []rollout.Problem{{Code: rollout.ProblemBudgetOnBoth, Object: ref("PodDisruptionBudget", "keep"), Want: rollout.LabelsInConfig, Names: []string{"app"}}}},
		{name: "a budget for both, by labels that the Service does not select on", world: func(s *kubetest.Server) {
			rolledOut(func(d kubetest.Object) {
				spec(d)["template"].(kubetest.Object)["metadata"].(kubetest.Object)["labels"].(kubetest.Object)["app.kubernetes.io/name"] = "checkout"
			})(s)
			s.Apply("helm", "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: keep, namespace: shop}\nspec: {selector: {matchLabels: {app.kubernetes.io/name: checkout}, matchExpressions: [{key: app, operator: In, values: [checkout, cart]}, {key: track, operator: Exists}]}}\n")
		}, want: []rollout.Problem{{Code: rollout.ProblemBudgetOnBoth, Object: ref("PodDisruptionBudget", "keep"), Want: rollout.LabelsInConfig, Names: []string{"app", "app.kubernetes.io/name"}}}},
		{name: "another Service in front of both", world: func(s *kubetest.Server) {
			s.Apply("helm", "apiVersion: v1\nkind: Service\nmetadata: {name: all, namespace: shop}\nspec: {selector: {app: checkout}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: preview, namespace: shop}\nspec: {selector: {app: checkout, track: canary}}\n")
		}, want: []rollout.Problem{{Code: rollout.ProblemServiceOnBoth, Object: ref("Service", "all"), Want: rollout.LabelsInConfig, Names: []string{"app"}}}},
		{name: "a split's root is in front of both", world: func(s *kubetest.Server) {
			s.Apply("helm", "apiVersion: v1\nkind: Service\nmetadata: {name: all, namespace: shop}\nspec: {selector: {app: checkout}}\n")
		}, change: func(r *rollout.Rollout) { r.Spec.Objects.Route.Service = "all" }},
		{name: "a stranger behind stable's Service", world: func(s *kubetest.Server) {
			service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"track": "stable"} })(s)
			s.Apply("helm", "apiVersion: v1\nkind: Pod\nmetadata: {name: cart-1, namespace: shop, labels: {app: cart, track: stable}}\nstatus: {phase: Running}\n")
		}, want: []rollout.Problem{{Code: rollout.ProblemServiceOnStranger, Object: ref("Service", "checkout"), Other: ref("Deployment", "checkout"), Value: "cart-1"}}},
		{name: "a found canary that runs", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			deployment("checkout-canary", func(d kubetest.Object) { spec(d)["replicas"] = 2; spec(d)["paused"] = true })(s)
		}, want: []rollout.Problem{
			{Code: rollout.ProblemPaused, Object: ref("Deployment", "checkout-canary")},
			{Code: rollout.ProblemCanaryRuns, Object: ref("Deployment", "checkout-canary"), Count: 2},
		}},
	})
}

// Whose pods a Service reaches is told by who made them: a pod with the right labels may be anybody's.
func TestStrangersBehindServices(t *testing.T) {
	t.Parallel()
	var cases []problemCase
	for _, o := range owners {
		c := problemCase{name: "of " + o.name, world: apply(stableSet + "\n---\n" + stranger("p", o.reference))}
		if o.name != "" {
			p := rollout.Problem{Code: rollout.ProblemServiceOnStranger, Object: ref("Service", "checkout"), Other: ref("Deployment", "checkout"), Value: "p"}
			if !strings.HasPrefix(o.name, "nobody") {
				p.Want = o.name
			}
			c.want = []rollout.Problem{p}
		}
		cases = append(cases, c)
	}
	report := rollout.Problem{Code: rollout.ProblemServiceOnStranger, Object: ref("Service", "checkout"), Other: ref("Deployment", "checkout"), Value: "a", Want: "Job report-29"}
	bare := report
	bare.Value, bare.Want = "c", ""
	check(t, append(cases, []problemCase{
		{name: "each owner once", world: apply(stableSet + "\n---\n" + stranger("a", owners[3].reference) + "\n---\n" + stranger("b", owners[3].reference) + "\n---\n" + stranger("c", "")),
			want: []rollout.Problem{report, bare}},
		{name: "a job that is done", world: apply(strings.Replace(stranger("a", owners[3].reference), "phase: Running", "phase: Succeeded", 1))},
		{name: "a pod behind a canary's Service before there is a canary", world: func(s *kubetest.Server) {
			_, service, _ := strings.Cut(foundCanary, "\n---\n")
			s.Apply("helm", service+"\n---\n"+pod("a", "canary-of-yesterday", "{phase: Running}"))
		}, want: []rollout.Problem{{
			Code: rollout.ProblemServiceOnStranger, Object: ref("Service", "checkout-canary"), Other: ref("Deployment", "checkout-canary"), Value: "a", Want: "ReplicaSet canary-of-yesterday",
		}}},
	}...))
}

// A Service that selects no pods has no two sides.
func TestProblemsOfServicesWithoutPods(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "a name for something elsewhere", world: service("checkout", func(o kubetest.Object) { spec(o)["type"] = "ExternalName" }),
			want: []rollout.Problem{{Code: rollout.ProblemServiceExternal, Service: "checkout", Key: "stable_service", Object: ref("Service", "checkout"), Other: ref("Deployment", "checkout")}}},
		{name: "no selector", world: service("checkout", func(o kubetest.Object) { delete(spec(o), "selector") }),
			want: []rollout.Problem{{Code: rollout.ProblemServiceSelectless, Service: "checkout", Key: "stable_service", Object: ref("Service", "checkout"), Other: ref("Deployment", "checkout")}}},
		{name: "a canary's that is a name for something elsewhere", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			service("checkout-canary", func(o kubetest.Object) { spec(o)["type"] = "ExternalName" })(s)
		}, want: []rollout.Problem{{Code: rollout.ProblemServiceExternal, Service: "checkout", Key: "canary_service", Object: ref("Service", "checkout-canary"), Other: ref("Deployment", "checkout-canary")}}},
	})
}

// A canary that was found.
func TestProblemsOfTheCanary(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "a found canary within reach of stable's Service", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			deployment("checkout-canary", func(d kubetest.Object) {
				spec(d)["template"].(kubetest.Object)["metadata"] = kubetest.Object{"labels": kubetest.Object{"app": "checkout", "track": "stable"}}
			})(s)
		}, want: []rollout.Problem{
			{Code: rollout.ProblemStableServiceOnCanary, Object: ref("Service", "checkout"), Other: ref("Deployment", "checkout-canary")},
			{Code: rollout.ProblemCanaryServiceElsewhere, Object: ref("Service", "checkout-canary"), Other: ref("Deployment", "checkout-canary"), Value: "app=checkout,track=stable"},
			{Code: rollout.ProblemStableSelectsCanary, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "canary_labels", Want: rollout.LabelsInTemplate, Names: []string{"app", "track"}},
		}},
		{name: "a found Service that reaches stable and lacks a port", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			service("checkout-canary", func(o kubetest.Object) {
				spec(o)["selector"] = kubetest.Object{"app": "checkout"}
				spec(o)["ports"] = []any{kubetest.Object{"port": 8080}}
			})(s)
		}, want: []rollout.Problem{
			{Code: rollout.ProblemCanaryServiceOnStable, Object: ref("Service", "checkout-canary"), Other: ref("Deployment", "checkout")},
			{Code: rollout.ProblemCanaryServicePort, Object: ref("Service", "checkout-canary"), Other: ref("Service", "checkout"), Value: "80/TCP"},
		}},
	})
}

// Who else writes there.
func TestProblemsOfOwners(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "another store's stamp", world: annotate("deployments", "checkout", "canarybot.io/applied", `{"store":"lost","rollout":"checkout-7","revision":3}`),
			want: []rollout.Problem{{Code: rollout.ProblemStampOtherStore, Rollout: "checkout-7", Object: ref("Deployment", "checkout"), Key: "canarybot.io/applied", Value: "lost"}}},
		{name: "another service's stamp", world: annotate("deployments", "checkout", "canarybot.io/applied", `{"store":"store-1","rollout":"cart-7","revision":3}`),
			want: []rollout.Problem{{Code: rollout.ProblemStampOtherService, Rollout: "cart-7", Object: ref("Deployment", "checkout"), Key: "canarybot.io/applied"}}},
		{name: "an earlier stamp of the service's own", world: annotate("deployments", "checkout", "canarybot.io/applied", `{"store":"store-1","rollout":"checkout-7","revision":3}`)},
		{name: "a stamp that nobody can read", world: annotate("httproutes", "checkout", "canarybot.io/applied", `{`),
			want: []rollout.Problem{{Code: rollout.ProblemStampUnreadable, Object: ref("HTTPRoute", "checkout"), Key: "canarybot.io/applied"}}},
		{name: "a standing request to roll back", world: annotate("httproutes", "checkout", "canarybot.io/rollback", "now"),
			want: []rollout.Problem{{Code: rollout.ProblemRollbackAsked, Object: ref("HTTPRoute", "checkout"), Key: "canarybot.io/rollback", Value: "now"}}},
		{name: "no router for the kind", change: func(r *rollout.Rollout) { r.Spec.Objects.Route.Kind = "VirtualService" },
			want: []rollout.Problem{{Code: rollout.ProblemRouteKindUnknown, Service: "checkout", Key: "route.kind", Value: "VirtualService", Names: []string{"HTTPRoute"}}}},
	})
}

// What the cluster lets us do.
func TestProblemsOfTheCluster(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "the kind is not served", world: func(s *kubetest.Server) {
			s.Withdraw("gateway.networking.k8s.io/v1")
			s.Withdraw("gateway.networking.k8s.io/v1beta1")
		}, want: []rollout.Problem{{Code: rollout.ProblemKindNotServed, Service: "checkout", Object: rollout.ObjectRef{Kind: "HTTPRoute"}, Key: "route.kind", Value: "gateway.networking.k8s.io", Names: []string{"v1", "v1beta1"}}}},
		{name: "rights to read are missing", world: func(s *kubetest.Server) { s.Deny("list", "pods"); s.Deny("patch", "httproutes") },
			want: []rollout.Problem{
				{Code: rollout.ProblemRightsMissing, Object: rollout.ObjectRef{Kind: "pods", Namespace: "shop"}, Names: []string{"list"}},
				{Code: rollout.ProblemRightsMissingRoute, Object: rollout.ObjectRef{Kind: "httproutes.gateway.networking.k8s.io", Namespace: "shop"}, Names: []string{"patch"}},
			}},
		{name: "rights to make are missing", world: func(s *kubetest.Server) { s.Deny("create", "services"); s.Deny("delete", "services") },
			want: []rollout.Problem{{Code: rollout.ProblemRightsMissingCreate, Object: rollout.ObjectRef{Kind: "services", Namespace: "shop"}, Names: []string{"create", "delete"}}}},
		{name: "rights to make are not needed for a canary that is there", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			s.Deny("create", "services")
		}},
		{name: "several at once", world: func(s *kubetest.Server) {
			single(s)
			annotate("deployments", "checkout", "canarybot.io/rollback", "now")(s)
			s.Deny("delete", "deployments")
			s.Deny("patch", "deployments")
		}, want: []rollout.Problem{
			{Code: rollout.ProblemRightsMissingCreate, Object: rollout.ObjectRef{Kind: "deployments.apps", Namespace: "shop"}, Names: []string{"patch", "delete"}},
			{Code: rollout.ProblemNoSurge, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "plan"},
			{Code: rollout.ProblemRollbackAsked, Object: ref("Deployment", "checkout"), Key: "canarybot.io/rollback", Value: "now"},
		}},
	})
}
