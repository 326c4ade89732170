package kube

import (
	"fmt"
	"slices"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// problems returns everything that keeps the rollout from starting, in the order in which people put it right.
func (s *start) problems() []string {
	if s.stable == nil {
		o := s.r.Spec.Objects
		return append([]string{s.key("stable", "%s does not exist; name the Deployment that serves %s now.",
			called("Deployment", o.Namespace, o.Stable), s.r.Service)}, s.route.Problems...)
	}
	return slices.Concat(
		s.checkStable(), s.checkInterruption(), s.checkScalers(), s.checkVolumes(), s.checkCanary(),
		s.checkServices(), s.checkSelectors(), s.checkOwners(), s.route.Problems,
	)
}

// key returns a problem that a line of the configuration puts right.
func (s *start) key(key, format string, args ...any) string {
	return fmt.Sprintf("services.%s.%s: %s", s.r.Service, key, fmt.Sprintf(format, args...))
}

// checkStable wants stable rolled out, but for a plan that demands no evidence: nobody is compared with it, and it may
// be stable's own failing that one goes back from.
func (s *start) checkStable() []string {
	var problems []string
	d, o := s.stable, s.r.Spec.Objects
	what := called("Deployment", d.Namespace, d.Name)
	add := func(format string, args ...any) { problems = append(problems, what+" "+fmt.Sprintf(format, args...)) }
	name := containerName(d, o.Container)
	image := imageOf(d, name)
	switch {
	case image == "":
		problems = append(problems, "services."+string(s.r.Service)+"."+rollout.Message(noContainer(d, o.Container)))
	case image == s.r.Image:
		add("already runs %s; there is nothing to roll out.", rollout.ShortVersion(image))
	case s.r.Unreleased(image) != "":
		problems = append(problems, s.r.Unreleased(image))
	}
	switch w := reduce(d, o.Container); {
	case w.Replicas == 0:
		add("wants no replicas: set spec.replicas to 1 or more.")
	case w.Paused:
		add("is paused: kubectl -n %s rollout resume deployment/%s", d.Namespace, d.Name)
	case s.r.Spec.Plan.DemandsEvidence() && !w.RolledOut():
		add("is not rolled out: of %d replicas %d are updated and %d available. Wait for it: kubectl -n %s rollout status deployment/%s",
			w.Replicas, w.Updated, w.Available, d.Namespace, d.Name)
	}
	return problems
}

// checkInterruption refuses to promote what cannot be replaced without stopping it first. A plan that ends at 100 has
// everybody on the canary by then.
func (s *start) checkInterruption() []string {
	if s.r.Spec.Plan.EndsAtHundred() {
		return nil
	}
	d := s.stable
	what := called("Deployment", d.Namespace, d.Name)
	switch {
	case d.Spec.Strategy.Type == apps.RecreateDeploymentStrategyType:
		return []string{s.key("plan", "%s has the strategy Recreate, so promoting stops every pod before a new one starts. Use a plan that ends with a step of weight 100, or set spec.strategy.type: RollingUpdate.", what)}
	case wanted(d) > 1 && interrupts(d):
		return []string{s.key("plan", "%s may lose all its pods at once, so promoting would stop every one of them before new ones serve. Use a plan that ends with a step of weight 100, or set spec.strategy.rollingUpdate.maxUnavailable below 100 %%.", what)}
	case interrupts(d) && surges(d):
		return []string{s.key("plan", "%s has one replica and may lose it before the new one serves. Use a plan that ends with a step of weight 100, or set spec.strategy.rollingUpdate.maxUnavailable to 0.", what)}
	case interrupts(d):
		return []string{s.key("plan", "%s has one replica and no surge, so promoting stops it before the new one starts. Use a plan that ends with a step of weight 100, or set spec.strategy.rollingUpdate.maxSurge to 1 or more.", what)}
	}
	return nil
}

func (s *start) checkScalers() []string {
	const half = 50
	var problems []string
	for _, h := range s.scalers {
		what := called("HorizontalPodAutoscaler", h.Namespace, h.Name)
		switch {
		case scales(h, s.stable.Name) && s.tops() > half && !s.r.Spec.Plan.EndsAtHundred():
			problems = append(problems, s.key("plan",
				"%s shrinks stable while the canary has most of the traffic, and promoting would find stable too small. Use a plan whose weights stay at 50 or below, or one that ends with a step of weight 100.", what))
		case scales(h, s.r.Spec.Objects.Canary):
			problems = append(problems, fmt.Sprintf("%s scales the canary, whose size Canarybot sets: delete it, or let it scale %s.", what, s.stable.Name))
		}
	}
	return problems
}

func scales(h autoscaling.HorizontalPodAutoscaler, deployment string) bool {
	t := h.Spec.ScaleTargetRef
	return t.Kind == "Deployment" && t.Name == deployment
}

// checkVolumes refuses volumes that only one node, or one pod, may write: the canary's pods would wait for ever, or
// take the volume away.
func (s *start) checkVolumes() []string {
	var problems []string
	for _, claim := range s.claims {
		shared := slices.ContainsFunc(claim.Spec.AccessModes, func(m core.PersistentVolumeAccessMode) bool {
			return m == core.ReadWriteMany || m == core.ReadOnlyMany
		})
		if !shared {
			problems = append(problems, fmt.Sprintf(
				"%s is mounted by stable and can not be shared with the canary (access modes %v): use ReadWriteMany or ReadOnlyMany, or a canary Deployment with a volume of its own.",
				called("PersistentVolumeClaim", claim.Namespace, claim.Name), claim.Spec.AccessModes))
		}
	}
	return problems
}

// checkCanary is about a canary that was found.
func (s *start) checkCanary() []string {
	d, o := s.canary, s.r.Spec.Objects
	if d == nil {
		return nil
	}
	var problems []string
	what := called("Deployment", d.Namespace, d.Name)
	if imageOf(d, containerName(d, o.Container)) == "" {
		problems = append(problems, "services."+string(s.r.Service)+"."+rollout.Message(noContainer(d, o.Container)))
	}
	if d.Spec.Paused {
		problems = append(problems, fmt.Sprintf("%s is paused: kubectl -n %s rollout resume deployment/%s", what, d.Namespace, d.Name))
	}
	if n := wanted(d); n > 0 {
		problems = append(problems, fmt.Sprintf("%s, the canary, has %d replicas already: kubectl -n %s scale deployment/%s --replicas=0", what, n, d.Namespace, d.Name))
	}
	return problems
}

// checkOwners is about stamps, standing requests to roll back, and tools that would undo our writes.
func (s *start) checkOwners() []string {
	problems := object.Problems(s.stable, "Deployment", s.r)
	if s.canary != nil {
		problems = append(problems, object.Problems(s.canary, "Deployment", s.r)...)
	}
	if s.canaryService != nil {
		problems = append(problems, object.Problems(s.canaryService, "Service", s.r)...)
	}
	return problems
}
