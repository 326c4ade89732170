package e2e_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"canarybot.io/config"
	"canarybot.io/e2e/chart"
	"canarybot.io/e2e/world"
)

// testChart installs the whole chart over the version before, as an upgrade does, where only pods of the restricted
// standard are admitted: the real API server takes every object, changed or new, the Deployment gets its pod, and the
// bot takes the configuration.
func testChart(t *testing.T, w *world.World) {
	release := chart.Release{Name: "canarybot", Namespace: "restricted"}
	render := func(folder, values string, over map[string]any) []*unstructured.Unstructured {
		text, err := os.ReadFile(values)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, &over); err != nil {
			t.Fatal(err)
		}
		objects, err := chart.Render(folder, release, over)
		if err != nil {
			t.Fatal(err)
		}
		return objects
	}
	before := render("chart/testdata/before/canarybot", "chart/testdata/before/values.yaml", map[string]any{})
	on := map[string]any{"enabled": true}
	over := map[string]any{"service": on, "networkPolicy": on, "dashboard": on}
	over["persistence"] = map[string]any{"size": "2Gi", "storageClass": "fast"} // as before: a claim cannot change
	objects := render("../charts/canarybot", "../charts/canarybot/ci/shop-values.yaml", over)
	for _, name := range []string{"shop", "bank"} {
		w.AddNamespace(t, name)
	}
	namespace := &core.Namespace{ObjectMeta: meta.ObjectMeta{
		Name: release.Namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if _, err := w.Cluster.Kube.CoreV1().Namespaces().Create(t.Context(), namespace, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.Apply(t, before)
	w.Apply(t, objects)
	world.Eventually(t, 30*time.Second, func() error {
		pods, err := w.Cluster.Kube.CoreV1().Pods(release.Namespace).List(t.Context(), meta.ListOptions{})
		if err == nil && len(pods.Items) != 1 {
			err = fmt.Errorf("there are %d pods", len(pods.Items))
		}
		return err
	})
	for _, object := range chart.OfKinds(objects, "ConfigMap") {
		if object.GetName() != release.Name {
			continue // the dashboard
		}
		file, _, err := unstructured.NestedString(object.Object, "data", "canarybot.yaml")
		if err != nil || file == "" {
			t.Fatalf("the ConfigMap has no canarybot.yaml: %v", err)
		}
		if _, err := config.Parse([]byte(file)); err != nil {
			t.Errorf("the bot refuses the configuration that the chart makes: %v", err)
		}
	}
}
