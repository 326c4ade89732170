package view_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// ownerProblems has what is said of each owner, object and field, as it is found.
func ownerProblems() []rollout.Problem {
	owned := func(code rollout.ProblemCode, o rollout.ObjectRef, field rollout.Field, tool string, other rollout.ObjectRef, way rollout.OwnerWay, pointers ...string) rollout.Problem {
		return rollout.Problem{
			Code: code, Service: "checkout", Object: o, Key: string(field), Names: pointers, Value: tool, Other: other, Want: string(way), Words: "argocd.argoproj.io/tracking-id",
		}
	}
	const image, replicas, rules, least = "/spec/template/spec/containers/0/image", "/spec/replicas", "/spec/rules", "/spec/minReplicas"
	stable, canary, route, grow := inShop("Deployment", "checkout"), inShop("Deployment", "checkout-canary"), inShop("HTTPRoute", "checkout"), inShop("HorizontalPodAutoscaler", "grow")
	app := rollout.ObjectRef{Kind: "Application", Namespace: "argocd", Name: "shop"}
	kustomization := rollout.ObjectRef{Kind: "Kustomization", Namespace: "flux-system", Name: "apps"}
	chart := rollout.ObjectRef{Kind: "HelmRelease", Namespace: "flux-system", Name: "shop"}
	release := rollout.ObjectRef{Kind: "release", Namespace: "shop", Name: "checkout"}
	return []rollout.Problem{
		{Code: rollout.ProblemFromMissing, Service: "checkout", Key: "route.from", Object: route, Other: inShop("HTTPRoute", "checkout-rollout")},
		{Code: rollout.ProblemFromMethod, Service: "checkout", Key: "route.from", Object: route, Other: inShop("HTTPRoute", "checkout-rollout"), Index: 1},
		{Code: rollout.ProblemFromMatches, Service: "checkout", Key: "route.from", Object: route, Other: inShop("HTTPRoute", "checkout-rollout"), Count: 135, Limit: 127},
		owned(rollout.ProblemOwnerReverts, stable, rollout.FieldStableImage, "Argo CD", app, rollout.OwnerSelfHeals, image),
		owned(rollout.ProblemOwnerReverts, stable, rollout.FieldStableImage, "Argo CD", app, rollout.OwnerUnrespected, image),
		owned(rollout.ProblemOwnerReverts, canary, rollout.FieldCanaryReplicas, "Argo CD", app, rollout.OwnerAutomated, replicas),
		owned(rollout.ProblemOwnerReverts, route, rollout.FieldWeight, "Argo CD", app, rollout.OwnerSelfHeals, rules),
		owned(rollout.ProblemOwnerReverts, grow, rollout.FieldStableMin, "Argo CD", app, rollout.OwnerSelfHeals, least),
		owned(rollout.ProblemOwnerReverts, stable, rollout.FieldStableImage, "Flux", kustomization, rollout.OwnerContinuous, image, "/spec/template/spec/initContainers/1/image"),
		owned(rollout.ProblemOwnerReverts, stable, rollout.FieldStableImage, "Flux", chart, rollout.OwnerUpgrades, image),
		owned(rollout.ProblemOwnerReverts, route, rollout.FieldWeight, "Flux", chart, rollout.OwnerContinuous, rules),
		owned(rollout.ProblemOwnerReverts, canary, rollout.FieldCanaryImage, "Flux", chart, rollout.OwnerContinuous, image),
		owned(rollout.ProblemOwnerUnread, stable, rollout.FieldStableImage, "Argo CD", app, rollout.OwnerForbidden, image),
		owned(rollout.ProblemOwnerUnread, stable, rollout.FieldStableImage, "Argo CD", app, rollout.OwnerElsewhere, image),
		owned(rollout.ProblemOwnerUnread, stable, rollout.FieldStableImage, "Flux", kustomization, rollout.OwnerMissing, image),
		owned(rollout.ProblemOwnerUnread, route, rollout.FieldWeight, "Config Sync", rollout.ObjectRef{Kind: "RootSync"}, rollout.OwnerElsewhere, rules),
		owned(rollout.ProblemOwnerUnread, grow, rollout.FieldStableMin, "Config Sync", rollout.ObjectRef{Kind: "RootSync"}, rollout.OwnerElsewhere, least),
		owned(rollout.ProblemOwnerUnnamed, stable, rollout.FieldStableImage, "Argo CD", rollout.ObjectRef{Kind: "Application", Namespace: "argocd"}, "", image),
		owned(rollout.ProblemOwnerAllows, stable, rollout.FieldStableImage, "Argo CD", app, rollout.OwnerSelfHeals, image),
		owned(rollout.ProblemOwnerAllows, route, rollout.FieldWeight, "Argo CD", app, rollout.OwnerManual, rules),
		owned(rollout.ProblemOwnerAllows, route, rollout.FieldWeight, "Flux", chart, rollout.OwnerUpgrades, rules),
		owned(rollout.ProblemOwnerWrites, stable, rollout.FieldStableImage, "Flux", kustomization, "", image),
		owned(rollout.ProblemOwnerStops, route, rollout.FieldWeight, "Flux", kustomization, rollout.OwnerContinuous, rules),
		owned(rollout.ProblemOwnerFreezes, route, rollout.FieldWeight, "Argo CD", app, rollout.OwnerSelfHeals, rules),
		owned(rollout.ProblemOwnerPromised, stable, rollout.FieldStableImage, "Argo CD", app, rollout.OwnerForbidden, image),
		owned(rollout.ProblemOwnerUpgrade, stable, rollout.FieldStableImage, "Helm", release, rollout.OwnerUpgrades, image),
		owned(rollout.ProblemOwnerConflict, stable, rollout.FieldStableImage, "Helm", release, rollout.OwnerUpgrades, image),
		owned(rollout.ProblemOwnerApplies, stable, rollout.FieldStableImage, "terraform", rollout.ObjectRef{}, "", image),
		owned(rollout.ProblemOwnerOperator, stable, rollout.FieldStableImage, "", rollout.ObjectRef{Kind: "Shop", Namespace: "shop", Name: "checkout"}, "", image),
	}
}

// What people are told to add is YAML, and says of the object what was meant.
func TestTheYAMLToAddToAnOwner(t *testing.T) {
	t.Parallel()
	all := ownerProblems()
	for _, c := range []struct {
		of   rollout.Problem
		want string
	}{
		{all[3], "spec: {ignoreDifferences: [{group: apps, kind: Deployment, name: checkout, jsonPointers: [/spec/template/spec/containers/0/image]}], syncPolicy: {syncOptions: [RespectIgnoreDifferences=true]}}"},
		{all[8], "spec: {ignore: [{target: {kind: Deployment, name: checkout}, paths: [/spec/template/spec/containers/0/image, /spec/template/spec/initContainers/1/image]}]}"},
		{all[10], "spec: {driftDetection: {mode: enabled, ignore: [{target: {kind: HTTPRoute, name: checkout}, paths: [/spec/rules]}]}}"},
	} {
		var got, want any
		if err := yaml.Unmarshal([]byte(view.OwnerYAML(c.of)), &got); err != nil {
			t.Errorf("%s: %v", view.OwnerYAML(c.of), err)
		}
		if err := yaml.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s\ngot before want:\n%s", view.OwnerYAML(c.of), diff)
		}
	}
}
