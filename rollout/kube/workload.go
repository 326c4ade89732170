package kube

import (
	"context"
	"slices"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// workload reads one of the two Deployments with its pods. One that does not exist is a fact. Once a rollout ends, what
// its pods report only informs people: in an incident the API server may refuse or delay lists while it still serves small
// requests, and weight 0 does not wait for them.
func (c *Cluster) workload(ctx context.Context, r rollout.Rollout, o rollout.Object) (side, error) {
	d, err := c.getDeployment(ctx, r.Spec.Objects.Namespace, nameOf(r, o))
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return side{}, nil
	case err != nil:
		return side{}, err
	}
	if !r.Phase.Ending() {
		return c.withPods(ctx, d, r, o)
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	if w, err := c.withPods(ctx, d, r, o); err == nil {
		return w, nil
	}
	return side{Workload: reduce(d, r, o)}, nil
}

// nameOf returns the name of the Deployment.
func nameOf(r rollout.Rollout, o rollout.Object) string {
	if o == rollout.StableDeployment {
		return r.Spec.Objects.Stable
	}
	return r.Spec.Objects.Canary
}

// withPods returns the Deployment with what its pods report: the images that they run, and how they fail.
func (c *Cluster) withPods(ctx context.Context, d *apps.Deployment, r rollout.Rollout, o rollout.Object) (side, error) {
	sets, pods, err := c.own(ctx, d)
	if err != nil {
		return side{}, err
	}
	w := side{Workload: reduce(d, r, o), own: uids(pods)}
	w.ImageIDs = imageIDs(pods, current(d, sets), chosen(d, r))
	if r.Phase == rollout.Queued {
		w.Ran = ran(sets, chosen(d, r))
	}
	w.Failure = failure(d, sets, pods)
	return w, nil
}

// ran returns the images that the ReplicaSets have in these containers, distinct and sorted.
func ran(sets []apps.ReplicaSet, containers []string) []string {
	var images []string
	for _, set := range sets {
		for _, c := range containersOf(&set.Spec.Template.Spec) {
			if slices.Contains(containers, c.Name) {
				images = append(images, c.Image)
			}
		}
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// reduce returns the Deployment as the domain sees it, without its pods.
func reduce(d *apps.Deployment, r rollout.Rollout, o rollout.Object) rollout.Workload {
	return r.WithImages(o, rollout.Workload{
		Meta: object.Meta(d), Replicas: wanted(d), ReplicasBy: object.LastManager(d, "f:spec", "f:replicas"),
		GenerationObserved: observed(d), Paused: d.Spec.Paused, Total: int(d.Status.Replicas),
		Updated: int(d.Status.UpdatedReplicas), Available: int(d.Status.AvailableReplicas),
	}, imagesOf(d, r))
}

// wanted returns spec.replicas, which defaults to 1.
func wanted(d *apps.Deployment) int {
	if d.Spec.Replicas == nil {
		return 1
	}
	return int(*d.Spec.Replicas)
}

// observed reports whether the status is about the current spec.
func observed(d *apps.Deployment) bool { return d.Status.ObservedGeneration >= d.Generation }

func ready(p core.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c core.PodCondition) bool {
		return c.Type == core.PodReady && c.Status == core.ConditionTrue
	})
}
