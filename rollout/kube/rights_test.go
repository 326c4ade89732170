package kube_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/traffic"
	"canarybot.io/rollout/traffic/gateway"
	"canarybot.io/rollout/traffic/smi"
)

// routerOf returns the router of a kind over the server.
func routerOf(t *testing.T, kind string, s *kubetest.Server) kube.Router {
	t.Helper()
	return routerFrom(t, kind, kube.Config(s.Config()))
}

// routerFrom returns the router for the kind, by the configuration.
func routerFrom(t *testing.T, kind string, config *rest.Config) kube.Router {
	t.Helper()
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	disc, err := traffic.NewGroups(config)
	if err != nil {
		t.Fatal(err)
	}
	switch kind {
	case gateway.Kind:
		return gateway.New(dyn, disc)
	case smi.Kind:
		return smi.New(dyn, disc)
	}
	t.Fatalf("no router steers %s", kind)
	return nil
}

// flat returns rights as "VERB RESOURCE.GROUP", sorted.
func flat(rights []kube.Right) []string {
	var all []string
	for _, r := range rights {
		for _, verb := range r.Verbs {
			all = append(all, verb+" "+strings.TrimSuffix(r.Resource+"."+r.Group, "."))
		}
	}
	slices.Sort(all)
	return all
}

func needs(t *testing.T, kind string, create, createRoute bool) kube.Needs {
	t.Helper()
	group, resource := routerOf(t, kind, kubetest.New(t)).Resource()
	return kube.Needs{RouteGroup: group, RouteResource: resource, Create: create, CreateRoute: createRoute}
}

// scaling returns the rights that the needs come to with each kind of scaler, each once.
func scaling(n kube.Needs) []string {
	var all []string
	for _, kind := range []string{"", "HorizontalPodAutoscaler", "ScaledObject"} {
		n.Scaler = kind
		all = append(all, flat(n.Rights())...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// rule is a rule of a Role.
type rule struct {
	APIGroups []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Verbs     []string `json:"verbs"`
	Names     string   `json:"names"` // which names limit it; empty: none
}

// granted is what the chart's Roles are made of.
type granted struct {
	Always   []rule `json:"always"`
	Optional []rule `json:"optional"`
	Owners   []rule `json:"owners"`
	Create   []rule `json:"create"`
	Routes   map[string]struct {
		Always []rule `json:"always"`
		Create []rule `json:"create"`
	} `json:"routes"`
}

// rights returns the rules as rights, each with one group and one resource.
func rights(t *testing.T, rules ...rule) []kube.Right {
	t.Helper()
	var all []kube.Right
	for _, r := range rules {
		if len(r.APIGroups) != 1 || len(r.Resources) != 1 {
			t.Fatalf("rule %+v names several things", r)
		}
		all = append(all, kube.Right{Group: r.APIGroups[0], Resource: r.Resources[0], Verbs: r.Verbs})
	}
	return all
}

// The chart grants exactly what the adapters need, for each profile and each kind of route.
func TestChartGrantsExactlyWhatIsNeeded(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../charts/canarybot/files/rights.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var g granted
	if err := yaml.UnmarshalStrict(text, &g); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(flat(rights(t, g.Optional...)), flat(kube.Optional())); diff != "" {
		t.Errorf("optional, chart before code:\n%s", diff)
	}
	if diff := cmp.Diff(flat(rights(t, g.Owners...)), flat(kube.OwnerRights())); diff != "" {
		t.Errorf("owners, chart before code:\n%s", diff)
	}
	for kind, route := range g.Routes {
		without := slices.Concat(g.Always, route.Always)
		if diff := cmp.Diff(flat(rights(t, without...)), scaling(needs(t, kind, false, false))); diff != "" {
			t.Errorf("%s without create, chart before code:\n%s", kind, diff)
		}
		with := slices.Concat(without, g.Create, route.Create)
		if diff := cmp.Diff(flat(rights(t, with...)), scaling(needs(t, kind, true, len(route.Create) > 0))); diff != "" {
			t.Errorf("%s with create, chart before code:\n%s", kind, diff)
		}
	}
}

// names returns the rules that are limited to names, as "VERB RESOURCE: NAMES".
func (g granted) names(kind string) []string {
	var all []string
	for _, r := range slices.Concat(g.Always, g.Create, g.Routes[kind].Always, g.Routes[kind].Create) {
		for _, verb := range r.Verbs {
			if r.Names != "" {
				all = append(all, verb+" "+r.Resources[0]+": "+r.Names)
			}
		}
	}
	slices.Sort(all)
	return all
}

// With rights on nothing but what the configuration names, as the chart's Roles give them, the preflight has no
// objection, and a whole life works.
func TestRightsByNameSuffice(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../charts/canarybot/files/rights.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var g granted
	if err := yaml.UnmarshalStrict(text, &g); err != nil {
		t.Fatal(err)
	}
	sets := map[string][]string{
		"deployments": {"checkout", "checkout-canary"}, "services": {"checkout", "checkout-canary"}, "routes": {"checkout"},
		"canaries": {"checkout-canary"}, "canaryServices": {"checkout-canary"},
	}
	kubetest.Run(t, "life", func(t *testing.T, s *kubetest.Server) {
		for _, limited := range g.names(gateway.Kind) {
			right, set, _ := strings.Cut(limited, ": ")
			verb, resource, _ := strings.Cut(right, " ")
			s.Limit(verb, resource, sets[set]...)
		}
		s.Apply("helm", kubetest.Shop+"\n---\n"+hpa("checkout"))
		c := connect(t, s)
		p := c.Preflight(t.Context(), queued())
		if !p.Unreadable.IsZero() || len(p.Problems) > 0 {
			t.Fatalf("the preflight objects: %+v %+v", p.Unreadable, p.Problems)
		}
		r := kubetest.Rollout()
		r.Original.Scaler = p.Original.Scaler
		life(t, c, r, rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update})
	})
	for _, verb := range []string{"get", "patch", "delete"} {
		kubetest.Run(t, "no right to "+verb+" the canary", func(t *testing.T, s *kubetest.Server) {
			s.Limit(verb, "deployments", "checkout")
			s.Apply("helm", kubetest.Shop)
			p := connect(t, s).Preflight(t.Context(), queued())
			if len(p.Problems) != 1 || !slices.Equal(p.Problems[0].Names, []string{verb}) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// A life with everything that can happen uses every right of the list, and no other.
func TestEveryRightIsUsed(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop+"\n---\n"+canaryDeployment+"\n---\n"+pod("a", "canary-now", crashing)+"\n---\n"+hpa("checkout"))
		s.Apply("helm", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\nspec: {accessModes: [ReadWriteMany]}\n")
		s.Edit("helm", "deployments", "shop", "checkout", func(d kubetest.Object) {
			spec(d)["template"].(kubetest.Object)["spec"].(kubetest.Object)["volumes"] = []any{
				kubetest.Object{"name": "d", "persistentVolumeClaim": kubetest.Object{"claimName": "data"}},
			}
		})
		c := connect(t, s)
		c.Observe(t.Context(), kubetest.Rollout()) // with a failing pod
		s.Delete("deployments", "shop", "checkout-canary")
		c.Preflight(t.Context(), queued())
		r := kubetest.Rollout()
		r.Original.Scaler = c.Preflight(t.Context(), queued()).Original.Scaler
		life(t, c, r, rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update})
		heard(t, s)
		if err := c.Note(t.Context(), r, rollout.Note{Reason: "RolloutUnseen", Text: "nobody sees it"}); err != nil {
			t.Error(err)
		}
		need := needs(t, gateway.Kind, true, false)
		need.Scaler = "HorizontalPodAutoscaler"
		if diff := cmp.Diff(s.Used(), flat(slices.Concat(need.Rights(), kube.Optional()))); diff != "" {
			t.Errorf("used before listed:\n%s", diff)
		}
	})
}

// life makes the canary and takes it away again.
func life(t *testing.T, c *kube.Cluster, r rollout.Rollout, route rollout.Write) {
	t.Helper()
	zero, four := 0, 4
	for _, w := range []rollout.Write{
		{Object: rollout.CanaryService, Verb: rollout.Create}, route,
		{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: r.Image, Replicas: &zero},
		{Object: rollout.StableDeployment, Verb: rollout.Update, Image: r.Image},
		{Object: rollout.StableScaler, Verb: rollout.Update, Replicas: &four},
		{Object: rollout.CanaryDeployment, Verb: rollout.Delete},
		{Object: rollout.CanaryService, Verb: rollout.Delete},
	} {
		world := c.Observe(t.Context(), r)
		var m rollout.Meta
		switch w.Object {
		case rollout.StableDeployment:
			m = world.Stable.Meta
		case rollout.CanaryDeployment:
			m = world.Canary.Meta
		case rollout.CanaryService:
			m = world.Service
		case rollout.RouteObject:
			m = world.Route.Meta
		case rollout.StableScaler:
			m = world.Scaler.Meta
		}
		w.UID, w.Version = m.UID, m.Version
		w.Stamp = rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision}
		if err := c.Do(t.Context(), r, w); err != nil {
			t.Fatalf("%s %s: %v", w.Verb, w.Object, err)
		}
	}
}
