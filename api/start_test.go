package api_test

import (
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/store"
)

func start(version string) api.Start { return api.Start{Service: "checkout", Version: version} }

// The same request with the same key starts once, whatever has become of the rollout; another request is refused.
func TestSameKeyAgain(t *testing.T) {
	run(t, func(w *world) {
		var first, again api.Rollout
		w.keyed("run-812", "POST", "/v1/rollouts", start("v2")).is(http.StatusCreated, &first)
		other := start("v2")
		other.Reason, other.Link = "told differently", "https://ci.example.com/job/813" // what is asked for is the same
		w.keyed("run-812", "POST", "/v1/rollouts", other).is(http.StatusOK, &again)
		if again.ID != first.ID {
			t.Errorf("the same key made %s and %s", first.ID, again.ID)
		}
		for name, s := range map[string]api.Start{
			"another version": start("v3"), "another plan": {Service: "checkout", Version: "v2", Plan: "back"},
			"replacing": {Service: "checkout", Version: "v2", Replace: true},
		} {
			if p := w.keyed("run-812", "POST", "/v1/rollouts", s).refused(http.StatusUnprocessableEntity, api.ProblemKeyReused); p.Rollout != first.ID {
				t.Errorf("%s: it names %q", name, p.Rollout)
			}
		}
		w.keyed("run-812", "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).
			refused(http.StatusUnprocessableEntity, api.ProblemKeyReused)
		w.keyed("run-813", "POST", "/v1/rollouts", start("v3")).refused(http.StatusConflict, api.ProblemBusy)
		w.keyed("undo", "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).is(http.StatusOK, nil)
		w.until("checkout-1", func(r api.Rollout) bool { return r.Outcome == "cancelled" || r.Outcome == "rolled back" })
		w.keyed("undo", "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).is(http.StatusOK, &again)
		w.keyed("run-812", "POST", "/v1/rollouts", start("v2")).is(http.StatusOK, &again)
		if again.ID != first.ID || again.Outcome == "" {
			t.Errorf("after its end the same key gets %+v", again)
		}
		time.Sleep(store.Remember + time.Hour)
		w.as(leadToken, "POST", "/v1/rollouts", start("v4")).is(http.StatusCreated, nil) // forgotten in passing
		w.keyed("run-812", "POST", "/v1/rollouts", start("v2")).refused(http.StatusConflict, api.ProblemBusy)
	})
}

// Two requests that race with one key make one rollout, and both get it. With two keys one of them is refused.
func TestRacingStarts(t *testing.T) {
	race := func(w *world, keys [2]string) (answers [2]answer) {
		var group sync.WaitGroup
		for i, key := range keys {
			one := *w
			one.header = http.Header{"Idempotency-Key": {key}}
			group.Go(func() { answers[i] = one.as(ciToken, "POST", "/v1/rollouts", start("v2")) })
		}
		group.Wait()
		return answers
	}
	for range 20 {
		run(t, func(w *world) {
			created := 0
			for _, a := range race(w, [2]string{"one", "one"}) {
				var r api.Rollout
				if a.status == http.StatusCreated {
					created++
				} else {
					a.is(http.StatusOK, nil)
				}
				if a.is(a.status, &r); r.ID != "checkout-1" {
					t.Errorf("got %s", r.ID)
				}
			}
			if created != 1 {
				t.Errorf("%d of the two created it", created)
			}
		})
		run(t, func(w *world) {
			answers := race(w, [2]string{"one", "two"})
			if answers[0].status == answers[1].status || min(answers[0].status, answers[1].status) != http.StatusCreated {
				t.Errorf("got %d and %d", answers[0].status, answers[1].status)
			}
		})
	}
}

// What a request says wrongly is said at once, by field; nothing is changed.
func TestBodiesThatAreRefused(t *testing.T) {
	run(t, func(w *world) {
		for name, tt := range map[string]struct {
			body   string
			status int
			code   rollout.ProblemCode
			fields string
		}{
			"nothing":               {"", 400, api.ProblemBody, ""},
			"no object":             {`["checkout"]`, 400, api.ProblemBody, ""},
			"cut off":               {`{"service":"checkout"`, 400, api.ProblemBody, ""},
			"something behind":      {`{"service":"checkout","version":"v2"} {}`, 400, api.ProblemBody, ""},
			"no UTF-8":              {"{\"service\":\"checkout\",\"version\":\"v2\xff\"}", 400, api.ProblemBody, ""},
			"an unknown field":      {`{"service":"checkout","version":"v2","force":true}`, 400, api.ProblemFields, "force"},
			"a field in other case": {`{"Service":"checkout","version":"v2"}`, 400, api.ProblemFields, "Service"},
			"a field twice":         {`{"service":"checkout","version":"v2","version":"v3"}`, 400, api.ProblemFields, "version"},
			"wrong types":           {`{"service":1,"version":["v2"],"auto":"yes","replace":null}`, 400, api.ProblemFields, "service version auto replace"},
			"missing fields":        {`{}`, 400, api.ProblemFields, "service version"},
			"a novel":               {`{"service":"checkout","version":"v2","reason":"` + strings.Repeat("x", 1001) + `"}`, 400, api.ProblemFields, "reason"},
			"too large":             {`{"service":"checkout","version":"v2","reason":"` + strings.Repeat("x", 64<<10) + `"}`, 413, api.ProblemBodyTooLarge, ""},
			"another image":         {`{"service":"checkout","version":"evil.com/x:v1"}`, 400, rollout.ProblemForeignImage, ""},
			"no version":            {`{"service":"checkout","version":"v 2"}`, 400, rollout.ProblemNotAVersion, ""},
			"another plan":          {`{"service":"checkout","version":"v2","plan":"fast"}`, 400, engine.ProblemNoSuchPlan, ""},
			"another service":       {`{"service":"search","version":"v2"}`, 404, engine.ProblemNoSuchService, ""},
			"the version that runs": {`{"service":"checkout","version":"v1"}`, 409, rollout.ProblemSameVersion, ""},
		} {
			p := w.as(leadToken, "POST", "/v1/rollouts", tt.body).refused(tt.status, tt.code)
			var fields []string
			for _, f := range p.Errors {
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != tt.fields {
				t.Errorf("%s: the fields %q, want %q", name, got, tt.fields)
			}
		}
		w.header.Set("Content-Type", "text/plain")
		w.as(leadToken, "POST", "/v1/rollouts", start("v2")).refused(http.StatusUnsupportedMediaType, api.ProblemContentType)
		w.header = http.Header{}
		for _, key := range []string{"", "a b", "ä", strings.Repeat("x", 201)} {
			w.keyed(key, "POST", "/v1/rollouts", start("v2")).refused(http.StatusBadRequest, api.ProblemKeyForm)
		}
		var all api.Rollouts
		if w.as(leadToken, "GET", "/v1/rollouts?service=checkout", nil).is(http.StatusOK, &all); len(all.Rollouts) != 0 {
			t.Errorf("something was started: %+v", all)
		}
	})
}

// A pipeline does what the configuration says it may, to its services.
func TestWhatAPipelineMay(t *testing.T) {
	run(t, func(w *world) {
		auto, replace := start("v2"), start("v2")
		auto.Auto, replace.Replace = true, true
		w.as(ciToken, "POST", "/v1/rollouts", auto).refused(http.StatusForbidden, api.ProblemMayNotAuto)
		w.as(ciToken, "POST", "/v1/rollouts", api.Start{Service: "payments", Version: "v2"}).refused(http.StatusForbidden, api.ProblemNotForService)
		w.as(ciToken, "POST", "/v1/rollouts", api.Start{Service: "nowhere", Version: "v2"}).refused(http.StatusForbidden, api.ProblemNotForService)
		var r api.Rollout
		w.as(ciToken, "POST", "/v1/rollouts", replace).is(http.StatusCreated, &r)
		r = w.until(r.ID, func(r api.Rollout) bool { return r.Phase == "awaiting" })
		for _, action := range []rollout.Action{rollout.Promote, rollout.Pause, rollout.Resume} {
			w.as(ciToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: action, Turn: r.Turn}).refused(http.StatusForbidden, api.ProblemMayNot)
		}
		for _, path := range []string{"/v1/rollouts/checkout-1", "/v1/rollouts?service=checkout"} {
			w.as(otherToken, "GET", path, nil).refused(http.StatusForbidden, api.ProblemNotForService)
		}
		w.as(otherToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).refused(http.StatusForbidden, api.ProblemNotForService)
		var open api.Rollouts
		if w.as(otherToken, "GET", "/v1/rollouts", nil).is(http.StatusOK, &open); len(open.Rollouts) != 0 {
			t.Errorf("payments' pipeline reads %+v", open)
		}
		if w.as(ciToken, "GET", "/v1/rollouts", nil).is(http.StatusOK, &open); len(open.Rollouts) != 1 {
			t.Errorf("checkout's pipeline reads %+v", open)
		}
		var all api.Services
		if w.as(ciToken, "GET", "/v1/services", nil).is(http.StatusOK, &all); len(all.Services) != 1 || all.Services[0].Live != "checkout-1" ||
			len(all.Services[0].May) != 2 || strings.Join(all.Services[0].Plans, " ") != "standard back" || strings.Join(all.Services[0].Versions, " ") != "v2 v1" {
			t.Errorf("the services are %+v", all)
		}
	})
}

// Who asked stands in the rollout: the pipeline, and a link that the configuration allows.
func TestWhoStartedIt(t *testing.T) {
	for link, want := range map[string]string{"https://ci.example.com/job/812": "https://ci.example.com/job/812", "https://evil.example.com/": ""} {
		run(t, func(w *world) {
			s := start("v2")
			s.Link, s.Reason = link, "faster tax lookup"
			var r api.Rollout
			w.as(ciToken, "POST", "/v1/rollouts", s).is(http.StatusCreated, &r)
			stored, err := w.store.Load(w.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			actor := rollout.Actor{Kind: rollout.Pipeline, ID: "ci", Link: want}
			if !reflect.DeepEqual(stored.Request.By, actor) || stored.Request.Text != s.Reason || r.Link != want || r.By != "the pipeline ci" || r.Reason != s.Reason {
				t.Errorf("%s: started by %+v, told as %q %q", link, stored.Request.By, r.By, r.Link)
			}
		})
	}
}

// A dry run says what a start would come to, and changes nothing.
func TestPlanChangesNothing(t *testing.T) {
	run(t, func(w *world) {
		var p api.Plan
		w.as(ciToken, "POST", "/v1/plan", start("v2")).is(http.StatusOK, &p)
		if !p.Starts || p.Rollout.ID != "checkout-1" || !strings.Contains(p.Text, "it would start. Nothing was changed.") || strings.ContainsAny(p.Text, "*") {
			t.Errorf("got %+v", p)
		}
		w.as(ciToken, "POST", "/v1/plan", start("v1")).refused(http.StatusConflict, rollout.ProblemSameVersion)
		w.as(leadToken, "GET", "/v1/rollouts/checkout-1", nil).refused(http.StatusNotFound, store.ProblemNoSuchRollout)
	})
}

// While nothing can be saved only a rollback is taken, and reading goes on.
func TestWhileTheStoreIsAway(t *testing.T) {
	run(t, func(w *world) {
		r := w.deploy("v2")
		w.store.Refuse(rollout.Refuse(rollout.Unavailable, rollout.Text("the disk is full")))
		time.Sleep(10 * time.Second)
		w.as(leadToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Promote, Turn: r.Turn}).
			refused(http.StatusServiceUnavailable, rollout.ProblemDegraded)
		w.as(leadToken, "POST", "/v1/rollouts", api.Start{Service: "payments", Version: "v2"}).refused(http.StatusServiceUnavailable, rollout.ProblemDegraded)
		w.as(leadToken, "GET", "/v1/rollouts/checkout-1", nil).is(http.StatusOK, nil)
		w.as(leadToken, "POST", "/v1/rollouts/checkout-1/decisions", api.Decision{Action: rollout.Rollback}).
			refused(http.StatusServiceUnavailable, rollout.ProblemRollbackUnsaved)
		synctest.Wait()
		if w.as(leadToken, "GET", "/v1/rollouts/checkout-1", nil).is(http.StatusOK, &r); r.Phase != "rolling_back" {
			t.Errorf("it is read as %s", r.Phase)
		}
		w.store.Refuse(nil)
		w.until("checkout-1", func(r api.Rollout) bool { return r.Outcome == "rolled back" })
	})
}
