package kube_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
)

// hand writes to the shop as the engine would, on what it just observed.
type hand struct {
	t *testing.T
	*kube.Cluster
	r rollout.Rollout
}

// begin runs the preflight and returns the hand of the rollout that starts, with what people are told.
func begin(t *testing.T, s *kubetest.Server, r rollout.Rollout) (hand, []rollout.Problem) {
	t.Helper()
	c := connect(t, s)
	p := c.Preflight(t.Context(), r)
	if !p.Passes() {
		t.Fatalf("it does not start: %+v", p)
	}
	r.Original, r.Phase = p.Original, rollout.Preparing
	h := hand{t: t, Cluster: c, r: r}
	h.do(rollout.CanaryService, rollout.Create, "", nil)
	h.do(rollout.CanaryDeployment, rollout.Create, r.Image, new(int))
	return h, p.Notices
}

func (h hand) observed() rollout.Observed {
	h.t.Helper()
	w := h.Observe(h.t.Context(), h.r)
	if !w.Unreadable.IsZero() {
		h.t.Fatal(w.Unreadable)
	}
	return w
}

// try sends one write, and returns what came of it.
func (h hand) try(o rollout.Object, verb rollout.Verb, image string, replicas *int) error {
	w := rollout.Write{Object: o, Verb: verb, Image: image, Replicas: replicas}
	w.Stamp = rollout.Stamp{Store: h.r.Store, Rollout: h.r.ID, Revision: h.r.Revision, Image: image, Replicas: replicas, Original: &h.r.Original}
	seen := h.observed()
	m := map[rollout.Object]rollout.Meta{rollout.StableDeployment: seen.Stable.Meta, rollout.CanaryDeployment: seen.Canary.Meta}[o]
	w.UID, w.Version = m.UID, m.Version
	return h.Do(h.t.Context(), h.r, w)
}

func (h hand) do(o rollout.Object, verb rollout.Verb, image string, replicas *int) {
	h.t.Helper()
	if err := h.try(o, verb, image, replicas); err != nil {
		h.t.Fatalf("%s %s: %v", verb, o, err)
	}
}

// podOf returns the pod spec of a Deployment's template.
func podOf(d kubetest.Object) kubetest.Object { return spec(spec(d)["template"].(kubetest.Object)) }

// withContainers gives stable these containers: name to image, those that begin with "init-" as init containers and those
// that begin with "side-" as ones that run beside the others.
func withContainers(images map[string]string) func(*kubetest.Server) {
	return rolledOut(func(d kubetest.Object) {
		var mains, inits []any
		for _, name := range slices.Sorted(maps.Keys(images)) {
			c := kubetest.Object{"name": name, "image": images[name]}
			switch {
			case strings.HasPrefix(name, "side-"):
				c["restartPolicy"] = "Always"
				inits = append(inits, c)
			case strings.HasPrefix(name, "init-"):
				inits = append(inits, c)
			default:
				mains = append(mains, c)
			}
		}
		podOf(d)["containers"], podOf(d)["initContainers"] = mains, inits
	})
}

// images returns what the containers of a Deployment run, by name.
func images(s *kubetest.Server, deployment string) map[string]string {
	all := map[string]string{}
	for _, list := range []string{"containers", "initContainers"} {
		items, _ := podOf(s.Get("deployments", "shop", deployment))[list].([]any)
		for _, item := range items {
			c := item.(kubetest.Object)
			all[fmt.Sprint(c["name"])] = fmt.Sprint(c["image"])
		}
	}
	return all
}

// TestContainersThatChange shows which containers a rollout changes, together, on the canary and on stable, and puts back.
func TestContainersThatChange(t *testing.T) {
	t.Parallel()
	const old, next, proxy, mirror = kubetest.OldImage, kubetest.NewImage, "registry.example.com/mesh/proxy:1", "mirror.local/registry.example.com/shop/checkout:v1.2.3"
	for _, c := range []struct {
		name   string
		found  map[string]string
		change func(*rollout.Rollout)
		want   []string // the containers that change
		stays  []string // those that people are told of
	}{
		{name: "the only one", found: map[string]string{"app": old}, want: []string{"app"}},
		{name: "the only one, of another repository", found: map[string]string{"app": proxy}, want: []string{"app"}},
		{name: "two of the repository", found: map[string]string{"app": old, "worker": old}, want: []string{"app", "worker"}},
		{name: "one that runs before", found: map[string]string{"app": old, "init-migrate": old}, want: []string{"app", "init-migrate"}},
		{name: "one that runs beside for as long", found: map[string]string{"app": old, "side-metrics": old}, want: []string{"app", "side-metrics"}},
		{name: "all of them, among strangers", want: []string{"app", "init-migrate", "side-metrics", "worker"},
			found: map[string]string{"app": old, "worker": old, "init-migrate": old, "side-metrics": old, "proxy": proxy, "init-certs": proxy, "side-log": proxy}},
		{name: "one among strangers", found: map[string]string{"app": old, "proxy": proxy}, want: []string{"app"}},
		{name: "only what brings the files", found: map[string]string{"nginx": "nginx:1.29", "init-assets": old}, want: []string{"init-assets"}},
		{name: "a repository whose name begins alike", found: map[string]string{"app": old, "init-migrate": "registry.example.com/shop/checkout-migrate:v1.2.3"}, want: []string{"app"}},
		{name: "behind a mirror", found: map[string]string{"app": mirror, "init-migrate": mirror, "proxy": proxy}, want: []string{"app", "init-migrate"}},
		{name: "the repository itself before a mirror of it", found: map[string]string{"app": old, "old": mirror}, want: []string{"app"}, stays: []string{"old"}},
		{name: "of Docker Hub, by its short name", found: map[string]string{"app": "shop/checkout:v1.2.3", "worker": "docker.io/shop/checkout:v1.2.3", "proxy": proxy}, change: func(r *rollout.Rollout) {
			r.Spec.Repository, r.Spec.Objects.Containers = "index.docker.io/shop/checkout", rollout.Containers{"app"}
		}, want: []string{"app"}, stays: []string{"worker"}},
		{name: "the one that is named", found: map[string]string{"app": old, "init-migrate": old}, change: named("app"), want: []string{"app"}, stays: []string{"init-migrate"}},
		{name: "those that are named", found: map[string]string{"app": old, "init-migrate": old, "side-metrics": old, "proxy": proxy}, change: named("app", "side-metrics"), want: []string{"app", "side-metrics"}, stays: []string{"init-migrate"}},
		{name: "one that is named, of another repository", found: map[string]string{"app": proxy, "other": proxy}, change: named("app"), want: []string{"app"}},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			withContainers(c.found)(s)
			r := queued()
			if c.change != nil {
				c.change(&r)
			}
			h, notices := begin(t, s, r)
			want := maps.Clone(c.found)
			for _, name := range c.want {
				want[name] = next
			}
			if diff := cmp.Diff(images(s, "checkout-canary"), want); diff != "" {
				t.Errorf("the canary, got before want:\n%s", diff)
			}
			var stays []string
			for _, n := range notices {
				if n.Code == rollout.ProblemContainerStays {
					stays = append(stays, n.Value)
				}
			}
			if diff := cmp.Diff(stays, c.stays); diff != "" {
				t.Errorf("told to stay, got before want:\n%s", diff)
			}
			h.do(rollout.StableDeployment, rollout.Update, next, nil)
			if diff := cmp.Diff(images(s, "checkout"), want); diff != "" || h.observed().Stable.Image != next {
				t.Errorf("stable runs %s, got before want:\n%s", h.observed().Stable.Image, diff)
			}
			h.do(rollout.StableDeployment, rollout.Update, h.r.Original.Stable.Image, nil)
			if diff := cmp.Diff(images(s, "checkout"), c.found); diff != "" {
				t.Errorf("put back, got before want:\n%s", diff)
			}
		})
	}
}

func named(containers ...string) func(*rollout.Rollout) {
	return func(r *rollout.Rollout) { r.Spec.Objects.Containers = containers }
}

// A change of one container is seen, whichever it is, and whatever the others run.
func TestOneContainerThatSomebodyChanges(t *testing.T) {
	t.Parallel()
	const other = "registry.example.com/shop/checkout:hotfix"
	for _, c := range []struct {
		name, container, image string
		promoted               bool
		want                   string
	}{
		{name: "the first", container: "app", image: other, want: other},
		{name: "one that runs before", container: "init-migrate", image: other, want: other},
		{name: "one that runs beside", container: "side-metrics", image: other, want: other},
		{name: "to another repository", container: "app", image: "elsewhere:1", want: "elsewhere:1"},
		{name: "the first, back to the old version", container: "app", image: kubetest.OldImage, promoted: true, want: kubetest.OldImage},
		{name: "one that runs before, back to the old version", container: "init-migrate", image: kubetest.OldImage, promoted: true, want: kubetest.OldImage},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			withContainers(map[string]string{"app": kubetest.OldImage, "init-migrate": kubetest.OldImage, "side-metrics": kubetest.OldImage, "proxy": "proxy:1"})(s)
			h, _ := begin(t, s, queued())
			if c.promoted {
				h.do(rollout.StableDeployment, rollout.Update, kubetest.NewImage, nil)
			}
			s.Edit("kubectl", "deployments", "shop", "checkout", func(d kubetest.Object) {
				for _, list := range []string{"containers", "initContainers"} {
					for _, item := range podOf(d)[list].([]any) {
						if item.(kubetest.Object)["name"] == c.container {
							item.(kubetest.Object)["image"] = c.image
						}
					}
				}
			})
			if got := h.observed().Stable; got.Image != c.want || got.ImageBy != "kubectl" {
				t.Errorf("got %s by %q, want %s by kubectl", got.Image, got.ImageBy, c.want)
			}
			h.do(rollout.StableDeployment, rollout.Update, kubetest.OldImage, nil)
			if all := images(s, "checkout"); all["app"] != kubetest.OldImage || all["init-migrate"] != kubetest.OldImage || all["side-metrics"] != kubetest.OldImage {
				t.Errorf("set back, it runs %v", all)
			}
		})
	}
}

// What a container that is gone ran is not known, and nothing is written to it.
func TestAContainerThatSomebodyRemoves(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		withContainers(map[string]string{"app": kubetest.OldImage, "worker": kubetest.OldImage})(s)
		h, _ := begin(t, s, queued())
		withContainers(map[string]string{"app": kubetest.OldImage})(s)
		if got := h.observed().Stable.Image; got != "" {
			t.Errorf("it runs %q, want no image", got)
		}
		err := h.try(rollout.StableDeployment, rollout.Update, kubetest.NewImage, nil)
		want := rollout.Problem{Code: rollout.ProblemContainerGone, Object: ref("Deployment", "checkout"), Value: "app, worker"}
		if diff := cmp.Diff(rollout.ProblemOf(err), want); diff != "" {
			t.Errorf("got before want:\n%s", diff)
		}
	})
}

// Different versions cannot be put back by one image.
func TestProblemsOfContainers(t *testing.T) {
	t.Parallel()
	const older = "registry.example.com/shop/checkout:v1.2.2"
	differ := func(deployment string, names ...string) []rollout.Problem {
		return []rollout.Problem{{Code: rollout.ProblemContainersDiffer, Service: "checkout", Object: ref("Deployment", deployment), Key: "container", Names: names}}
	}
	check(t, []problemCase{
		{name: "two versions", world: withContainers(map[string]string{"app": kubetest.OldImage, "worker": older}),
			want: differ("checkout", "app ("+kubetest.OldImage+")", "worker ("+older+")")},
		{name: "two versions, before and beside", world: withContainers(map[string]string{"app": kubetest.OldImage, "init-migrate": older, "side-metrics": older, "proxy": "proxy:1"}),
			want: differ("checkout", "app ("+kubetest.OldImage+")", "init-migrate ("+older+")", "side-metrics ("+older+")")},
		{name: "two versions of which one is named", world: withContainers(map[string]string{"app": kubetest.OldImage, "worker": older}), change: named("worker")},
		{name: "two versions that are named", world: withContainers(map[string]string{"app": kubetest.OldImage, "worker": "other:1"}), change: named("worker", "app"),
			want: differ("checkout", "worker (other:1)", "app ("+kubetest.OldImage+")")},
		{name: "one tag, and once a digest", world: withContainers(map[string]string{"app": kubetest.OldImage, "worker": kubetest.OldImage + "@" + digestOf("a")}),
			want: differ("checkout", "app ("+kubetest.OldImage+")", "worker ("+kubetest.OldImage+"@"+digestOf("a")+")")},
		{name: "one of those that are named is missing", world: withContainers(map[string]string{"app": kubetest.OldImage, "init-certs": "certs:1"}), change: named("app", "worker"),
			want: []rollout.Problem{{Code: rollout.ProblemContainerMissing, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "container", Value: "worker", Names: []string{"app", "init-certs"}}}},
		{name: "several, and none of the repository", world: withContainers(map[string]string{"app": "other:1", "proxy": "proxy:1"}),
			want: []rollout.Problem{{Code: rollout.ProblemContainerUnnamed, Service: "checkout", Object: ref("Deployment", "checkout"), Key: "container", Names: []string{"app", "proxy"}}}},
		{name: "a found canary without one of them", world: func(s *kubetest.Server) {
			s.Apply("helm", foundCanary)
			withContainers(map[string]string{"checkout": kubetest.OldImage, "init-migrate": kubetest.OldImage})(s)
		}, want: []rollout.Problem{{Code: rollout.ProblemContainerMissing, Service: "checkout", Object: ref("Deployment", "checkout-canary"), Key: "container", Value: "init-migrate", Names: []string{"checkout"}}}},
	})
}

func digestOf(c string) string { return "sha256:" + strings.Repeat(c, 64) }
