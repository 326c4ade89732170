package kube_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// mutating returns a webhook that changes the images of Deployments.
func mutating(change func(image string) string) kubetest.Webhook {
	return func(_, resource string, o kubetest.Object) *kubetest.Denial {
		if resource != "deployments" {
			return nil
		}
		for _, list := range []string{"containers", "initContainers"} {
			items, _ := podOf(o)[list].([]any)
			for _, item := range items {
				c := item.(kubetest.Object)
				c["image"] = change(c["image"].(string))
			}
		}
		return nil
	}
}

// pinned is what a registry has behind each tag.
func pinned(image string) string {
	if strings.Contains(image, "@") {
		return image
	}
	return image + "@" + digestOf(image[len(image)-1:])
}

// bare drops the tag beside a digest.
func bare(image string) string {
	name, sum, ok := strings.Cut(pinned(image), "@")
	if i := strings.LastIndex(name, ":"); ok && i > 0 {
		name = name[:i]
	}
	return name + "@" + sum
}

func mirrored(image string) string {
	return "mirror.local/" + strings.TrimPrefix(strings.TrimPrefix(image, "mirror.local/"), "registry.example.com/")
}

// TestAdmissionChangesOurImages: what admission makes of our own writes is ours, in every write of a rollout's life, and
// what somebody else makes of them is not.
func TestAdmissionChangesOurImages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(string) string
		want   string // what it makes of the new image
	}{
		{"a digest beside the tag", pinned, kubetest.NewImage + "@" + digestOf("4")},
		{"a digest in place of the tag", bare, "registry.example.com/shop/checkout@" + digestOf("4")},
		{"a mirror", mirrored, "mirror.local/shop/checkout:v1.2.4"},
		{"both", func(image string) string { return mirrored(pinned(image)) }, "mirror.local/shop/checkout:v1.2.4@" + digestOf("4")},
		{"a mirror and a digest alone", func(image string) string { return mirrored(bare(image)) }, "mirror.local/shop/checkout@" + digestOf("4")},
	} {
		for _, after := range []bool{false, true} { // the webhook comes after stable was made, and so found as it was written
			name := c.name
			if after {
				name += ", since today"
			}
			kubetest.Run(t, name, func(t *testing.T, s *kubetest.Server) {
				webhook := mutating(c.change)
				s.Apply("helm", kubetest.Shop)
				if !after {
					s.Edit("helm", "deployments", "shop", "checkout", func(d kubetest.Object) { webhook("", "deployments", d) })
					s.Edit("helm", "deployments", "shop", "checkout", func(d kubetest.Object) { d["status"].(kubetest.Object)["observedGeneration"] = 2 })
				}
				s.Admit(webhook)
				found := images(s, "checkout")["checkout"]
				h, _ := begin(t, s, queued())
				if h.r.Original.Stable.Image != found {
					t.Fatalf("it found %s, want %s", h.r.Original.Stable.Image, found)
				}
				seen := func(what string, w rollout.Workload, image, admitted string) {
					t.Helper()
					if w.Image != image || w.Admitted != admitted || w.ImageBy != "canarybot" && w.ImageBy != "helm" {
						t.Errorf("%s: it runs %s, admitted as %q, by %q; want %s, %q", what, w.Image, w.Admitted, w.ImageBy, image, admitted)
					}
				}
				seen("made", h.observed().Canary, kubetest.NewImage, c.want)
				three := 3
				h.do(rollout.CanaryDeployment, rollout.Update, kubetest.NewImage, &three)
				seen("sized", h.observed().Canary, kubetest.NewImage, c.want)
				h.do(rollout.StableDeployment, rollout.Update, kubetest.NewImage, nil)
				seen("promoted", h.observed().Stable, kubetest.NewImage, c.want)
				h.do(rollout.StableDeployment, rollout.Update, found, nil)
				back := ""
				if after {
					back = c.change(found)
				}
				seen("put back", h.observed().Stable, found, back)

				s.Admit(nil)
				s.Edit("kubectl", "deployments", "shop", "checkout-canary", func(d kubetest.Object) {
					podOf(d)["containers"].([]any)[0].(kubetest.Object)["image"] = kubetest.NewImage + "@" + digestOf("9")
				})
				if w := h.observed().Canary; w.Image != kubetest.NewImage+"@"+digestOf("9") || w.ImageBy != "kubectl" {
					t.Errorf("somebody's digest: it runs %s by %q, want theirs by kubectl", w.Image, w.ImageBy)
				}
			})
		}
	}
}

// Where our write leaves the image as it is, the manager from before stays: it is by the order of the writes that what
// admission made is ours.
func TestAdmissionWithoutAManager(t *testing.T) {
	t.Parallel()
	const admitted = kubetest.OldImage + "@sha256:3333333333333333333333333333333333333333333333333333333333333333"
	for _, c := range []struct {
		name        string
		then        func(kubetest.Object)
		image, what string
	}{
		{name: "an undo that finds the old image", image: kubetest.OldImage, what: admitted},
		{name: "a later change by somebody else", then: func(d kubetest.Object) {
			podOf(d)["containers"].([]any)[0].(kubetest.Object)["image"] = kubetest.OldImage + "@" + digestOf("9")
		}, image: kubetest.OldImage + "@" + digestOf("9")},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			h, _ := begin(t, s, queued())
			s.Admit(mutating(pinned))
			h.do(rollout.StableDeployment, rollout.Update, kubetest.OldImage, nil)
			if c.then != nil {
				s.Edit("kubectl", "deployments", "shop", "checkout", c.then)
			}
			if w := h.observed().Stable; w.Image != c.image || w.Admitted != c.what {
				t.Errorf("it runs %s, admitted as %q, by %q; want %s, %q", w.Image, w.Admitted, w.ImageBy, c.image, c.what)
			}
		})
	}
}

// A write that names the image again neither takes the digest away nor has the tag resolved anew: the pods would be
// replaced for that, and what was judged with them.
func TestAnAdmittedImageIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]kubetest.Webhook{
		"the webhook looks at new objects only": nil,
		"the tag was pushed again":              mutating(func(image string) string { return strings.Split(image, "@")[0] + "@" + digestOf("9") }),
	} {
		kubetest.Run(t, name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			s.Admit(mutating(pinned))
			h, _ := begin(t, s, queued())
			before := images(s, "checkout-canary")
			if later != nil {
				later = onlyUnpinned(later)
			}
			s.Admit(later)
			three := 3
			h.do(rollout.CanaryDeployment, rollout.Update, kubetest.NewImage, &three)
			if diff := cmp.Diff(images(s, "checkout-canary"), before); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

// onlyUnpinned leaves alone what has a digest.
func onlyUnpinned(w kubetest.Webhook) kubetest.Webhook {
	return func(verb, resource string, o kubetest.Object) *kubetest.Denial {
		if resource != "deployments" || strings.Contains(podOf(o)["containers"].([]any)[0].(kubetest.Object)["image"].(string), "@") {
			return nil
		}
		return w(verb, resource, o)
	}
}

// Where admission replaces the version nothing starts, and a write that it does that to says so; what it made is told as
// its doing.
func TestAdmissionReplacesTheVersion(t *testing.T) {
	t.Parallel()
	const third = "registry.example.com/shop/checkout:v9"
	for _, c := range []struct {
		name   string
		change func(string) string
		want   string
	}{
		{"undone", func(string) string { return kubetest.OldImage }, kubetest.OldImage},
		{"undone, and pinned", func(string) string { return kubetest.OldImage + "@" + digestOf("3") }, kubetest.OldImage + "@" + digestOf("3")},
		{"another version", func(string) string { return third }, third},
		{"another image", func(string) string { return "elsewhere.io/other@" + digestOf("a") }, "elsewhere.io/other@" + digestOf("a")},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			s.Admit(mutating(c.change))
			problem := func(deployment string) rollout.Problem {
				return rollout.Problem{Code: rollout.ProblemAdmissionReplaces, Object: ref("Deployment", deployment), Value: c.want, Want: kubetest.NewImage, Key: "checkout"}
			}
			got := connect(t, s).Preflight(t.Context(), queued())
			if diff := cmp.Diff(got.Problems, []rollout.Problem{problem("checkout-canary"), problem("checkout")}); diff != "" || len(s.Writes()) > 0 {
				t.Errorf("wrote %v; problems, got before want:\n%s", s.Writes(), diff)
			}

			s.Admit(nil) // it comes only once the rollout has begun
			h, _ := begin(t, s, queued())
			s.Admit(mutating(c.change))
			err := h.try(rollout.StableDeployment, rollout.Update, kubetest.NewImage, nil)
			if diff := cmp.Diff(rollout.ProblemOf(err), problem("checkout")); diff != "" || rollout.CodeOf(err) != rollout.Invalid {
				t.Errorf("%v, got before want:\n%s", err, diff)
			}
			if w := h.observed().Stable; w.Image != c.want || w.ImageBy != rollout.ByAdmission && c.want != kubetest.OldImage {
				t.Errorf("it runs %s by %q, want %s by admission", w.Image, w.ImageBy, c.want)
			}
		})
	}
}

// What admission refuses is known before anything is written, in the API server's own words. A webhook that knows no dry
// run says nothing.
func TestAdmissionRefuses(t *testing.T) {
	t.Parallel()
	const words = `admission webhook "policy.example.com" denied the request: images must be signed`
	refuses := func(verb string, code int, words string) kubetest.Webhook {
		return func(v, resource string, _ kubetest.Object) *kubetest.Denial {
			if resource == "deployments" && v == verb {
				return &kubetest.Denial{Code: code, Words: words}
			}
			return nil
		}
	}
	canary, stable := ref("Deployment", "checkout-canary"), ref("Deployment", "checkout")
	for _, c := range []struct {
		name    string
		webhook kubetest.Webhook
		found   bool
		want    []rollout.Problem
		waits   bool
	}{
		{name: "the canary, by a policy", webhook: refuses("create", http.StatusForbidden, words),
			want: []rollout.Problem{{Code: rollout.ProblemForbidden, Call: rollout.CallCreate, Object: canary, Words: words}}},
		{name: "the canary, as invalid", webhook: refuses("create", http.StatusUnprocessableEntity, words),
			want: []rollout.Problem{{Code: rollout.ProblemRefused, Call: rollout.CallCreate, Object: canary, Words: words}}},
		{name: "the new image", webhook: refuses("patch", http.StatusForbidden, words),
			want: []rollout.Problem{{Code: rollout.ProblemForbidden, Call: rollout.CallUpdate, Object: stable, Words: words}}},
		{name: "the new image, on a canary that was there too", webhook: refuses("patch", http.StatusForbidden, words), found: true,
			want: []rollout.Problem{{Code: rollout.ProblemForbidden, Call: rollout.CallUpdate, Object: canary, Words: words}, {Code: rollout.ProblemForbidden, Call: rollout.CallUpdate, Object: stable, Words: words}}},
		{name: "a webhook that knows no dry run", webhook: refuses("create", http.StatusBadRequest, `admission webhook "old.example.com" does not support dry run`)},
		{name: "a webhook that is away", webhook: refuses("create", http.StatusInternalServerError, `failed calling webhook "policy.example.com": connection refused`), waits: true},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			if c.found {
				s.Apply("helm", foundCanary)
			}
			s.Admit(c.webhook)
			got := connect(t, s).Preflight(t.Context(), queued())
			if diff := cmp.Diff(got.Problems, c.want); diff != "" || got.Unreadable.IsZero() == c.waits || len(s.Writes()) > 0 {
				t.Errorf("waits because of %v, wrote %v; problems, got before want:\n%s", got.Unreadable, s.Writes(), diff)
			}
		})
	}
}

// A stamp that another store's rollout left says what was written as well: an orphan under a webhook is rolled back.
func TestAnOrphanUnderAdmission(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		s.Admit(mutating(pinned))
		h, _ := begin(t, s, queued())
		h.do(rollout.StableDeployment, rollout.Update, kubetest.NewImage, nil)
		other := kubetest.Rollout()
		other.Store, other.ID, other.Original, other.Phase = "store-2", "checkout-1", rollout.Original{}, rollout.Queued
		w := connect(t, s).Observe(t.Context(), other)
		if w.Stable.Image != kubetest.NewImage || w.Canary.Image != kubetest.NewImage {
			t.Errorf("stable runs %s and the canary %s, want both as they were written", w.Stable.Image, w.Canary.Image)
		}
	})
}
