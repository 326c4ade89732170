package kube

import (
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// imageIDs returns what the ready pods of the ReplicaSet resolved the image of the containers to, distinct and sorted. It
// goes by the pods' owner: admission may give a pod another image than its template has. All these containers have the
// same image, so their ids are alike.
func imageIDs(pods []core.Pod, set *apps.ReplicaSet, containers []string) []rollout.ImageID {
	var ids []rollout.ImageID
	for _, p := range pods {
		if p.DeletionTimestamp != nil || !ready(p) || set == nil || !meta.IsControlledBy(&p, set) {
			continue
		}
		for _, s := range slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses) {
			if s.ImageID == "" || !slices.Contains(containers, s.Name) {
				continue
			}
			id := imageID(s.ImageID)
			id.Platform = platform(p)
			ids = append(ids, id)
		}
	}
	return rollout.SortImageIDs(ids)
}

// imageID reads what runtimes write in several ways: the digest that a registry has, after a repository and perhaps after
// docker-pullable://, or the digest of the image's configuration, bare, after docker://, or without its algorithm.
func imageID(text string) rollout.ImageID {
	if _, sum, ok := strings.Cut(text, "@"); ok {
		return rollout.ImageID{Digest: sum}
	}
	sum := text[strings.LastIndexByte(text, '/')+1:]
	if !strings.Contains(sum, ":") {
		sum = "sha256:" + sum
	}
	return rollout.ImageID{Digest: sum, Config: true}
}

// platform returns the architecture of the nodes that the pod may run on; empty where it may run on any. To ask which node
// it is on takes a right over the whole cluster.
func platform(p core.Pod) string {
	for _, label := range []string{core.LabelArchStable, "beta.kubernetes.io/arch"} {
		if arch := p.Spec.NodeSelector[label]; arch != "" {
			return arch
		}
	}
	if p.Spec.Affinity == nil || p.Spec.Affinity.NodeAffinity == nil || p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	var all []string // one for each of the terms, of which any may hold
	for _, term := range p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		all = append(all, termPlatform(term))
	}
	if all = slices.Compact(all); len(all) == 1 {
		return all[0]
	}
	return ""
}

// termPlatform returns the one architecture that the term asks for, or none.
func termPlatform(term core.NodeSelectorTerm) string {
	for _, e := range term.MatchExpressions {
		if e.Key == core.LabelArchStable && e.Operator == core.NodeSelectorOpIn && len(e.Values) == 1 {
			return e.Values[0]
		}
	}
	return ""
}
