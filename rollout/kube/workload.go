package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// workload reads a Deployment with its pods. One that does not exist is a fact. Once a rollout ends, what its pods
// report only informs people: in an incident the API server may refuse or delay lists while it still serves small
// requests, and weight 0 does not wait for them.
func (c *Cluster) workload(ctx context.Context, r rollout.Rollout, name string) (side, error) {
	d, err := c.getDeployment(ctx, r.Spec.Objects.Namespace, name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return side{}, nil
	case err != nil:
		return side{}, err
	}
	container := r.Spec.Objects.Container
	if !r.Phase.Ending() {
		return c.withPods(ctx, d, container)
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	if w, err := c.withPods(ctx, d, container); err == nil {
		return w, nil
	}
	return side{Workload: reduce(d, container)}, nil
}

// withPods returns the Deployment with what its pods report: the images that they run, and how they fail.
func (c *Cluster) withPods(ctx context.Context, d *apps.Deployment, container string) (side, error) {
	sets, pods, err := c.own(ctx, d)
	if err != nil {
		return side{}, err
	}
	w := side{Workload: reduce(d, container), own: uids(pods)}
	w.ImageIDs = imageIDs(pods, containerName(d, container), w.Image)
	w.Failure = failure(d, sets, pods)
	return w, nil
}

// reduce returns the Deployment as the domain sees it, without its pods.
func reduce(d *apps.Deployment, container string) rollout.Workload {
	name := containerName(d, container)
	return rollout.Workload{
		Meta: object.Meta(d), Image: imageOf(d, name), Replicas: wanted(d),
		ImageBy: object.LastManager(d, "f:spec", "f:template", "f:spec", "f:containers",
			fmt.Sprintf("k:{%q:%q}", "name", name), "f:image"),
		ReplicasBy:         object.LastManager(d, "f:spec", "f:replicas"),
		GenerationObserved: observed(d), Paused: d.Spec.Paused, Total: int(d.Status.Replicas),
		Updated: int(d.Status.UpdatedReplicas), Available: int(d.Status.AvailableReplicas),
	}
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

// containerName returns the container whose image a rollout sets: the configured one, else the only one, else none.
func containerName(d *apps.Deployment, configured string) string {
	if containers := d.Spec.Template.Spec.Containers; configured == "" && len(containers) == 1 {
		return containers[0].Name
	}
	return configured
}

// imageOf returns the container's image; empty when there is no such container.
func imageOf(d *apps.Deployment, container string) string {
	for _, c := range d.Spec.Template.Spec.Containers {
		if c.Name == container {
			return c.Image
		}
	}
	return ""
}

// imageIDs returns what the ready pods that run the image resolved it to, distinct and sorted.
func imageIDs(pods []core.Pod, container, image string) []string {
	var ids []string
	for _, p := range pods {
		if p.DeletionTimestamp != nil || !ready(p) || !runs(p, container, image) {
			continue
		}
		for _, s := range p.Status.ContainerStatuses {
			if s.Name == container && s.ImageID != "" {
				ids = append(ids, digest(s.ImageID))
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// digest returns the digest in an imageID, which runtimes write in several ways: bare, after a repository, after
// docker-pullable://. An imageID without a digest comes back as it is.
func digest(imageID string) string {
	const algorithm = "sha256:"
	if i := strings.LastIndex(imageID, algorithm); i >= 0 {
		return imageID[i:]
	}
	return imageID
}

func ready(p core.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c core.PodCondition) bool {
		return c.Type == core.PodReady && c.Status == core.ConditionTrue
	})
}

// runs reports whether the pod's spec has the image.
func runs(p core.Pod, container, image string) bool {
	return slices.ContainsFunc(p.Spec.Containers, func(c core.Container) bool {
		return c.Name == container && c.Image == image
	})
}
