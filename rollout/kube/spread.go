package kube

import (
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// ownSelectors makes pods that were stable's spread and gather with their own kind: a selector of pod affinity,
// anti-affinity or topology spread that matches stable's own pods, and would not match the canary's, is rewritten to the
// canary's labels. A selector that means other pods stays, as does one that means both sides: for it a canary pod is one
// more pod of the service, as a surging one is. It returns the fields that it changed.
func ownSelectors(spec *core.PodSpec, namespace string, stable, canary map[string]string) (changes []string) {
	rewrite := func(path string, selector *meta.LabelSelector) {
		if ownSelector(selector, stable, canary) {
			changes = append(changes, path)
		}
	}
	term := func(path string, t *core.PodAffinityTerm) {
		if reaches(t, namespace) && !excludes(t.MismatchLabelKeys, stable) {
			rewrite(path+".labelSelector", t.LabelSelector)
		}
	}
	terms := func(path string, required []core.PodAffinityTerm, preferred []core.WeightedPodAffinityTerm) {
		for i := range required {
			term(fmt.Sprintf("%s.requiredDuringSchedulingIgnoredDuringExecution[%d]", path, i), &required[i])
		}
		for i := range preferred {
			term(fmt.Sprintf("%s.preferredDuringSchedulingIgnoredDuringExecution[%d]", path, i), &preferred[i].PodAffinityTerm)
		}
	}
	if a := spec.Affinity; a != nil && a.PodAffinity != nil {
		terms("spec.affinity.podAffinity", a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution,
			a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		terms("spec.affinity.podAntiAffinity", a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution,
			a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	for i := range spec.TopologySpreadConstraints {
		rewrite(fmt.Sprintf("spec.topologySpreadConstraints[%d].labelSelector", i), spec.TopologySpreadConstraints[i].LabelSelector)
	}
	return changes
}

// ownSelector rewrites what a selector demands and stable's pods have and the canary's have not. It reports whether it
// changed anything.
func ownSelector(selector *meta.LabelSelector, stable, canary map[string]string) bool {
	if !matches(selector, stable) || matches(selector, canary) {
		return false
	}
	for k := range selector.MatchLabels {
		selector.MatchLabels[k] = canary[k]
	}
	for i, e := range selector.MatchExpressions {
		alone := &meta.LabelSelector{MatchExpressions: []meta.LabelSelectorRequirement{e}}
		if !matches(alone, canary) {
			selector.MatchExpressions[i] = meta.LabelSelectorRequirement{
				Key: e.Key, Operator: meta.LabelSelectorOpIn, Values: []string{canary[e.Key]},
			}
		}
	}
	return true
}

// reaches reports whether the term is about pods of the namespace. Of a namespace's labels only its name is known;
// whoever selects namespaces by others and the pods by their own labels means their own pods, too.
func reaches(t *core.PodAffinityTerm, namespace string) bool {
	if len(t.Namespaces) == 0 && t.NamespaceSelector == nil || slices.Contains(t.Namespaces, namespace) {
		return true
	}
	if t.NamespaceSelector == nil {
		return false
	}
	selector, err := meta.LabelSelectorAsSelector(t.NamespaceSelector)
	if err != nil {
		return false
	}
	named := labels.Set{core.LabelMetadataName: namespace}
	requirements, _ := selector.Requirements()
	for _, r := range requirements {
		if r.Key() == core.LabelMetadataName && !r.Matches(named) {
			return false
		}
	}
	return true
}

// excludes reports whether the term leaves out pods that have the same values of these keys, and so its own kind.
func excludes(mismatching []string, own map[string]string) bool {
	return slices.ContainsFunc(mismatching, func(key string) bool { _, ok := own[key]; return ok })
}
