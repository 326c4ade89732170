package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/restmapper"

	// Pins the module whose definitions InstallGatewayAPI installs.
	_ "sigs.k8s.io/gateway-api/apis/v1"

	"canarybot.io/e2e/poll"
	"canarybot.io/e2e/program"
)

var definitions = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

// trafficSplit is written here: the last definition that SMI published has the shape of an API version which
// Kubernetes no longer serves.
//
//go:embed crd/trafficsplit.yaml
var trafficSplit []byte

// InstallGatewayAPI installs the kinds of the Gateway API and waits until they are served.
func (c *Cluster) InstallGatewayAPI(ctx context.Context) error {
	folder, err := program.ModuleFolder(ctx, "sigs.k8s.io/gateway-api")
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(folder, "config/crd/experimental/gateway.networking.k8s.io_*.yaml"))
	if err != nil {
		return fmt.Errorf("list the kinds of the Gateway API: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("no definition of the Gateway API's kinds in %s", folder)
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read a kind of the Gateway API: %w", err)
		}
		parsed, err := Parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		objects = append(objects, parsed...)
	}
	return c.install(ctx, objects)
}

// InstallTrafficSplit installs SMI's TrafficSplit and waits until it is served.
func (c *Cluster) InstallTrafficSplit(ctx context.Context) error {
	objects, err := Parse(trafficSplit)
	if err != nil {
		return err
	}
	return c.install(ctx, objects)
}

// InstallKind installs a namespaced kind whose objects may have anything in them, and waits until it is served.
func (c *Cluster) InstallKind(ctx context.Context, group, version, resource, kind string) error {
	return c.install(ctx, []*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": resource + "." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced", "names": map[string]any{"plural": resource, "kind": kind},
			"versions": []any{map[string]any{
				"name": version, "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}})
}

// install applies definitions and waits until their kinds are served.
func (c *Cluster) install(ctx context.Context, objects []*unstructured.Unstructured) error {
	if err := c.Apply(ctx, objects); err != nil {
		return err
	}
	for _, object := range objects {
		err := poll.Until(ctx, func(context.Context) error { return c.served(object) })
		if err != nil {
			return fmt.Errorf("wait for %s: %w", object.GetName(), err)
		}
	}
	return nil
}

// served reports whether discovery lists a definition's group and resource. The condition Established comes
// earlier than that, and a lookup of the kind in between fails.
func (c *Cluster) served(definition *unstructured.Unstructured) error {
	group, _, err := unstructured.NestedString(definition.Object, "spec", "group")
	if err != nil {
		return err
	}
	resource, _, err := unstructured.NestedString(definition.Object, "spec", "names", "plural")
	if err != nil {
		return err
	}
	groups, err := restmapper.GetAPIGroupResources(c.Kube.Discovery())
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.Group.Name != group {
			continue
		}
		for _, resources := range g.VersionedResources {
			if slices.ContainsFunc(resources, func(r meta.APIResource) bool { return r.Name == resource }) {
				return nil
			}
		}
	}
	return fmt.Errorf("the API server does not list %s.%s yet", resource, group)
}
