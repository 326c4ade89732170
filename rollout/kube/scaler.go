package kube

import (
	"context"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// scalerKind is a kind of object that sets a Deployment's size by load, and the fields of its spec that bound it.
type scalerKind struct {
	kind, group, version, resource string
	min, max                       string
	defaultMin, defaultMax         int
}

// The kinds of scalers. A ScaledObject of KEDA makes an autoscaler of its own, whose bounds follow the ScaledObject's.
var (
	horizontal = scalerKind{
		kind: "HorizontalPodAutoscaler", group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers",
		min: "minReplicas", max: "maxReplicas", defaultMin: 1,
	}
	scaledObject = scalerKind{
		kind: "ScaledObject", group: "keda.sh", version: "v1alpha1", resource: "scaledobjects",
		min: "minReplicaCount", max: "maxReplicaCount", defaultMax: 100,
	}
)

// scalerKindOf returns the kind of that name.
func scalerKindOf(name string) scalerKind {
	if name == scaledObject.kind {
		return scaledObject
	}
	return horizontal
}

// path is where the API server has the object.
func (k scalerKind) path(namespace, name string) []string {
	return []string{"/apis", k.group, k.version, "namespaces", namespace, k.resource, name}
}

// scaler reads the scaler that the rollout found. Until the canary's traffic is gone a rollback does not depend on it: what
// cannot be read counts as none then.
func (c *Cluster) scaler(ctx context.Context, r rollout.Rollout) (rollout.Scaler, error) {
	found, namespace := r.Original.Scaler, r.Spec.Objects.Namespace
	if found.UID == "" {
		return rollout.Scaler{}, nil
	}
	kind := scalerKindOf(found.Kind)
	o, err := c.getScaler(ctx, kind, namespace, found.Name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound, err != nil && (r.Phase == rollout.Returning || r.Phase == rollout.RollingBack):
		return rollout.Scaler{}, nil
	case err != nil:
		return rollout.Scaler{}, err
	}
	if target, _, _ := unstructured.NestedString(o.Object, "spec", "scaleTargetRef", "name"); target != r.Spec.Objects.Stable {
		return rollout.Scaler{}, nil // an orphan's stamp may name any, and this one is another Deployment's
	}
	return kind.reduce(o), nil
}

func (c *Cluster) getScaler(ctx context.Context, kind scalerKind, namespace, name string) (*unstructured.Unstructured, error) {
	return read(ctx, reading(kind.kind, namespace, name), func(ctx context.Context) (*unstructured.Unstructured, error) {
		o := &unstructured.Unstructured{}
		return o, c.client.getJSON(ctx, &o.Object, kind.path(namespace, name)...)
	})
}

// reduce returns the scaler as the domain sees it.
func (k scalerKind) reduce(o *unstructured.Unstructured) rollout.Scaler {
	return rollout.Scaler{
		Meta: object.Meta(o), Min: bound(o, k.min, k.defaultMin), Max: bound(o, k.max, k.defaultMax),
		MinBy: object.LastManager(o, "f:spec", "f:"+k.min),
	}
}

// bound returns a number of the spec.
func bound(o *unstructured.Unstructured, key string, fallback int) int {
	v, ok, err := unstructured.NestedFieldNoCopy(o.Object, "spec", key)
	if n, isNumber := v.(float64); err == nil && ok && isNumber {
		return int(n)
	}
	return fallback
}

// doScaler sets the scaler's minimum, or removes our stamp from it.
func (c *Cluster) doScaler(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	found, namespace := r.Original.Scaler, r.Spec.Objects.Namespace
	kind := scalerKindOf(found.Kind)
	ref := object.Ref(kind.kind, namespace, found.Name)
	if w.Verb != rollout.Update && w.Verb != rollout.Release {
		return unknownVerb(w, ref)
	}
	o, err := c.getScaler(ctx, kind, namespace, found.Name)
	if err != nil {
		return err
	}
	spec := map[string]any{}
	if w.Verb == rollout.Update && w.Replicas != nil {
		spec[kind.min] = *w.Replicas
	}
	body, err := patch(o, w, spec)
	if err != nil {
		return err
	}
	err = c.client.groups[core.SchemeGroupVersion].Patch(types.MergePatchType).AbsPath(kind.path(namespace, found.Name)...).
		Param("fieldManager", object.Manager).Body(body).Do(ctx).Error()
	return object.Error(err, rollout.Problem{Call: rollout.CallUpdate, Object: ref})
}
