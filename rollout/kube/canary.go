package kube

import (
	"maps"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// track is the label in which canary pods differ from stable's where stable's Service selects on it.
const (
	track       = "track"
	trackCanary = "canary"
)

// canaryLabels returns the labels of the pods of a canary that is made from stable: all of stable's, but for those
// that keep stable's Service from reaching them. Those are track, where that Service selects on it, and whatever
// canary_labels says. The error names the line to add when the Service would still reach them.
func canaryLabels(stable *apps.Deployment, service *core.Service, o rollout.Objects) (map[string]string, error) {
	labels := maps.Clone(stable.Spec.Template.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	if _, ok := service.Spec.Selector[track]; ok {
		labels[track] = trackCanary
	}
	maps.Copy(labels, o.CanaryLabels)
	if !selects(service.Spec.Selector, labels) {
		return labels, nil
	}
	keys := slices.Sorted(maps.Keys(service.Spec.Selector)) // there is one, or it would select nothing
	return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{
		Code: rollout.ProblemLabelsReachCanary, Key: "canary_labels", Object: object.Ref("Service", service.Namespace, service.Name),
		Names: keys, Want: keys[0], Value: o.Canary,
	})
}

// selects reports whether the selector of a Service matches the labels. An empty one matches nothing.
func selects(selector, labels map[string]string) bool {
	if len(selector) == 0 {
		return false
	}
	for k, v := range selector {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// changed returns the canary's labels in which it differs from stable.
func changed(stable, canary map[string]string) map[string]string {
	differing := map[string]string{}
	for k, v := range canary {
		if before, ok := stable[k]; !ok || before != v {
			differing[k] = v
		}
	}
	return differing
}

// narrowed returns a selector for the canary's pods: by the keys that stable's selector has, and those in which the
// canary differs.
func narrowed(selector map[string]string, stable, canary map[string]string) map[string]string {
	own := changed(stable, canary)
	for k := range selector {
		if v, ok := canary[k]; ok {
			own[k] = v
		}
	}
	return own
}

// makeCanary returns the canary's Deployment: stable's, with the image, labels and a selector of its own, and no pods.
// Its metadata has nothing by which another tool would claim it.
func makeCanary(stable *apps.Deployment, service *core.Service, r rollout.Rollout, image string) (*apps.Deployment, error) {
	o := r.Spec.Objects
	labels, err := canaryLabels(stable, service, o)
	if err != nil {
		return nil, err
	}
	var selector map[string]string
	if stable.Spec.Selector != nil {
		selector = stable.Spec.Selector.MatchLabels
	}
	none := int32(0)
	canary := &apps.Deployment{ObjectMeta: ownMeta(stable.ObjectMeta, o.Canary, changed(stable.Spec.Template.Labels, labels)), Spec: *stable.Spec.DeepCopy()}
	canary.Spec.Replicas = &none
	canary.Spec.Paused = false
	canary.Spec.Template.Labels = labels
	canary.Spec.Selector = &meta.LabelSelector{MatchLabels: narrowed(selector, stable.Spec.Template.Labels, labels)}
	if _, err := ours(stable, r); err != nil {
		return nil, err
	}
	return canary, setImage(canary, r, image)
}

// makeService returns the canary's Service: stable's ports, in front of the canary's pods. It is reachable only from
// inside the cluster, whatever type stable's has.
func makeService(stable *apps.Deployment, service *core.Service, found *apps.Deployment, o rollout.Objects) (*core.Service, error) {
	selector, err := canarySelector(stable, service, found, o)
	if err != nil {
		return nil, err
	}
	ports := slices.Clone(service.Spec.Ports)
	for i := range ports {
		ports[i].NodePort = 0
	}
	made := &core.Service{
		ObjectMeta: ownMeta(service.ObjectMeta, o.CanaryService, selector),
		Spec: core.ServiceSpec{
			Ports: ports, Selector: selector, IPFamilies: service.Spec.IPFamilies, IPFamilyPolicy: service.Spec.IPFamilyPolicy,
		},
	}
	if service.Spec.ClusterIP == core.ClusterIPNone {
		made.Spec.ClusterIP = core.ClusterIPNone
	}
	return made, nil
}

// canarySelector returns what the canary's Service selects: what an existing canary selects itself, or the labels in
// which the one that will be made differs.
func canarySelector(stable *apps.Deployment, service *core.Service, found *apps.Deployment, o rollout.Objects) (map[string]string, error) {
	labels := stable.Spec.Template.Labels
	if found == nil {
		own, err := canaryLabels(stable, service, o)
		if err != nil {
			return nil, err
		}
		return narrowed(service.Spec.Selector, labels, own), nil
	}
	if s := found.Spec.Selector; s != nil && len(s.MatchLabels) > 0 && !selects(s.MatchLabels, labels) {
		return s.MatchLabels, nil
	}
	return narrowed(service.Spec.Selector, labels, found.Spec.Template.Labels), nil
}

// ownMeta returns the metadata of an object that is made from another: its labels and annotations without those that
// other tools or controllers set, and with the canary's value of the labels in which the sides differ.
func ownMeta(from meta.ObjectMeta, name string, differing map[string]string) meta.ObjectMeta {
	own := meta.ObjectMeta{Name: name, Namespace: from.Namespace, Labels: map[string]string{}, Annotations: map[string]string{}}
	for k, v := range from.Labels {
		if canarys, ok := differing[k]; ok {
			v = canarys
		}
		if !foreign(k) {
			own.Labels[k] = v
		}
	}
	for k, v := range from.Annotations {
		if !foreign(k) {
			own.Annotations[k] = v
		}
	}
	return own
}

// foreign reports whether the label or annotation says who manages an object, or what a controller made of it.
func foreign(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	switch {
	case key == "app.kubernetes.io/managed-by", key == "helm.sh/chart",
		key == "app.kubernetes.io/instance", // Argo CD finds its objects by it, and prunes what its repository lacks
		key == "kubectl.kubernetes.io/last-applied-configuration":
		return true
	case domain == object.Domain, domain == "deployment.kubernetes.io", domain == "meta.helm.sh", domain == "argocd.argoproj.io",
		domain == "external-dns.alpha.kubernetes.io", domain == "objectset.rio.cattle.io", domain == "kapp.k14s.io":
		return true
	}
	return strings.HasSuffix(domain, "toolkit.fluxcd.io") || domain == "fluxcd.io"
}
