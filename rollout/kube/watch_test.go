package kube_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/traffic/gateway"
)

// heard watches the shop until each of its watches was opened and woke somebody, and returns whom.
func heard(t *testing.T, s *kubetest.Server) rollout.ServiceName {
	t.Helper()
	routers := map[string]kube.Router{gateway.Kind: routerOf(t, gateway.Kind, s)}
	watcher, err := kube.NewWatcher(kube.ForWatching(kube.Config(s.Config())), routers, slog.New(slog.DiscardHandler))
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
	name := <-woken
	for watching := func(what string) bool { return slices.Contains(s.Used(), "watch "+what) }; !watching("deployments.apps") ||
		!watching("httproutes.gateway.networking.k8s.io"); {
		name = <-woken
	}
	cancel()
	<-done
	return name
}

func TestAWatchWakesTheServiceOfADeploymentOrRoute(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		if name := heard(t, s); name != kubetest.Rollout().Service {
			t.Errorf("woke %q", name)
		}
	})
}

// A watch that is refused is said once, with the reason, and tried again.
func TestAWatchThatIsRefusedIsLogged(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		s.Fail(on("/httproutes", http.StatusForbidden))
		routers := map[string]kube.Router{gateway.Kind: routerOf(t, gateway.Kind, s)}
		said, written := io.Pipe()
		watcher, err := kube.NewWatcher(kube.ForWatching(kube.Config(s.Config())), routers, slog.New(slog.NewTextHandler(written, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		r := kubetest.Rollout()
		go func() {
			defer close(done)
			watcher.Run(ctx, map[rollout.ServiceName]rollout.Service{r.Service: {Spec: r.Spec}}, func(rollout.ServiceName) {})
		}()
		line, err := bufio.NewReader(said).ReadString('\n')
		if err != nil || !strings.Contains(line, "kind=HTTPRoute") || !strings.Contains(line, "namespace=shop") {
			t.Errorf("said %q, %v", line, err)
		}
		cancel()
		said.Close()
		<-done
	})
}
