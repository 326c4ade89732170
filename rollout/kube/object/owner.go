package object

import meta "k8s.io/apimachinery/pkg/apis/meta/v1"

// gitOps has the marks of the tools that reset an object to what a repository says. app.kubernetes.io/instance is not
// among them: Argo CD may use it, but so does every Helm chart.
var gitOps = []struct{ key, tool string }{
	{"argocd.argoproj.io/instance", "Argo CD"},
	{"argocd.argoproj.io/tracking-id", "Argo CD"},
	{"kustomize.toolkit.fluxcd.io/name", "Flux"},
	{"helm.toolkit.fluxcd.io/name", "Flux"},
	{"configsync.gke.io/resource-id", "Config Sync"},
}

// gitOpsManagers are the field managers of these tools. By default an Argo CD before 3.0 leaves no other mark of its
// own; it uses the first of its two names with server-side apply, the second without.
var gitOpsManagers = []struct{ manager, tool string }{
	{"argocd-controller", "Argo CD"},
	{"argocd-application-controller", "Argo CD"},
	{"kustomize-controller", "Flux"},
	{"helm-controller", "Flux"},
}

// GitOps returns the tool that owns the object and would undo our writes, "Argo CD" for one, and the label, the
// annotation or the field manager that says so. Both are empty when none does.
func GitOps(o meta.Object) (tool, mark string) {
	for _, m := range gitOps {
		for _, marks := range []map[string]string{o.GetLabels(), o.GetAnnotations()} {
			if _, ok := marks[m.key]; ok {
				return m.tool, m.key
			}
		}
	}
	for _, m := range gitOpsManagers {
		for _, entry := range o.GetManagedFields() {
			if entry.Manager == m.manager {
				return m.tool, "managedFields of " + m.manager
			}
		}
	}
	return "", ""
}
