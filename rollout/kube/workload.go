package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// workload reads a Deployment with its pods. One that does not exist is a fact. From returning on what the pods say is
// told to people and decides nothing: in an incident the API server may refuse or delay lists while it still takes small
// requests, and weight 0 does not wait for them.
func (c *Cluster) workload(ctx context.Context, r rollout.Rollout, name string) (rollout.Workload, error) {
	d, err := c.getDeployment(ctx, r.Spec.Objects.Namespace, name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return rollout.Workload{}, nil
	case err != nil:
		return rollout.Workload{}, err
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
	return reduce(d, container), nil
}

// withPods is the Deployment with what its pods say: the images that they run, and how they fail.
func (c *Cluster) withPods(ctx context.Context, d *apps.Deployment, container string) (rollout.Workload, error) {
	w := reduce(d, container)
	what := called("Deployment", d.Namespace, d.Name)
	selector, err := meta.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return rollout.Workload{}, rollout.Wrap(rollout.Invalid, err, what+" has a selector that cannot be read.")
	}
	pods, err := c.listPods(ctx, d.Namespace, selector.String(), what)
	if err != nil {
		return rollout.Workload{}, err
	}
	w.ImageIDs = imageIDs(pods, containerName(d, container), w.Image)
	w.Failure, err = c.failure(ctx, d, pods, selector.String())
	return w, err
}

// reduce is the Deployment as the domain sees it, without its pods.
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

// wanted is how many replicas the Deployment wants: one where it does not say.
func wanted(d *apps.Deployment) int {
	if d.Spec.Replicas == nil {
		return 1
	}
	return int(*d.Spec.Replicas)
}

// observed reports whether the status is about the spec as it stands.
func observed(d *apps.Deployment) bool { return d.Status.ObservedGeneration >= d.Generation }

// containerName returns the container that is steered: the configured one, else the only one, else none.
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

// digest returns the digest in an imageID, which runtimes write in several ways: bare, behind a repository, behind
// docker-pullable://. One without a digest is returned as it is.
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

// runs reports whether the pod was made to run the image.
func runs(p core.Pod, container, image string) bool {
	return slices.ContainsFunc(p.Spec.Containers, func(c core.Container) bool {
		return c.Name == container && c.Image == image
	})
}
