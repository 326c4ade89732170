package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
	"canarybot.io/store"
)

// A promotion answers the question that its maker has read; rolling back and pausing hold for any.
func TestDecisionsAnswerAQuestion(t *testing.T) {
	run(t, func(w *world) {
		r := w.deploy("v2")
		path := "/v1/rollouts/checkout-1/decisions"
		decide := func(action rollout.Action, turn rollout.Turn) answer {
			return w.as(leadToken, "POST", path, api.Decision{Action: action, Turn: turn})
		}
		decide(rollout.Promote, 0).refused(http.StatusBadRequest, api.ProblemFields)
		decide(rollout.Resume, 0).refused(http.StatusBadRequest, api.ProblemFields)
		decide(rollout.Promote, -1).refused(http.StatusBadRequest, api.ProblemFields)
		decide(rollout.Promote, r.Turn-1).refused(http.StatusConflict, rollout.ProblemMovedOn)
		decide(rollout.Resume, r.Turn).refused(http.StatusConflict, rollout.ProblemNotPaused)
		decide(rollout.Pause, 0).is(http.StatusOK, &r)
		decide(rollout.Pause, 0).refused(http.StatusConflict, rollout.ProblemPausedAlready)
		decide(rollout.Promote, r.Turn).refused(http.StatusConflict, rollout.ProblemResumeFirst)
		decide(rollout.Resume, r.Turn).is(http.StatusOK, &r)
		decide(rollout.Promote, r.Turn).is(http.StatusOK, nil)
		decide(rollout.Rollback, 0).is(http.StatusOK, nil)
		w.until("checkout-1", func(r api.Rollout) bool { return r.Outcome == "rolled back" })
		decide(rollout.Rollback, 0).refused(http.StatusConflict, rollout.ProblemEnded)
		path = "/v1/rollouts/checkout-2/decisions"
		decide(rollout.Rollback, 0).refused(http.StatusNotFound, store.ProblemNoSuchRollout)
	})
}

// What needs a person's eyes is no pipeline's.
func TestWhatNoPipelineDecides(t *testing.T) {
	run(t, func(w *world) {
		w.deploy("v2")
		for _, action := range []rollout.Action{rollout.Override, rollout.Accept, rollout.Retry, rollout.Abandon, rollout.Deploy, rollout.AutoGate, "", "back"} {
			w.as(leadToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: action, Turn: 1}).refused(http.StatusBadRequest, api.ProblemFields)
		}
	})
}

// A promotion counts for all that go together, and needs the right for each: the answer names the service.
func TestPromotionOfWhatGoesTogether(t *testing.T) {
	run(t, func(w *world) {
		var all []rollout.DeployRequest
		for _, service := range []rollout.ServiceName{"checkout", "payments"} {
			all = append(all, rollout.DeployRequest{ID: "launch", Actor: rollout.Actor{Kind: rollout.Person, ID: "U1", Member: true}, At: time.Now(), Service: service, Version: "v2"})
		}
		if _, err := w.engine.DeployTogether(w.Context(), all); err != nil {
			w.Fatal(err)
		}
		awaits := func(r api.Rollout) bool { return r.Phase == "awaiting" }
		w.until("checkout-1", awaits)
		r := w.until("payments-1", awaits)
		promote := func(token string) answer {
			return w.as(token, "POST", "/v1/rollouts/payments-1/decisions", api.Decision{Action: rollout.Promote, Turn: r.Turn})
		}
		p := promote(otherToken).refused(http.StatusForbidden, rollout.ProblemNotAllowed)
		if p.Rollout != "checkout-1" || !strings.Contains(p.Detail, "because of checkout") {
			w.Errorf("it does not name the other: %+v", p)
		}
		promote(leadToken).is(http.StatusOK, nil)
		w.until("checkout-1", func(r api.Rollout) bool { return r.Outcome == "succeeded" })
	})
}
