package kube

import (
	"context"
	"slices"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
)

// side is a Deployment with the UIDs of its own pods; nil: they could not be read, or there is no Deployment.
type side struct {
	rollout.Workload
	own map[types.UID]bool
}

// own reads the ReplicaSets of this very Deployment and their pods. Labels only narrow what is read: a CronJob's pod, a
// bare one, or one that a deleted Deployment of the same name left behind may have the same.
func (c *Cluster) own(ctx context.Context, d *apps.Deployment) ([]apps.ReplicaSet, []core.Pod, error) {
	selector, err := meta.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, nil, rollout.Refuse(rollout.Invalid, rollout.Problem{
			Code: rollout.ProblemSelectorUnreadable, Object: deploymentRef(d),
		}).Because(err)
	}
	var pods []core.Pod
	var sets []apps.ReplicaSet
	err = together(
		func() (err error) {
			pods, err = c.listPods(ctx, deploymentRef(d), selector.String())
			return err
		},
		func() (err error) {
			sets, err = c.listReplicaSets(ctx, deploymentRef(d), selector.String())
			return err
		},
	)
	if err != nil {
		return nil, nil, err
	}
	sets = slices.DeleteFunc(sets, func(s apps.ReplicaSet) bool { return !meta.IsControlledBy(&s, d) })
	return sets, slices.DeleteFunc(pods, func(p core.Pod) bool { return !ownedBy(p, sets) }), nil
}

// ownedBy reports whether one of the ReplicaSets controls the pod.
func ownedBy(p core.Pod, sets []apps.ReplicaSet) bool {
	return slices.ContainsFunc(sets, func(s apps.ReplicaSet) bool { return meta.IsControlledBy(&p, &s) })
}

// uids returns the UIDs of the pods.
func uids(pods []core.Pod) map[types.UID]bool {
	all := map[types.UID]bool{}
	for _, p := range pods {
		all[p.UID] = true
	}
	return all
}
