package install

import (
	"canarybot.io/e2e/prom"
	"canarybot.io/e2e/shop"
)

// People of the workspace. Dev deploys, OnCall also approves; both are the simulated Slack's own.
const (
	Dev    = "dev"
	OnCall = "oncall"

	devID    = "U00000DEV1"
	onCallID = "U00ONCALL1"
)

// Channel is where the bot posts.
const Channel = "#deploys"

// Configuration returns what a team would write for the applications, with spans of seconds where a team has
// minutes: two steps, 5 % and 50 %, that bake for six seconds and ask a person.
func Configuration(store string, apps ...shop.App) map[string]any {
	services := map[string]any{}
	for _, app := range apps {
		services[app.Name] = Service(app)
	}
	fast := func(min bool) map[string]any {
		check := map[string]any{"window": "10s", "interval": "2s"}
		if min {
			check["min_requests"] = 10
		}
		return check
	}
	step := func(weight int) map[string]any {
		return map[string]any{"weight": weight, "bake": "6s", "gate": "manual"}
	}
	return map[string]any{
		"environment": "e2e",
		"slack":       map[string]any{"channel": Channel},
		"prometheus":  map[string]any{"url": prom.URL},
		"registry":    map[string]any{"resolve": "off"}, // nobody serves registry.example.com
		"store":       map[string]any{"path": store},
		"listen":      "127.0.0.1:0",
		"policy":      map[string]any{"deployers": []any{devID, onCallID}, "approvers": []any{onCallID}},
		"plans":       map[string]any{"short": map[string]any{"steps": []any{step(5), step(50)}}},
		"checks": map[string]any{
			"error_rate": fast(true), "latency_p99": fast(true), "memory_usage": fast(false),
		},
		"defaults": map[string]any{
			"plan": "short", "drain": "2s",
			// The pods of all versions share two processors with everything else: durations of a few milliseconds say
			// nothing about a version.
			"signals": map[string]any{"scrape": "1s"},
			"judge":   map[string]any{"interval": "1s", "young": "4s", "latency": map[string]any{"ratio": 5, "slack": 0.1}},
		},
		"services": services,
	}
}

// Service returns an application's entry in the configuration.
func Service(app shop.App) map[string]any {
	return map[string]any{
		"namespace": app.Namespace,
		"image":     app.Repository,
		"stable":    app.Stable(),
		"canary":    app.Canary(),
		"route":     map[string]any{"kind": string(app.Router), "name": app.Name},
	}
}
