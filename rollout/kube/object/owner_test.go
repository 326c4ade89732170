package object_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// managed returns an object of managers that update it, or apply it where their name ends with a plus.
func managed(o meta.ObjectMeta, managers ...string) meta.ObjectMeta {
	for _, m := range managers {
		operation := meta.ManagedFieldsOperationUpdate
		if m[len(m)-1] == '+' {
			m, operation = m[:len(m)-1], meta.ManagedFieldsOperationApply
		}
		o.ManagedFields = append(o.ManagedFields, meta.ManagedFieldsEntry{Manager: m, Operation: operation})
	}
	return o
}

// The marks of the tools, in the forms in which they leave them.
func TestOwnerOf(t *testing.T) {
	t.Parallel()
	labels := func(pairs ...string) meta.ObjectMeta {
		o := meta.ObjectMeta{Labels: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			o.Labels[pairs[i]] = pairs[i+1]
		}
		return o
	}
	annotated := func(o meta.ObjectMeta, key, value string) meta.ObjectMeta {
		o.Annotations = map[string]string{key: value}
		return o
	}
	argo := func(namespace, name, mark string, applies bool) object.Owner {
		return object.Owner{Tool: "Argo CD", Ref: object.Ref("Application", namespace, name), Mark: mark, Applies: applies}
	}
	const tracking = "argocd.argoproj.io/tracking-id"
	yes := true
	for _, c := range []struct {
		name   string
		object meta.ObjectMeta
		want   object.Owner // no tool and no mark: nobody
	}{
		{"people, and a label that Argo CD uses too", managed(labels("app.kubernetes.io/instance", "shop"), "kubectl-edit", "canarybot"), object.Owner{}},
		{"Argo CD, by its annotation", annotated(meta.ObjectMeta{}, tracking, "shop:apps/Deployment:shop/checkout"), argo("argocd", "shop", tracking, false)},
		{"an application in a namespace of its own", annotated(meta.ObjectMeta{}, tracking, "team_shop:apps/Deployment:shop/checkout"), argo("team", "shop", tracking, false)},
		{"an annotation copied from another object", annotated(meta.ObjectMeta{}, tracking, "shop:apps/Deployment:shop/cart"), object.Owner{}},
		{"Argo CD, by its label", labels("argocd.argoproj.io/instance", "shop"), argo("argocd", "shop", "argocd.argoproj.io/instance", false)},
		{"Argo CD, applied on the server, by the label that charts have too", managed(labels("app.kubernetes.io/instance", "shop"), "helm", "argocd-controller+"), argo("argocd", "shop", "managedFields of argocd-controller", true)},
		{"Argo CD, applied by itself, that names no application", managed(meta.ObjectMeta{}, "argocd-application-controller"), argo("argocd", "", "managedFields of argocd-application-controller", false)},
		{"Argo CD that renders a chart", managed(labels("app.kubernetes.io/managed-by", "Helm", "app.kubernetes.io/instance", "shop"), "argocd-controller"), argo("argocd", "shop", "managedFields of argocd-controller", false)},
		{
			"Flux with Kustomize", managed(labels("kustomize.toolkit.fluxcd.io/name", "apps", "kustomize.toolkit.fluxcd.io/namespace", "flux-system"), "kustomize-controller+"),
			object.Owner{Tool: "Flux", Ref: object.Ref("Kustomization", "flux-system", "apps"), Mark: "kustomize.toolkit.fluxcd.io/name", Applies: true},
		},
		{
			"Flux with Helm, whose charts bear Helm's marks too",
			annotated(labels("helm.toolkit.fluxcd.io/name", "shop", "helm.toolkit.fluxcd.io/namespace", "flux-system", "app.kubernetes.io/managed-by", "Helm"), "meta.helm.sh/release-name", "shop"),
			object.Owner{Tool: "Flux", Ref: object.Ref("HelmRelease", "flux-system", "shop"), Mark: "helm.toolkit.fluxcd.io/name"},
		},
		{
			"Flux, by its manager alone", managed(meta.ObjectMeta{}, "helm-controller"),
			object.Owner{Tool: "Flux", Ref: object.Ref("HelmRelease", "", ""), Mark: "managedFields of helm-controller"},
		},
		{
			"Config Sync", annotated(meta.ObjectMeta{}, "configsync.gke.io/resource-id", "apps_deployment_shop_checkout"),
			object.Owner{Tool: "Config Sync", Ref: rollout.ObjectRef{Kind: "RootSync"}, Mark: "configsync.gke.io/resource-id", Applies: true},
		},
		{
			"Helm 3", managed(annotated(labels("app.kubernetes.io/managed-by", "Helm"), "meta.helm.sh/release-name", "shop"), "helm"),
			object.Owner{Tool: "Helm", Ref: object.Ref("release", "shop", "shop"), Mark: "meta.helm.sh/release-name"},
		},
		{
			"Helm 4", managed(annotated(labels("app.kubernetes.io/managed-by", "Helm"), "meta.helm.sh/release-name", "shop"), "helm+"),
			object.Owner{Tool: "Helm", Ref: object.Ref("release", "shop", "shop"), Mark: "meta.helm.sh/release-name", Applies: true},
		},
		{"a chart that somebody rendered", labels("app.kubernetes.io/managed-by", "Helm"), object.Owner{}},
		{
			"an operator", meta.ObjectMeta{OwnerReferences: []meta.OwnerReference{{Kind: "Group", Name: "all"}, {Kind: "Shop", Name: "checkout", Controller: &yes}}},
			object.Owner{Ref: object.Ref("Shop", "shop", "checkout"), Mark: "ownerReferences"},
		},
		{"an owner that controls nothing", meta.ObjectMeta{OwnerReferences: []meta.OwnerReference{{Kind: "Group", Name: "all"}}}, object.Owner{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := c.object
			o.Namespace, o.Name = "shop", "checkout"
			got, ok := object.OwnerOf("Deployment", &o)
			if ok != (c.want != object.Owner{}) {
				t.Errorf("owned: %t", ok)
			}
			if diff := cmp.Diff(got, c.want); ok && diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}
