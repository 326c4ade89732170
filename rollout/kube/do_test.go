package kube_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// made sends creates for the canary's objects and returns what stands there then.
func made(t *testing.T, s *kubetest.Server, r rollout.Rollout) (deployment, service kubetest.Object) {
	t.Helper()
	c := connect(t, s)
	none := 0
	for _, w := range []rollout.Write{
		{Object: rollout.CanaryService, Verb: rollout.Create},
		{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: r.Image, Replicas: &none},
	} {
		w.Stamp = rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision}
		if err := c.Do(t.Context(), r, w); err != nil {
			t.Fatal(err)
		}
	}
	return s.Get("deployments", "shop", "checkout-canary"), s.Get("services", "shop", "checkout-canary")
}

// TestMade shows what is made from the shop's stable, in whole.
func TestMade(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		deployment, service := made(t, s, kubetest.Rollout())
		for name, object := range map[string]kubetest.Object{"canary.yaml": deployment, "canary_service.yaml": service} {
			for _, key := range []string{"managedFields", "uid", "resourceVersion", "generation"} {
				delete(object["metadata"].(kubetest.Object), key)
			}
			golden(t, name, object)
		}
	})
}

func golden(t *testing.T, name string, object kubetest.Object) {
	t.Helper()
	got, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s, got before want:\n%s", path, diff)
	}
}

func TestMadeWithLabelsOfTheConfiguration(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		s.Edit("helm", "services", "shop", "checkout", func(o kubetest.Object) {
			o["spec"].(kubetest.Object)["selector"] = kubetest.Object{"app": "checkout"}
		})
		r := kubetest.Rollout()
		r.Spec.Objects.CanaryLabels = map[string]string{"app": "checkout-canary"}
		deployment, service := made(t, s, r)
		spec := deployment["spec"].(kubetest.Object)
		want := kubetest.Object{"app": "checkout-canary", "track": "stable"}
		if diff := cmp.Diff(spec["selector"].(kubetest.Object)["matchLabels"], any(want)); diff != "" {
			t.Errorf("selector of the Deployment, got before want:\n%s", diff)
		}
		if diff := cmp.Diff(service["spec"].(kubetest.Object)["selector"], any(kubetest.Object{"app": "checkout-canary"})); diff != "" {
			t.Errorf("selector of the Service, got before want:\n%s", diff)
		}
	})
}

// A canary that would be reached through stable's Service is not made, whatever preflight said before.
func TestNotMadeWithinReachOfStable(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		s.Edit("helm", "services", "shop", "checkout", func(o kubetest.Object) {
			o["spec"].(kubetest.Object)["selector"] = kubetest.Object{"app": "checkout"}
		})
		err := connect(t, s).Do(t.Context(), kubetest.Rollout(), rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Create})
		if rollout.CodeOf(err) != rollout.Invalid || len(s.Writes()) > 0 {
			t.Errorf("got %v and writes %v, want invalid and none", err, s.Writes())
		}
	})
}

// One write is one request, and what went wrong with it is told in the domain's terms.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		code int // of the answer; -1: the connection breaks
		want rollout.Code
	}{
		{"forbidden", http.StatusForbidden, rollout.Forbidden},
		{"a token that ran out", http.StatusUnauthorized, rollout.Unavailable},
		{"given up by the server", http.StatusRequestTimeout, rollout.Unavailable},
		{"refused by an admission policy", http.StatusUnprocessableEntity, rollout.Invalid},
		{"not understood", http.StatusBadRequest, rollout.Invalid},
		{"a conflict that only the server sees", http.StatusConflict, rollout.Conflict},
		{"gone since it was read", http.StatusNotFound, rollout.NotFound},
		{"too many requests", http.StatusTooManyRequests, rollout.Unavailable},
		{"in trouble", http.StatusInternalServerError, rollout.Unavailable},
		{"no answer from its store", http.StatusGatewayTimeout, rollout.Unavailable},
		{"the connection breaks", -1, rollout.Unavailable},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			r, adapter := kubetest.Rollout(), connect(t, s)
			m := adapter.Observe(t.Context(), r).Stable.Meta
			var sent atomic.Int32
			s.Fail(func(r *http.Request) int {
				if r.Method != http.MethodPatch {
					return 0
				}
				sent.Add(1)
				return c.code
			})
			err := adapter.Do(t.Context(), r, rollout.Write{
				Object: rollout.StableDeployment, Verb: rollout.Update, UID: m.UID, Version: m.Version, Image: r.Image,
			})
			if got := rollout.CodeOf(err); got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
			if n := sent.Load(); n != 1 {
				t.Errorf("%d requests were sent, want one", n)
			}
		})
	}
}

// What of stable's Service says how pods are reached is the canary's, and what lets others in is not.
func TestServiceIsReachedAsStables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field       string
		value, want any
	}{
		{"sessionAffinity", "ClientIP", "ClientIP"},
		{"sessionAffinityConfig", kubetest.Object{"clientIP": kubetest.Object{"timeoutSeconds": 60.0}}, kubetest.Object{"clientIP": kubetest.Object{"timeoutSeconds": 60.0}}},
		{"internalTrafficPolicy", "Local", "Local"},
		{"trafficDistribution", "PreferClose", "PreferClose"},
		{"publishNotReadyAddresses", true, true},
		{"ipFamilies", []any{"IPv6", "IPv4"}, []any{"IPv6", "IPv4"}},
		{"ipFamilyPolicy", "RequireDualStack", "RequireDualStack"},
		{"ports", []any{kubetest.Object{"name": "grpc", "port": 80.0, "protocol": "TCP", "appProtocol": "kubernetes.io/h2c", "targetPort": "grpc", "nodePort": 30080.0}, kubetest.Object{"name": "dns", "port": 53.0, "protocol": "UDP", "targetPort": 5353.0}},
			[]any{kubetest.Object{"name": "grpc", "port": 80.0, "protocol": "TCP", "appProtocol": "kubernetes.io/h2c", "targetPort": "grpc"}, kubetest.Object{"name": "dns", "port": 53.0, "protocol": "UDP", "targetPort": 5353.0}}},
		{"clusterIP", "None", "None"},
		{"clusterIP", "10.0.0.9", nil},
		{"clusterIPs", []any{"10.0.0.9"}, nil},
		{"type", "LoadBalancer", nil},
		{"externalTrafficPolicy", "Local", nil},
		{"healthCheckNodePort", 30081.0, nil},
		{"loadBalancerIP", "198.51.100.7", nil},
		{"loadBalancerClass", "example.com/lb", nil},
		{"loadBalancerSourceRanges", []any{"198.51.100.0/24"}, nil},
		{"allocateLoadBalancerNodePorts", true, nil},
		{"externalIPs", []any{"198.51.100.7"}, nil},
		{"externalName", "checkout.example.com", nil},
	} {
		kubetest.Run(t, c.field, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			s.Edit("helm", "services", "shop", "checkout", func(o kubetest.Object) { spec(o)[c.field] = c.value })
			_, service := made(t, s, kubetest.Rollout())
			if diff := cmp.Diff(spec(service)[c.field], c.want); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}
