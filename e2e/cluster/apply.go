package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/restmapper"
)

// manager is the field manager of what Apply sets up.
const manager = "e2e-setup"

// Parse reads the objects of a YAML text of several documents.
func Parse(manifests []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read manifest %d: %w", len(objects)+1, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// Apply creates the objects, in their order, or brings those that exist to what is written. It is
// idempotent.
func (c *Cluster) Apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	groups, err := restmapper.GetAPIGroupResources(c.Kube.Discovery())
	if err != nil {
		return fmt.Errorf("ask for the API's kinds: %w", err)
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	for _, object := range objects {
		if err := c.apply(ctx, mapper, manager, object); err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// ApplyAs applies one object in the name of a field manager.
func (c *Cluster) ApplyAs(ctx context.Context, manager string, object *unstructured.Unstructured) error {
	groups, err := restmapper.GetAPIGroupResources(c.Kube.Discovery())
	if err != nil {
		return fmt.Errorf("ask for the API's kinds: %w", err)
	}
	return c.apply(ctx, restmapper.NewDiscoveryRESTMapper(groups), manager, object)
}

func (c *Cluster) apply(ctx context.Context, mapper apimeta.RESTMapper, manager string, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	// Only objects that live in namespaces may be asked for in one.
	namespace := ""
	if mapping.Scope.Name() == apimeta.RESTScopeNameNamespace {
		namespace = object.GetNamespace()
	}
	_, err = c.Dynamic.Resource(mapping.Resource).Namespace(namespace).
		Apply(ctx, object.GetName(), object, meta.ApplyOptions{FieldManager: manager, Force: true})
	return err
}
