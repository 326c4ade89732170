package traffic

import (
	"context"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// operation is one of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// lower takes traffic off the canary against a controller that rewrites the route without a pause. The write names the
// weights alone, and no resourceVersion: the API server applies it to whatever the route is by then. What guards it are
// tests of the UID, of our own stamp and of the backends' names. A later write of ours has another stamp, so a late one
// changes nothing. Sent is false where such a patch cannot say what has to change; nothing was sent then.
func (rt *Router) lower(ctx context.Context, route *unstructured.Unstructured, r rollout.Rollout, w rollout.Write) (sent bool, err error) {
	if !isNow(route, w) {
		return false, nil
	}
	before, err := rt.dialect.Rules(route, r.Spec.Objects)
	if err != nil {
		return false, err
	}
	after, err := before.Steer(*w.Weight, false, r.Spec.Objects, rt.dialect.Backend)
	if err != nil {
		return false, err
	}
	patch, ok := rt.lowering(before, after)
	if !ok {
		return false, nil
	}
	stamp, err := object.StampText(w.Stamp)
	if err != nil {
		return false, err
	}
	annotations := route.GetAnnotations()
	patch = append([]operation{
		{"test", "/metadata/uid", w.UID},
		{"test", annotation(object.Applied), annotations[object.Applied]},
		{"replace", annotation(object.Applied), stamp},
	}, patch...)
	if w.AskRollback {
		patch = append(patch, operation{"add", annotation(object.Rollback), object.RollbackNow})
	}
	o := r.Spec.Objects
	err = rt.PatchValues(ctx, o.Namespace, o.Route.Name, patch)
	if rollout.CodeOf(err) != rollout.Invalid {
		return true, err
	}
	// A test that failed and a value that is not allowed get the same answer.
	if again, readErr := rt.Get(ctx, o.Namespace, o.Route.Name); readErr == nil && (!isNow(again, w) || !rt.same(again, before, r)) {
		return true, rollout.Refuse(rollout.Conflict, rollout.Problem{Code: rollout.ProblemObjectChanged, Object: rt.Ref(o.Namespace, o.Route.Name)}).Because(err)
	}
	return true, err
}

// isNow reports whether the route is the one that the write was decided on, and bears the stamp of then.
func isNow(route *unstructured.Unstructured, w rollout.Write) bool {
	_, remembered := route.GetAnnotations()[FoundWeights]
	return remembered && string(route.GetUID()) == w.UID && reflect.DeepEqual(object.Meta(route).Stamp, w.Over)
}

// same reports whether the route still has the backends of the rules.
func (rt *Router) same(route *unstructured.Unstructured, rules Rules, r rollout.Rollout) bool {
	now, err := rt.dialect.Rules(route, r.Spec.Objects)
	if err != nil || len(now) != len(rules) {
		return false
	}
	for i, rule := range rules {
		if len(now[i].Refs) != len(rule.Refs) || now[i].Stable != rule.Stable || now[i].Canary != rule.Canary {
			return false
		}
	}
	return true
}

// lowering returns the operations that turn the weights of one into those of the other. Ok is false where more than
// weights would have to change.
func (rt *Router) lowering(before, after Rules) (patch []operation, ok bool) {
	for i, rule := range after {
		if len(rule.Refs) != len(before[i].Refs) {
			return nil, false
		}
		for j, ref := range rule.Refs {
			if j != rule.Stable && j != rule.Canary && reflect.DeepEqual(ref[weightKey], before[i].Refs[j][weightKey]) {
				continue
			}
			at := rt.dialect.Pointer(i, j)
			patch = append(patch,
				operation{"test", at + "/" + rt.dialect.Backend, ref[rt.dialect.Backend]},
				operation{"add", at + "/" + weightKey, ref[weightKey]}) // add also replaces
		}
	}
	return patch, len(patch) > 0
}

// annotation is the pointer to an annotation (RFC 6901).
func annotation(name string) string {
	return "/metadata/annotations/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
