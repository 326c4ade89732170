package kube_test

import (
	"context"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
)

// heard watches the shop until a service was woken twice, so by a watch that was opened again, and returns it.
func heard(t *testing.T, s *kubetest.Server) rollout.ServiceName {
	t.Helper()
	watcher, err := kube.NewWatcher(kube.Config(s.Config()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := kubetest.Rollout()
	services := map[rollout.ServiceName]rollout.Service{r.Service: {Name: r.Service, Spec: r.Spec}}
	woken := make(chan rollout.ServiceName)
	done := make(chan struct{})
	go func() {
		defer close(done)
		watcher.Run(ctx, services, func(name rollout.ServiceName) {
			select {
			case woken <- name:
			case <-ctx.Done():
			}
		})
	}()
	<-woken
	name := <-woken
	cancel()
	<-done
	return name
}

func TestAWatchWakesTheServiceOfADeployment(t *testing.T) {
	t.Parallel()
	s := kubetest.New(t)
	s.Apply("helm", kubetest.Shop)
	if name := heard(t, s); name != kubetest.Rollout().Service {
		t.Errorf("woke %q", name)
	}
}
