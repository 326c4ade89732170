package kube_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// Whoever cannot read Slack finds what is wrong on stable's Deployment. Where the bot may make no events, nothing breaks.
func TestANoteIsAnEventOnStable(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		c := connect(t, s)
		r := kubetest.Rollout()
		long := rollout.Note{Warning: true, Reason: "RolloutUnseen", Text: strings.Repeat("#déploys is archived. ", 100)}
		if err := c.Note(t.Context(), r, long); err != nil {
			t.Fatal(err)
		}
		event := s.Get("events", "shop", fmt.Sprintf("checkout.%x", time.Now().UnixNano())) // the bubble's clock stands still
		about, message := event["involvedObject"].(kubetest.Object), event["message"].(string)
		if about["kind"] != "Deployment" || about["name"] != "checkout" || event["type"] != "Warning" || event["reason"] != "RolloutUnseen" {
			t.Errorf("got %v", event)
		}
		if len(message) > 1024 || !strings.HasPrefix(message, "#déploys is archived.") || !utf8.ValidString(message) {
			t.Errorf("the message has %d bytes: %s", len(message), message)
		}
		s.Deny("create", "events")
		if err := c.Note(t.Context(), r, rollout.Note{Reason: "RolloutUnseen", Text: "again"}); rollout.CodeOf(err) != rollout.Forbidden {
			t.Errorf("got %v", err)
		}
	})
}

// What is told under one id is one event, however often it is told, and another rollout's is another one.
func TestANoteWithAnIDIsLeftOnce(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		c := connect(t, s)
		at := time.Now().Add(-time.Hour)
		for _, id := range []string{"production/s1/checkout-1/3", "production/s1/checkout-1/3", "production/s1/checkout-2/3"} {
			n := rollout.Note{ID: id, Reason: "RolloutStep", Text: "5 % of traffic", At: at}
			if err := c.Note(t.Context(), kubetest.Rollout(), n); err != nil {
				t.Fatal(err)
			}
		}
		all := events(t, s)
		if len(all) != 2 {
			t.Fatalf("the events are %v", all)
		}
		for _, e := range all {
			if e.Type != "Normal" || !e.FirstTimestamp.Time.Equal(at.Truncate(time.Second)) || e.Reason != "RolloutStep" {
				t.Errorf("got %v", e)
			}
		}
	})
}

// events returns the events in the shop.
func events(t *testing.T, s *kubetest.Server) []core.Event {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://kubernetes/api/v1/namespaces/shop/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var list core.EventList
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}
