package kube

import (
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"canarybot.io/rollout"
)

// checkServices makes sure that each of the two Services reaches its own side's pods, and no others: at weight 0
// nobody may reach a canary pod but through the canary's own Service.
func (s *start) checkServices() []string {
	o := s.r.Spec.Objects
	service := s.stableService
	if service == nil {
		return []string{s.key("stable_service", "%s does not exist; name the Service in front of %s.",
			called("Service", o.Namespace, o.StableService), o.Stable)}
	}
	var problems []string
	what := called("Service", o.Namespace, o.StableService)
	stableLabels := s.stable.Spec.Template.Labels
	if !selects(service.Spec.Selector, stableLabels) {
		problems = append(problems, s.key("stable_service", "%s does not select the pods of Deployment %s.", what, o.Stable))
	}
	if err := s.reachesCanary(); err != "" {
		problems = append(problems, err)
	}
	problems = append(problems, s.checkOthers()...)
	problems = append(problems, strangers(what, s.behindStable, s.stable.Spec.Selector, o.Stable)...)
	if own := s.canaryService; own != nil {
		problems = append(problems, s.checkCanaryService(own)...)
	}
	return problems
}

// reachesCanary says whether stable's Service would reach canary pods.
func (s *start) reachesCanary() string {
	o, service := s.r.Spec.Objects, s.stableService
	if s.canary != nil {
		if selects(service.Spec.Selector, s.canary.Spec.Template.Labels) {
			return fmt.Sprintf("%s selects the pods of Deployment %s, the canary, too: give one of the labels that it selects on another value in the canary's template.",
				called("Service", o.Namespace, o.StableService), o.Canary)
		}
		return ""
	}
	if _, err := canaryLabels(s.stable, service, o); err != nil {
		return "services." + string(s.r.Service) + "." + rollout.Message(err)
	}
	return ""
}

// checkOthers refuses further Services in front of both sides: at weight 0 their callers would reach the canary all the
// same. A split's root is one, and the split takes its traffic; a Service in front of canaries only is a way in for
// testers.
func (s *start) checkOthers() []string {
	canary, o := s.canaryTemplate(), s.r.Spec.Objects
	var problems []string
	for _, other := range s.services {
		if other.Name == o.StableService || other.Name == o.CanaryService || other.Name == o.Route.Service {
			continue
		}
		if selects(other.Spec.Selector, canary) && selects(other.Spec.Selector, s.stable.Spec.Template.Labels) {
			problems = append(problems, fmt.Sprintf(
				"%s selects stable's pods and the canary's, so its callers would reach the canary at weight 0: %s, or narrow its selector.",
				called("Service", other.Namespace, other.Name), s.tellApart()))
		}
	}
	return problems
}

// tellApart is what to do so that a selector tells the canary's pods from stable's.
func (s *start) tellApart() string {
	if s.canary != nil {
		return "give one of its labels another value in the canary's template"
	}
	return "give one of its labels another value in canary_labels"
}

// checkCanaryService is about a Service that was found.
func (s *start) checkCanaryService(own *core.Service) []string {
	var problems []string
	o := s.r.Spec.Objects
	what := called("Service", o.Namespace, o.CanaryService)
	if o.CanaryService == o.StableService {
		return []string{s.key("canary_service", "It is the same Service as stable's; each side needs its own.")}
	}
	canary := s.canaryTemplate()
	if canary != nil && !selects(own.Spec.Selector, canary) {
		problems = append(problems, fmt.Sprintf("%s does not select the pods of Deployment %s: its selector has to match their labels (%s).",
			what, o.Canary, labels.Set(canary)))
	}
	if selects(own.Spec.Selector, s.stable.Spec.Template.Labels) {
		problems = append(problems, fmt.Sprintf("%s selects the pods of stable, Deployment %s, too: add a label to its selector that only the canary's pods have.", what, o.Stable))
	}
	if s.canary != nil {
		problems = append(problems, strangers(what, s.behindCanary, s.canary.Spec.Selector, o.Canary)...)
	}
	for _, p := range s.stableService.Spec.Ports {
		if !slices.ContainsFunc(own.Spec.Ports, func(q core.ServicePort) bool { return q.Port == p.Port && protocol(q) == protocol(p) }) {
			problems = append(problems, fmt.Sprintf("%s lacks port %d/%s, which stable's Service %s has: add it to spec.ports.", what, p.Port, protocol(p), o.StableService))
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

// canaryTemplate returns the labels that canary pods have, or would have; nil when that is a problem of its own.
func (s *start) canaryTemplate() map[string]string {
	if s.canary != nil {
		return s.canary.Spec.Template.Labels
	}
	if s.stableService == nil {
		return nil
	}
	own, err := canaryLabels(s.stable, s.stableService, s.r.Spec.Objects)
	if err != nil {
		return nil
	}
	return own
}

// strangers names a pod behind the Service that does not belong to its side.
func strangers(service string, pods []core.Pod, selector *meta.LabelSelector, deployment string) []string {
	matches, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil // said where the selector is read
	}
	for _, p := range pods {
		if !matches.Matches(labels.Set(p.Labels)) {
			return []string{fmt.Sprintf("%s reaches pod %s, which is not one of Deployment %s: narrow the Service's selector.", service, p.Name, deployment)}
		}
	}
	return nil
}

// checkSelectors makes sure that nothing that counts or guards stable's pods by their labels counts canary pods.
func (s *start) checkSelectors() []string {
	canary := s.canaryTemplate()
	if canary == nil {
		return nil
	}
	var problems []string
	stable := s.stable.Spec.Template.Labels
	remedy := s.tellApart()
	if matches(s.stable.Spec.Selector, canary) {
		problems = append(problems, s.key("canary_labels", "The selector of stable, Deployment %s, matches the canary's pods, so a HorizontalPodAutoscaler would count them as stable's: %s.", s.stable.Name, remedy))
	}
	if s.canary != nil && matches(s.canary.Spec.Selector, stable) {
		problems = append(problems, fmt.Sprintf("The selector of the canary, Deployment %s, matches stable's pods: make it anew with a selector that only its own pods match.", s.canary.Name))
	}
	for _, b := range s.budgets {
		if matches(b.Spec.Selector, stable) && matches(b.Spec.Selector, canary) {
			problems = append(problems, fmt.Sprintf("%s counts the canary's pods with stable's, so that losing stable's may seem harmless: %s, or narrow its selector.",
				called("PodDisruptionBudget", b.Namespace, b.Name), remedy))
		}
	}
	return problems
}

// matches reports whether the selector matches the labels. None at all matches nothing, an empty one everything.
func matches(selector *meta.LabelSelector, set map[string]string) bool {
	s, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}
