package kube_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// running is the status of a ready pod whose runtime tells this id.
func running(id string) string {
	return `{phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: checkout, ready: true, imageID: "` + id + `", state: {running: {}}}, {name: proxy, imageID: "sha256:proxy"}]}`
}

// placed is a pod with this in its spec.
func placed(name, where, id string) string {
	return strings.Replace(pod(name, "canary-now", running(id)), "spec: {", "spec: {"+where+", ", 1)
}

func inAffinity(terms string) string {
	return "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [" + terms + "]}}}"
}

func TestImageIDs(t *testing.T) {
	t.Parallel()
	const repository = "registry.example.com/shop/checkout@"
	a, b := digestOf("a"), digestOf("b")
	arm := "{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]}"
	amd := "{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}"
	either := "{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]}"
	for _, c := range []struct {
		name string
		pods []string
		want []rollout.ImageID
	}{
		{"of containerd and CRI-O", []string{pod("a", "canary-now", running(repository+a))}, []rollout.ImageID{{Digest: a}}},
		{"of Docker", []string{pod("a", "canary-now", running("docker-pullable://"+repository+a))}, []rollout.ImageID{{Digest: a}}},
		{"of the image's configuration", []string{pod("a", "canary-now", running(a))}, []rollout.ImageID{{Digest: a, Config: true}}},
		{"the same, of Docker", []string{pod("a", "canary-now", running("docker://"+a))}, []rollout.ImageID{{Digest: a, Config: true}}},
		{"the same, of an older CRI-O", []string{pod("a", "canary-now", running(strings.TrimPrefix(a, "sha256:")))}, []rollout.ImageID{{Digest: a, Config: true}}},
		{"of a registry with a port", []string{pod("a", "canary-now", running("r.example.com:5000/checkout@"+a))}, []rollout.ImageID{{Digest: a}}},
		{"none", []string{pod("a", "canary-now", running(""))}, nil},
		{"several, each once", []string{
			pod("a", "canary-now", running(repository+b)), pod("b", "canary-now", running("docker-pullable://"+repository+b)), pod("c", "canary-now", running(a)),
		}, []rollout.ImageID{{Digest: a, Config: true}, {Digest: b}}},
		{"not of a pod that is not ready", []string{strings.Replace(pod("a", "canary-now", running(repository+a)), `status: "True"`, `status: "False"`, 1)}, nil},
		{"not of a pod of an older template, though its image was changed to this one", []string{pod("a", "canary-before", running(repository+a))}, nil},
		{"of a pod that admission gave another image", []string{strings.Replace(pod("a", "canary-now", running(repository+a)), kubetest.NewImage, "mirror.local/shop/checkout"+"@"+a, 1)}, []rollout.ImageID{{Digest: a}}},
		{"on the platform of a node selector", []string{placed("a", "nodeSelector: {kubernetes.io/arch: arm64}", repository+a)}, []rollout.ImageID{{Digest: a, Platform: "arm64"}}},
		{"on the platform of an old label", []string{placed("a", "nodeSelector: {beta.kubernetes.io/arch: arm64}", repository+a)}, []rollout.ImageID{{Digest: a, Platform: "arm64"}}},
		{"on the platform of an affinity", []string{placed("a", inAffinity(arm), repository+a)}, []rollout.ImageID{{Digest: a, Platform: "arm64"}}},
		{"on any of an affinity's platforms", []string{placed("a", inAffinity(either), repository+a)}, []rollout.ImageID{{Digest: a}}},
		{"on either of two terms", []string{placed("a", inAffinity(arm+", "+amd), repository+a)}, []rollout.ImageID{{Digest: a}}},
		{"on one platform, or anywhere in a zone", []string{placed("a", inAffinity(arm+", {matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [z1]}]}"), repository+a)}, []rollout.ImageID{{Digest: a}}},
		{"one image on two platforms", []string{placed("a", "nodeSelector: {kubernetes.io/arch: arm64}", repository+a), placed("b", "nodeSelector: {kubernetes.io/arch: amd64}", repository+b)},
			[]rollout.ImageID{{Digest: a, Platform: "arm64"}, {Digest: b, Platform: "amd64"}}},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", strings.Join(append([]string{kubetest.Shop, canaryDeployment}, c.pods...), "\n---\n"))
			w := connect(t, s).Observe(t.Context(), kubetest.Rollout())
			if diff := cmp.Diff(w.Canary.ImageIDs, c.want); diff != "" || !w.Unreadable.IsZero() {
				t.Errorf("%v, got before want:\n%s", w.Unreadable, diff)
			}
		})
	}
}

// The ids of all containers that change count, wherever they stand.
func TestImageIDsOfAllContainersThatChange(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", strings.Join([]string{kubetest.Shop, canaryDeployment, pod("a", "canary-now",
			`{phase: Running, conditions: [{type: Ready, status: "True"}], initContainerStatuses: [{name: migrate, imageID: "r@`+digestOf("b")+`"}, {name: certs, imageID: "r@`+digestOf("c")+`"}], containerStatuses: [{name: checkout, imageID: "r@`+digestOf("a")+`"}]}`)}, "\n---\n"))
		r := kubetest.Rollout()
		r.Original.Containers = []string{"checkout", "migrate"}
		w := connect(t, s).Observe(t.Context(), r)
		if diff := cmp.Diff(w.Canary.ImageIDs, []rollout.ImageID{{Digest: digestOf("a")}, {Digest: digestOf("b")}}); diff != "" {
			t.Errorf("got before want:\n%s", diff)
		}
	})
}

// Where no pod of stable tells what it runs, people know at the start that nobody can compare.
func TestARuntimeThatTellsNoIDsIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	stablePod := func(id string) string {
		return strings.NewReplacer("track: canary", "track: stable", "uid: ,", "uid: uid-4,").Replace(pod("a", "checkout-now", running(id)))
	}
	silent := []rollout.Problem{{Code: rollout.ProblemImageIDsMissing, Object: ref("Deployment", "checkout")}}
	for _, c := range []struct {
		name, pod string
		want      []rollout.Problem
	}{
		{"no id", stablePod(""), silent},
		{"an id", stablePod("r@" + digestOf("a")), nil},
		{"no pod", "", nil},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", strings.Join([]string{kubetest.Shop, stableSet, c.pod}, "\n---\n"))
			got := connect(t, s).Preflight(t.Context(), queued())
			got.Notices = slices.DeleteFunc(got.Notices, func(p rollout.Problem) bool { return p.Code != rollout.ProblemImageIDsMissing })
			if diff := cmp.Diff(got.Notices, c.want, cmpopts.EquateEmpty()); diff != "" || !got.Passes() {
				t.Errorf("%+v, got before want:\n%s", got, diff)
			}
		})
	}
}
