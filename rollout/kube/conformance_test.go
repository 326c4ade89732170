package kube_test

import (
	"testing"
	"testing/synctest"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/rollouttest"
	"canarybot.io/rollout/traffic/gateway"
	"canarybot.io/rollout/traffic/smi"
)

// connect returns the cluster adapter over the server, wired as production wires it.
func connect(t *testing.T, s *kubetest.Server) *kube.Cluster {
	t.Helper()
	c, err := kube.New(kube.Config(s.Config()), map[string]kube.Router{gateway.Kind: routerOf(t, gateway.Kind, s)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClusterKeepsItsContract(t *testing.T) {
	t.Parallel()
	rollouttest.Cluster(t, synctest.Test, func(t *testing.T) (rollout.Cluster, rollouttest.Editor) {
		s := kubetest.New(t)
		s.Apply("helm", kubetest.Shop)
		return connect(t, s), kubetest.Editor{Server: s, T: t, R: kubetest.Rollout()}
	})
}

func TestClusterWithTrafficSplitKeepsItsContract(t *testing.T) {
	t.Parallel()
	rollouttest.Cluster(t, synctest.Test, func(t *testing.T) (rollout.Cluster, rollouttest.Editor) {
		s := kubetest.New(t)
		s.Apply("helm", kubetest.Stable+"\n---\n"+`
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: {name: checkout, namespace: shop}
spec: {service: shop, backends: [{service: checkout, weight: 100}]}
`)
		r := kubetest.Rollout()
		r.Spec.Objects.Route = rollout.RouteRef{Kind: smi.Kind, Name: "checkout", Service: "shop"}
		c, err := kube.New(kube.Config(s.Config()), map[string]kube.Router{smi.Kind: routerOf(t, smi.Kind, s)})
		if err != nil {
			t.Fatal(err)
		}
		return c, kubetest.Editor{Server: s, T: t, R: r}
	})
}
