package kube

import (
	"context"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// createCanary makes the canary's Deployment from stable as it is now, without a pod.
func (c *Cluster) createCanary(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	stable, service, err := c.readStable(ctx, o)
	if err != nil {
		return err
	}
	stamp, err := object.StampText(w.Stamp)
	if err != nil {
		return err
	}
	canary, err := makeCanary(stable, service, r, w.Image)
	if err != nil {
		return err
	}
	canary.Annotations[object.Applied] = stamp
	made, err := c.client.deployments(o.Namespace).Create(ctx, canary, meta.CreateOptions{FieldManager: object.Manager})
	if err != nil {
		return object.Error(err, rollout.Problem{Call: rollout.CallCreate, Object: object.Ref("Deployment", o.Namespace, o.Canary)})
	}
	return admitted(made, r, w.Image)
}

// createService makes the canary's Service like stable's. It comes before the canary's Deployment, so it selects the
// labels that the Deployment will get; a canary that was there before is selected as it is.
func (c *Cluster) createService(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	stable, service, err := c.readStable(ctx, o)
	if err != nil {
		return err
	}
	found, err := c.getDeployment(ctx, o.Namespace, o.Canary)
	if err != nil && rollout.CodeOf(err) != rollout.NotFound {
		return err
	}
	if rollout.CodeOf(err) == rollout.NotFound {
		found = nil
	}
	stamp, err := object.StampText(w.Stamp)
	if err != nil {
		return err
	}
	made, err := makeService(stable, service, found, o)
	if err != nil {
		return err
	}
	made.Annotations[object.Applied] = stamp
	_, err = c.client.services(o.Namespace).Create(ctx, made, meta.CreateOptions{FieldManager: object.Manager})
	return object.Error(err, rollout.Problem{Call: rollout.CallCreate, Object: object.Ref("Service", o.Namespace, o.CanaryService)})
}

// readStable reads what a canary is made from.
func (c *Cluster) readStable(ctx context.Context, o rollout.Objects) (stable *apps.Deployment, service *core.Service, err error) {
	err = together(
		func() (err error) {
			stable, err = c.getDeployment(ctx, o.Namespace, o.Stable)
			return err
		},
		func() (err error) {
			service, err = c.getService(ctx, o.Namespace, o.StableService)
			return err
		},
	)
	return stable, service, err
}
