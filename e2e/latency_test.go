package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testLatency measures from the click on Roll back to weight 0 as a watch of the real API server shows it, with
// several services live in one bot, and prints it. It asserts nothing about time.
func testLatency(t *testing.T, w *world.World) {
	const rounds = 5
	var apps []shop.App
	for _, name := range []string{"alpha", "beta", "gamma", "delta"} {
		app := shop.Checkout("latency")
		app.Name, app.Repository, app.Replicas = name, "registry.example.com/latency/"+name, 1
		w.Install(t, app)
		apps = append(apps, app)
	}
	// What is measured is the way from a click to the cluster: no quota of Slack's and no drain in between.
	bot := install.Start(t, w, install.Options{Apps: apps, Slack: slacksim.Options{Limits: slacksim.Limits{Off: true}}, Change: func(c map[string]any) {
		defaults := c["defaults"].(map[string]any)
		defaults["drain"], defaults["checks"] = "0s", []any{"memory_usage"}
		step := c["plans"].(map[string]any)["short"].(map[string]any)["steps"].([]any)[0].(map[string]any)
		step["bake"] = "10m" // nothing else happens meanwhile
	}})
	world.Eventually(t, 30*time.Second, func() error {
		series, err := w.Prometheus.Query(t.Context(), `count(container_memory_working_set_bytes{namespace="latency"})`)
		if err == nil && (len(series) != 1 || int(series[0].Value) < len(apps)) {
			err = fmt.Errorf("pods with a number: %v", series)
		}
		return err
	})
	all := make([]*weights, len(apps))
	for i, app := range apps {
		all[i] = watch(t, w, app)
	}
	var took []time.Duration
	for round := range rounds {
		cards := make([]install.Card, len(apps))
		for i, app := range apps {
			cards[i] = bot.Deploy(app.Name, fmt.Sprintf("v1.3.%d", round))
		}
		for i := range apps {
			cards[i].Shows(time.Minute, "5 % of traffic", "baking")
			clicked := cards[i].Press(install.Dev, "Roll back")
			took = append(took, all[i].becomes(t, clicked, 0).Sub(clicked))
		}
		for i := range apps {
			cards[i].Shows(time.Minute, "Rolled back")
		}
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1)+0.5)].Microseconds()) / 1000
	}
	fmt.Printf("{\"name\":\"rollback_click_to_weight0_p50_ms\",\"value\":%.1f}\n", at(0.5))
	fmt.Printf("{\"name\":\"rollback_click_to_weight0_p99_ms\",\"value\":%.1f}\n", at(0.99))
	t.Logf("%d clicks: %v", len(took), took)
}
