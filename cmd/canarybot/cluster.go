package main

import (
	"os"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/traffic/gateway"
	"canarybot.io/rollout/traffic/smi"
)

// newCluster makes the clients for Kubernetes. To add a router, add its line here.
func newCluster(settings *rest.Config) (*kube.Cluster, error) {
	dyn, err := dynamic.NewForConfig(settings)
	if err != nil {
		return nil, rollout.Wrap(rollout.Invalid, err, "No client for Kubernetes can be made.")
	}
	disc, err := discovery.NewDiscoveryClientForConfig(settings)
	if err != nil {
		return nil, rollout.Wrap(rollout.Invalid, err, "No client for Kubernetes can be made.")
	}
	return kube.New(settings, map[string]kube.Router{
		config.HTTPRoute:    gateway.New(dyn, disc),
		config.TrafficSplit: smi.New(dyn, disc),
	})
}

// kubeSettings says how to reach Kubernetes: by KUBECONFIG, else from inside the cluster.
func kubeSettings() (*rest.Config, error) {
	base, err := rest.InClusterConfig()
	if path := os.Getenv("KUBECONFIG"); path != "" {
		base, err = clientcmd.BuildConfigFromFlags("", path)
	}
	if err != nil {
		return nil, rollout.Wrap(rollout.Invalid, err, "Kubernetes cannot be reached: set KUBECONFIG, or run inside a cluster.")
	}
	return kube.Config(base), nil
}
