package kube

import (
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// notices returns what people should know about the cluster, and what does not keep the rollout from starting.
func (s *start) notices() []rollout.Problem {
	return slices.Concat(s.imageNotices(), s.noticeTemplate(), s.noticeApart(), s.noticeVersion(), s.noticeService(), s.noticeBeside(), s.noticeScaler(), s.ways, s.route.Notices, s.noticeOwned())
}

// noticeTemplate names the fields that the pods of a canary to be made have of their own.
func (s *start) noticeTemplate() []rollout.Problem {
	if s.canary != nil {
		return nil // templateDiffers is about that one
	}
	fields := ownTemplate(s.stable.Spec.Template.DeepCopy(), s.stable.Namespace, s.stable.Spec.Template.Labels, s.canaryTemplate())
	if len(fields) == 0 {
		return nil
	}
	canary := object.Ref("Deployment", s.stable.Namespace, s.r.Spec.Objects.Canary)
	return []rollout.Problem{{Code: rollout.ProblemCanaryTemplate, Object: canary, Names: fields}}
}

// noticeApart says where stable's pods tolerate no canary pod beside them. The scheduler asks the pods that run, too: no
// selector of the canary's own could change it.
func (s *start) noticeApart() []rollout.Problem {
	all := s.noticePorts()
	a := s.stable.Spec.Template.Spec.Affinity
	if a == nil || a.PodAntiAffinity == nil {
		return all
	}
	const path = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"
	stable, canary := s.stable.Spec.Template.Labels, s.canaryTemplate()
	for i, t := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
		tells := func(key string) bool { return key == "pod-template-hash" || stable[key] != canary[key] }
		if !reaches(&t, s.stable.Namespace) || excludes(t.MismatchLabelKeys, stable) || slices.ContainsFunc(t.MatchLabelKeys, tells) ||
			!matches(t.LabelSelector, stable) || !matches(t.LabelSelector, canary) {
			continue
		}
		all = append(all, rollout.Problem{
			Code: rollout.ProblemKeepsApart, Object: deploymentRef(s.stable), Key: fmt.Sprintf("%s[%d]", path, i), Value: t.TopologyKey,
		})
	}
	return all
}

// noticePorts says where stable's pods take a port of their node, which no canary pod beside them gets. On the host's
// network every port is one.
func (s *start) noticePorts() []rollout.Problem {
	pod := s.stable.Spec.Template.Spec
	for i, c := range pod.Containers {
		for j, p := range c.Ports {
			if p.HostPort != 0 || pod.HostNetwork {
				return []rollout.Problem{{
					Code: rollout.ProblemKeepsApart, Object: deploymentRef(s.stable), Value: core.LabelHostname,
					Key: fmt.Sprintf("spec.containers[%d].ports[%d].hostPort", i, j),
				}}
			}
		}
	}
	return nil
}

// noticeService is about stable's Service as a way in of its own.
func (s *start) noticeService() []rollout.Problem {
	spec := s.stableService.Spec
	ref := object.Ref("Service", s.stableService.Namespace, s.stableService.Name)
	var all []rollout.Problem
	exposed := func(by string) {
		all = append(all, rollout.Problem{Code: rollout.ProblemServiceExposed, Object: ref, Value: by})
	}
	switch {
	case spec.Type == core.ServiceTypeLoadBalancer, spec.Type == core.ServiceTypeNodePort:
		exposed("type " + string(spec.Type))
	case len(spec.ExternalIPs) > 0:
		exposed("externalIPs")
	}
	if p := spec.InternalTrafficPolicy; p != nil && *p == core.ServiceInternalTrafficPolicyLocal && s.canaryService == nil {
		all = append(all, rollout.Problem{Code: rollout.ProblemServiceLocal, Object: ref})
	}
	return all
}

// noticeBeside names further Services in front of stable's pods alone. Those in front of both sides are refused.
func (s *start) noticeBeside() []rollout.Problem {
	var all []rollout.Problem
	for _, name := range s.besides() {
		all = append(all, rollout.Problem{
			Code: rollout.ProblemServiceBeside, Object: object.Ref("Service", s.stable.Namespace, name), Other: deploymentRef(s.stable),
		})
	}
	return all
}

// besides returns the names of the further Services in front of stable's pods. A split's root is none: the split takes
// its traffic.
func (s *start) besides() []string {
	o := s.r.Spec.Objects
	var names []string
	for _, other := range s.services {
		if other.Name == o.StableService || other.Name == o.CanaryService || other.Name == o.Route.Service {
			continue
		}
		if s.stable != nil && other.Spec.Type != core.ServiceTypeExternalName && selects(other.Spec.Selector, s.stable.Spec.Template.Labels) {
			names = append(names, other.Name)
		}
	}
	return names
}
