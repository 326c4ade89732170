// Package chart renders a Helm chart as `helm template` does, so that tests run with the rights and the
// configuration that an installation gets, and not with copies of them.
package chart

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/e2e/cluster"
)

// Release is what a chart is installed as.
type Release struct {
	Name      string
	Namespace string
}

// Render returns the objects of the chart in a folder, in an order in which they can be created: what
// others refer to comes first. Objects that name no namespace, but need one, get the release's.
func Render(folder string, release Release, values map[string]any) ([]*unstructured.Unstructured, error) {
	loaded, err := loader.Load(folder)
	if err != nil {
		return nil, fmt.Errorf("load chart %s: %w", folder, err)
	}
	options := chartutil.ReleaseOptions{Name: release.Name, Namespace: release.Namespace, IsInstall: true}
	merged, err := chartutil.ToRenderValues(loaded, values, options, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, fmt.Errorf("values of chart %s: %w", loaded.Name(), err)
	}
	files, err := engine.Render(loaded, merged)
	if err != nil {
		return nil, fmt.Errorf("render chart %s: %w", loaded.Name(), err)
	}
	var objects []*unstructured.Unstructured
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			continue
		}
		parsed, err := cluster.Parse([]byte(files[name]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		objects = append(objects, parsed...)
	}
	for _, object := range objects {
		if object.GetNamespace() == "" && !clusterWide(object.GetKind()) {
			object.SetNamespace(release.Namespace)
		}
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int {
		return cmp.Compare(rank(a.GetKind()), rank(b.GetKind()))
	})
	return objects, nil
}

// OfKinds returns the objects of some kinds, in their order. A test that runs the bot itself creates
// what surrounds it: its rights, but not its Deployment.
func OfKinds(objects []*unstructured.Unstructured, kinds ...string) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), func(object *unstructured.Unstructured) bool {
		return !slices.Contains(kinds, object.GetKind())
	})
}

// Rights returns the kinds that make up what a program may do.
func Rights() []string {
	return []string{"ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}
}

func rank(kind string) int {
	order := append([]string{"Namespace"}, Rights()...)
	if at := slices.Index(order, kind); at >= 0 {
		return at
	}
	return len(order)
}

func clusterWide(kind string) bool {
	return slices.Contains([]string{
		"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PriorityClass",
	}, kind)
}
