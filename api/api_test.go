package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// A pipeline starts a rollout and follows it to its end.
func TestStartedFollowedAndPromoted(t *testing.T) {
	run(t, func(w *world) {
		started := time.Now()
		r := w.deploy("v2")
		if r.ID != "checkout-1" || r.Version != "v2" || r.Image != "r/checkout:v2" || r.From != "r/checkout:v1" || r.Environment != "test" ||
			r.Weight != 5 || r.Step != 1 || len(r.Steps) != 2 || r.By != "the pipeline lead" || r.Outcome != "" || !r.Asked.Equal(started.UTC()) {
			t.Errorf("got %+v", r)
		}
		if !strings.Contains(r.Status, "Waiting for a person") || strings.ContainsAny(r.Status, "*<") || !strings.HasSuffix(r.Card, "checkout-1") {
			t.Errorf("it says %q, card %q", r.Status, r.Card)
		}
		if want := []rollout.Action{rollout.Promote, rollout.Pause, rollout.Rollback}; !slices.Equal(r.Actions, want) {
			t.Errorf("the actions are %v, want %v", r.Actions, want)
		}
		w.as(leadToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Promote, Turn: r.Turn}).is(http.StatusOK, nil)
		r = w.until("checkout-1", func(r api.Rollout) bool { return r.Outcome != "" })
		if r.Outcome != "succeeded" || r.Phase != "ended" || r.Ended.IsZero() || len(r.Actions) != 0 || !strings.Contains(r.Status, "100 % on v2") {
			t.Errorf("it ended as %+v", r)
		}
	})
}
