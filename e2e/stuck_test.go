package e2e_test

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testStuck has another controller undo what the bot writes: it asks, rolls back when ordered, reports when it cannot, and
// ends once nobody interferes. When a person gives up, it lists what is left, and the next rollout refuses to start.
func testStuck(t *testing.T, w *world.World) {
	s := stage(t, w, shop.Checkout("stuck"), false)
	const manager = "gitops-controller"

	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	relent := s.fought(manager, 20)
	card.Shows(time.Minute, "Held", manager, "20 %")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Stuck", "rolling back", manager, "kubectl -n stuck get httproute/checkout")
	card.Press(install.OnCall, "Try again")
	relent()
	card.Shows(time.Minute, "Rolled back", "100 % on "+current)
	s.before.restored(t, w, s.app, current)
	s.noRepeats(card)

	card = s.bot.Deploy(s.app.Name, "v1.2.5")
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	relent = s.fought(manager, 20)
	card.Shows(time.Minute, "Held", manager)
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Stuck", manager)
	s.unjudged(3 * time.Second) // people read first: no answer counts that came sooner than anybody can
	if said := s.bot.Slash(install.OnCall, "abandon checkout the controller wins"); !strings.Contains(said, "is abandoned") {
		t.Errorf("abandoning was answered with: %s", said)
	}
	card.Shows(time.Minute, "Abandoned", "the controller wins", "Left in the cluster", "deployment/checkout-canary in stuck", "httproute/checkout")
	s.noRepeats(card)
	relent()
	over := s.bot.Deploy(s.app.Name, "v1.2.6")
	over.Shows(time.Minute, "Cancelled", "nothing was changed")
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// fought has somebody set the canary's weight back whenever it is another, until relent is called.
func (s *scene) fought(who string, to int) (relent func()) {
	s.t.Helper()
	patch, err := json.Marshal(map[string]any{"spec": splitRoute(s.app, to)})
	if err != nil {
		s.t.Fatal(err)
	}
	var relented atomic.Bool
	routes := s.w.Cluster.Dynamic.Resource(routeResource(s.app)).Namespace(s.app.Namespace)
	follow(s.t, s.w, s.app, func(now weighed) {
		if now.weight == int64(to) || relented.Load() {
			return
		}
		// A failed write is a missing write; the scenario then reports what did not happen.
		_, _ = routes.Patch(s.t.Context(), s.app.Name, types.MergePatchType, patch, meta.PatchOptions{FieldManager: who})
	})
	return func() { relented.Store(true) }
}
