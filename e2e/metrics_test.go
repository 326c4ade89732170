package e2e_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testMetrics sends Prometheus the queries of the product's checks, about a version that errs and is slow.
func testMetrics(t *testing.T, w *world.World) {
	app := shop.Checkout("metrics")
	app.Version = "v1.2.4-errors30-slow300"
	objects, err := app.Objects()
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(t, objects)
	w.Available(t, app.Namespace, app.Stable())
	traffic := w.Load(t, app, load.Plan{Rate: 50})

	const pods = `{namespace="metrics",pod=~"checkout-stable-.+"}`
	for name, check := range map[string]struct {
		query     string
		low, high float64
	}{
		"error rate": {
			query: `sum(rate(http_5xx_total` + pods + `[5s])) / sum(rate(http_requests_total` + pods + `[5s]))`,
			low:   0.25, high: 0.35,
		},
		"success rate": {
			query: `sum(rate(http_2xx_total` + pods + `[5s])) / sum(rate(http_requests_total` + pods + `[5s]))`,
			low:   0.65, high: 0.75,
		},
		"latency": {
			query: `histogram_quantile(0.99, sum by (le) (rate(http_duration_bucket` + pods + `[5s])))`,
			low:   0.25, high: 0.5,
		},
		"memory": {
			query: `max(container_memory_working_set_bytes` + pods + `)`,
			low:   64 << 20, high: 65 << 20,
		},
		"pods": {query: `count(http_errors` + pods + `)`, low: 2, high: 2},
	} {
		world.Eventually(t, 20*time.Second, func() error {
			series, err := w.Prometheus.Query(t.Context(), check.query)
			if err != nil {
				return err
			}
			if len(series) != 1 {
				return fmt.Errorf("%s: %d series", name, len(series))
			}
			value := series[0].Value
			if math.IsNaN(value) || value < check.low || value > check.high {
				return fmt.Errorf("%s: %v, want %v to %v", name, value, check.low, check.high)
			}
			return nil
		})
	}
	if total := traffic.Stop(); total.Version(app.Version) == 0 {
		t.Errorf("nobody answered: %v", total)
	}
}
