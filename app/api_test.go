package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/app"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

const ciToken = "canarybot_ci"

// reached is an app in a bubble whose API is behind a door.
type reached struct {
	*door
	app  *app.App
	stop func()
}

func reach(t *testing.T, test func(*testing.T, reached)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &door{come: make(chan net.Conn), shut: make(chan struct{})}
		workspace, cluster := slacksim.Start(t, slacksim.Options{}), sim.New(sim.Options{})
		objects := sim.Objects("shop", "checkout")
		cluster.Add(sim.Setup{Objects: objects, Image: "r/checkout:v1", Age: time.Hour})
		policy := rollout.Policy{Rollback: []string{rollout.Everyone}, Pipelines: map[string][]rollout.Action{"ci": {rollout.Deploy, rollout.Rollback}}}
		plan := rollout.Plan{Name: "standard", Steps: []rollout.Step{{Weight: 5, Gate: rollout.Manual}}}
		a := app.New(app.Parts{
			Environment: "test", Channel: "C0DEPLOYS1", Store: mem.New(mem.Options{}), Policy: policy,
			Services: map[rollout.ServiceName]rollout.Service{"checkout": {Name: "checkout", Policy: policy, Spec: rollout.Spec{
				Environment: "test", Repository: "r/checkout", Objects: objects, Plan: plan,
				Limits: rollout.Limits{Interval: 5 * time.Second, Wait: 2 * time.Hour, Shift: time.Minute, Stuck: time.Minute, OnUnknown: rollout.Ask},
			}}},
			Slack:   slack.Config{Tokens: workspace.Bot().Tokens, APIURL: workspace.APIURL(), HTTP: workspace.HTTPClient(), Dial: workspace.Dial},
			Cluster: cluster, Metrics: sim.NewMetrics(cluster), Preflights: []rollout.Preflighter{cluster},
			API: app.API{Listener: d, Callers: who.New(who.Options{Pipelines: []who.Pipeline{{Name: "ci", Tokens: []string{who.Sum(ciToken)}}}})},
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()
		test(t, reached{d, a, stop})
		stop()
		if err := <-done; err != nil {
			t.Errorf("the app ended with %v", err)
		}
	})
}

// request is a request as it goes over the wire.
func request(method, path, body string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: canarybot:8090\r\nX-Canarybot-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, ciToken, len(body), body)
}

// said sends a request as it is, and returns the answer's status and body, 0 where there is none within the time.
func said(c net.Conn, request string, within time.Duration) (int, string) {
	go func() { _, _ = io.WriteString(c, request) }() // whoever refuses it need not read it all
	_ = c.SetReadDeadline(time.Now().Add(within))
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

// started starts a rollout, and waits until a person is asked.
func (r reached) started(t *testing.T) {
	t.Helper()
	if status, body := said(r.connect(t, "10.0.0.5"), request("POST", "/v1/rollouts", `{"service":"checkout","version":"v2"}`), time.Second); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	time.Sleep(time.Minute)
}

// A pipeline waits for longer than anybody else may take, is answered the moment that something changes, and keeps its
// connection.
func TestWhoeverWaitsIsNotCutOff(t *testing.T) {
	t.Parallel()
	reach(t, func(t *testing.T, r reached) {
		r.started(t)
		c, began := r.connect(t, "10.0.0.5"), time.Now()
		status, body := said(c, request("GET", "/v1/rollouts/checkout-1?wait=55s", ""), 2*time.Minute)
		if waited := time.Since(began); status != http.StatusOK || waited != 55*time.Second || !strings.Contains(body, `"phase":"awaiting"`) {
			t.Fatalf("after %s: %d %s", waited, status, body)
		}
		go func() {
			time.Sleep(20 * time.Second)
			_, _ = said(r.connect(t, "10.0.0.6"), request("POST", "/v1/rollouts/checkout-1/decisions", `{"action":"rollback"}`), time.Second)
		}()
		began = time.Now()
		status, body = said(c, request("GET", "/v1/rollouts/checkout-1?wait=55s", ""), 2*time.Minute)
		if waited := time.Since(began); status != http.StatusOK || waited != 20*time.Second || !strings.Contains(body, `"phase":"rolling_back"`) {
			t.Fatalf("after %s: %d %s", waited, status, body)
		}
	})
}

// When the bot stops, whoever waits is answered at once, and can come back when it is there again.
func TestWhoeverWaitsIsAnsweredAtTheEnd(t *testing.T) {
	t.Parallel()
	reach(t, func(t *testing.T, r reached) {
		r.started(t)
		go func() {
			time.Sleep(10 * time.Second)
			r.stop()
		}()
		began := time.Now()
		status, _ := said(r.connect(t, "10.0.0.5"), request("GET", "/v1/rollouts/checkout-1?wait=55s", ""), 2*time.Minute)
		if waited := time.Since(began); waited != 10*time.Second || status == 0 {
			t.Errorf("after %s: %d", waited, status)
		}
	})
}

// Slow and greedy callers end by themselves.
func TestCallersThatAreTooMuch(t *testing.T) {
	t.Parallel()
	reach(t, func(t *testing.T, r reached) {
		whole := request("POST", "/v1/rollouts", `{"service":"checkout","version":"v2"}`)
		for name, sent := range map[string]string{
			"a request that stops in its headers": whole[:40], "a request that stops in its body": whole[:len(whole)-5],
			"headers without end": "GET /v1/services HTTP/1.1\r\nHost: c\r\nX: " + strings.Repeat("x", 64<<10),
			"nothing":             "",
		} {
			c := r.connect(t, "10.0.0.9")
			go func() { _, _ = io.WriteString(c, sent) }()
			time.Sleep(7 * time.Second)
			synctest.Wait()
			if !closed(c) {
				t.Errorf("%s: the connection stays open", name)
			}
		}
		if status, _ := said(r.connect(t, "10.0.0.5"), request("GET", "/v1/rollouts/checkout-1", ""), time.Second); status != http.StatusNotFound {
			t.Errorf("half a request was taken: %d", status)
		}
		for range 2000 {
			r.connect(t, "10.0.0.9")
		}
		if status, _ := said(r.connect(t, "10.0.0.5"), request("GET", "/v1/services", ""), time.Second); status != http.StatusOK {
			t.Errorf("beside a crowd: %d", status)
		}
	})
}
