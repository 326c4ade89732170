package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"canarybot.io/app"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// serve runs an app over the simulators until the test ends, and returns where it serves health and metrics.
func serve(t *testing.T, workspace *slacksim.Sim) (address string, a *app.App) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cluster := sim.New(sim.Options{})
	objects := sim.Objects("shop", "checkout")
	cluster.Add(sim.Setup{Objects: objects, Image: "r/checkout:v1", Age: time.Hour})
	policy := rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U1"}, Rollback: []string{rollout.Everyone}}
	a = app.New(app.Parts{
		Environment: "test", Channel: "C0DEPLOYS1", Policy: policy, Version: "v0",
		Services: map[rollout.ServiceName]rollout.Service{"checkout": {Name: "checkout", Policy: policy, Spec: rollout.Spec{
			Environment: "test", Repository: "r/checkout", Objects: objects, Plan: rollout.WayBack(),
		}}},
		Slack: slack.Config{
			Tokens: workspace.Bot().Tokens, APIURL: workspace.APIURL(),
			HTTP: workspace.HTTPClient(), Dial: workspace.Dial,
		},
		Store:   sized{mem.New(mem.Options{})},
		Cluster: cluster, Metrics: sim.NewMetrics(cluster), Preflights: []rollout.Preflighter{cluster}, Listener: l,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the app ended with %v", err)
		}
	})
	return "http://" + l.Addr().String(), a
}

// sized is a store that knows its size, as one on a disk does.
type sized struct{ *mem.Store }

func (sized) Usage() (size, free, volume int64) { return 3 << 20, 2 << 20, 1 << 30 }

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// Healthy means that reconciles advance, whatever Slack does; ready means that people can reach the bot.
func TestHealthDependsOnNothingOutside(t *testing.T) {
	slack := slacksim.Start(t, slacksim.Options{})
	slack.Outage(true)
	address, _ := serve(t, slack)
	if code, body := get(t, address+"/healthz"); code != http.StatusOK {
		t.Errorf("healthz without Slack: %d %s", code, body)
	}
	if code, _ := get(t, address+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("readyz without Slack: %d", code)
	}
}

func TestMetricsTellOfARollout(t *testing.T) {
	slack := slacksim.Start(t, slacksim.Options{})
	address, a := serve(t, slack)
	ready := slack.Wait(t.Context(), func(s *slacksim.Sim) bool { return s.Connections() == 2 })
	if ready != nil {
		t.Fatal(ready)
	}
	_, err := a.Deploy(t.Context(), rollout.DeployRequest{ID: "1", Service: "checkout", Version: "v2", At: time.Now(),
		Actor: rollout.Actor{Kind: rollout.Person, ID: "U1", Member: true}})
	if err != nil {
		t.Fatal(err)
	}
	err = slack.Wait(t.Context(), func(s *slacksim.Sim) bool {
		return strings.Contains(s.Transcript("deploys"), "Shifting to 100 %") || strings.Contains(s.Transcript("deploys"), "Promoting")
	})
	if err != nil {
		t.Fatal(err)
	}
	_, text := get(t, address+"/metrics")
	for _, want := range []string{
		`canary_slack_connections 2`, `canary_build_info{version="v0"} 1`, `canary_cluster_calls_total{call="observe",result="ok"}`,
		`canary_cluster_calls_total{call="create",result="ok"}`, `canary_commit_seconds_count`, `canary_rollouts{phase="baking"} 0`,
		`canary_slack_calls_total{method="chat.postMessage",result="ok"}`, `canary_slack_envelopes_total{result="ack_failed"} 0`,
		`canary_slack_excess_connections_total 0`, `canary_stuck_rollouts 0`, `canary_unseen_rollouts 0`,
		`canary_store_bytes 3.145728e+06`, `canary_store_free_bytes 2.097152e+06`, `canary_store_volume_free_bytes 1.073741824e+09`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
