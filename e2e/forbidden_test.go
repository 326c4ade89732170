package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// forbidden is a rule of a cluster that has no place for a canary.
type forbidden struct {
	name, rule string
	ends       string   // as the card says
	words      []string // of the API server
}

// theForbidden returns rules that nobody's patience mends, each with %s for its namespace.
func theForbidden() []forbidden {
	return []forbidden{
		{"quota", `
apiVersion: v1
kind: ResourceQuota
metadata: {namespace: quota, name: two-pods}
spec: {hard: {pods: "2"}}
`, "Rolled back", []string{"exceeded quota: two-pods", "limited: pods=2"}},
		{"restricted", `
apiVersion: v1
kind: Namespace
metadata: {name: restricted-shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
`, "Rolled back", []string{`violates PodSecurity "restricted:latest"`}},
		{"policy", `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: one-deployment}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: policy}}
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
  validations: [{expression: "false", message: "no second deployment in here, ask the platform team"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: one-deployment}
spec: {policyName: one-deployment, validationActions: [Deny]}
`, "nothing was changed", []string{"no second deployment in here, ask the platform team"}},
	}
}

// testForbidden deploys where a quota, the restricted standard or a policy has no place for a canary: over at once, in
// the API server's own words, with nothing left and nobody harmed.
func testForbidden(t *testing.T, w *world.World) {
	var apps []shop.App
	rules := theForbidden()
	for _, f := range rules {
		app := shop.Checkout(f.name)
		if f.name == "restricted" {
			app.Namespace = "restricted-shop" // the chart's test has the other
		}
		app.Name = f.name
		w.Install(t, app)
		objects, err := cluster.Parse([]byte(f.rule))
		if err != nil {
			t.Fatal(err)
		}
		w.Apply(t, objects)
		apps = append(apps, app)
	}
	bot := install.Start(t, w, install.Options{Apps: apps})
	var traffic []*load.Generator
	for _, app := range apps {
		traffic = append(traffic, w.Load(t, app, load.Plan{Rate: 30}))
	}
	for i, app := range apps {
		measured(t, w, app)
		before := look(t, w, app)
		weights := watch(t, w, app)
		asked := time.Now()
		card := bot.Deploy(app.Name, next)
		card.Shows(20*time.Second, rules[i].words...)
		card.Shows(20*time.Second, rules[i].ends)
		t.Logf("%s: over after %s:\n%s", app.Name, time.Since(asked).Round(100*time.Millisecond), card.Text())
		before.restored(t, w, app, current)
		if high := weights.highest(); high > 0 {
			t.Errorf("%s: the canary got %d %% of traffic", app.Name, high)
		}
		if total := traffic[i].Stop(); total.Failed() > 0 {
			t.Errorf("%s: requests failed: %v", app.Name, total)
		}
	}
	t.Logf("what people saw:\n%s", bot.Slack.Transcript(install.Channel))
}
