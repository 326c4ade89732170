package e2e_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testEdited has somebody else change what the bot steers: it holds and asks, then continues or rolls back as decided.
func testEdited(t *testing.T, w *world.World) {
	app := shop.Checkout("edited")
	s := stage(t, w, app, false)
	s.editedWeight(s.bot.Deploy(app.Name, next))
	s.editedStable(s.bot.Deploy(app.Name, "v1.2.5"))
	if total := s.traffic.Since(time.Time{}); total.Failed() > 0 {
		t.Errorf("requests failed: %v", total)
	}
	// Deleting a canary that has traffic fails the requests on their way to it.
	s.deletedCanary(s.bot.Deploy(app.Name, "v1.2.6"))
	s.deletedRoute(s.bot.Deploy(app.Name, "v1.2.7"))
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// editedWeight has somebody give the canary more traffic than its step does, until a person says which holds.
func (s *scene) editedWeight(card install.Card) {
	s.t.Helper()
	card.Shows(time.Minute, "baking", "5 % of traffic")
	edited := time.Now()
	edit(s.t, s.w, s.app, "kubectl-edit", map[string]any{"spec": splitRoute(s.app, 20)})
	card.Shows(time.Minute, "Held", "kubectl-edit", "20 %")
	shares(s.t, s.traffic, next, 0.2, 0.05)
	if at, err := s.weights.after(edited.Add(time.Second), 5); err == nil {
		s.t.Errorf("somebody's weight was overwritten at %s, unasked", at.Format(time.TimeOnly))
	}
	clicked := card.Press(install.OnCall, "Override")
	s.weights.becomes(s.t, clicked, 5)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	s.before.restored(s.t, s.w, s.app, current)
	s.noRepeats(card)
}

// editedStable has somebody deploy past the bot. The bot goes back without undoing that.
func (s *scene) editedStable(card install.Card) {
	s.t.Helper()
	const hotfix = "v1.2.3-hotfix"
	card.Shows(time.Minute, "baking", "5 % of traffic")
	setImage(s.t, s.w, s.app, hotfix)
	card.Shows(time.Minute, "Held", "kubectl-set", hotfix)
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back", "Stable runs "+hotfix)
	s.before.restored(s.t, s.w, s.app, hotfix)
	s.noRepeats(card)
	measured(s.t, s.w, s.app) // its pods are new
}

// deletedCanary has somebody delete the canary's Deployment, which is their way to say no.
func (s *scene) deletedCanary(card install.Card) {
	s.t.Helper()
	const hotfix = "v1.2.3-hotfix"
	card.Shows(time.Minute, "baking", "5 % of traffic")
	deleteCanary(s.t, s.w, s.app)
	card.Shows(time.Minute, "Rolled back", "canary")
	s.before.restored(s.t, s.w, s.app, hotfix)
	s.noRepeats(card)
}

// deletedRoute has somebody delete the route, which is their way to say no.
func (s *scene) deletedRoute(card install.Card) {
	s.t.Helper()
	const hotfix = "v1.2.3-hotfix"
	card.Shows(time.Minute, "baking", "5 % of traffic")
	deleteRoute(s.t, s.w, s.app)
	card.Shows(time.Minute, "Rolled back", "route")
	after := s.before
	after.route, after.objects = nil, without(after.objects, "route/"+s.app.Name)
	after.restored(s.t, s.w, s.app, hotfix)
	s.noRepeats(card)
}
