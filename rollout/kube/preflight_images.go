package kube

import (
	"fmt"
	"slices"

	apps "k8s.io/api/apps/v1"

	"canarybot.io/rollout"
)

// toRecord returns the names of the containers whose image the rollout will set, where they have to be remembered: once an
// image is changed, by us or by others, it does not tell any more.
func toRecord(d *apps.Deployment, r rollout.Rollout) []string {
	if d == nil || len(r.Spec.Objects.Containers) > 0 {
		return nil
	}
	pods := &d.Spec.Template.Spec
	names := choose(pods, r.Spec.Repository)
	if len(names) == 1 && len(pods.Containers) == 1 && pods.Containers[0].Name == names[0] {
		return nil // the only one there is
	}
	return names
}

// foundImage returns the image of the containers whose image the rollout sets, which all have to have the same: at the
// end there is one to go back to.
func (s *start) foundImage(d *apps.Deployment) (string, []rollout.Problem) {
	found, err := ours(d, s.r)
	if err != nil {
		return "", []rollout.Problem{inConfig(s.r, "container", err)}
	}
	image := found[0].Image
	if !slices.ContainsFunc(found, func(c container) bool { return c.Image != image }) {
		return image, nil
	}
	p := rollout.Problem{Code: rollout.ProblemContainersDiffer, Object: deploymentRef(d)}
	for _, c := range found {
		p.Names = append(p.Names, fmt.Sprintf("%s (%s)", c.Name, c.Image))
	}
	return image, []rollout.Problem{s.key("container", p)}
}

// imageNotices returns the containers of the repository that keep their version, because the configuration names others.
func (s *start) imageNotices() []rollout.Problem {
	if s.stable == nil {
		return nil
	}
	pods := &s.stable.Spec.Template.Spec
	names := chosen(s.stable, s.r)
	var notices []rollout.Problem
	for _, c := range containersOf(pods) {
		if !slices.Contains(names, c.Name) && (rollout.InRepository(c.Image, s.r.Spec.Repository) || rollout.Mirrored(c.Image, s.r.Spec.Repository)) {
			notices = append(notices, s.key("container", rollout.Problem{
				Code: rollout.ProblemContainerStays, Object: deploymentRef(s.stable), Value: c.Name, Want: c.Image,
			}))
		}
	}
	if s.silentRuntime {
		notices = append(notices, rollout.Problem{Code: rollout.ProblemImageIDsMissing, Object: deploymentRef(s.stable)})
	}
	return notices
}
