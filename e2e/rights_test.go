package e2e_test

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"canarybot.io/e2e/chart"
	"canarybot.io/e2e/world"
)

// testRights installs what a chart grants and acts as its service account.
func testRights(t *testing.T, w *world.World) {
	w.AddNamespace(t, "granted")
	release := chart.Release{Name: "toy", Namespace: "tools"}
	path := w.Grant(t, "chart/testdata/toy", release, map[string]any{"namespaces": []any{"granted"}})
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
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

// testRun runs a program twice under one name, the way a scenario kills the bot and starts it again.
func testRun(t *testing.T, w *world.World) {
	for _, word := range []string{"first", "second"} {
		running := w.Run(t, "echo", exec.Command("sh", "-c", "echo "+word+"; exec sleep 60"))
		world.Eventually(t, 10*time.Second, func() error {
			if err := running.Err(); err != nil {
				t.Fatal(err)
			}
			if got := running.Tail(1); got != word {
				return fmt.Errorf("the last line is %q", got)
			}
			return nil
		})
		running.Kill()
		if running.Err() == nil {
			t.Error("a killed program is said to run")
		}
	}
}
