package kube_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// mark labels an object of the shop, or annotates it where the key is Argo CD's.
func mark(resource, name string, pairs ...string) func(*kubetest.Server) {
	return func(s *kubetest.Server) {
		s.Edit("somebody", resource, "shop", name, func(o kubetest.Object) {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == tracking || pairs[i] == reconcile {
					kubetest.Annotate(o, pairs[i], pairs[i+1])
					continue
				}
				m := o["metadata"].(kubetest.Object)
				if m["labels"] == nil {
					m["labels"] = kubetest.Object{}
				}
				m["labels"].(kubetest.Object)[pairs[i]] = pairs[i+1]
			}
		})
	}
}

const (
	tracking  = "argocd.argoproj.io/tracking-id"
	reconcile = "kustomize.toolkit.fluxcd.io/reconcile"
	image0    = "/spec/template/spec/containers/0/image"
)

// The owners of the shop's objects, with their marks on them.
var (
	byArgo = func(resource, kind, name string) func(*kubetest.Server) {
		return mark(resource, name, tracking, "shop:x/"+kind+":shop/"+name)
	}
	byKustomization = func(resource, name string) func(*kubetest.Server) {
		return mark(resource, name, "kustomize.toolkit.fluxcd.io/name", "apps", "kustomize.toolkit.fluxcd.io/namespace", "flux-system")
	}
	byHelmRelease = func(resource, name string) func(*kubetest.Server) {
		return mark(resource, name, "helm.toolkit.fluxcd.io/name", "shop", "helm.toolkit.fluxcd.io/namespace", "flux-system")
	}
)

func application(spec string) func(*kubetest.Server) {
	return apply("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\nspec: " + spec + "\n")
}

func kustomization(spec string) func(*kubetest.Server) {
	return apply("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec: " + spec + "\n")
}

func helmRelease(spec string) func(*kubetest.Server) {
	return apply("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: flux-system}\nspec: " + spec + "\n")
}

func all(worlds ...func(*kubetest.Server)) func(*kubetest.Server) {
	return func(s *kubetest.Server) {
		for _, w := range worlds {
			w(s)
		}
	}
}

func promotedBy(by rollout.Promoter) func(*rollout.Rollout) {
	return func(r *rollout.Rollout) { r.Spec.Promote.By = by }
}

// ownerCase is a world in which somebody owns an object of the shop, and what is said of it: code, field and way.
type ownerCase struct {
	name    string
	world   func(*kubetest.Server)
	change  func(*rollout.Rollout)
	refused []string
	told    []string
	alone   []rollout.Object
}

// said returns the problems about owners, as "CODE FIELD WAY".
func said(all []rollout.Problem) (lines []string) {
	codes := []rollout.ProblemCode{
		rollout.ProblemOwnerReverts, rollout.ProblemOwnerUnread, rollout.ProblemOwnerUnnamed, rollout.ProblemOwnerAllows, rollout.ProblemOwnerWrites,
		rollout.ProblemOwnerStops, rollout.ProblemOwnerFreezes, rollout.ProblemOwnerPromised, rollout.ProblemOwnerUpgrade, rollout.ProblemOwnerConflict,
		rollout.ProblemOwnerApplies, rollout.ProblemOwnerOperator,
	}
	for _, p := range all {
		if slices.Contains(codes, p.Code) {
			lines = append(lines, string(p.Code)+" "+p.Key+" "+p.Want)
		}
	}
	return lines
}

func (c ownerCase) run(t *testing.T) {
	kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
		s.Apply("setup", kubetest.Shop)
		c.world(s)
		r := queued()
		if c.change != nil {
			c.change(&r)
		}
		got := connect(t, s).Preflight(t.Context(), r)
		if !got.Unreadable.IsZero() {
			t.Fatalf("%+v", got.Unreadable)
		}
		if diff := cmp.Diff(said(got.Problems), c.refused); diff != "" {
			t.Errorf("refused, got before want:\n%s", diff)
		}
		if c.refused != nil {
			return
		}
		if diff := cmp.Diff(said(got.Notices), c.told); diff != "" {
			t.Errorf("told, got before want:\n%s", diff)
		}
		if diff := cmp.Diff(got.Original.LeftAlone, c.alone); diff != "" {
			t.Errorf("left alone, got before want:\n%s", diff)
		}
	})
}

// Argo CD, by how its application is set up.
func TestArgoCDOwns(t *testing.T) {
	t.Parallel()
	const heals, respects = "automated: {selfHeal: true}", "syncOptions: [CreateNamespace=true, RespectIgnoreDifferences=true]"
	const image = "ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [" + image0 + "]}]"
	const rules = "ignoreDifferences: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: checkout, jqPathExpressions: ['.spec.rules[].backendRefs[].weight', .spec.rules]}]"
	stable, route := byArgo("deployments", "Deployment", "checkout"), byArgo("httproutes", "HTTPRoute", "checkout")
	acknowledged := func(r *rollout.Rollout) { r.Spec.GitOps = true }
	for _, c := range []ownerCase{
		{name: "stable, healed", world: all(stable, application("{syncPolicy: {"+heals+"}}")), refused: []string{"owner_reverts stable_image self_heal"}},
		{name: "stable, healed, acknowledged all the same", world: all(stable, application("{syncPolicy: {"+heals+"}}")), change: acknowledged, refused: []string{"owner_reverts stable_image self_heal"}},
		{name: "stable, synced with each commit", world: all(stable, application("{syncPolicy: {automated: {}}}")), refused: []string{"owner_reverts stable_image automated"}},
		{name: "stable, synced by hand", world: all(stable, application("{}")), refused: []string{"owner_reverts stable_image manual"}},
		{name: "stable, automation switched off", world: all(stable, application("{syncPolicy: {automated: {enabled: false, selfHeal: true}}}")), refused: []string{"owner_reverts stable_image manual"}},
		{name: "stable, hidden and not respected", world: all(stable, application("{"+image+", syncPolicy: {"+heals+"}}")), refused: []string{"owner_reverts stable_image unrespected"}},
		{name: "stable, ignored and respected", world: all(stable, application("{"+image+", syncPolicy: {"+heals+", "+respects+"}}")), told: []string{"owner_allows stable_image self_heal"}},
		{name: "stable, by jq", world: all(stable, application("{ignoreDifferences: [{group: '*', kind: '*', jqPathExpressions: ['.spec.template.spec.containers[]?.image']}], syncPolicy: {"+heals+", "+respects+"}}")), told: []string{"owner_allows stable_image self_heal"}},
		{name: "stable, by jq that selects", world: all(stable, application("{ignoreDifferences: [{group: apps, kind: Deployment, jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == \"checkout\") | .image']}], syncPolicy: {"+heals+", "+respects+"}}")), told: []string{"owner_allows stable_image self_heal"}},
		{name: "stable, by our manager", world: all(stable, application("{ignoreDifferences: [{group: apps, kind: Deployment, managedFieldsManagers: [canarybot]}], syncPolicy: {"+heals+", "+respects+"}}")), told: []string{"owner_allows stable_image self_heal"}},
		{name: "stable, whose replicas are ignored", world: all(stable, application("{ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}], syncPolicy: {"+heals+"}}")), refused: []string{"owner_reverts stable_image self_heal"}},
		{name: "stable, another Deployment's ignored", world: all(stable, application("{ignoreDifferences: [{group: apps, kind: Deployment, name: cart, jsonPointers: ["+image0+"]}], syncPolicy: {"+heals+"}}")), refused: []string{"owner_reverts stable_image self_heal"}},
		{name: "stable, respected, and ignored nowhere that is read", world: all(stable, application("{syncPolicy: {"+heals+", "+respects+"}}")), refused: []string{"owner_unread stable_image elsewhere"}},
		{name: "the same, acknowledged", world: all(stable, application("{syncPolicy: {"+heals+", "+respects+"}}")), change: acknowledged, told: []string{"owner_promised stable_image elsewhere"}},
		{name: "stable, no application", world: stable, refused: []string{"owner_unread stable_image missing"}},
		{name: "stable, application not to be read", world: all(stable, func(s *kubetest.Server) { s.Deny("get", "applications") }), refused: []string{"owner_unread stable_image forbidden"}},
		{name: "stable, not to be read, acknowledged", world: all(stable, func(s *kubetest.Server) { s.Deny("get", "applications") }), change: acknowledged, told: []string{"owner_promised stable_image forbidden"}},
		{name: "stable, and a commit promotes", world: all(stable, application("{syncPolicy: {"+heals+"}}")), change: promotedBy(rollout.ByGit), told: []string{"owner_writes stable_image "}},
		{name: "stable, and who waits promotes", world: stable, change: promotedBy(rollout.ByGate), told: []string{"owner_writes stable_image "}},
		{name: "the route, healed", world: all(route, application("{syncPolicy: {"+heals+"}}")), change: promotedBy(rollout.ByGit), refused: []string{"owner_reverts weight self_heal"}},
		{name: "the route, synced with each commit", world: all(route, application("{syncPolicy: {automated: {prune: true}}}")), refused: []string{"owner_reverts weight automated"}},
		{name: "the route, synced by hand", world: all(route, application("{}")), told: []string{"owner_allows weight manual"}},
		{name: "the route, ignored and respected", world: all(route, application("{"+rules+", syncPolicy: {"+heals+", "+respects+"}}")), told: []string{"owner_freezes weight self_heal"}},
		{name: "by its manager alone", world: func(s *kubetest.Server) {
			s.Edit("argocd-controller", "deployments", "shop", "checkout", func(d kubetest.Object) {
				delete(d["metadata"].(kubetest.Object)["labels"].(kubetest.Object), "app.kubernetes.io/instance")
				spec(d)["revisionHistoryLimit"] = 5
				d["status"].(kubetest.Object)["observedGeneration"] = 2
			})
		}, refused: []string{"owner_unnamed stable_image "}},
		{name: "the autoscaler's minimum", world: all(apply(hpa("checkout")), byArgo("horizontalpodautoscalers", "HorizontalPodAutoscaler", "grow"), application("{syncPolicy: {"+heals+"}}")), refused: []string{"owner_reverts stable_min self_heal"}},
		{name: "a canary that is in Git", world: all(apply(foundCanary), byArgo("deployments", "Deployment", "checkout-canary"), application("{syncPolicy: {"+heals+"}}")), refused: []string{"owner_reverts canary_image self_heal", "owner_reverts canary_replicas self_heal"}},
	} {
		c.run(t)
	}
}

// Flux, Helm and others.
func TestOthersOwn(t *testing.T) {
	t.Parallel()
	const ignore = "ignore: [{target: {kind: Deploy.*, name: check.+}, paths: [" + image0 + "]}]"
	stable, route := byKustomization("deployments", "checkout"), byKustomization("httproutes", "checkout")
	charted, chartedRoute := byHelmRelease("deployments", "checkout"), byHelmRelease("httproutes", "checkout")
	standing := mark("httproutes", "checkout", reconcile, "disabled")
	for _, c := range []ownerCase{
		{name: "Flux: stable", world: all(stable, kustomization("{}")), refused: []string{"owner_reverts stable_image continuous"}},
		{name: "Flux: stable, suspended", world: all(stable, kustomization("{suspend: true}")), refused: []string{"owner_reverts stable_image suspended"}},
		{name: "Flux: stable, ignored", world: all(stable, kustomization("{"+ignore+"}")), told: []string{"owner_allows stable_image continuous"}},
		{name: "Flux: stable, ignored by its labels", world: all(stable, kustomization("{ignore: [{target: {labelSelector: app=checkout}, paths: [/spec/template]}]}")), told: []string{"owner_allows stable_image continuous"}},
		{name: "Flux: another one's labels", world: all(stable, kustomization("{ignore: [{target: {labelSelector: app=cart}, paths: [/spec/template]}]}")), refused: []string{"owner_reverts stable_image continuous"}},
		{name: "Flux: stable, a part of whose name is meant", world: all(stable, kustomization("{ignore: [{target: {name: check}, paths: ["+image0+"]}]}")), refused: []string{"owner_reverts stable_image continuous"}},
		{name: "Flux: stable, not to be read", world: all(stable, func(s *kubetest.Server) { s.Deny("get", "kustomizations") }), refused: []string{"owner_unread stable_image forbidden"}},
		{name: "Flux: stable, told to leave it alone by people", world: all(stable, mark("deployments", "checkout", reconcile, "Disabled")), told: []string{"owner_allows stable_image suspended"}},
		{name: "Flux: stable, and a commit promotes", world: stable, change: promotedBy(rollout.ByGit), told: []string{"owner_writes stable_image "}},
		{name: "Flux: the route", world: route, told: []string{"owner_stops weight continuous"}, alone: []rollout.Object{rollout.RouteObject}},
		{name: "Flux: the route, left alone already", world: all(route, standing), told: []string{"owner_allows weight suspended"}},
		{name: "Flux: the route, left alone by an ended rollout of ours", world: all(route, standing, annotate("httproutes", "checkout", "canarybot.io/applied",
			`{"store":"store-1","rollout":"checkout-41","revision":3,"found":{"stable":{},"route":{"uid":"uid-3"},"left_alone":["route"]}}`)), told: []string{"owner_stops weight continuous"}, alone: []rollout.Object{rollout.RouteObject}},
		{name: "Flux: an autoscaler and a canary", world: all(apply(hpa("checkout")), apply(foundCanary), byKustomization("deployments", "checkout-canary"), byKustomization("horizontalpodautoscalers", "grow")),
			told: []string{"owner_stops canary_image continuous", "owner_stops stable_min continuous"}, alone: []rollout.Object{rollout.CanaryDeployment, rollout.StableScaler}},
		{name: "Flux's Helm: stable", world: all(charted, helmRelease("{}")), refused: []string{"owner_reverts stable_image upgrades"}},
		{name: "Flux's Helm: stable, ignored between upgrades", world: all(charted, helmRelease("{driftDetection: {mode: enabled, "+ignore+"}}")), refused: []string{"owner_reverts stable_image upgrades"}},
		{name: "Flux's Helm: the route", world: all(chartedRoute, helmRelease("{}")), told: []string{"owner_allows weight upgrades"}},
		{name: "Flux's Helm: the route, drift told", world: all(chartedRoute, helmRelease("{driftDetection: {mode: warn}}")), told: []string{"owner_allows weight upgrades"}},
		{name: "Flux's Helm: the route, drift put back", world: all(chartedRoute, helmRelease("{driftDetection: {mode: enabled}}")), refused: []string{"owner_reverts weight continuous"}},
		{name: "Flux's Helm: the route, ignored", world: all(chartedRoute, helmRelease("{driftDetection: {mode: enabled, ignore: [{paths: [/spec/rules]}]}}")), told: []string{"owner_allows weight upgrades"}},
		{name: "Flux's Helm: the route, not to be read", world: chartedRoute, refused: []string{"owner_unread weight missing"}},
		{name: "Config Sync", world: annotate("httproutes", "checkout", "configsync.gke.io/resource-id", "x"), refused: []string{"owner_unnamed weight elsewhere"}},
		{name: "Helm", world: annotate("deployments", "checkout", "meta.helm.sh/release-name", "shop"), told: []string{"owner_upgrade stable_image upgrades"}},
		{name: "Helm, and a commit promotes", world: annotate("deployments", "checkout", "meta.helm.sh/release-name", "shop"), change: promotedBy(rollout.ByGit), told: []string{"owner_writes stable_image "}},
		{name: "an operator", world: func(s *kubetest.Server) {
			s.Edit("operator", "deployments", "shop", "checkout", func(d kubetest.Object) {
				d["metadata"].(kubetest.Object)["ownerReferences"] = []any{kubetest.Object{"apiVersion": "example.com/v1", "kind": "Shop", "name": "checkout", "uid": "x", "controller": true}}
			})
		}, told: []string{"owner_operator stable_image "}},
		{name: "nobody", world: func(*kubetest.Server) {}},
	} {
		c.run(t)
	}
}

// Flux is told to leave an object alone with the first write, and no longer with the release: by the same requests, so that
// no crash comes between. What people told it stays.
func TestAnOwnerIsToldToLeaveAnObjectAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		alone []rollout.Object
		world func(*kubetest.Server)
		after any
	}{
		{"by the rollout", []rollout.Object{rollout.RouteObject, rollout.CanaryDeployment}, func(*kubetest.Server) {}, nil},
		{"by people", nil, mark("httproutes", "checkout", reconcile, "disabled"), "disabled"},
		{"an object of another owner", []rollout.Object{rollout.CanaryDeployment}, func(*kubetest.Server) {}, nil},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("flux", kubetest.Shop)
			c.world(s)
			r := kubetest.Rollout()
			r.Original.LeftAlone = c.alone
			annotations := func() map[string]any {
				m, _ := s.Get("httproutes", "shop", "checkout")["metadata"].(kubetest.Object)["annotations"].(kubetest.Object)
				return m
			}
			write := func(w rollout.Write) {
				t.Helper()
				cluster := connect(t, s)
				now := cluster.Observe(t.Context(), r)
				w.Object, w.UID, w.Version = rollout.RouteObject, now.Route.UID, now.Route.Version
				w.Stamp = rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Weight: w.Weight, Original: &r.Original}
				if err := cluster.Do(t.Context(), r, w); err != nil {
					t.Fatal(err)
				}
			}
			zero := rollout.Weight(0)
			told := any("disabled")
			if c.after == nil && !slices.Contains(c.alone, rollout.RouteObject) {
				told = nil
			}
			write(rollout.Write{Verb: rollout.Update, Weight: &zero})
			if got := annotations()[reconcile]; got != told {
				t.Errorf("under way it is %v, want %v", got, told)
			}
			r.Phase = rollout.RollingBack
			write(rollout.Write{Verb: rollout.Update, Weight: &zero, AskRollback: true}) // the one that may precede its commit
			if got := annotations()[reconcile]; got != told {
				t.Errorf("in an emergency it is %v, want %v", got, told)
			}
			write(rollout.Write{Verb: rollout.Release, DropCanary: true})
			if got := annotations()[reconcile]; got != c.after {
				t.Errorf("at the end it is %v, want %v", got, c.after)
			}
		})
	}
}
