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

// newCluster makes the clients for Kubernetes: by KUBECONFIG, else from inside the cluster. To add a router, add its
// line here.
func newCluster() (*kube.Cluster, error) {
	base, err := kubeConfig()
	if err != nil {
		return nil, rollout.Wrap(rollout.Invalid, err, "Kubernetes cannot be reached: set KUBECONFIG, or run inside a cluster.")
	}
	settings := kube.Config(base)
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

func kubeConfig() (*rest.Config, error) {
	if path := os.Getenv("KUBECONFIG"); path != "" {
		return clientcmd.BuildConfigFromFlags("", path)
	}
	return rest.InClusterConfig()
}
