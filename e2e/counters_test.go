package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/node"
	"canarybot.io/e2e/world"
)

// testDipping has counters fall by 1 at times, as replicas of Prometheus behind one address show them: nobody restarted.
// A healthy canary is released, and a bad one is found all the same. They begin to fall once a rollout is under way: its
// start asks the checks' own queries, and those are wrong on such a store.
func testDipping(t *testing.T, w *world.World) {
	s := judged(t, w, "dipping", plan(10*time.Second, 5, 50)) // each counter falls twice in a bake
	falling := func(falls bool, versions ...string) {
		t.Helper()
		for _, version := range versions {
			if err := w.Images.Behave(s.app.Image(version), node.Behaviour{Dips: falls}); err != nil {
				t.Fatal(err)
			}
		}
	}
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "5 % of traffic", "baking")
	falling(true, current, next)
	card.Press(install.OnCall, "Promote to 50 %")
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	s.before.restored(t, w, s.app, next)
	s.noRepeats(card)
	s.unharmed()

	falling(false, next)
	s.app.Version = next
	s.traffic = w.Load(t, s.app, load.Plan{For: 5 * time.Minute})
	measured(t, w, s.app)
	world.Eventually(t, time.Minute, func() error {
		fell, err := w.Prometheus.Query(t.Context(), `sum(resets(http_requests_total{namespace="dipping"}[12s])) > 0`)
		if err == nil && len(fell) > 0 {
			err = fmt.Errorf("counters fell a moment ago: %v", fell)
		}
		return err
	})
	asked := time.Now()
	card = s.bot.Deploy(s.app.Name, "v1.2.5-errors30-dips")
	on := s.weights.becomes(t, asked, 5)
	falling(true, next)
	off := s.weights.becomes(t, on, 0)
	t.Logf("30 %% errors: weight 0 accepted %s after weight 5 was", off.Sub(on).Round(10*time.Millisecond))
	card.Shows(time.Minute, "Rolled back", "errors", "100 % on "+next)
	s.before.restored(t, w, s.app, next)
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// plan returns a change of the configuration: the steps of its plan, each with a bake and a gate.
func plan(bake time.Duration, weights ...int) func(map[string]any) {
	return func(c map[string]any) {
		var steps []any
		for _, weight := range weights {
			steps = append(steps, map[string]any{"weight": weight, "bake": bake.String(), "gate": "manual"})
		}
		c["plans"] = map[string]any{"short": map[string]any{"steps": steps}}
	}
}
