package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	autoscaling "k8s.io/api/autoscaling/v2"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

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
	if rollout.CodeOf(err) == rollout.Forbidden {
		s.scaler.forbidden, err = err, nil // which right is missing is asked next
	}
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

// readVertical finds an autoscaler that restarts stable's pods to give them other resources: in a step that looks like
// trouble. One that only recommends, or only sizes new pods, restarts none.
func (c *Cluster) readVertical(ctx context.Context, s *start) {
	namespace := s.r.Spec.Objects.Namespace
	list, err := read(ctx, listing("VerticalPodAutoscaler", namespace), func(ctx context.Context) ([]vertical, error) {
		var list struct{ Items []vertical }
		err := c.client.getJSON(ctx, &list, "/apis/autoscaling.k8s.io/v1/namespaces", namespace, "verticalpodautoscalers")
		return list.Items, err
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
