package object_test

import (
	"testing"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout/kube/object"
)

func TestGitOps(t *testing.T) {
	t.Parallel()
	managed := func(managers ...string) *meta.ObjectMeta {
		o := &meta.ObjectMeta{Labels: map[string]string{"app.kubernetes.io/instance": "shop"}}
		for _, m := range managers {
			o.ManagedFields = append(o.ManagedFields, meta.ManagedFieldsEntry{Manager: m})
		}
		return o
	}
	for _, c := range []struct {
		name       string
		object     *meta.ObjectMeta
		tool, mark string
	}{
		{"Helm and people, with the label that Argo CD uses too", managed("helm", "kubectl-edit", "kube-controller-manager", "canarybot"), "", ""},
		{"a label", &meta.ObjectMeta{Labels: map[string]string{"kustomize.toolkit.fluxcd.io/name": "shop"}}, "Flux", "kustomize.toolkit.fluxcd.io/name"},
		{"an annotation", &meta.ObjectMeta{Annotations: map[string]string{"argocd.argoproj.io/tracking-id": "shop"}}, "Argo CD", "argocd.argoproj.io/tracking-id"},
		{"Argo CD, applied on the server", managed("helm", "argocd-controller"), "Argo CD", "managedFields of argocd-controller"},
		{"Argo CD, applied by itself", managed("argocd-application-controller"), "Argo CD", "managedFields of argocd-application-controller"},
		{"Config Sync, by its mark", &meta.ObjectMeta{Annotations: map[string]string{"configsync.gke.io/resource-id": "apps_deployment_shop_checkout"}}, "Config Sync", "configsync.gke.io/resource-id"},
		{"owners that undo nothing until they are run again", &meta.ObjectMeta{
			Labels:      map[string]string{"app.kubernetes.io/managed-by": "Helm", "kapp.k14s.io/app": "1", "applyset.kubernetes.io/part-of": "applyset-1"},
			Annotations: map[string]string{"meta.helm.sh/release-name": "shop", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
		}, "", ""},
		{"Flux with Kustomize", managed("kustomize-controller"), "Flux", "managedFields of kustomize-controller"},
		{"Flux with Helm", managed("helm-controller"), "Flux", "managedFields of helm-controller"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if tool, mark := object.GitOps(c.object); tool != c.tool || mark != c.mark {
				t.Errorf("got %q by %q, want %q by %q", tool, mark, c.tool, c.mark)
			}
		})
	}
}
