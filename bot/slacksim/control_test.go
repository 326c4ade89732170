package slacksim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
)

// control asks the control API and returns the status and the answer.
func control(t *testing.T, sim *slacksim.Sim, method, path, body string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	sim.Control().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/control/"+path, strings.NewReader(body)))
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s answered %q: %v", method, path, w.Body, err)
	}
	return w.Code, answer
}

// change makes a change over the control API that must succeed.
func change(t *testing.T, sim *slacksim.Sim, what, body string) {
	t.Helper()
	if code, answer := control(t, sim, http.MethodPost, what, body); code != http.StatusOK {
		t.Fatalf("POST %s %s: %d %v", what, body, code, answer)
	}
}

// What the control API puts into the workspace is what people and the bot then find.
func TestControlChangesTheWorkspace(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	change(t, sim, "user", `{"id":"U00000NEW1","name":"new","real_name":"New Person","restricted":true}`)
	if u, err := api.GetUserInfoContext(t.Context(), "U00000NEW1"); err != nil || !u.IsRestricted || u.RealName != "New Person" {
		t.Errorf("users.info = %+v, %v", u, err)
	}
	change(t, sim, "channel", `{"id":"C0DEPLOYS1","name":"releases","archived":true}`)
	_, _, err := api.PostMessageContext(t.Context(), deploys)
	wantError(t, err, "is_archived")
	change(t, sim, "group", `{"id":"S0000000OPS","handle":"ops","members":["U00000NEW1"]}`)
	if got, err := api.GetUserGroupMembersContext(t.Context(), "S0000000OPS"); err != nil || len(got) != 1 {
		t.Errorf("members = %v, %v", got, err)
	}
	change(t, sim, "plan", `{"groups":false}`)
	_, err = api.GetUserGroupsContext(t.Context())
	wantError(t, err, "plan_upgrade_required")
}

func TestControlMakesThingsGoWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		api := newAPI(sim)
		change(t, sim, "fault", `{"method":"users.info","error":"fatal_error","latency_ms":1500,"times":1}`)
		began := time.Now()
		_, err := api.GetUserInfoContext(t.Context(), "U00000DEV1")
		wantError(t, err, "fatal_error")
		if took := time.Since(began); took != 1500*time.Millisecond {
			t.Errorf("the fault took %s, want 1.5 s", took)
		}
		if _, err := api.GetUserInfoContext(t.Context(), "U00000DEV1"); err != nil {
			t.Errorf("after the fault: %v", err)
		}
		change(t, sim, "fault", `{"method":"*","http_status":503}`)
		change(t, sim, "faults", `{}`)
		if _, err := api.AuthTestContext(t.Context()); err != nil {
			t.Errorf("after all faults were cleared: %v", err)
		}
		raw, _ := openRaw(t, sim)
		change(t, sim, "sockets", `{"do":"refresh"}`)
		if f := raw.next(); f.Type != "disconnect" || f.Reason != "warning" {
			t.Errorf("frame = %+v, want the warning", f)
		}
		change(t, sim, "outage", `{"down":true}`)
		if _, err := api.AuthTestContext(t.Context()); err == nil {
			t.Error("a call was answered during the outage")
		}
	})
}

func TestControlReads(t *testing.T) {
	sim := slacksim.Start(t, withGroups())
	sim.Expect(slacksim.UnknownMethod)
	card := postCard(t, newAPI(sim))
	_ = newAPI(sim).DeleteReminderContext(t.Context(), "Rm1") // a method that is not simulated
	for what, want := range map[string]string{
		"messages?channel=%23deploys": card,
		"messages?channel=nowhere":    `"messages":[]`,
		"ephemerals?user=dev":         `"ephemerals":[]`,
		"violations":                  `"kind":"unknown_method"`,
		"sockets":                     `"sockets":0`,
		"groups":                      `"handle":"sre"`,
	} {
		code, answer := control(t, sim, http.MethodGet, what, "")
		if got, _ := json.Marshal(answer); code != http.StatusOK || !strings.Contains(string(got), want) || answer["version"] == nil {
			t.Errorf("GET %s = %d %s, want it to have %s", what, code, got, want)
		}
	}
	change(t, sim, "remove", `{"channel":"deploys","ts":"`+card+`"}`)
	change(t, sim, "forget", `{}`)
	if n := len(sim.Messages("deploys")) + len(sim.Violations()); n != 0 {
		t.Errorf("%d messages and violations are left", n)
	}
	_ = newAPI(sim).DeleteReminderContext(t.Context(), "Rm1") // Expect looks at what is left in the end
}

// A test waits for what changes, without asking again and again.
func TestControlWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		_, before := control(t, sim, http.MethodGet, "messages?channel=deploys", "")
		after := "wait?after=" + jsonNumber(t, before["version"])
		time.AfterFunc(time.Second, func() { _, _ = sim.As("dev").Say("#deploys", "", "good morning") })
		began := time.Now()
		_, answer := control(t, sim, http.MethodGet, after, "")
		if took := time.Since(began); took != time.Second || answer["wait"] == before["version"] {
			t.Errorf("waited %s for %v", took, answer)
		}
		began = time.Now()
		_, answer = control(t, sim, http.MethodGet, "wait?after="+jsonNumber(t, answer["wait"]), "")
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("waited %s for nothing, %v", took, answer)
		}
	})
}

func jsonNumber(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What is not understood changes nothing and says why.
func TestControlRefuses(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	for name, row := range map[string]struct {
		method, path, body string
		code               int
		says               string
	}{
		"no such change":   {http.MethodPost, "people", `{}`, http.StatusNotFound, "no POST /control/people"},
		"no such read":     {http.MethodGet, "people", ``, http.StatusNotFound, "no GET /control/people"},
		"no JSON":          {http.MethodPost, "user", `id=U1`, http.StatusBadRequest, "no such JSON object"},
		"an unknown field": {http.MethodPost, "user", `{"id":"U00000NEW1","name":"new","admin":true}`, http.StatusBadRequest, "admin"},
		"a user without":   {http.MethodPost, "user", `{"name":"new"}`, http.StatusBadRequest, "an id and a name"},
		"a channel":        {http.MethodPost, "channel", `{"id":"C0NEW"}`, http.StatusBadRequest, "an id and a name"},
		"a group":          {http.MethodPost, "group", `{"id":"S0NEW"}`, http.StatusBadRequest, "an id and a handle"},
		"a fault of what":  {http.MethodPost, "fault", `{"error":"fatal_error"}`, http.StatusBadRequest, "a method"},
		"sockets do what":  {http.MethodPost, "sockets", `{"do":"explode"}`, http.StatusBadRequest, "refresh"},
	} {
		t.Run(name, func(t *testing.T) {
			code, answer := control(t, sim, row.method, row.path, row.body)
			if says, _ := answer["error"].(string); code != row.code || !strings.Contains(says, row.says) {
				t.Errorf("%d %v, want %d with %q", code, answer, row.code, row.says)
			}
		})
	}
	if _, err := sim.As("new").Say("#deploys", "", "here I am"); err == nil {
		t.Error("a refused change made a person")
	}
}

// Other sites must not reach the control API through somebody's browser.
func TestControlIsNotForOtherSites(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/control/outage", strings.NewReader(`{"down":true}`))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	sim.Control().ServeHTTP(w, r)
	if _, err := newAPI(sim).AuthTestContext(t.Context()); w.Code != http.StatusForbidden || err != nil {
		t.Errorf("status %d, and then %v", w.Code, err)
	}
}
