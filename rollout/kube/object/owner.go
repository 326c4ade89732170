package object

import (
	"cmp"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// The tools that write objects from a repository or a chart.
const (
	ArgoCD     = "Argo CD"
	Flux       = "Flux"
	Helm       = "Helm"
	ConfigSync = "Config Sync"
)

// The tools' own objects, which say what they write and how.
const (
	Application   = "Application"
	Kustomization = "Kustomization"
	HelmRelease   = "HelmRelease"
	release       = "release" // Helm's, which is a Secret that we never read
)

// argoNamespace is where Argo CD has its Applications unless they say otherwise.
const argoNamespace = "argocd"

// Owner is who writes an object beside us, by the marks that it leaves there.
type Owner struct {
	Tool string // one of the tools; empty: an operator
	// Ref is the tool's own object, or the operator's; without a name: not known.
	Ref rollout.ObjectRef
	// Mark is the label, the annotation or the field manager that says so.
	Mark string
	// Applies is true where the tool applies server-side.
	Applies bool
}

// marks are what the tools leave on objects, those first that hide others: Flux runs Helm, and Argo CD renders charts.
var marks = []func(kind string, o meta.Object) (Owner, bool){argo, fluxKustomize, fluxHelm, configSync, helm, operator}

// OwnerOf returns who writes the object beside us. Ok is false where nobody is known to: people and pipelines leave no
// marks but their field managers.
func OwnerOf(kind string, o meta.Object) (owner Owner, ok bool) {
	for _, mark := range marks {
		if owner, ok = mark(kind, o); ok {
			return owner, true
		}
	}
	return Owner{}, false
}

// argo finds Argo CD by its tracking annotation, by the label of that name, or by its field managers: by default an Argo
// CD before 3.0 leaves no other mark of its own, and names the application in a label that every chart of Helm has too.
func argo(kind string, o meta.Object) (Owner, bool) {
	const tracking, label, shared = "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance", "app.kubernetes.io/instance"
	found := func(name, mark string) (Owner, bool) {
		namespace, app, elsewhere := strings.Cut(name, "_")
		if !elsewhere {
			namespace, app = argoNamespace, name
		}
		return Owner{Tool: ArgoCD, Ref: Ref(Application, namespace, app), Mark: mark, Applies: applies(o, "argocd-controller")}, true
	}
	if id, ok := o.GetAnnotations()[tracking]; ok {
		name, of, whole := strings.Cut(id, ":")
		// Argo CD itself heeds no annotation that was copied from another object.
		if !whole || strings.HasSuffix(of, "/"+kind+":"+o.GetNamespace()+"/"+o.GetName()) {
			return found(name, tracking)
		}
	}
	if name, ok := o.GetLabels()[label]; ok {
		return found(name, label)
	}
	for _, manager := range []string{"argocd-controller", "argocd-application-controller"} { // server-side, and by itself
		if manages(o, manager) {
			return found(o.GetLabels()[shared], "managedFields of "+manager)
		}
	}
	return Owner{}, false
}

func fluxKustomize(_ string, o meta.Object) (Owner, bool) {
	return flux(o, "kustomize.toolkit.fluxcd.io", Kustomization, "kustomize-controller")
}

func fluxHelm(_ string, o meta.Object) (Owner, bool) {
	return flux(o, "helm.toolkit.fluxcd.io", HelmRelease, "helm-controller")
}

func flux(o meta.Object, group, kind, manager string) (Owner, bool) {
	owner := Owner{Tool: Flux, Ref: Ref(kind, o.GetLabels()[group+"/namespace"], o.GetLabels()[group+"/name"]), Applies: applies(o, manager)}
	switch {
	case owner.Ref.Name != "":
		owner.Mark = group + "/name"
	case manages(o, manager):
		owner.Mark = "managedFields of " + manager
	}
	return owner, owner.Mark != ""
}

func configSync(_ string, o meta.Object) (Owner, bool) {
	const id = "configsync.gke.io/resource-id"
	_, ok := o.GetAnnotations()[id]
	return Owner{Tool: ConfigSync, Ref: rollout.ObjectRef{Kind: "RootSync"}, Mark: id, Applies: true}, ok
}

// helm finds Helm where it is run by people or a pipeline.
func helm(_ string, o meta.Object) (Owner, bool) {
	const name, namespace = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
	if o.GetLabels()["app.kubernetes.io/managed-by"] != Helm || o.GetAnnotations()[name] == "" {
		return Owner{}, false
	}
	ref := Ref(release, cmp.Or(o.GetAnnotations()[namespace], o.GetNamespace()), o.GetAnnotations()[name])
	return Owner{Tool: Helm, Ref: ref, Mark: name, Applies: applies(o, "helm")}, true
}

func operator(_ string, o meta.Object) (Owner, bool) {
	by := meta.GetControllerOfNoCopy(o)
	if by == nil {
		return Owner{}, false
	}
	return Owner{Ref: Ref(by.Kind, o.GetNamespace(), by.Name), Mark: "ownerReferences"}, true
}

// manages reports whether the manager wrote any field of the object.
func manages(o meta.Object, manager string) bool {
	for _, entry := range o.GetManagedFields() {
		if entry.Manager == manager {
			return true
		}
	}
	return false
}

// applies reports whether the manager applies the object server-side.
func applies(o meta.Object, manager string) bool {
	for _, entry := range o.GetManagedFields() {
		if entry.Manager == manager && entry.Operation == meta.ManagedFieldsOperationApply {
			return true
		}
	}
	return false
}

// Applier returns the manager other than us that applies the field server-side; empty: there is none. Its next apply
// conflicts with a value that we wrote, or puts its own back. The path is that of LastManager.
func Applier(o meta.Object, path ...string) string {
	for _, entry := range o.GetManagedFields() {
		if entry.Operation == meta.ManagedFieldsOperationApply && entry.Manager != Manager &&
			entry.FieldsV1 != nil && owns(entry.FieldsV1.GetRawBytes(), path) {
			return entry.Manager
		}
	}
	return ""
}

// Flux's kustomize-controller heeds these annotations: the first on the object in the cluster too, the second in the
// repository.
const (
	FluxReconcile = "kustomize.toolkit.fluxcd.io/reconcile"
	FluxDisabled  = "disabled"
	fluxApply     = "kustomize.toolkit.fluxcd.io/ssa"
)

// Untouched reports whether Flux was told to leave an object of a Kustomization alone once it exists.
func Untouched(o meta.Object) bool {
	apply := strings.ToLower(o.GetAnnotations()[fluxApply])
	return strings.EqualFold(o.GetAnnotations()[FluxReconcile], FluxDisabled) || apply == "ignore" || apply == "ifnotpresent"
}
