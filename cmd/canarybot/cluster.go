package main

import (
	"log/slog"
	"os"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/traffic"
	"canarybot.io/rollout/traffic/gateway"
	"canarybot.io/rollout/traffic/smi"
)

// Why there is no Kubernetes to work with.
const (
	problemClient       rollout.ProblemCode = "kubernetes_client"
	problemNoKubernetes rollout.ProblemCode = "kubernetes_unreachable"
)

// newRouters creates a router for each kind of route. To add one, add its line here.
func newRouters(settings *rest.Config) (map[string]kube.Router, error) {
	dyn, err := dynamic.NewForConfig(settings)
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: problemClient}).Because(err)
	}
	disc, err := traffic.NewGroups(settings)
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: problemClient}).Because(err)
	}
	return map[string]kube.Router{
		config.HTTPRoute:    gateway.New(dyn, disc),
		config.TrafficSplit: smi.New(dyn, disc),
	}, nil
}

// newCluster creates the adapter that reads and writes.
func newCluster(settings *rest.Config) (*kube.Cluster, error) {
	routers, err := newRouters(settings)
	if err != nil {
		return nil, err
	}
	return kube.New(settings, routers)
}

// newWatcher creates the adapter that only wakes.
func newWatcher(settings *rest.Config, log *slog.Logger) (*kube.Watcher, error) {
	long := kube.ForWatching(settings)
	routers, err := newRouters(long)
	if err != nil {
		return nil, err
	}
	return kube.NewWatcher(long, routers, log)
}

// kubeSettings returns how to reach Kubernetes: by KUBECONFIG, else from inside the cluster.
func kubeSettings() (*rest.Config, error) {
	base, err := rest.InClusterConfig()
	if path := os.Getenv("KUBECONFIG"); path != "" {
		base, err = clientcmd.BuildConfigFromFlags("", path)
	}
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: problemNoKubernetes}).Because(err)
	}
	return kube.Config(base), nil
}
