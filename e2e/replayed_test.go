package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// tracesURL is where the Prometheus of the traces is.
const tracesURL = "http://127.0.0.1:9095"

// replayed is a rollout whose measurements are a trace of the benchmark.
type replayed struct {
	name, trace string
	within      time.Duration // it is off traffic, from when it had some; 0: it is fine
	app         shop.App
	weights     *weights
}

// testReplayed replays traces of the judge's benchmark to the production binary, scraped every 15 s as is common: it adds
// the queries to Prometheus and the way to the cluster to what the benchmark's table counts in scrapes.
func testReplayed(t *testing.T, w *world.World) {
	all := []*replayed{
		{name: "errors5", trace: "errors 5 %@100", within: 4 * time.Minute},
		{name: "errors20", trace: "errors 20 %@100", within: 2 * time.Minute},
		{name: "outage", trace: "outage: every request fails@100", within: time.Minute},
		{name: "gone", trace: "outage: pods and series gone@100", within: 2 * time.Minute},
		{name: "latency5", trace: "latency x5@100", within: 5 * time.Minute}, // a first rollout: slowness waits for three minutes
		{name: "fine", trace: "fine@1000"},
	}
	steer := tracesFor(t, w, all)
	var apps []shop.App
	for _, r := range all {
		r.app = shop.Checkout("replayed-" + r.name)
		r.app.Name = r.name
		w.Install(t, r.app)
		r.weights = watch(t, w, r.app)
		follow(t, w, r.app, func(s weighed) { steer(r.key(), s.weight) })
		apps = append(apps, r.app)
	}
	bot := install.Start(t, w, install.Options{Apps: apps, Change: measuredByTraces})
	asked := time.Now()
	cards := make([]install.Card, len(all))
	for i, r := range all {
		cards[i] = bot.Deploy(r.app.Name, next)
	}
	for i, r := range all {
		if r.within == 0 {
			cards[i].Shows(6*time.Minute, "Succeeded", "100 % on "+next)
			t.Logf("%s: nothing found in %s, as there is nothing", r.trace, time.Since(asked).Round(time.Second))
			continue
		}
		cards[i].Shows(r.within+2*time.Minute, "Rolled back", "100 % on "+current)
		on, err := r.weights.after(asked, 5)
		if err != nil {
			t.Fatal(err)
		}
		off, err := r.weights.after(on, 0)
		if err != nil {
			t.Fatal(err)
		}
		took := off.Sub(on).Round(time.Second)
		t.Logf("%s: weight 0 accepted %s after weight 5 was", r.trace, took)
		if took > r.within {
			t.Errorf("%s was on traffic for %s, want at most %s", r.trace, took, r.within)
		}
	}
	t.Logf("what people saw:\n%s", bot.Slack.Transcript(install.Channel))
}

// key names a service to the Prometheus of the traces.
func (r *replayed) key() string { return "replayed-" + r.name + "/" + r.name }

// measuredByTraces configures what a team has whose Prometheus scrapes each 15 s, with a plan that needs no people.
func measuredByTraces(c map[string]any) {
	step := func(weight int) map[string]any {
		return map[string]any{"weight": weight, "bake": "1m", "gate": "auto"}
	}
	c["prometheus"] = map[string]any{"url": tracesURL}
	c["plans"] = map[string]any{"alone": map[string]any{"steps": []any{step(5), step(50)}}}
	delete(c, "checks")
	c["defaults"] = map[string]any{"plan": "alone", "drain": "2s"}
}

// tracesFor runs a Prometheus of the traces and returns a function that sets how the traffic is split.
func tracesFor(t *testing.T, w *world.World, all []*replayed) (steer func(key string, weight int64)) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "judgebench")
	build := exec.Command("go", "build", "-o", binary, "./cmd/judgebench")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the traces: %v\n%s", err, output)
	}
	args := []string{"serve", "--listen", tracesURL[len("http://"):]}
	for _, r := range all {
		args = append(args, r.key()+"="+r.trace)
	}
	command := exec.Command(binary, args...)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	running := w.Run(t, "judgebench", command)
	world.Eventually(t, time.Minute, func() error {
		if err := running.Err(); err != nil {
			t.Fatal(err)
		}
		response, err := http.Get(tracesURL)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	var mu sync.Mutex
	return func(key string, weight int64) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(io.Writer(stdin), "%s %d\n", key, max(0, weight)) // if it has ended, the test fails elsewhere
	}
}
