package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	return kind.reduce(o), nil
}

func (c *Cluster) getScaler(ctx context.Context, kind scalerKind, namespace, name string) (*unstructured.Unstructured, error) {
	return read(ctx, reading(kind.kind, namespace, name), func(ctx context.Context) (*unstructured.Unstructured, error) {
		body, err := c.client.groups[core.SchemeGroupVersion].Get().SetHeader("Accept", "application/json").
			AbsPath(kind.path(namespace, name)...).Do(ctx).Raw()
		if err != nil {
			return nil, err
		}
		o := &unstructured.Unstructured{}
		return o, json.Unmarshal(body, &o.Object)
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

// readScaler reads what scales stable: an autoscaler, or the ScaledObject that it belongs to.
func (c *Cluster) readScaler(ctx context.Context, s *start) error {
	on := s.scalersOfStable()
	if len(on) != 1 {
		return nil
	}
	kind, name := horizontal, on[0].Name
	if owner := meta.GetControllerOf(&on[0]); owner != nil && owner.Kind == scaledObject.kind && strings.HasPrefix(owner.APIVersion, scaledObject.group+"/") {
		kind, name = scaledObject, owner.Name
	}
	s.scaler.kind = kind
	o, err := absent(c.getScaler(ctx, kind, s.r.Spec.Objects.Namespace, name))
	s.scaler.object = o
	return err
}

// scalersOfStable returns the autoscalers of stable.
func (s *start) scalersOfStable() []autoscaling.HorizontalPodAutoscaler {
	var all []autoscaling.HorizontalPodAutoscaler
	for _, h := range s.scalers {
		if s.stable != nil && scales(h, s.stable.Name) {
			all = append(all, h)
		}
	}
	return all
}

// checkScalers refuses autoscalers of the canary, and several of stable: nobody could say which one sets its size.
func (s *start) checkScalers() []rollout.Problem {
	var problems []rollout.Problem
	for _, h := range s.scalers {
		if scales(h, s.r.Spec.Objects.Canary) {
			problems = append(problems, rollout.Problem{
				Code: rollout.ProblemScalerOnCanary, Object: object.Ref(horizontal.kind, h.Namespace, h.Name), Other: deploymentRef(s.stable),
			})
		}
	}
	if on := s.scalersOfStable(); len(on) > 1 {
		names := make([]string, len(on))
		for i, h := range on {
			names[i] = h.Name
		}
		problems = append(problems, rollout.Problem{Code: rollout.ProblemScalersSeveral, Object: deploymentRef(s.stable), Names: names})
	}
	if o := s.scaler.object; o != nil {
		problems = append(problems, object.Problems(o, s.scaler.kind.kind, s.r)...)
	}
	return problems
}

func scales(h autoscaling.HorizontalPodAutoscaler, deployment string) bool {
	t := h.Spec.ScaleTargetRef
	return t.Kind == "Deployment" && t.Name == deployment
}

// foundScaler returns what scales stable, with the minimum that it had before a rollout that was given up raised it.
func (s *start) foundScaler() rollout.OriginalScaler {
	o := s.scaler.object
	if o == nil {
		return rollout.OriginalScaler{}
	}
	now := s.scaler.kind.reduce(o)
	found := rollout.OriginalScaler{Kind: s.scaler.kind.kind, Name: o.GetName(), UID: now.UID, Min: now.Min}
	if left := object.Ours(o, s.r); left != nil && left.Original != nil && left.Replicas != nil && *left.Replicas == now.Min {
		found.Min = left.Original.Scaler.Min
	}
	return found
}

// vertical is a VerticalPodAutoscaler as far as a start reads it.
type vertical struct {
	Metadata struct{ Name string }
	Spec     struct {
		TargetRef    struct{ Kind, Name string }
		UpdatePolicy struct{ UpdateMode string }
	}
}

// noticeVertical names an autoscaler that restarts stable's pods to give them other resources: in a step that looks like
// trouble. One that only recommends, or only sizes new pods, restarts none.
func (c *Cluster) noticeVertical(ctx context.Context, s *start) {
	namespace := s.r.Spec.Objects.Namespace
	list, err := read(ctx, listing("VerticalPodAutoscaler", namespace), func(ctx context.Context) ([]vertical, error) {
		body, err := c.client.groups[core.SchemeGroupVersion].Get().SetHeader("Accept", "application/json").
			AbsPath("/apis/autoscaling.k8s.io/v1/namespaces", namespace, "verticalpodautoscalers").Do(ctx).Raw()
		if err != nil {
			return nil, err
		}
		var list struct{ Items []vertical }
		return list.Items, json.Unmarshal(body, &list)
	})
	if err != nil || s.stable == nil {
		return // it is not installed, or may not be read: nothing depends on it
	}
	for _, v := range list {
		if t := v.Spec.TargetRef; t.Kind == "Deployment" && t.Name == s.stable.Name && !slices.Contains([]string{"Off", "Initial"}, v.Spec.UpdatePolicy.UpdateMode) {
			s.vertical = append(s.vertical, rollout.Problem{
				Code: rollout.ProblemVerticalScaler, Object: object.Ref("VerticalPodAutoscaler", namespace, v.Metadata.Name), Other: deploymentRef(s.stable),
			})
		}
	}
}

// noticeScaler says what becomes of stable's autoscaler.
func (s *start) noticeScaler() []rollout.Problem {
	o := s.scaler.object
	if o == nil {
		return s.vertical
	}
	now := s.scaler.kind.reduce(o)
	hold := wanted(s.stable)
	if now.Max > 0 {
		hold = min(hold, now.Max)
	}
	if now.Min < hold {
		return append([]rollout.Problem{{
			Code: rollout.ProblemScalerHeld, Object: object.Ref(s.scaler.kind.kind, o.GetNamespace(), o.GetName()), Count: now.Min, Limit: hold,
			Key: fmt.Sprintf("spec.%s", s.scaler.kind.min),
		}}, s.vertical...)
	}
	return s.vertical
}
