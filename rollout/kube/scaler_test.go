package kube_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

const horizontal = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: grow, namespace: shop}
spec: {scaleTargetRef: {kind: Deployment, name: checkout}, minReplicas: 2, maxReplicas: 40}
`

// ofKEDA is the autoscaler that KEDA makes from its ScaledObject.
const ofKEDA = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: keda-hpa-checkout
  namespace: shop
  ownerReferences: [{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, name: checkout, uid: k, controller: true}]
spec: {scaleTargetRef: {kind: Deployment, name: checkout}, minReplicas: 1, maxReplicas: 100}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: checkout, namespace: shop}
spec: {scaleTargetRef: {name: checkout}}
`

// What a start finds of who scales stable, what it says, and what raising and putting back come to.
func TestScaler(t *testing.T) {
	t.Parallel()
	held := func(kind, name, key string, from int) []rollout.Problem {
		return []rollout.Problem{{Code: rollout.ProblemScalerHeld, Object: ref(kind, name), Key: key, Count: from, Limit: 4}}
	}
	for _, c := range []struct {
		name, manifests string
		found           rollout.OriginalScaler
		notices         []rollout.Problem
		resource, key   string
		max             int
	}{
		{name: "nobody scales stable"},
		{name: "somebody scales something else", manifests: hpa("cart")},
		{name: "an autoscaler", manifests: horizontal, found: rollout.OriginalScaler{Kind: "HorizontalPodAutoscaler", Name: "grow", Min: 2},
			notices: held("HorizontalPodAutoscaler", "grow", "spec.minReplicas", 2), resource: "horizontalpodautoscalers", key: "minReplicas", max: 40},
		{name: "an autoscaler without a minimum", manifests: hpa("checkout"), found: rollout.OriginalScaler{Kind: "HorizontalPodAutoscaler", Name: "grow", Min: 1},
			notices: held("HorizontalPodAutoscaler", "grow", "spec.minReplicas", 1), resource: "horizontalpodautoscalers", key: "minReplicas"},
		{name: "KEDA", manifests: ofKEDA, found: rollout.OriginalScaler{Kind: "ScaledObject", Name: "checkout"},
			notices: held("ScaledObject", "checkout", "spec.minReplicaCount", 0), resource: "scaledobjects", key: "minReplicaCount", max: 100},
		{name: "one that restarts pods", manifests: vpa("Auto"), notices: []rollout.Problem{{
			Code: rollout.ProblemVerticalScaler, Object: ref("VerticalPodAutoscaler", "resize"), Other: ref("Deployment", "checkout"),
		}}},
		{name: "one that restarts pods by default", manifests: vpa(""), notices: []rollout.Problem{{
			Code: rollout.ProblemVerticalScaler, Object: ref("VerticalPodAutoscaler", "resize"), Other: ref("Deployment", "checkout"),
		}}},
		{name: "one that recommends", manifests: vpa("Off")},
		{name: "one that sizes new pods", manifests: vpa("Initial")},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+c.manifests)
			adapter := connect(t, s)
			p := adapter.Preflight(t.Context(), queued())
			if !p.Unreadable.IsZero() || len(p.Problems) > 0 {
				t.Fatalf("%+v %+v", p.Unreadable, p.Problems)
			}
			uid := p.Original.Scaler.UID
			p.Original.Scaler.UID = ""
			if diff := cmp.Diff(p.Original.Scaler, c.found); diff != "" {
				t.Errorf("found, got before want:\n%s", diff)
			}
			if diff := cmp.Diff(scalerNotices(p.Notices), c.notices); diff != "" {
				t.Errorf("notices, got before want:\n%s", diff)
			}
			r := kubetest.Rollout()
			r.Original.Scaler = p.Original.Scaler
			r.Original.Scaler.UID = uid
			if c.resource == "" {
				if w := adapter.Observe(t.Context(), r); w.Scaler.Exists {
					t.Errorf("got %+v, want no scaler", w.Scaler)
				}
				return
			}
			before := s.Get(c.resource, "shop", c.found.Name)["spec"].(kubetest.Object)
			heldAndPutBack(t, s, r, c.resource, c.key, c.max)
			after := s.Get(c.resource, "shop", c.found.Name)
			before[c.key] = float64(c.found.Min) // what was not set is set to what it meant
			if diff := cmp.Diff(after["spec"], any(before)); diff != "" {
				t.Errorf("spec at the end, got before want:\n%s", diff)
			}
		})
	}
}

// heldAndPutBack raises the scaler's minimum to 4 and puts it back, each by a guarded write.
func heldAndPutBack(t *testing.T, s *kubetest.Server, r rollout.Rollout, resource, key string, most int) {
	t.Helper()
	adapter, four, found := connect(t, s), 4, r.Original.Scaler
	write := func(verb rollout.Verb, replicas *int) rollout.Write {
		m := adapter.Observe(t.Context(), r).Scaler.Meta
		return rollout.Write{Object: rollout.StableScaler, Verb: verb, UID: m.UID, Version: m.Version, Replicas: replicas,
			Stamp: rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: 3, Replicas: replicas, Original: &r.Original}}
	}
	late := write(rollout.Update, &four)
	do := func(w rollout.Write) {
		if err := adapter.Do(t.Context(), r, w); err != nil {
			t.Fatal(err)
		}
	}
	do(write(rollout.Update, &four))
	w := adapter.Observe(t.Context(), r).Scaler
	if w.Min != 4 || w.Max != most || w.MinBy != "canarybot" || w.Stamp == nil || *w.Stamp.Replicas != 4 {
		t.Errorf("got %+v, want a minimum of 4 and a maximum of %d, stamped and set by canarybot", w, most)
	}
	if err := adapter.Do(t.Context(), r, late); rollout.CodeOf(err) != rollout.Conflict {
		t.Errorf("got %v for a late write, want a conflict", err)
	}
	again := queued()
	again.ID = "checkout-43"
	if p := adapter.Preflight(t.Context(), again); p.Original.Scaler != found || len(p.Problems) > 0 {
		t.Errorf("after a rollout that was given up: got %+v and %+v, want the minimum of before", p.Original.Scaler, p.Problems)
	}
	do(write(rollout.Update, &found.Min))
	do(write(rollout.Release, nil))
	if w := adapter.Observe(t.Context(), r).Scaler; w.Min != found.Min || w.Stamp != nil {
		t.Errorf("got %+v, want it as it was", w)
	}
}

// scalerNotices are those about scalers.
func scalerNotices(all []rollout.Problem) []rollout.Problem {
	var some []rollout.Problem
	for _, p := range all {
		if p.Code == rollout.ProblemScalerHeld || p.Code == rollout.ProblemVerticalScaler {
			some = append(some, p)
		}
	}
	return some
}

func vpa(mode string) string {
	return "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {name: resize, namespace: shop}\nspec: {targetRef: {kind: Deployment, name: checkout}, updatePolicy: {updateMode: \"" + mode + "\"}}\n"
}

// Weight 0 must not wait for an autoscaler that cannot be read; putting it back does.
func TestARollbackDoesNotDependOnTheScaler(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		phase    rollout.Phase
		readable bool
	}{{rollout.Baking, false}, {rollout.RollingBack, true}, {rollout.Returning, true}, {rollout.Cleaning, false}} {
		kubetest.Run(t, c.phase.String(), func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+horizontal)
			r := kubetest.Rollout()
			r.Phase = c.phase
			r.Original.Scaler = rollout.OriginalScaler{Kind: "HorizontalPodAutoscaler", Name: "grow", UID: "u", Min: 2}
			s.Fail(on("/horizontalpodautoscalers/grow", http.StatusForbidden))
			if w := connect(t, s).Observe(t.Context(), r); w.Unreadable.IsZero() != c.readable {
				t.Errorf("got %+v", w.Unreadable)
			}
		})
	}
}

// Whoever upgrades the bot and not its rights is told which one is missing.
func TestAScalerThatMayNotBeSteered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, manifests, resource, group string
		verbs                            []string
	}{
		{"an autoscaler that may not be read", horizontal, "horizontalpodautoscalers", "autoscaling", []string{"get"}},
		{"an autoscaler that may not be changed", horizontal, "horizontalpodautoscalers", "autoscaling", []string{"patch"}},
		{"KEDA", ofKEDA, "scaledobjects", "keda.sh", []string{"get", "patch"}},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+c.manifests)
			for _, verb := range c.verbs {
				s.Deny(verb, c.resource)
			}
			p := connect(t, s).Preflight(t.Context(), queued())
			want := []rollout.Problem{{
				Code: rollout.ProblemRightsMissing, Names: c.verbs,
				Object: rollout.ObjectRef{Kind: c.resource + "." + c.group, Namespace: "shop"},
			}}
			if diff := cmp.Diff(p.Problems, want); diff != "" || !p.Unreadable.IsZero() {
				t.Errorf("unreadable %+v; problems, got before want:\n%s", p.Unreadable, diff)
			}
		})
	}
}
