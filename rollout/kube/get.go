package kube

import (
	"context"
	"fmt"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type endpointSlices = discovery.EndpointSliceList

// called names an object in a sentence.
func called(kind, namespace, name string) string {
	return fmt.Sprintf("%s %s/%s", kind, namespace, name)
}

// getDeployment reads one Deployment live.
func (c *Cluster) getDeployment(ctx context.Context, namespace, name string) (*apps.Deployment, error) {
	return read(ctx, called("Deployment", namespace, name), func(ctx context.Context) (*apps.Deployment, error) {
		return c.client.deployments(namespace).Get(ctx, name, meta.GetOptions{})
	})
}

// getService reads one Service live.
func (c *Cluster) getService(ctx context.Context, namespace, name string) (*core.Service, error) {
	return read(ctx, called("Service", namespace, name), func(ctx context.Context) (*core.Service, error) {
		return c.client.services(namespace).Get(ctx, name, meta.GetOptions{})
	})
}

// listPods reads the pods that the selector matches.
func (c *Cluster) listPods(ctx context.Context, namespace, selector, of string) ([]core.Pod, error) {
	list, err := read(ctx, "pods of "+of, func(ctx context.Context) (*core.PodList, error) {
		return c.client.pods(namespace).List(ctx, meta.ListOptions{LabelSelector: selector})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// listReplicaSets reads the ReplicaSets that the selector matches.
func (c *Cluster) listReplicaSets(ctx context.Context, namespace, selector, of string) ([]apps.ReplicaSet, error) {
	list, err := read(ctx, "ReplicaSets of "+of, func(ctx context.Context) (*apps.ReplicaSetList, error) {
		return c.client.replicaSets(namespace).List(ctx, meta.ListOptions{LabelSelector: selector})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}
