package kube_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// Whoever cannot read Slack finds what is wrong on stable's Deployment. Where the bot may make no events, nothing breaks.
func TestANoteIsAnEventOnStable(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		c := connect(t, s)
		r := kubetest.Rollout()
		if err := c.Note(t.Context(), r, "RolloutUnseen", strings.Repeat("#deploys is archived. ", 100)); err != nil {
			t.Fatal(err)
		}
		event := s.Get("events", "shop", fmt.Sprintf("checkout.%x", time.Now().UnixNano())) // the bubble's clock stands still
		about, message := event["involvedObject"].(kubetest.Object), event["message"].(string)
		if about["kind"] != "Deployment" || about["name"] != "checkout" || event["type"] != "Warning" || event["reason"] != "RolloutUnseen" {
			t.Errorf("got %v", event)
		}
		if len(message) > 1024 || !strings.HasPrefix(message, "#deploys is archived.") {
			t.Errorf("the message has %d bytes: %s", len(message), message)
		}
		s.Deny("create", "events")
		if err := c.Note(t.Context(), r, "RolloutUnseen", "again"); rollout.CodeOf(err) != rollout.Forbidden {
			t.Errorf("got %v", err)
		}
	})
}
