package kube_test

import (
	"html"
	"strings"
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// problemCase puts one thing in the way of the shop's rollout. The texts are given whole where a person has to act.
type problemCase struct {
	name   string
	world  func(*kubetest.Server)
	change func(*rollout.Rollout)
	want   []string // the start of each
}

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
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := kubetest.New(t)
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
				t.Fatal(got.Unreadable)
			}
			if len(got.Problems) != len(c.want) {
				t.Fatalf("got %d problems, want %d:\n%s", len(got.Problems), len(c.want), strings.Join(view.Problems(got.Problems), "\n"))
			}
			for i, want := range c.want {
				if said := html.UnescapeString(view.Problem(got.Problems[i])); !strings.HasPrefix(said, want) {
					t.Errorf("problem %d: got %q, want %q…", i, said, want)
				}
			}
		})
	}
}

// What has to be right about stable.
func TestProblemsOfStable(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "stable is missing", change: func(r *rollout.Rollout) { r.Spec.Objects.Stable = "other" },
			want: []string{"services.checkout.stable: Deployment shop/other does not exist; name the Deployment that serves checkout now."}},
		{name: "stable is paused", world: rolledOut(func(d kubetest.Object) { spec(d)["paused"] = true }),
			want: []string{"Deployment shop/checkout is paused: kubectl -n shop rollout resume deployment/checkout"}},
		{name: "stable is at 0", world: rolledOut(func(d kubetest.Object) { spec(d)["replicas"] = 0 }),
			want: []string{"Deployment shop/checkout wants no replicas: set spec.replicas to 1 or more."}},
		{name: "stable is not rolled out", world: deployment("checkout", func(d kubetest.Object) { d["status"].(kubetest.Object)["availableReplicas"] = 3 }),
			want: []string{"Deployment shop/checkout is not rolled out: of 4 replicas 4 are updated and 3 available."}},
		{name: "stable is not rolled out, and the plan asks for no evidence", change: wayBack,
			world: deployment("checkout", func(d kubetest.Object) { d["status"].(kubetest.Object)["availableReplicas"] = 0 })},
		{name: "stable is at 0, on the way back", world: rolledOut(func(d kubetest.Object) { spec(d)["replicas"] = 0 }), change: wayBack,
			want: []string{"Deployment shop/checkout wants no replicas"}},
		{name: "stable is paused, on the way back", world: rolledOut(func(d kubetest.Object) { spec(d)["paused"] = true }), change: wayBack,
			want: []string{"Deployment shop/checkout is paused"}},
		{name: "stable runs what the way back rolls back", change: func(r *rollout.Rollout) { r.Request.Replaces = kubetest.OldImage }},
		{name: "stable runs something else than the way back rolls back", change: func(r *rollout.Rollout) { r.Request.Replaces = "registry.example.com/shop/checkout:v1.2.2" },
			want: []string{"checkout runs v1.2.3, which Canarybot did not release (the last that it did is v1.2.2)"}},
		{name: "the same image", change: func(r *rollout.Rollout) { r.Image = kubetest.OldImage },
			want: []string{"Deployment shop/checkout already runs v1.2.3; there is nothing to roll out."}},
		{name: "no such container", change: func(r *rollout.Rollout) { r.Spec.Objects.Container = "app" },
			want: []string{`services.checkout.container: Deployment checkout has no container "app"; it has checkout.`}},
	})
}

// What stable can bear of a plan.
func TestProblemsOfThePlan(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "Recreate", world: recreate,
			want: []string{"services.checkout.plan: Deployment shop/checkout has the strategy Recreate"}},
		{name: "Recreate with a plan that ends at 100", world: recreate, change: plan(5, 100)},
		{name: "one replica that cannot surge", world: single,
			want: []string{"services.checkout.plan: Deployment shop/checkout has one replica and no surge"}},
		{name: "one replica that may go before the next serves", world: singleThatMayGo,
			want: []string{"services.checkout.plan: Deployment shop/checkout has one replica and may lose it before the new one serves. Use a plan that ends with a step of weight 100, or set spec.strategy.rollingUpdate.maxUnavailable to 0."}},
		{name: "a scaler and more than half", world: apply(hpa("checkout")), change: plan(5, 60),
			want: []string{"services.checkout.plan: HorizontalPodAutoscaler shop/grow shrinks stable"}},
		{name: "a scaler and half", world: apply(hpa("checkout")), change: plan(5, 50)},
		{name: "a scaler and everybody", world: apply(hpa("checkout")), change: plan(60, 100)},
		{name: "a scaler on the canary", world: apply(hpa("checkout-canary")),
			want: []string{"HorizontalPodAutoscaler shop/grow scales the canary, whose size Canarybot sets: delete it, or let it scale checkout."}},
		{name: "a volume for one node", world: func(s *kubetest.Server) {
			s.Apply("helm", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\nspec: {accessModes: [ReadWriteOnce]}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: shared, namespace: shop}\nspec: {accessModes: [ReadWriteMany]}\n")
			rolledOut(func(d kubetest.Object) {
				spec(d)["template"].(kubetest.Object)["spec"].(kubetest.Object)["volumes"] = []any{
					kubetest.Object{"name": "d", "persistentVolumeClaim": kubetest.Object{"claimName": "data"}},
					kubetest.Object{"name": "s", "persistentVolumeClaim": kubetest.Object{"claimName": "shared"}},
					kubetest.Object{"name": "gone", "persistentVolumeClaim": kubetest.Object{"claimName": "gone"}},
				}
			})(s)
		}, want: []string{"PersistentVolumeClaim shop/data is mounted by stable and can not be shared with the canary (access modes [ReadWriteOnce])"}},
	})
}

// Who would reach whose pods.
func TestProblemsOfReach(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "stable's Service is missing", change: func(r *rollout.Rollout) { r.Spec.Objects.StableService = "other" },
			want: []string{"services.checkout.stable_service: Service shop/other does not exist", "services.checkout.stable_service: No rule of HTTPRoute"}},
		{name: "stable's Service selects somebody else", world: service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"app": "cart", "track": "stable"} }),
			want: []string{"services.checkout.stable_service: Service shop/checkout does not select the pods of Deployment checkout."}},
		{name: "nothing tells the canary from stable", world: service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"app": "checkout"} }),
			want: []string{"services.checkout.canary_labels: Service checkout selects on app only, so it would reach the canary's pods too. Name at least one of these labels with another value, for example canary_labels: {app: checkout-canary}."}},
		{name: "the Service is told apart and the Deployment is not", world: func(s *kubetest.Server) {
			rolledOut(func(d kubetest.Object) {
				spec(d)["selector"] = kubetest.Object{"matchLabels": kubetest.Object{"app": "checkout"}}
			})(s)
		}, want: []string{"services.checkout.canary_labels: The selector of stable, Deployment checkout, matches the canary's pods"}},
		{name: "a budget for both", world: apply("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: keep, namespace: shop}\nspec: {selector: {matchLabels: {app: checkout}}}\n"),
			want: []string{"PodDisruptionBudget shop/keep counts the canary's pods with stable's"}},
		{name: "another Service in front of both", world: func(s *kubetest.Server) {
			s.Apply("helm", "apiVersion: v1\nkind: Service\nmetadata: {name: all, namespace: shop}\nspec: {selector: {app: checkout}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: preview, namespace: shop}\nspec: {selector: {app: checkout, track: canary}}\n")
		}, want: []string{"Service shop/all selects stable's pods and the canary's, so its callers would reach the canary at weight 0: give one of its labels another value in canary_labels, or narrow its selector."}},
		{name: "a split's root is in front of both", world: func(s *kubetest.Server) {
			s.Apply("helm", "apiVersion: v1\nkind: Service\nmetadata: {name: all, namespace: shop}\nspec: {selector: {app: checkout}}\n")
		}, change: func(r *rollout.Rollout) { r.Spec.Objects.Route.Service = "all" }},
		{name: "a stranger behind stable's Service", world: func(s *kubetest.Server) {
			service("checkout", func(o kubetest.Object) { spec(o)["selector"] = kubetest.Object{"track": "stable"} })(s)
			s.Apply("helm", "apiVersion: v1\nkind: Pod\nmetadata: {name: cart-1, namespace: shop, labels: {app: cart, track: stable}}\nstatus: {phase: Running}\n")
		}, want: []string{"Service shop/checkout reaches pod cart-1, which is not one of Deployment checkout: narrow the Service's selector."}},
		{name: "a found canary that runs", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			deployment("checkout-canary", func(d kubetest.Object) { spec(d)["replicas"] = 2; spec(d)["paused"] = true })(s)
		}, want: []string{
			"Deployment shop/checkout-canary is paused: kubectl -n shop rollout resume deployment/checkout-canary",
			"Deployment shop/checkout-canary, the canary, has 2 replicas already: kubectl -n shop scale deployment/checkout-canary --replicas=0",
		}},
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
		}, want: []string{
			"Service shop/checkout selects the pods of Deployment checkout-canary, the canary, too",
			"Service shop/checkout-canary does not select the pods of Deployment checkout-canary",
			"services.checkout.canary_labels: The selector of stable",
		}},
		{name: "a found Service that reaches stable and lacks a port", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			service("checkout-canary", func(o kubetest.Object) {
				spec(o)["selector"] = kubetest.Object{"app": "checkout"}
				spec(o)["ports"] = []any{kubetest.Object{"port": 8080}}
			})(s)
		}, want: []string{
			"Service shop/checkout-canary selects the pods of stable, Deployment checkout, too",
			"Service shop/checkout-canary lacks port 80/TCP, which stable's Service checkout has",
		}},
		{name: "Argo CD owns stable", world: annotate("deployments", "checkout", "argocd.argoproj.io/tracking-id", "shop:apps/Deployment:shop/checkout"),
			want: []string{"services.checkout.gitops: Argo CD owns Deployment shop/checkout (argocd.argoproj.io/tracking-id)"}},
		{name: "Argo CD owns stable by a label that Helm uses too", world: func(s *kubetest.Server) {
			s.Edit("argocd-controller", "deployments", "shop", "checkout", func(d kubetest.Object) {
				spec(d)["revisionHistoryLimit"] = 5
				d["status"].(kubetest.Object)["observedGeneration"] = 2
			})
		}, want: []string{"services.checkout.gitops: Argo CD owns Deployment shop/checkout (managedFields of argocd-controller)"}},
	})
}

// Who else writes there.
func TestProblemsOfOwners(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "Flux owns the route", world: func(s *kubetest.Server) {
			s.Edit("flux", "httproutes", "shop", "checkout", func(o kubetest.Object) {
				o["metadata"].(kubetest.Object)["labels"] = kubetest.Object{"kustomize.toolkit.fluxcd.io/name": "shop"}
			})
		}, want: []string{"services.checkout.gitops: Flux owns HTTPRoute shop/checkout (kustomize.toolkit.fluxcd.io/name)"}},
		{name: "Argo CD, acknowledged", world: annotate("deployments", "checkout", "argocd.argoproj.io/tracking-id", "x"),
			change: func(r *rollout.Rollout) { r.Spec.GitOps = true }},
		{name: "another store's stamp", world: annotate("deployments", "checkout", "canarybot.io/applied", `{"store":"lost","rollout":"checkout-7","revision":3}`),
			want: []string{"Deployment shop/checkout bears the stamp of rollout checkout-7 of another Canarybot, whose store is lost"}},
		{name: "another service's stamp", world: annotate("deployments", "checkout", "canarybot.io/applied", `{"store":"store-1","rollout":"cart-7","revision":3}`),
			want: []string{"Deployment shop/checkout bears the stamp of rollout cart-7, of another service"}},
		{name: "an earlier stamp of the service's own", world: annotate("deployments", "checkout", "canarybot.io/applied", `{"store":"store-1","rollout":"checkout-7","revision":3}`)},
		{name: "a stamp that nobody can read", world: annotate("httproutes", "checkout", "canarybot.io/applied", `{`),
			want: []string{"HTTPRoute shop/checkout bears an annotation canarybot.io/applied that cannot be read; when no rollout is under way there, remove it: kubectl -n shop annotate httproute/checkout canarybot.io/applied-"}},
		{name: "a standing request to roll back", world: annotate("httproutes", "checkout", "canarybot.io/rollback", "now"),
			want: []string{"HTTPRoute shop/checkout bears the annotation canarybot.io/rollback=now"}},
		{name: "no router for the kind", change: func(r *rollout.Rollout) { r.Spec.Objects.Route.Kind = "VirtualService" },
			want: []string{`services.checkout.route.kind: "VirtualService" is no kind of route that Canarybot can steer; known are HTTPRoute.`}},
	})
}

// What the cluster lets us do.
func TestProblemsOfTheCluster(t *testing.T) {
	t.Parallel()
	check(t, []problemCase{
		{name: "the kind is not served", world: func(s *kubetest.Server) {
			s.Withdraw("gateway.networking.k8s.io/v1")
			s.Withdraw("gateway.networking.k8s.io/v1beta1")
		}, want: []string{"services.checkout.route.kind: The cluster serves no HTTPRoute"}},
		{name: "rights to read are missing", world: func(s *kubetest.Server) { s.Deny("list", "pods"); s.Deny("patch", "httproutes") },
			want: []string{
				"RBAC: the bot may not list pods in namespace shop; list that namespace in the chart's values (namespaces) or grant it by a Role.",
				"RBAC: the bot may not patch httproutes.gateway.networking.k8s.io in namespace shop",
			}},
		{name: "rights to make are missing", world: func(s *kubetest.Server) { s.Deny("create", "services"); s.Deny("delete", "services") },
			want: []string{"RBAC: the bot may not create, delete services in namespace shop; list that namespace in the chart's values (namespaces, with create: true)"}},
		{name: "rights to make are not needed for a canary that is there", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			s.Deny("create", "services")
		}},
		{name: "several at once", world: func(s *kubetest.Server) {
			single(s)
			annotate("deployments", "checkout", "canarybot.io/rollback", "now")(s)
			s.Deny("delete", "deployments")
			s.Deny("patch", "deployments")
		}, want: []string{
			"RBAC: the bot may not patch, delete deployments.apps",
			"services.checkout.plan: Deployment shop/checkout has one replica and no surge",
			"Deployment shop/checkout bears the annotation canarybot.io/rollback=now",
		}},
	})
}
