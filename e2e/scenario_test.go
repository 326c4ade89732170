package e2e_test

import (
	"testing"

	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// TestScenarios runs the product for real: each scenario installs it anew, beside an application of its own.
func TestScenarios(t *testing.T) {
	w := world.Start(t, world.Defaults())
	for name, scenario := range map[string]func(*testing.T, *world.World){
		"promoted by clicks": func(t *testing.T, w *world.World) { testPromoted(t, w, shop.Checkout("promoted"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario(t, w)
		})
	}
}
