package kube

import (
	"maps"
	"slices"

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
// The metadata that it carries over is in carry.go, and what its pods select is in spread.go.
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
	none, before := int32(0), stable.Spec.Template.Labels
	canary := &apps.Deployment{
		ObjectMeta: ownMeta(stable.ObjectMeta, onDeployment, o.Canary, changed(before, labels)), Spec: *stable.Spec.DeepCopy(),
	}
	maps.Copy(canary.Labels, o.CanaryLabels) // also what a policy asks of Deployments, and stable's has of its owner
	canary.Spec.Replicas = &none
	canary.Spec.Paused = false
	ownTemplate(&canary.Spec.Template, stable.Namespace, before, labels)
	canary.Spec.Selector = &meta.LabelSelector{MatchLabels: narrowed(selector, before, labels)}
	if _, err := ours(stable, r); err != nil {
		return nil, err
	}
	return canary, setImage(canary, r, image)
}

// ownTemplate turns stable's pod template into the canary's, but for the image, and returns what it changed beside the
// labels.
func ownTemplate(t *core.PodTemplateSpec, namespace string, stable, canary map[string]string) (changes []string) {
	for _, key := range withoutOwn(t.Annotations) {
		changes = append(changes, "metadata.annotations["+key+"]")
	}
	t.Labels = canary
	return append(changes, ownSelectors(&t.Spec, namespace, stable, canary)...)
}

// makeService returns the canary's Service: in front of the canary's pods, and with everything of stable's that says how
// the cluster reaches pods. What lets others in, such as a node's port or a load balancer, it does not have.
func makeService(stable *apps.Deployment, service *core.Service, found *apps.Deployment, o rollout.Objects) (*core.Service, error) {
	selector, err := canarySelector(stable, service, found, o)
	if err != nil {
		return nil, err
	}
	ports := slices.Clone(service.Spec.Ports)
	for i := range ports {
		ports[i].NodePort = 0
	}
	like := service.DeepCopy().Spec
	made := &core.Service{
		ObjectMeta: ownMeta(service.ObjectMeta, onService, o.CanaryService, selector),
		Spec: core.ServiceSpec{
			Ports: ports, Selector: selector, IPFamilies: like.IPFamilies, IPFamilyPolicy: like.IPFamilyPolicy,
			SessionAffinity: like.SessionAffinity, SessionAffinityConfig: like.SessionAffinityConfig,
			InternalTrafficPolicy: like.InternalTrafficPolicy, TrafficDistribution: like.TrafficDistribution,
			PublishNotReadyAddresses: like.PublishNotReadyAddresses,
		},
	}
	if like.ClusterIP == core.ClusterIPNone {
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
