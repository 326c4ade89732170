package kube

import (
	"fmt"
	"maps"
	"slices"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// checkServices makes sure that each of the two Services selects its own side's pods, and no others: at weight 0 no
// request may reach a canary pod except through the canary's own Service.
func (s *start) checkServices() []rollout.Problem {
	o := s.r.Spec.Objects
	service, stable := s.stableService, deploymentRef(s.stable)
	ref := object.Ref("Service", o.Namespace, o.StableService)
	if service == nil {
		return []rollout.Problem{s.key("stable_service", rollout.Problem{Code: rollout.ProblemStableServiceMissing, Object: ref, Other: stable})}
	}
	var problems []rollout.Problem
	elsewhere := rollout.Problem{Code: rollout.ProblemStableServiceElsewhere, Object: ref, Other: stable}
	switch {
	case service.Spec.Type == core.ServiceTypeExternalName: // whatever it selects, nobody looks at it
		elsewhere.Code = rollout.ProblemServiceExternal
		return []rollout.Problem{s.key("stable_service", elsewhere)}
	case len(service.Spec.Selector) == 0:
		elsewhere.Code = rollout.ProblemServiceSelectless
		return []rollout.Problem{s.key("stable_service", elsewhere)}
	case !selects(service.Spec.Selector, s.stable.Spec.Template.Labels):
		problems = append(problems, s.key("stable_service", elsewhere))
	}
	problems = append(problems, s.reachesCanary(ref)...)
	problems = append(problems, s.checkOthers()...)
	problems = append(problems, strangers(ref, s.strangeStable, stable)...)
	if own := s.canaryService; own != nil {
		problems = append(problems, s.checkCanaryService(own)...)
	}
	return problems
}

// reachesCanary says whether stable's Service would select canary pods.
func (s *start) reachesCanary(service rollout.ObjectRef) []rollout.Problem {
	selector := s.stableService.Spec.Selector
	if s.canary != nil {
		if !selects(selector, s.canary.Spec.Template.Labels) {
			return nil
		}
		return []rollout.Problem{{Code: rollout.ProblemStableServiceOnCanary, Object: service, Other: deploymentRef(s.canary)}}
	}
	if _, err := canaryLabels(s.stable, s.stableService, s.r.Spec.Objects); err != nil {
		return []rollout.Problem{inConfig(s.r, "canary_labels", err)}
	}
	return nil
}

// checkOthers refuses further Services in front of both sides: at weight 0 their callers would reach the canary all the
// same. A split's root is such a Service, but the split takes its traffic. A Service in front of canaries only is a way
// in for testers.
func (s *start) checkOthers() []rollout.Problem {
	canary, o := s.canaryTemplate(), s.r.Spec.Objects
	var problems []rollout.Problem
	for _, other := range s.services {
		if other.Name == o.StableService || other.Name == o.CanaryService || other.Name == o.Route.Service {
			continue
		}
		if selects(other.Spec.Selector, canary) && selects(other.Spec.Selector, s.stable.Spec.Template.Labels) {
			problems = append(problems, rollout.Problem{
				Code: rollout.ProblemServiceOnBoth, Object: object.Ref("Service", other.Namespace, other.Name), Want: s.labelsIn(),
				Names: slices.Sorted(maps.Keys(other.Spec.Selector)),
			})
		}
	}
	return problems
}

// labelsIn says where the canary's labels are set.
func (s *start) labelsIn() string {
	if s.canary != nil {
		return rollout.LabelsInTemplate
	}
	return rollout.LabelsInConfig
}

// checkCanaryService is about a Service that was there before.
func (s *start) checkCanaryService(own *core.Service) []rollout.Problem {
	var problems []rollout.Problem
	o := s.r.Spec.Objects
	if o.CanaryService == o.StableService {
		return []rollout.Problem{s.key("canary_service", rollout.Problem{Code: rollout.ProblemServiceShared})}
	}
	service, canary := object.Ref("Service", o.Namespace, o.CanaryService), object.Ref("Deployment", o.Namespace, o.Canary)
	external := rollout.Problem{Code: rollout.ProblemServiceExternal, Object: service, Other: canary}
	if own.Spec.Type == core.ServiceTypeExternalName {
		return []rollout.Problem{s.key("canary_service", external)}
	}
	add := func(p rollout.Problem) {
		p.Object = service
		problems = append(problems, p)
	}
	if own, template := own.Spec.Selector, s.canaryTemplate(); template != nil && !selects(own, template) {
		add(rollout.Problem{Code: rollout.ProblemCanaryServiceElsewhere, Other: canary, Value: labels.Set(template).String()})
	}
	if selects(own.Spec.Selector, s.stable.Spec.Template.Labels) {
		add(rollout.Problem{Code: rollout.ProblemCanaryServiceOnStable, Other: deploymentRef(s.stable)})
	}
	problems = append(problems, strangers(service, s.strangeCanary, canary)...)
	for _, p := range s.stableService.Spec.Ports {
		if !slices.ContainsFunc(own.Spec.Ports, func(q core.ServicePort) bool { return q.Port == p.Port && protocol(q) == protocol(p) }) {
			add(rollout.Problem{
				Code: rollout.ProblemCanaryServicePort, Other: object.Ref("Service", o.Namespace, o.StableService),
				Value: fmt.Sprintf("%d/%s", p.Port, protocol(p)),
			})
		}
	}
	return problems
}

func protocol(p core.ServicePort) core.Protocol {
	if p.Protocol == "" {
		return core.ProtocolTCP
	}
	return p.Protocol
}

// canaryTemplate returns the labels that canary pods have, or would have; nil where stable's Service is a problem of its
// own.
func (s *start) canaryTemplate() map[string]string {
	if s.canary != nil {
		return s.canary.Spec.Template.Labels
	}
	if s.stableService == nil || len(s.stableService.Spec.Selector) == 0 {
		return nil
	}
	// Where they still reach the canary, they are as the error proposes: what would be in the way next is told at once.
	own, _ := canaryLabels(s.stable, s.stableService, s.r.Spec.Objects)
	return own
}

// strangers names pods behind a Service that are not its Deployment's own: they get its users, and their series would be
// taken for the Deployment's.
func strangers(service rollout.ObjectRef, pods []core.Pod, deployment rollout.ObjectRef) []rollout.Problem {
	const most = 3
	var problems []rollout.Problem
	told := map[string]bool{}
	for _, p := range pods {
		by := ""
		if owner := meta.GetControllerOf(&p); owner != nil {
			by = owner.Kind + " " + owner.Name
		}
		if by != "" && told[by] || len(problems) == most {
			continue
		}
		told[by] = true
		problems = append(problems, rollout.Problem{
			Code: rollout.ProblemServiceOnStranger, Object: service, Value: p.Name, Want: by, Other: deployment,
		})
	}
	return problems
}

// checkSelectors makes sure that nothing that counts or guards stable's pods by their labels counts canary pods.
func (s *start) checkSelectors() []rollout.Problem {
	canary := s.canaryTemplate()
	if canary == nil {
		return nil
	}
	var problems []rollout.Problem
	stable := s.stable.Spec.Template.Labels
	if matches(s.stable.Spec.Selector, canary) {
		problems = append(problems, s.key("canary_labels", rollout.Problem{
			Code: rollout.ProblemStableSelectsCanary, Object: deploymentRef(s.stable), Want: s.labelsIn(), Names: labelsOf(s.stable.Spec.Selector),
		}))
	}
	if s.canary != nil && matches(s.canary.Spec.Selector, stable) {
		problems = append(problems, rollout.Problem{Code: rollout.ProblemCanarySelectsStable, Object: deploymentRef(s.canary)})
	}
	for _, b := range s.budgets {
		if matches(b.Spec.Selector, stable) && matches(b.Spec.Selector, canary) {
			problems = append(problems, rollout.Problem{
				Code: rollout.ProblemBudgetOnBoth, Object: object.Ref("PodDisruptionBudget", b.Namespace, b.Name), Want: s.labelsIn(),
				Names: labelsOf(b.Spec.Selector),
			})
		}
	}
	return problems
}

// labelsOf returns the labels whose values the selector asks for, which is where another value helps; none where it only
// asks whether a label is there.
func labelsOf(selector *meta.LabelSelector) []string {
	if selector == nil {
		return nil
	}
	keys := slices.Collect(maps.Keys(selector.MatchLabels))
	for _, e := range selector.MatchExpressions {
		if e.Operator == meta.LabelSelectorOpIn {
			keys = append(keys, e.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// matches reports whether the selector matches the labels. A nil selector matches nothing, an empty one everything.
func matches(selector *meta.LabelSelector, set map[string]string) bool {
	s, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}
