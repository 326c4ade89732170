package kube

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Do sends the write as one request that the API server refuses on any other object than the one that the write was
// decided on. It reads before only what that request needs, and reads it live.
func (c *Cluster) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	ctx, cancel := context.WithTimeout(inLane(ctx, r), writeTimeout)
	defer cancel()
	switch w.Object {
	case rollout.RouteObject:
		router, err := c.router(r.Spec.Objects.Route.Kind)
		if err != nil {
			return err
		}
		return router.Do(ctx, r, w)
	case rollout.StableDeployment:
		if w.Verb == rollout.Create || w.Verb == rollout.Delete || w.Replicas != nil {
			return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemStableProtected})
		}
		return c.updateDeployment(ctx, r, w)
	case rollout.CanaryDeployment:
		return c.doCanary(ctx, r, w)
	case rollout.CanaryService:
		return c.doService(ctx, r, w)
	case rollout.StableScaler:
		return c.doScaler(ctx, r, w)
	}
	return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemObjectUnknown, Value: string(w.Object)})
}

func (c *Cluster) doCanary(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	canary := object.Ref("Deployment", o.Namespace, o.Canary)
	switch w.Verb {
	case rollout.Create:
		return c.createCanary(ctx, r, w)
	case rollout.Update, rollout.Release:
		return c.updateDeployment(ctx, r, w)
	case rollout.Delete:
		guard, err := object.Preconditions(w)
		if err != nil {
			return err
		}
		background := meta.DeletePropagationBackground
		err = c.client.deployments(o.Namespace).Delete(ctx, o.Canary, meta.DeleteOptions{
			Preconditions: guard, PropagationPolicy: &background,
		})
		return object.Error(err, rollout.Problem{Call: rollout.CallDelete, Object: canary})
	}
	return unknownVerb(w, canary)
}

func (c *Cluster) doService(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	service := object.Ref("Service", o.Namespace, o.CanaryService)
	switch w.Verb {
	case rollout.Create:
		return c.createService(ctx, r, w)
	case rollout.Update, rollout.Release:
		// It is made and deleted, and never changed in between: a Service that somebody else made is not ours to
		// change.
	case rollout.Delete:
		guard, err := object.Preconditions(w)
		if err != nil {
			return err
		}
		err = c.client.services(o.Namespace).Delete(ctx, o.CanaryService, meta.DeleteOptions{Preconditions: guard})
		return object.Error(err, rollout.Problem{Call: rollout.CallDelete, Object: service})
	}
	return unknownVerb(w, service)
}

// unknownVerb refuses a write that nobody should have asked for.
func unknownVerb(w rollout.Write, o rollout.ObjectRef) error {
	return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemVerbUnknown, Value: string(w.Verb), Object: o})
}

// updateDeployment writes image and replicas, as far as the write names them, and the stamp, in one request.
func (c *Cluster) updateDeployment(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	namespace, name := r.Spec.Objects.Namespace, nameOf(r, w.Object)
	d, err := c.getDeployment(ctx, namespace, name)
	if err != nil {
		return err
	}
	spec, err := deploymentSpec(d, r, w)
	if err != nil {
		return err
	}
	body, err := patch(d, w, spec)
	if err != nil {
		return err
	}
	made, err := c.client.deployments(namespace).Patch(ctx, name, types.StrategicMergePatchType, body, meta.PatchOptions{FieldManager: object.Manager})
	if err != nil {
		return object.Error(err, rollout.Problem{Call: rollout.CallUpdate, Object: deploymentRef(d)})
	}
	return admitted(made, r, w.Image)
}

// deploymentSpec returns the part of the spec that the write changes, as a strategic merge patch, which would add a
// container that is missing: it refuses that. An image that is as it was written already, whatever admission made of
// it, is not sent again: admission might make something else of it this time, and the pods would be replaced for that.
func deploymentSpec(d *apps.Deployment, r rollout.Rollout, w rollout.Write) (map[string]any, error) {
	spec := map[string]any{}
	if w.Replicas != nil {
		spec["replicas"] = *w.Replicas
	}
	if w.Image == "" {
		return spec, nil
	}
	found, err := ours(d, r)
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{
			Code: rollout.ProblemContainerGone, Object: deploymentRef(d), Value: strings.Join(chosen(d, r), ", "),
		}).Because(err)
	}
	written := r.AsWritten(w.Object, object.Meta(d), imagesOf(d, r))
	if slices.ContainsFunc(written, func(c rollout.ContainerImage) bool { return c.Image != w.Image }) {
		spec["template"] = imagePatch(found, w.Image)
	}
	return spec, nil
}

// patch returns the body of the write's request: guard, annotations, and the spec unless it is empty.
func patch(o meta.Object, w rollout.Write, spec map[string]any) ([]byte, error) {
	metadata, err := object.Guard(o, w)
	if err != nil {
		return nil, err
	}
	patch := map[string]any{"metadata": metadata}
	if len(spec) > 0 {
		patch["spec"] = spec
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, rollout.Refuse(rollout.Internal, rollout.Problem{
			Code: rollout.ProblemPatchEncoding, Object: rollout.ObjectRef{Name: o.GetName()},
		}).Because(err)
	}
	return body, nil
}
