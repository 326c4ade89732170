// Package writer has those who write objects from a repository or a chart, as their own libraries do it: Flux's
// kustomize-controller, Helm 3 and Helm 4. Argo CD's library cannot be had as a module; what it leaves on objects is
// written by hand there.
//
// It refuses to know what the bot does. Each writer is made over one cluster, and writes when it is told to.
package writer

import (
	"context"
	"fmt"

	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/jsondiff"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const fluxGroup = "kustomize.toolkit.fluxcd.io"

// Flux is the kustomize-controller at work for one Kustomization.
type Flux struct {
	manager         *ssa.ResourceManager
	namespace, name string
	// Ignore is the spec of the Kustomization as YAML, of which ignore counts.
	Ignore string
}

// NewFlux returns Flux for the Kustomization of that name. It sends nothing.
func NewFlux(config *rest.Config, namespace, name string) (*Flux, error) {
	c, err := client.New(config, client.Options{})
	if err != nil {
		return nil, fmt.Errorf("make Flux's client: %w", err)
	}
	owner := ssa.Owner{Field: "kustomize-controller", Group: fluxGroup}
	return &Flux{manager: ssa.NewResourceManager(c, nil, owner), namespace: namespace, name: name}, nil
}

// Reconcile applies the objects with the controller's own options, and returns what it did to each, by kind.
func (f *Flux) Reconcile(ctx context.Context, objects []*unstructured.Unstructured) (map[string]ssa.Action, error) {
	var wanted []*unstructured.Unstructured
	for _, o := range objects {
		wanted = append(wanted, o.DeepCopy())
	}
	f.manager.SetOwnerLabels(wanted, f.name, f.namespace)
	options := ssa.DefaultApplyOptions()
	options.ExclusionSelector = map[string]string{fluxGroup + "/reconcile": "disabled", fluxGroup + "/ssa": "Ignore"}
	options.IfNotPresentSelector = map[string]string{fluxGroup + "/ssa": "IfNotPresent"}
	rules, err := f.rules()
	if err != nil {
		return nil, err
	}
	options.DriftIgnoreRules = rules
	changes, err := f.manager.ApplyAll(ctx, wanted, options)
	if err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	did := map[string]ssa.Action{}
	for _, entry := range changes.Entries {
		did[entry.ObjMetadata.GroupKind.Kind] = entry.Action
	}
	return did, nil
}

// rules are those of the Kustomization, as the controller hands them to its library.
func (f *Flux) rules() ([]jsondiff.IgnoreRule, error) {
	var kustomization struct {
		Spec struct {
			Ignore []struct {
				Paths  []string
				Target *struct{ Kind, Name string }
			}
		}
	}
	if err := yaml.UnmarshalStrict([]byte(f.Ignore), &kustomization); err != nil {
		return nil, fmt.Errorf("read the Kustomization: %w", err)
	}
	var rules []jsondiff.IgnoreRule
	for _, r := range kustomization.Spec.Ignore {
		rule := jsondiff.IgnoreRule{Paths: r.Paths}
		if r.Target != nil {
			rule.Selector = &jsondiff.Selector{Kind: r.Target.Kind, Name: r.Target.Name}
		}
		rules = append(rules, rule)
	}
	return rules, nil
}
