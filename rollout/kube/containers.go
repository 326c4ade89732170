package kube

import (
	"fmt"
	"slices"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// The lists of a pod's containers. The second holds those that run before the others, and those that run beside them for
// as long as the pod lives.
const (
	mainList = "containers"
	initList = "initContainers"
)

// container is one container of a pod template.
type container struct {
	*core.Container
	list string
}

// containersOf returns all containers of the pods, init containers last.
func containersOf(pods *core.PodSpec) []container {
	all := make([]container, 0, len(pods.Containers)+len(pods.InitContainers))
	for i := range pods.Containers {
		all = append(all, container{&pods.Containers[i], mainList})
	}
	for i := range pods.InitContainers {
		all = append(all, container{&pods.InitContainers[i], initList})
	}
	return all
}

// chosen returns the names of the containers whose image the rollout sets: those that the configuration names, else those
// that were found at the start. None: nobody knows which.
func chosen(d *apps.Deployment, r rollout.Rollout) []string {
	switch {
	case len(r.Spec.Objects.Containers) > 0:
		return r.Spec.Objects.Containers
	case len(r.Original.Containers) > 0:
		return r.Original.Containers
	}
	return choose(&d.Spec.Template.Spec, r.Spec.Repository)
}

// choose returns the names of the containers of the repository. Where none is, a mirror may stand before it; and where
// there is only one container, its image is the one that is meant.
func choose(pods *core.PodSpec, repository string) []string {
	for _, from := range []func(image, repository string) bool{rollout.InRepository, rollout.Mirrored} {
		var names []string
		for _, c := range containersOf(pods) {
			if from(c.Image, repository) {
				names = append(names, c.Name)
			}
		}
		if len(names) > 0 {
			return names
		}
	}
	if len(pods.Containers) == 1 {
		return []string{pods.Containers[0].Name}
	}
	return nil
}

// ours returns the Deployment's containers whose image the rollout sets. It is Invalid where there are none, and where
// one that is named is missing.
func ours(d *apps.Deployment, r rollout.Rollout) ([]container, error) {
	all := containersOf(&d.Spec.Template.Spec)
	names := chosen(d, r)
	p := rollout.Problem{Code: rollout.ProblemContainerUnnamed, Key: "container", Object: deploymentRef(d)}
	for _, c := range all {
		p.Names = append(p.Names, c.Name)
	}
	if len(names) == 0 {
		return nil, rollout.Refuse(rollout.Invalid, p)
	}
	var found []container
	for _, name := range names {
		i := slices.IndexFunc(all, func(c container) bool { return c.Name == name })
		if i < 0 {
			p.Code, p.Value = rollout.ProblemContainerMissing, name
			return nil, rollout.Refuse(rollout.Invalid, p)
		}
		found = append(found, all[i])
	}
	return found, nil
}

// setImage sets the image of the containers whose image the rollout sets.
func setImage(d *apps.Deployment, r rollout.Rollout, image string) error {
	found, err := ours(d, r)
	for _, c := range found {
		c.Image = image
	}
	return err
}

// imagePatch returns the part of a strategic merge patch that sets the image of the containers, which it finds by name.
func imagePatch(found []container, image string) map[string]any {
	lists := map[string]any{}
	for _, c := range found {
		items, _ := lists[c.list].([]any)
		lists[c.list] = append(items, map[string]any{"name": c.Name, "image": image})
	}
	return map[string]any{"spec": lists}
}

// imagesOf returns what the domain is told of the containers whose image the rollout sets. One that is missing has none.
func imagesOf(d *apps.Deployment, r rollout.Rollout) []rollout.ContainerImage {
	all := containersOf(&d.Spec.Template.Spec)
	var images []rollout.ContainerImage
	for _, name := range chosen(d, r) {
		image := rollout.ContainerImage{Name: name}
		if i := slices.IndexFunc(all, func(c container) bool { return c.Name == name }); i >= 0 {
			path := []string{"f:spec", "f:template", "f:spec", "f:" + all[i].list, fmt.Sprintf("k:{%q:%q}", "name", name), "f:image"}
			image.Image, image.By, image.Ours = all[i].Image, object.LastManager(d, path...), object.OwnWrite(d, path...)
		}
		images = append(images, image)
	}
	return images
}
