package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// Whoever waits is answered when there is an entry after the one that they have seen: at once where there is one already,
// the moment it is committed, or when the time is over.
func TestWaitingForAChange(t *testing.T) {
	run(t, func(w *world) {
		r := w.deploy("v2")
		path := "/v1/rollouts/checkout-1?wait=30s&after="
		began := time.Now()
		w.as(ciToken, "GET", path+"0", nil).is(http.StatusOK, nil)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("what has changed already was waited for: %s", waited)
		}
		w.as(ciToken, "GET", path+number(r.Seq), nil).is(http.StatusOK, nil)
		if waited := time.Since(began); waited != 30*time.Second {
			t.Errorf("nothing changed, and the answer came after %s", waited)
		}
		go func() {
			time.Sleep(7 * time.Second)
			w.as(leadToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Pause}).is(http.StatusOK, nil)
		}()
		began = time.Now()
		var paused api.Rollout
		w.as(ciToken, "GET", path+number(r.Seq), nil).is(http.StatusOK, &paused)
		if waited := time.Since(began); waited != 7*time.Second || paused.Seq <= r.Seq {
			t.Errorf("the answer came after %s, with entry %d after %d", waited, paused.Seq, r.Seq)
		}
		w.as(leadToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).is(http.StatusOK, nil)
		ended := w.until("checkout-1", func(r api.Rollout) bool { return r.Outcome != "" })
		began = time.Now()
		w.as(ciToken, "GET", path+number(ended.Seq+5), nil).is(http.StatusOK, nil)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("a rollout that has ended was waited for: %s", waited)
		}
	})
}

// Whoever goes away is waited for by nobody, and nobody holds up a commit.
func TestWhoeverWaitsHoldsUpNothing(t *testing.T) {
	run(t, func(w *world) {
		r := w.deploy("v2")
		ctx, cancel := context.WithCancel(w.Context())
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				q := httptest.NewRequestWithContext(ctx, "GET", "/v1/rollouts/checkout-1?wait=55s&after="+number(r.Seq), nil)
				q.Header.Set(api.TokenHeader, otherOf())
				w.handler.ServeHTTP(httptest.NewRecorder(), q)
			})
		}
		synctest.Wait()
		began := time.Now()
		w.as(ciToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).is(http.StatusOK, nil)
		if took := time.Since(began); took != 0 {
			t.Errorf("a decision took %s beside 200 who wait", took)
		}
		cancel()
		group.Wait()
	})
}

func TestParameters(t *testing.T) {
	run(t, func(w *world) {
		w.deploy("v2")
		for _, path := range []string{
			"/v1/rollouts/checkout-1?wait=56s", "/v1/rollouts/checkout-1?wait=-1s", "/v1/rollouts/checkout-1?wait=soon", "/v1/rollouts/checkout-1?wait=",
			"/v1/rollouts/checkout-1?wait=9223372036854775807", "/v1/rollouts/checkout-1?after=-1", "/v1/rollouts/checkout-1?after=x",
			"/v1/rollouts/checkout-1?after=1&after=2", "/v1/rollouts/checkout-1?afer=1", "/v1/rollouts?servce=checkout", "/v1/services?x=1",
			"/v1/rollouts/checkout-1?wait=%zz",
		} {
			w.as(leadToken, "GET", path, nil).refused(http.StatusBadRequest, api.ProblemParameter)
		}
		for _, id := range []string{"checkout-99", "checkout", "..%2fcheckout-1", "checkout-01", "%00"} {
			w.as(leadToken, "GET", "/v1/rollouts/"+id, nil).is(http.StatusNotFound, &api.Problem{})
		}
	})
}
