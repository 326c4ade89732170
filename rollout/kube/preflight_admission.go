package kube

import (
	"context"

	apps "k8s.io/api/apps/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// dryRun has the API server take a write through admission and validation, and store nothing.
var dryRun = []string{meta.DryRunAll}

// askAdmission asks the API server what it would make of the rollout's writes, and returns what it would refuse, in its
// own words, and images that admission would replace. It takes no further right than the writes themselves. A webhook
// that does not support dry runs tells nothing before the write.
func (c *Cluster) askAdmission(ctx context.Context, s *start) ([]rollout.Problem, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	s.r.Original.Stable.Image, _ = s.foundImage(s.stable)
	var problems []rollout.Problem
	for _, try := range []func(context.Context, *start) error{c.tryCanary, c.tryStable} {
		err := try(ctx, s)
		switch rollout.CodeOf(err) {
		case rollout.Forbidden, rollout.Invalid:
			if !object.NoDryRun(err) {
				problems = append(problems, rollout.ProblemOf(err))
			}
		case rollout.Unavailable, rollout.Internal:
			return nil, err
		case rollout.Conflict, rollout.NotFound: // a leftover of that name, or a change just now: the write itself will tell
		}
	}
	return problems, nil
}

// tryCanary tries to make the canary, or to give the one that is there the new image.
func (c *Cluster) tryCanary(ctx context.Context, s *start) error {
	if s.canary != nil {
		return c.tryImage(ctx, s.canary, s.r)
	}
	canary, err := makeCanary(s.stable, s.stableService, s.r, s.r.Image)
	if err != nil {
		return err
	}
	if canary.Annotations[object.Applied], err = object.StampText(stampOf(s.r)); err != nil {
		return err
	}
	made, err := c.client.deployments(canary.Namespace).Create(ctx, canary, meta.CreateOptions{FieldManager: object.Manager, DryRun: dryRun})
	if err != nil {
		return object.Error(err, rollout.Problem{Call: rollout.CallCreate, Object: deploymentRef(canary)})
	}
	return admitted(made, s.r, s.r.Image)
}

// tryStable tries to give stable the new image.
func (c *Cluster) tryStable(ctx context.Context, s *start) error {
	return c.tryImage(ctx, s.stable, s.r)
}

func (c *Cluster) tryImage(ctx context.Context, d *apps.Deployment, r rollout.Rollout) error {
	found, err := ours(d, r)
	if err != nil {
		return err
	}
	write := rollout.Write{Verb: rollout.Update, UID: string(d.UID), Version: d.ResourceVersion, Stamp: stampOf(r)}
	body, err := patch(d, write, map[string]any{"template": imagePatch(found, r.Image)})
	if err != nil {
		return err
	}
	options := meta.PatchOptions{FieldManager: object.Manager, DryRun: dryRun}
	made, err := c.client.deployments(d.Namespace).Patch(ctx, d.Name, types.StrategicMergePatchType, body, options)
	if err != nil {
		return object.Error(err, rollout.Problem{Call: rollout.CallUpdate, Object: deploymentRef(d)})
	}
	return admitted(made, r, r.Image)
}

// stampOf is a stamp as the rollout's writes bear it, for a write that is only tried.
func stampOf(r rollout.Rollout) rollout.Stamp {
	return rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Image: r.Image}
}

// admitted returns an error where admission made another version of the image that was written, by the answer to the
// write. The API server does not say which webhook did. An empty image was not written.
func admitted(made *apps.Deployment, r rollout.Rollout, image string) error {
	if image == "" {
		return nil
	}
	for _, c := range imagesOf(made, r) {
		if c.Image != image && !rollout.AdmittedAs(image, r.Original.Stable.Image, c.Image) {
			return rollout.Refuse(rollout.Invalid, rollout.Problem{
				Code: rollout.ProblemAdmissionReplaces, Object: deploymentRef(made), Value: c.Image, Want: image, Key: c.Name,
			})
		}
	}
	return nil
}
