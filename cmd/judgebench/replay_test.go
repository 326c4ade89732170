package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/prom"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

var replays = flag.Int("replays", 1, "how many rollouts of each scenario are replayed")

// configured is a service as a team writes it, judged by its signals alone, with the plan that every trace has.
const configured = `
environment: bench
slack: {channel: "#deploys"}
prometheus: {url: http://prometheus:9090}
policy: {deployers: [U0DEV], approvers: [U0DEV]}
plans:
  standard:
    steps:
      - {weight: 5, bake: 10m, gate: auto}
      - {weight: 50, bake: 10m, gate: auto}
      - {weight: 100, bake: 10m, gate: auto}
services:
  checkout:
    namespace: shop
    image: registry.example.com/shop/checkout
    route: {kind: HTTPRoute, name: checkout}
    unknown_limit: 2h
    wait: 4h
`

// replay replays rollouts of traces, one after the other, through the program: its configuration, its queries to
// Prometheus over HTTP, its judge, its engine and its store, over a simulated cluster. It returns how long the last
// canary had traffic, and whether it was rolled back.
func replay(t *testing.T, traces ...trace) (served time.Duration, back bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := config.Parse([]byte(configured))
		if err != nil {
			t.Fatal(err)
		}
		service := c.Services["checkout"]
		w := &replayed{t: t, cluster: sim.New(sim.Options{Seed: 1, Start: 8 * time.Second, Accept: time.Second}), store: mem.New(mem.Options{ID: "s"}),
			probe: rollout.Rollout{Spec: service.Spec}}
		w.cluster.Add(sim.Setup{Objects: service.Spec.Objects, Image: service.Spec.Repository + ":v0", Requests: 1})
		f := newFake("checkout", "checkout-canary", traces, w.weight, true)
		options := prom.Default(c.Prometheus.URL)
		options.Transport = inProcess{f}
		source, err := prom.New(options)
		if err != nil {
			t.Fatal(err)
		}
		w.engine = engine.New(engine.Options{
			Store: w.store, Cluster: w.cluster, Metrics: source, Judge: judge.Judge{}, Services: c.Services,
			Preflights: []rollout.Preflighter{w.cluster},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done, ended := make(chan struct{}), make(chan struct{})
		go f.run(done)
		go func() {
			defer close(ended)
			w.engine.Run(ctx)
		}()
		for i := range traces {
			time.Sleep(time.Minute)
			var r rollout.Rollout
			served, r = w.roll(i + 1)
			back = r.Ending.Outcome == rollout.RolledBack
			if traces[i].healthy && back {
				t.Logf("%s, rollout %d at step %d after %s: %+v %+v", traces[i].name, i, r.Step, served, r.Ending.Reason, r.Verdict.Evidence[0].Compared)
			}
		}
		cancel()
		close(done)
		<-ended
	})
	return served, back
}

// inProcess answers without a network.
type inProcess struct{ *fake }

func (f inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	out, err := f.reply(form.Get("query"))
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(out))}, nil
}

// replayed is the program and the world around it.
type replayed struct {
	t       *testing.T
	cluster *sim.Cluster
	store   rollout.Store
	engine  *engine.Engine
	probe   rollout.Rollout
}

// weight is the canary's share of the traffic now.
func (w *replayed) weight() float64 {
	return float64(w.cluster.Observe(w.t.Context(), w.probe).Route.Weight) / 100
}

// roll starts the n-th rollout and waits for its end. It returns how long the canary had traffic.
func (w *replayed) roll(n int) (served time.Duration, r rollout.Rollout) {
	w.t.Helper()
	_, err := w.engine.Deploy(w.t.Context(), rollout.DeployRequest{
		ID: rollout.DecisionID(fmt.Sprint("l", n)), Actor: rollout.Actor{Kind: rollout.Person, ID: "U0DEV", Member: true},
		Service: "checkout", Version: fmt.Sprint("v", n), At: time.Now(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var from time.Time
	for range 2 * 3600 {
		time.Sleep(time.Second)
		if r, err = w.store.Load(w.t.Context(), rollout.NewID("checkout", n)); err != nil {
			w.t.Fatal(err)
		}
		switch {
		case from.IsZero() && w.weight() > 0:
			from = time.Now()
		case !from.IsZero() && w.weight() == 0 && served == 0:
			served = time.Since(from)
		}
		if r.Terminal() {
			break
		}
	}
	if from.IsZero() || r.Ending.Outcome != rollout.RolledBack && r.Ending.Outcome != rollout.Succeeded {
		w.t.Errorf("%s is %s, and ended as %q: %+v", r.ID, r.Phase, r.Ending.Outcome, r.Ending)
	}
	return served, r
}

// replaying is a scenario that is replayed.
type replaying struct {
	scenario string
	rps      float64
	first    bool          // nobody has seen the service's pods start; else a fine rollout came before
	within   time.Duration // it is found, in the median; 0: not at all
	rollouts int           // at least so many are replayed: more than one where one would say little
}

// The program itself, asking a Prometheus with resets, gaps, late samples and NaN values, is as fast as the table
// shows, but for a few scrapes and the way to the cluster; and rolls back no fine canary.
func TestReplay(t *testing.T) {
	played := []replaying{
		{"fine", 100, true, 0, 1}, {"shared incident", 100, true, 0, 1}, {"slow cold start", 100, false, 0, 1},
		{"errors 5 %", 100, true, 4 * time.Minute, 1}, {"errors 20 %", 100, true, time.Minute, 1},
		{"errors 2 %", 1000, true, 4 * time.Minute, 1}, {"latency x2", 100, true, 11 * time.Minute, 1},
		{"latency x5", 100, true, 5 * time.Minute, 1}, {"leak 0.25 MiB/s", 100, true, 12 * time.Minute, 1},
		{"errors 5 %", 100, false, 90 * time.Second, 1},
		// A tenth of these takes minutes: two slow requests among the first of the rollout before pass for how pods start.
		{"latency x2", 100, false, 2 * time.Minute, 9},
		{"outage: every request fails", 100, true, 45 * time.Second, 1}, {"outage: pods and series gone", 100, true, 90 * time.Second, 1},
	}
	if *replays > 1 { // whoever asks for more has time
		played = append(played, replaying{"fine", 1000, true, 0, 1}, replaying{"noisy pods", 1000, true, 0, 1},
			replaying{"cold start", 100, true, 0, 1}, replaying{"slow cold start", 100, true, 0, 1}, replaying{"fine", 100, false, 0, 1},
			replaying{"cold start", 100, false, 0, 1}, replaying{"errors 2 %", 100, false, 3 * time.Minute, 1})
	}
	for _, tt := range played {
		t.Run(fmt.Sprint(tt.scenario, " at ", tt.rps, map[bool]string{true: ", the first", false: ", after another"}[tt.first]), func(t *testing.T) {
			t.Parallel()
			all := scenarios()
			i := slices.IndexFunc(all, func(s scenario) bool { return s.name == tt.scenario && s.rps == tt.rps })
			var took []time.Duration
			for n := range max(*replays, tt.rollouts) {
				traces := []trace{{scenario: all[i], seed: uint64(1000 + n)}}
				if !tt.first {
					traces = append([]trace{traces[0].fine()}, traces...)
				}
				served, back := replay(t, traces...)
				if back != (tt.within > 0) {
					t.Errorf("rollout %d: rolled back is %t, after %s", n, back, served)
				}
				took = append(took, served.Round(time.Second))
			}
			slices.Sort(took)
			if median := took[len(took)/2]; tt.within > 0 && median > tt.within {
				t.Errorf("found and off traffic after %s in the median, want %s: %v", median, tt.within, took)
			}
			if tt.within > 0 {
				t.Logf("found and off traffic after %v", took)
			}
		})
	}
}
