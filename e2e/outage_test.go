package e2e_test

import (
	"errors"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testServerOutage takes the API server away: traffic must not notice, and afterwards the controllers
// and the node must go on.
func testServerOutage(t *testing.T, w *world.World) {
	app := shop.Checkout("outage")
	w.Install(t, app)
	traffic := w.Load(t, app, load.Plan{})
	w.Cluster.StopServer()
	gone := time.Now()
	world.Eventually(t, 10*time.Second, func() error {
		if traffic.Since(gone).Total() < 100 {
			return errors.New("too few answers")
		}
		return nil
	})
	if err := w.Cluster.StartServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := w.Cluster.Kube.AppsV1().Deployments(app.Namespace).Patch(t.Context(), app.Stable(),
		types.MergePatchType, []byte(`{"spec": {"replicas": 3}}`), meta.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.Available(t, app.Namespace, app.Stable())
	if total := traffic.Stop(); total.Failed() > 0 {
		t.Errorf("requests failed: %v", total)
	}
}

func testPrometheusOutage(t *testing.T, w *world.World) {
	w.Prometheus.Stop()
	if _, err := w.Prometheus.Query(t.Context(), "1"); err == nil {
		t.Error("a stopped Prometheus answers")
	}
	if err := w.Prometheus.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	world.Eventually(t, 10*time.Second, func() error {
		series, err := w.Prometheus.Query(t.Context(), `http_requests_total{namespace="outage"}`)
		if err == nil && len(series) == 0 {
			err = errors.New("no series")
		}
		return err
	})
}
