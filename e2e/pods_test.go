package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/node"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

func testEndpoints(t *testing.T, w *world.World) {
	app := deployAlone(t, w, "endpoints", current)
	w.Available(t, app.Namespace, app.Stable())
	w.Published(t, app.Namespace, app.Stable(), 1)
}

func testCrash(t *testing.T, w *world.World) {
	app := deployAlone(t, w, "crash", "v1.2.4-crash")
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		if status.State.Waiting == nil || status.State.Waiting.Reason != "CrashLoopBackOff" {
			return errors.New("no CrashLoopBackOff")
		}
		if status.RestartCount < 2 || status.Ready {
			return fmt.Errorf("%d restarts, ready: %t", status.RestartCount, status.Ready)
		}
		return nil
	})
}

func testMissing(t *testing.T, w *world.World) {
	app := deployAlone(t, w, "missing", "v1.2.4-missing")
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		if status.State.Waiting == nil || status.State.Waiting.Reason != "ImagePullBackOff" {
			return errors.New("no ImagePullBackOff")
		}
		return nil
	})
	if err := w.Images.Behave(app.Image(app.Version), node.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	w.Available(t, app.Namespace, app.Stable())
}

func testOutOfMemory(t *testing.T, w *world.World) {
	app := deployAlone(t, w, "memory", "v1.2.4-oom1")
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		last := status.LastTerminationState.Terminated
		if last == nil || last.Reason != "OOMKilled" || last.ExitCode != 137 {
			return fmt.Errorf("last ended with %+v", last)
		}
		return nil
	})
}

func testImageID(t *testing.T, w *world.World) {
	app := deployAlone(t, w, "image", "v1.2.3")
	digest, err := w.Images.Digest(app.Image("v1.2.3"))
	if err != nil {
		t.Fatal(err)
	}
	want := app.Repository + "@" + digest
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		if status.ImageID != want {
			return fmt.Errorf("image id %q, want %q", status.ImageID, want)
		}
		return nil
	})
	if err := w.Images.Push(app.Image("v1.2.3")); err != nil {
		t.Fatal(err)
	}
	policy := meta.DeletePropagationBackground
	err = w.Cluster.Kube.CoreV1().Pods(app.Namespace).
		DeleteCollection(t.Context(), meta.DeleteOptions{PropagationPolicy: &policy}, meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		if !strings.HasPrefix(status.ImageID, app.Repository+"@") || status.ImageID == want {
			return fmt.Errorf("image id %q after the tag moved", status.ImageID)
		}
		return nil
	})
}

// deployAlone creates an application of one pod at a version and does not wait for it.
func deployAlone(t *testing.T, w *world.World, namespace, version string) shop.App {
	t.Helper()
	app := shop.Checkout(namespace)
	// Behaviours belong to images, so tests that change them must not share one.
	app.Repository = "registry.example.com/" + namespace + "/checkout"
	app.Version, app.Replicas = version, 1
	objects, err := app.Objects()
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(t, objects)
	return app
}

// eventuallyStatus waits until one pod of an application has a container that is as wanted.
func eventuallyStatus(t *testing.T, w *world.World, app shop.App, wanted func(core.ContainerStatus) error) {
	t.Helper()
	world.Eventually(t, 15*time.Second, func() error {
		pods, err := w.Cluster.Kube.CoreV1().Pods(app.Namespace).List(t.Context(), meta.ListOptions{})
		if err != nil {
			return err
		}
		reasons := []error{fmt.Errorf("%d pods", len(pods.Items))}
		for _, pod := range pods.Items {
			for _, status := range pod.Status.ContainerStatuses {
				err := wanted(status)
				if err == nil {
					return nil
				}
				reasons = append(reasons, err)
			}
		}
		return errors.Join(reasons...)
	})
}

func testTurnBad(t *testing.T, w *world.World) {
	app := shop.Checkout("turn")
	app.Repository = "registry.example.com/turn/checkout"
	w.Install(t, app)
	if err := w.Images.Behave(app.Image(app.Version), node.Behaviour{Errors: 1}); err != nil {
		t.Fatal(err)
	}
	if err := world.Answers(t.Context(), app); err == nil {
		t.Error("a version that answers nothing but errors answered well")
	}
	if err := w.Images.Behave(app.Image(app.Version), node.Behaviour{Fate: node.Crashes}); err != nil {
		t.Fatal(err)
	}
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		if status.RestartCount == 0 {
			return errors.New("not restarted")
		}
		return nil
	})
	if err := w.Images.Behave(app.Image(app.Version), node.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	w.Available(t, app.Namespace, app.Stable())
}
