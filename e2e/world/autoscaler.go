package world

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http/httptest"
	"testing"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/metricsapi"
)

// metricsAddress is that of the Service metrics in namespace monitoring: its endpoint is this process.
const metricsAddress = "198.18.255.10:443"

//go:embed metrics.yaml
var metrics []byte

// serveMetrics gives the cluster the API that autoscalers ask.
func (w *World) serveMetrics(ctx context.Context, t testing.TB) error {
	socket, err := net.Listen("tcp", metricsAddress)
	if err != nil {
		return fmt.Errorf("listen for autoscalers: %w", err)
	}
	server := httptest.NewUnstartedServer(metricsapi.New(w.Cluster.Kube, w.byPod))
	server.Listener.Close()
	server.Listener = socket
	server.StartTLS()
	t.Cleanup(server.Close)
	objects, err := cluster.Parse(metrics)
	if err != nil {
		return err
	}
	return w.Cluster.Apply(ctx, objects)
}

// byPod returns the values of an expression by pod.
func (w *World) byPod(ctx context.Context, expression string) (map[string]float64, error) {
	series, err := w.Prometheus.Query(ctx, expression)
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, s := range series {
		values[s.Labels["pod"]] = s.Value
	}
	return values, nil
}

// autoscaler has between 2 and 40 pods of stable answer ten requests a second each.
const autoscaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {namespace: %[1]s, name: %[2]s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %[2]s}
  minReplicas: 2
  maxReplicas: 40
  metrics:
    - type: Pods
      pods:
        metric: {name: requests_per_second}
        target: {type: AverageValue, averageValue: "10"}
  behavior:
    scaleDown: {stabilizationWindowSeconds: 2}
    scaleUp: {stabilizationWindowSeconds: 0, policies: [{type: Percent, value: 100, periodSeconds: 3}]}
`

// Autoscale has stable's size follow what its pods serve, between 2 and 40.
func (w *World) Autoscale(t testing.TB, namespace, deployment string) {
	t.Helper()
	objects, err := cluster.Parse(fmt.Appendf(nil, autoscaler, namespace, deployment))
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(t, objects)
}
