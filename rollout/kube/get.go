package kube

import (
	"context"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

type endpointSlices = discovery.EndpointSliceList

// deploymentRef names a Deployment.
func deploymentRef(d *apps.Deployment) rollout.ObjectRef {
	return object.Ref("Deployment", d.Namespace, d.Name)
}

// reading is a read of one object.
func reading(kind, namespace, name string) rollout.Problem {
	return rollout.Problem{Call: rollout.CallRead, Object: object.Ref(kind, namespace, name)}
}

// listing is a read of all objects of the kind in the namespace.
func listing(kind, namespace string) rollout.Problem { return reading(kind, namespace, "") }

// getDeployment reads one Deployment live.
func (c *Cluster) getDeployment(ctx context.Context, namespace, name string) (*apps.Deployment, error) {
	return read(ctx, reading("Deployment", namespace, name), func(ctx context.Context) (*apps.Deployment, error) {
		return c.client.deployments(namespace).Get(ctx, name, meta.GetOptions{})
	})
}

// getService reads one Service live.
func (c *Cluster) getService(ctx context.Context, namespace, name string) (*core.Service, error) {
	return read(ctx, reading("Service", namespace, name), func(ctx context.Context) (*core.Service, error) {
		return c.client.services(namespace).Get(ctx, name, meta.GetOptions{})
	})
}

// listPods reads the pods of the object, which the selector matches.
func (c *Cluster) listPods(ctx context.Context, of rollout.ObjectRef, selector string) ([]core.Pod, error) {
	asked := rollout.Problem{Call: rollout.CallPods, Object: of}
	list, err := read(ctx, asked, func(ctx context.Context) (*core.PodList, error) {
		return c.client.pods(of.Namespace).List(ctx, meta.ListOptions{LabelSelector: selector})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// listReplicaSets reads the ReplicaSets of the Deployment, which the selector matches.
func (c *Cluster) listReplicaSets(ctx context.Context, of rollout.ObjectRef, selector string) ([]apps.ReplicaSet, error) {
	asked := rollout.Problem{Call: rollout.CallReplicaSets, Object: of}
	list, err := read(ctx, asked, func(ctx context.Context) (*apps.ReplicaSetList, error) {
		return c.client.replicaSets(of.Namespace).List(ctx, meta.ListOptions{LabelSelector: selector})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}
