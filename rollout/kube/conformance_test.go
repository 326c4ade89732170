package kube_test

import (
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/rollouttest"
	"canarybot.io/rollout/traffic/gateway"
)

// connect returns the cluster adapter over the server, wired as production wires it.
func connect(t *testing.T, s *kubetest.Server) *kube.Cluster {
	t.Helper()
	config := kube.Config(s.Config())
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	disc, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(config, map[string]kube.Router{gateway.Kind: gateway.New(dyn, disc)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClusterKeepsItsContract(t *testing.T) {
	t.Parallel()
	rollouttest.Cluster(t, func(t *testing.T) (rollout.Cluster, rollouttest.Editor) {
		s := kubetest.New(t)
		s.Apply("helm", kubetest.Shop)
		return connect(t, s), kubetest.Editor{Server: s, T: t, R: kubetest.Rollout()}
	})
}
