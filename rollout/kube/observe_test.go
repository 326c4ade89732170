package kube_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// canaryDeployment is a canary that a controller has looked at, with one ReplicaSet of its template and an older one.
const canaryDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout-canary
  namespace: shop
  annotations: {deployment.kubernetes.io/revision: "2"}
spec:
  replicas: 1
  selector: {matchLabels: {app: checkout, track: canary}}
  template:
    metadata: {labels: {app: checkout, track: canary}}
    spec: {containers: [{name: checkout, image: "` + kubetest.NewImage + `"}]}
status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: canary-now
  namespace: shop
  labels: {app: checkout, track: canary}
  annotations: {deployment.kubernetes.io/revision: "2"}
  ownerReferences: [{kind: Deployment, name: checkout-canary, uid: uid-4, controller: true}]
spec: {template: {spec: {containers: [{name: checkout, image: "` + kubetest.NewImage + `"}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: canary-before
  namespace: shop
  labels: {app: checkout, track: canary}
  annotations: {deployment.kubernetes.io/revision: "1"}
  ownerReferences: [{kind: Deployment, name: checkout-canary, uid: uid-4, controller: true}]
spec: {template: {spec: {containers: [{name: checkout, image: "` + kubetest.OldImage + `"}]}}}
`

// sets are the UIDs of the ReplicaSets, applied after the shop. The one of yesterday is gone.
var sets = map[string]string{"canary-now": "uid-5", "canary-before": "uid-6", "canary-of-yesterday": "uid-0"}

// pod returns a canary pod of a ReplicaSet with this status.
func pod(name, owner, status string) string {
	return `
apiVersion: v1
kind: Pod
metadata:
  name: ` + name + `
  namespace: shop
  labels: {app: checkout, track: canary}
  ownerReferences: [{kind: ReplicaSet, name: ` + owner + `, uid: ` + sets[owner] + `, controller: true}]
spec: {containers: [{name: checkout, image: "` + kubetest.NewImage + `"}]}
status: ` + status + `
`
}

const crashing = `{phase: Running, containerStatuses: [{name: checkout, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff, message: back-off 40s}}, lastState: {terminated: {exitCode: 3, reason: Error}}}]}`

// crash is what the domain is told of a crashing pod.
var crash = rollout.Failure{Kind: rollout.CrashLoop, Detail: "pod a, container checkout: CrashLoopBackOff: back-off 40s (exit code 3, 4 restarts)"}

// failureCase is a canary with pods, and what is wrong with it.
type failureCase struct {
	name, pods string
	change     func(kubetest.Object) // of the Deployment
	want       rollout.Failure
}

func TestFailuresOfPods(t *testing.T) {
	t.Parallel()
	checkFailures(t, []failureCase{
		{name: "crash loop", pods: pod("a", "canary-now", crashing), want: crash},
		{
			name: "image pull", want: rollout.Failure{Kind: rollout.ImagePull, Detail: "pod a, container checkout: ErrImagePull: manifest unknown"},
			pods: pod("a", "canary-now", `{phase: Pending, containerStatuses: [{name: checkout, state: {waiting: {reason: ErrImagePull, message: manifest unknown}}}]}`),
		}, {
			name: "killed for memory, running again", want: rollout.Failure{Kind: rollout.OOMKilled, Detail: "pod a, container checkout: killed for lack of memory, 1 restarts"},
			pods: pod("a", "canary-now", `{phase: Running, containerStatuses: [{name: checkout, restartCount: 1, state: {running: {}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}]}`),
		}, {
			name: "a failing init container", want: rollout.Failure{Kind: rollout.CrashLoop, Detail: "pod a, container migrate: CrashLoopBackOff"},
			pods: pod("a", "canary-now", `{phase: Pending, initContainerStatuses: [{name: migrate, state: {waiting: {reason: CrashLoopBackOff}}}]}`),
		}, {
			name: "unschedulable", want: rollout.Failure{Kind: rollout.Unschedulable, Detail: "pod a: 0/3 nodes are available"},
			pods: pod("a", "canary-now", `{phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: 0/3 nodes are available}]}`),
		}, {
			name: "a secret is missing", want: rollout.Failure{Kind: rollout.ConfigMissing, Detail: "pod a, container checkout: CreateContainerConfigError: secret tax not found"},
			pods: pod("a", "canary-now", `{phase: Pending, containerStatuses: [{name: checkout, state: {waiting: {reason: CreateContainerConfigError, message: secret tax not found}}}]}`),
		}, {
			name: "running, not ready", want: rollout.Failure{Kind: rollout.NotReady, Detail: "pod a, container checkout runs but is not ready"},
			pods: pod("a", "canary-now", `{phase: Running, containerStatuses: [{name: checkout, ready: false, started: true, state: {running: {}}}]}`),
		}, {
			name: "starting is no failure",
			pods: pod("a", "canary-now", `{phase: Pending, containerStatuses: [{name: checkout, state: {waiting: {reason: ContainerCreating}}}]}`),
		}, {
			name: "an evicted pod is no failure", pods: pod("a", "canary-now", `{phase: Failed, reason: Evicted, containerStatuses: [{name: checkout, state: {terminated: {exitCode: 137, reason: OOMKilled}}}]}`),
		}, {
			name: "a pod on its way out is no failure",
			pods: strings.Replace(pod("a", "canary-now", crashing), "name: a", "name: a\n  deletionTimestamp: 2026-01-01T00:00:00Z", 1),
		},
	})
}

// Only pods of the template as it stands count, and the cause comes before its consequence.
func TestFailuresOfTheDeployment(t *testing.T) {
	t.Parallel()
	checkFailures(t, []failureCase{
		{
			name: "a crashing pod of the template before says nothing", pods: pod("a", "canary-before", crashing),
		}, {
			name: "a crashing pod of a Deployment of that name before says nothing", pods: pod("a", "canary-of-yesterday", crashing),
		}, {
			name: "a crashing pod whose ReplicaSet of the same name was made anew says nothing",
			pods: strings.Replace(pod("a", "canary-now", crashing), "uid: uid-5", "uid: uid-0", 1),
		}, {
			name: "a crashing pod of a CronJob with the same labels says nothing",
			pods: strings.Replace(pod("a", "canary-now", crashing), "{kind: ReplicaSet, name: canary-now, uid: uid-5, controller: true}", "{kind: Job, name: report-29, uid: uid-0, controller: true}", 1),
		}, {
			name: "a crashing pod that nobody owns says nothing",
			pods: strings.Replace(pod("a", "canary-now", crashing), ", controller: true", "", 1),
		}, {
			name: "a crashing pod of the image before says nothing while the revision is still its own", pods: pod("a", "canary-before", crashing),
			change: func(d kubetest.Object) { kubetest.Annotate(d, "deployment.kubernetes.io/revision", "1") },
		}, {
			name: "no pod of a template exists before a controller saw it", pods: pod("a", "canary-now", crashing),
			change: func(d kubetest.Object) { d["status"].(kubetest.Object)["observedGeneration"] = 0 },
		}, {
			name: "the cause before its consequence", pods: pod("a", "canary-now", crashing), want: crash,
			change: func(d kubetest.Object) {
				conditions(d, "Progressing", "False", "ProgressDeadlineExceeded", "timed out")
			},
		}, {
			name: "the deadline, when nothing says why", want: rollout.Failure{Kind: rollout.ProgressDeadline, Detail: "timed out"},
			change: func(d kubetest.Object) {
				conditions(d, "Progressing", "False", "ProgressDeadlineExceeded", "timed out")
			},
		},
	})
}

func checkFailures(t *testing.T, cases []failureCase) {
	t.Helper()
	for _, c := range cases {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+canaryDeployment+"\n---\n"+c.pods)
			if c.change != nil {
				s.Edit("controller", "deployments", "shop", "checkout-canary", c.change)
			}
			w := connect(t, s).Observe(t.Context(), kubetest.Rollout())
			if !w.Unreadable.IsZero() {
				t.Fatal(w.Unreadable)
			}
			if diff := cmp.Diff(w.Canary.Failure, c.want); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

func conditions(d kubetest.Object, kind, status, reason, message string) {
	d["status"].(kubetest.Object)["conditions"] = []any{
		kubetest.Object{"type": kind, "status": status, "reason": reason, "message": message},
	}
}

func TestEndpoints(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		slice := func(name, service, endpoints string) string {
			return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata: {name: " + name +
				", namespace: shop, labels: {kubernetes.io/service-name: " + service + "}}\nendpoints: " + endpoints + "\n"
		}
		s.Apply("controller", strings.Join([]string{
			kubetest.HTTPRoute,
			slice("four", "checkout", `[{addresses: [198.18.0.7], conditions: {ready: true}, targetRef: {uid: p1}}, {addresses: [198.18.0.8], conditions: {ready: false}, targetRef: {uid: p2}}, {addresses: [198.18.0.9], targetRef: {uid: p3}}]`),
			slice("six", "checkout", `[{addresses: ["fd00::7"], conditions: {ready: true}, targetRef: {uid: p1}}, {addresses: ["fd00::a"], conditions: {ready: true}}]`),
			slice("canary", "checkout-canary", `[]`),
		}, "\n---\n"))
		w := connect(t, s).Observe(t.Context(), kubetest.Rollout())
		if !w.Unreadable.IsZero() || w.Stable.Exists {
			t.Fatalf("got %+v, want a readable world without stable", w)
		}
		if w.Stable.Endpoints != 3 || w.Canary.Endpoints != 0 {
			t.Errorf("got %d and %d endpoints, want 3 (ready, not said, without a pod) and 0", w.Stable.Endpoints, w.Canary.Endpoints)
		}
	})
}

// stranger returns a running pod with stable's labels and this controller; an empty one is a bare pod.
func stranger(name, owner string) string {
	if owner != "" {
		owner = "ownerReferences: [" + owner + "]"
	}
	return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n  namespace: shop\n  labels: {app: checkout, track: stable}\n  " + owner +
		"\nspec: {containers: [{name: checkout, image: \"" + kubetest.OldImage + "\"}]}\nstatus: {phase: Running, conditions: [{type: Ready, status: \"True\"}], containerStatuses: [{name: checkout, imageID: \"sha256:" + name + "\"}]}\n"
}

// stableSet is a ReplicaSet of stable, applied after the shop.
const stableSet = `
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: checkout-now
  namespace: shop
  labels: {app: checkout, track: stable}
  annotations: {deployment.kubernetes.io/revision: "7"}
  ownerReferences: [{kind: Deployment, name: checkout, uid: uid-1, controller: true}]
spec: {template: {spec: {containers: [{name: checkout, image: "` + kubetest.OldImage + `"}]}}}
`

// owners are controllers of pods that have stable's labels. Only the first is a ReplicaSet of stable.
var owners = []struct{ name, reference string }{
	{"", "{kind: ReplicaSet, name: checkout-now, uid: uid-4, controller: true}"},
	{"ReplicaSet checkout-now", "{kind: ReplicaSet, name: checkout-now, uid: uid-0, controller: true}"},
	{"ReplicaSet blue-7f", "{kind: ReplicaSet, name: blue-7f, uid: uid-7, controller: true}"},
	{"Job report-29", "{kind: Job, name: report-29, uid: uid-8, controller: true}"},
	{"DaemonSet checkout", "{kind: DaemonSet, name: checkout, uid: uid-9, controller: true}"},
	{"StatefulSet checkout", "{kind: StatefulSet, name: checkout, uid: uid-10, controller: true}"},
	{"nobody, by a reference that controls nothing", "{kind: ReplicaSet, name: checkout-now, uid: uid-4}"},
	{"nobody", ""},
}

// Of the pods that have a side's labels only those of its Deployment's ReplicaSets are its own, and count.
func TestOnlyOwnPodsCount(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop+"\n---\n"+stableSet)
		var endpoints []string
		for i, o := range owners {
			name := "p" + strconv.Itoa(i)
			s.Apply("controller", stranger(name, o.reference))
			uid := s.Get("pods", "shop", name)["metadata"].(kubetest.Object)["uid"]
			endpoints = append(endpoints, fmt.Sprintf("{addresses: [198.18.0.%d], targetRef: {uid: %s}}", i, uid))
		}
		s.Apply("controller", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata: {name: a, namespace: shop, labels: {kubernetes.io/service-name: checkout}}\nendpoints: ["+strings.Join(endpoints, ", ")+"]\n")
		w := connect(t, s).Observe(t.Context(), kubetest.Rollout())
		if diff := cmp.Diff(w.Stable.ImageIDs, []rollout.ImageID{{Digest: "sha256:p0", Config: true}}); diff != "" || w.Stable.Endpoints != 1 {
			t.Errorf("got %d endpoints, want 1; images, got before want:\n%s", w.Stable.Endpoints, diff)
		}
		r := kubetest.Rollout()
		r.Phase = rollout.RollingBack
		s.Deny("list", "pods")
		if w := connect(t, s).Observe(t.Context(), r); w.Stable.Endpoints != len(owners) {
			t.Errorf("got %d endpoints where pods cannot be read, want all %d", w.Stable.Endpoints, len(owners))
		}
	})
}

// A pod that is not ready serves nobody, also where its address is published all the same.
func TestAPublishedAddressIsNoEndpointBeforeItServes(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("controller", kubetest.HTTPRoute+"\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata: {name: a, namespace: shop, labels: {kubernetes.io/service-name: checkout}}\n"+
			"endpoints: [{addresses: [198.18.0.7], conditions: {ready: true, serving: false}, targetRef: {uid: p1}}, {addresses: [198.18.0.8], conditions: {ready: true, serving: true}, targetRef: {uid: p2}}]\n")
		if w := connect(t, s).Observe(t.Context(), kubetest.Rollout()); w.Stable.Endpoints != 1 {
			t.Errorf("got %d endpoints, want the one that serves", w.Stable.Endpoints)
		}
	})
}

func TestRolledOut(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		c := connect(t, s)
		if w := c.Observe(t.Context(), kubetest.Rollout()); !w.Stable.RolledOut() {
			t.Errorf("got %+v, want it rolled out", w.Stable)
		}
		s.Edit("kubectl", "deployments", "shop", "checkout", func(d kubetest.Object) { d["spec"].(kubetest.Object)["replicas"] = 5 })
		if w := c.Observe(t.Context(), kubetest.Rollout()); w.Stable.RolledOut() || w.Stable.GenerationObserved || w.Stable.Replicas != 5 {
			t.Errorf("got %+v, want 5 replicas that nobody has looked at", w.Stable)
		}
	})
}

// Whatever cannot be read makes the observation unreadable, with a problem that says what.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault func(*kubetest.Server)
		want  rollout.Problem
	}{
		{"pods may not be listed", func(s *kubetest.Server) { s.Deny("list", "pods") }, rollout.Problem{
			Code: rollout.ProblemForbidden, Call: rollout.CallPods, Object: ref("Deployment", "checkout"),
			Words: `pods is forbidden: User "bot" cannot list resource "pods"`,
		}},
		{"a Deployment cannot be read", func(s *kubetest.Server) { s.Fail(on("/deployments/checkout", 500)) }, rollout.Problem{
			Code: rollout.ProblemRequestFailed, Call: rollout.CallRead, Object: ref("Deployment", "checkout"), Words: "made to fail",
		}},
		{"the API server is in trouble", func(s *kubetest.Server) { s.Fail(on("", 503)) }, rollout.Problem{
			Code: rollout.ProblemRequestFailed, Call: rollout.CallVersions, Object: rollout.ObjectRef{Kind: "HTTPRoute"},
			Words: "the server is currently unable to handle the request",
		}},
		{"too many requests", func(s *kubetest.Server) { s.Fail(on("", 429)) }, rollout.Problem{
			Code: rollout.ProblemRequestFailed, Call: rollout.CallVersions, Object: rollout.ObjectRef{Kind: "HTTPRoute"},
			Words: "the server has received too many requests and has asked us to try again later",
		}},
		{"the route is of no known kind", nil, rollout.Problem{
			Code: rollout.ProblemRouteKindUnknown, Value: "VirtualService", Names: []string{"HTTPRoute"},
		}},
		{"the custom resource definition is gone", func(s *kubetest.Server) {
			s.Withdraw("gateway.networking.k8s.io/v1")
			s.Withdraw("gateway.networking.k8s.io/v1beta1")
		}, rollout.Problem{
			Code: rollout.ProblemKindNotServed, Object: rollout.ObjectRef{Kind: "HTTPRoute"}, Value: "gateway.networking.k8s.io", Names: []string{"v1", "v1beta1"},
		}},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			r := kubetest.Rollout()
			if c.fault == nil {
				r.Spec.Objects.Route.Kind = "VirtualService"
			} else {
				c.fault(s)
			}
			w := connect(t, s).Observe(t.Context(), r)
			if diff := cmp.Diff(w, rollout.Observed{Unreadable: c.want}); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

// In an incident lists are what the API server refuses first. An ending does not need those of pods and ReplicaSets: it
// takes the traffic off all the same. It needs to know who is behind stable.
func TestAnEndingIsReadableWithoutPods(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path string
		phase      rollout.Phase
		readable   bool
	}{
		{"baking, without pods", "/pods", rollout.Baking, false},
		{"baking, without ReplicaSets", "/replicasets", rollout.Baking, false},
		{"promoting, without pods", "/pods", rollout.Promoting, false},
		{"returning, without pods", "/pods", rollout.Returning, true},
		{"rolling back, without pods", "/pods", rollout.RollingBack, true},
		{"rolling back, without ReplicaSets", "/replicasets", rollout.RollingBack, true},
		{"cleaning, without pods", "/pods", rollout.Cleaning, true},
		{"releasing, without pods", "/pods", rollout.Releasing, true},
		{"rolling back, without endpoints", "/endpointslices", rollout.RollingBack, false},
		{"rolling back, without stable", "/deployments/checkout", rollout.RollingBack, false},
		{"rolling back, without the route", "/httproutes/checkout", rollout.RollingBack, false},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+canaryDeployment+"\n---\n"+pod("a", "canary-now", crashing))
			s.Fail(on(c.path, http.StatusTooManyRequests))
			r := kubetest.Rollout()
			r.Phase = c.phase
			w := connect(t, s).Observe(t.Context(), r)
			if readable := w.Unreadable.IsZero(); readable != c.readable {
				t.Fatalf("readable is %t, want %t: %+v", readable, c.readable, w.Unreadable)
			}
			if c.readable && (w.Stable.Image != kubetest.OldImage || !w.Stable.RolledOut() || !w.Canary.Exists || !w.Route.Exists || w.Canary.Failure.Kind != rollout.NoFailure) {
				t.Errorf("got %+v", w)
			}
		})
	}
}

// on fails requests whose path ends so.
func on(suffix string, code int) func(*http.Request) int {
	return func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, suffix) {
			return code
		}
		return 0
	}
}

// What a Deployment has run is what its own ReplicaSets say, and it is read where a stamp may have to be doubted.
func TestWhatADeploymentHasRun(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		strange := strings.ReplaceAll(strings.ReplaceAll(canaryDeployment[strings.LastIndex(canaryDeployment, "---\n")+4:], "canary-before", "strange"), "uid-4", "uid-99")
		s.Apply("helm", kubetest.Shop+"\n---\n"+canaryDeployment+"\n---\n"+strings.Replace(strange, kubetest.OldImage, "evil.example.com/miner:v1", 1))
		r := kubetest.Rollout()
		r.Phase = rollout.Queued
		c := connect(t, s)
		if diff := cmp.Diff(c.Observe(t.Context(), r).Canary.Ran, []string{kubetest.OldImage, kubetest.NewImage}); diff != "" {
			t.Errorf("got before want:\n%s", diff)
		}
		r.Phase = rollout.Baking
		if ran := c.Observe(t.Context(), r).Canary.Ran; ran != nil {
			t.Errorf("in a bake %v", ran)
		}
	})
}

// A stamp that cannot be one of ours is none, whatever stands in it.
func TestStampsThatCannotBeOurs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stamp string
		reads bool
	}{
		"one of ours":      {`{"store":"store-1","rollout":"checkout-42","revision":3,"weight":5}`, true},
		"no JSON":          {`{"store":`, false},
		"a list":           {`[1,2]`, false},
		"another type":     {`{"store":7,"rollout":"checkout-42"}`, false},
		"null":             {`null`, false},
		"empty":            {``, false},
		"a huge weight":    {`{"store":"s","rollout":"checkout-42","weight":4000}`, false},
		"a mention":        {`{"store":"s","rollout":"<!channel>"}`, false},
		"enormous":         {`{"store":"s","rollout":"checkout-42","found":{"stable":{"image":"` + strings.Repeat("x", 200<<10) + `"}}}`, false},
		"deeply nested":    {strings.Repeat(`{"found":`, 5000) + strings.Repeat(`}`, 5000), false},
		"half replicas":    {`{"store":"s","rollout":"checkout-42","replicas":1.5}`, false},
		"a long name":      {`{"store":"s","rollout":"` + strings.Repeat("x", 20<<10) + `-1"}`, false},
		"unknown keys too": {`{"store":"store-1","rollout":"checkout-42","later":{"x":1}}`, true},
	} {
		kubetest.Run(t, name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			s.Edit("kubectl", "httproutes", "shop", "checkout", func(o kubetest.Object) { kubetest.Annotate(o, "canarybot.io/applied", tt.stamp) })
			w := connect(t, s).Observe(t.Context(), kubetest.Rollout())
			if reads := w.Route.Stamp != nil; !w.Unreadable.IsZero() || reads != tt.reads {
				t.Errorf("the stamp is read: %t (%+v)", reads, w.Unreadable)
			}
		})
	}
}
