package e2e_test

import (
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"canarybot.io/e2e/chart"
	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/world"
)

// testRights installs what a chart grants and acts with a token of its service account.
func testRights(t *testing.T, w *world.World) {
	objects, err := cluster.Parse([]byte(`
apiVersion: v1
kind: Namespace
metadata: {name: tools}
---
apiVersion: v1
kind: Namespace
metadata: {name: granted}
`))
	if err != nil {
		t.Fatal(err)
	}
	release := chart.Release{Name: "toy", Namespace: "tools"}
	rendered, err := chart.Render("chart/testdata/toy", release, map[string]any{"namespaces": []any{"granted"}})
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(t, append(objects, chart.OfKinds(rendered, chart.Rights()...)...))

	token, err := w.Cluster.ServiceAccountToken(t.Context(), "tools", "toy")
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(w.Cluster.Config(token))
	if err != nil {
		t.Fatal(err)
	}
	world.Eventually(t, 10*time.Second, func() error {
		_, err := client.AppsV1().Deployments("granted").List(t.Context(), meta.ListOptions{})
		return err
	})
	_, err = client.AppsV1().Deployments("tools").List(t.Context(), meta.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("list deployments of another namespace: got %v, want forbidden", err)
	}
	err = client.AppsV1().Deployments("granted").Delete(t.Context(), "any", meta.DeleteOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("delete a deployment: got %v, want forbidden", err)
	}
}
