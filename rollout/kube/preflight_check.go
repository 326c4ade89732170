package kube

import (
	"slices"
	"strconv"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// problems returns everything that keeps the rollout from starting, in the order in which people solve it.
func (s *start) problems() []rollout.Problem {
	if s.stable == nil {
		o := s.r.Spec.Objects
		missing := s.key("stable", rollout.Problem{Code: rollout.ProblemStableMissing, Object: object.Ref("Deployment", o.Namespace, o.Stable)})
		return append([]rollout.Problem{missing}, s.route.Problems...)
	}
	return slices.Concat(
		s.checkStable(), s.checkInterruption(), s.checkScalers(), s.checkVolumes(), s.checkCanary(),
		s.checkServices(), s.checkSelectors(), s.checkStamps(), s.route.Problems, s.checkOwned(),
	)
}

// key returns the problem with the key of the service's configuration that solves it.
func (s *start) key(key string, p rollout.Problem) rollout.Problem {
	p.Service, p.Key = s.r.Service, key
	return p
}

// checkStable requires that stable is rolled out, except for a plan that demands no evidence: nothing is compared with
// stable then, and it may be stable's own failure that such a plan rolls back.
func (s *start) checkStable() []rollout.Problem {
	var problems []rollout.Problem
	d := s.stable
	add := func(p rollout.Problem) {
		p.Object = deploymentRef(d)
		problems = append(problems, p)
	}
	image, wrong := s.foundImage(d)
	switch {
	case len(wrong) > 0:
		problems = append(problems, wrong...)
	case rollout.SameImage(image, s.r.Image):
		add(rollout.Problem{Code: rollout.ProblemAlreadyRuns, Value: rollout.ShortVersion(image)})
	case !s.r.Unreleased(image).IsZero():
		problems = append(problems, s.r.Unreleased(image))
	}
	switch w := reduce(d, s.r, rollout.StableDeployment); {
	case w.Replicas == 0:
		add(rollout.Problem{Code: rollout.ProblemNoReplicas})
	case w.Paused:
		add(rollout.Problem{Code: rollout.ProblemPaused})
	case s.r.Spec.Plan.DemandsEvidence() && !w.RolledOut():
		add(rollout.Problem{Code: rollout.ProblemNotRolledOut, Limit: w.Replicas, Count: w.Updated, Value: strconv.Itoa(w.Available)})
	}
	return problems
}

// checkInterruption refuses to promote where replacing stable's pods stops them first. A plan that ends at 100 has all
// traffic on the canary by then.
func (s *start) checkInterruption() []rollout.Problem {
	d := s.stable
	var code rollout.ProblemCode
	switch {
	case s.r.Spec.Plan.EndsAtHundred(), !interrupts(d):
		return nil
	case d.Spec.Strategy.Type == apps.RecreateDeploymentStrategyType:
		code = rollout.ProblemRecreate
	case wanted(d) > 1:
		code = rollout.ProblemLosesAll
	case surges(d):
		code = rollout.ProblemLosesOne
	default:
		code = rollout.ProblemNoSurge
	}
	return []rollout.Problem{s.key("plan", rollout.Problem{Code: code, Object: deploymentRef(d)})}
}

// checkVolumes refuses volumes that only one node, or one pod, may write: the canary's pods would wait for ever, or
// take the volume away.
func (s *start) checkVolumes() []rollout.Problem {
	var problems []rollout.Problem
	for _, claim := range s.claims {
		shared := slices.ContainsFunc(claim.Spec.AccessModes, func(m core.PersistentVolumeAccessMode) bool {
			return m == core.ReadWriteMany || m == core.ReadOnlyMany
		})
		if shared {
			continue
		}
		var modes []string
		for _, m := range claim.Spec.AccessModes {
			modes = append(modes, string(m))
		}
		problems = append(problems, rollout.Problem{
			Code: rollout.ProblemVolumeNotShared, Object: object.Ref("PersistentVolumeClaim", claim.Namespace, claim.Name),
			Value: strings.Join(modes, " "),
		})
	}
	return problems
}

// checkCanary is about a canary that was there before.
func (s *start) checkCanary() []rollout.Problem {
	d := s.canary
	if d == nil {
		return nil
	}
	_, problems := s.foundImage(d)
	if d.Spec.Paused {
		problems = append(problems, rollout.Problem{Code: rollout.ProblemPaused, Object: deploymentRef(d)})
	}
	if n := wanted(d); n > 0 {
		problems = append(problems, rollout.Problem{Code: rollout.ProblemCanaryRuns, Object: deploymentRef(d), Count: n})
	}
	return problems
}

// checkStamps is about stamps and standing requests to roll back.
func (s *start) checkStamps() []rollout.Problem {
	problems := object.Problems(s.stable, "Deployment", s.r)
	if s.canary != nil {
		problems = append(problems, object.Problems(s.canary, "Deployment", s.r)...)
	}
	if s.canaryService != nil {
		problems = append(problems, object.Problems(s.canaryService, "Service", s.r)...)
	}
	return problems
}
