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

// testChart installs the whole chart, as helm would, where only pods of the restricted standard are admitted: the real
// API server takes every object, the Deployment gets its pod, and the bot takes the configuration.
func testChart(t *testing.T, w *world.World) {
	text, err := os.ReadFile("../charts/canarybot/ci/shop-values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	release := chart.Release{Name: "canarybot", Namespace: "restricted"}
	objects, err := chart.Render("../charts/canarybot", release, values)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shop", "bank"} {
		w.AddNamespace(t, name)
	}
	namespace := &core.Namespace{ObjectMeta: meta.ObjectMeta{
		Name: release.Namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if _, err := w.Cluster.Kube.CoreV1().Namespaces().Create(t.Context(), namespace, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.Apply(t, objects)
	world.Eventually(t, 30*time.Second, func() error {
		pods, err := w.Cluster.Kube.CoreV1().Pods(release.Namespace).List(t.Context(), meta.ListOptions{})
		if err == nil && len(pods.Items) != 1 {
			err = fmt.Errorf("there are %d pods", len(pods.Items))
		}
		return err
	})
	for _, object := range chart.OfKinds(objects, "ConfigMap") {
		file, _, err := unstructured.NestedString(object.Object, "data", "canarybot.yaml")
		if err != nil || file == "" {
			t.Fatalf("the ConfigMap has no canarybot.yaml: %v", err)
		}
		if _, err := config.Parse([]byte(file)); err != nil {
			t.Errorf("the bot refuses the configuration that the chart makes: %v", err)
		}
	}
}
