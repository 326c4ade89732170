// Package world puts the real world together: a control plane, two nodes whose pods listen, Prometheus, what
// autoscalers ask, a proxy for HTTPRoutes and one for TrafficSplits, all in the network namespace of the test
// process.
//
// A test binary that uses it has
//
//	func TestMain(m *testing.M) { world.Main(m) }
//
// and its tests begin like this:
//
//	w := world.Start(t, world.Defaults())
//	app := shop.Checkout("shop")                    // or shop.Cart, behind a TrafficSplit
//	w.Install(t, app)                               // v1.2.3 is stable
//	kubeconfig := w.Grant(t, "../charts/canarybot", release, values)
//	bot := w.Run(t, "canarybot", exec.Command("../bin/canarybot", "run", "--config", file))
//	traffic := w.Load(t, app, load.Plan{})
//	... deploy v1.2.4-errors30 from Slack ...
//	world.Eventually(t, time.Minute, func() error { ... traffic.Recent(time.Second).Share("v1.2.4-errors30") ... })
//
// There is one world at a time: its addresses are fixed. Tests that share one
// run as subtests, each in a namespace of its own.
package world

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/netns"
	"canarybot.io/e2e/node"
	"canarybot.io/e2e/prom"
	"canarybot.io/e2e/split"
	"canarybot.io/e2e/traefik"
)

// startup bounds the time until a world is complete; it takes less than ten seconds on an idle machine.
const startup = 2 * time.Minute

// Main runs the tests in a network of their own, or sends traffic when this process was started for
// that. It does not return.
func Main(m *testing.M) {
	load.Main()
	os.Exit(netns.Run(m.Run))
}

// Options are what may differ between worlds.
type Options struct {
	Node           node.Options
	ScrapeInterval time.Duration
}

// Defaults returns the options that suit most scenarios.
func Defaults() Options {
	return Options{Node: node.Defaults(), ScrapeInterval: time.Second}
}

// World is a running world.
type World struct {
	Cluster    *cluster.Cluster
	Images     *node.Registry
	Prometheus *prom.Server
	Proxy      *traefik.Proxy

	dir string
}

// Start starts a world that ends with the test. When the test has failed, it shows the ends of the logs.
func Start(t testing.TB, options Options) *World {
	t.Helper()
	w := &World{dir: t.TempDir()}
	t.Cleanup(func() {
		if t.Failed() {
			w.showLogs(t)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	began := time.Now()
	if err := w.startCluster(ctx, t); err != nil {
		t.Fatalf("start the cluster: %v", err)
	}
	w.startNode(t, options.Node)
	if err := w.startRest(ctx, t, options.ScrapeInterval); err != nil {
		t.Fatalf("start the world: %v", err)
	}
	if err := w.serveMetrics(ctx, t); err != nil {
		t.Fatalf("serve metrics to autoscalers: %v", err)
	}
	t.Logf("the world was ready after %s", time.Since(began).Round(time.Millisecond))
	return w
}

func (w *World) startCluster(ctx context.Context, t testing.TB) error {
	c, err := cluster.Start(ctx, w.dir)
	if err != nil {
		return err
	}
	t.Cleanup(c.Stop)
	w.Cluster = c
	return nil
}

func (w *World) startNode(t testing.TB, options node.Options) {
	runner := node.New(w.Cluster.Kube, options)
	w.Images = runner.Registry
	background(t, "node", runner.Run)
}

// startRest starts what needs the cluster, all at the same time.
func (w *World) startRest(ctx context.Context, t testing.TB, interval time.Duration) error {
	return together(
		func() error {
			server, err := prom.Start(ctx, w.dir, w.Cluster, interval)
			if err != nil {
				return err
			}
			t.Cleanup(server.Stop)
			w.Prometheus = server
			return nil
		},
		func() error {
			if err := w.Cluster.InstallGatewayAPI(ctx); err != nil {
				return err
			}
			proxy, err := traefik.Start(ctx, w.dir, w.Cluster)
			if err != nil {
				return err
			}
			t.Cleanup(proxy.Stop)
			w.Proxy = proxy
			return nil
		},
		func() error {
			if err := w.Cluster.InstallTrafficSplit(ctx); err != nil {
				return err
			}
			return startMesh(ctx, t, w.Cluster)
		},
	)
}

// startMesh returns when the mesh answers.
func startMesh(ctx context.Context, t testing.TB, c *cluster.Cluster) error {
	ready := make(chan error, 2)
	background(t, "mesh", func(ctx context.Context) error {
		err := split.Run(ctx, c.Kube, c.Dynamic, func() { ready <- nil })
		ready <- err
		return err
	})
	select {
	case err := <-ready:
		return err
	case <-ctx.Done():
		return fmt.Errorf("wait for the mesh: %w", ctx.Err())
	}
}

// background runs part of the world until the test's cleanup.
func background(t testing.TB, name string, run func(context.Context) error) {
	// The test's own context ends before its cleanup begins, and this part must outlive what the
	// cleanup ends first.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := run(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

// together calls all functions at the same time and returns when all have returned.
func together(functions ...func() error) error {
	errs := make([]error, len(functions))
	var running sync.WaitGroup
	for i, function := range functions {
		running.Go(func() { errs[i] = function() })
	}
	running.Wait()
	return errors.Join(errs...)
}

// showLogs logs the end of each log file. Most of what they say is noise, but nothing else says why a
// control plane did not come up.
func (w *World) showLogs(t testing.TB) {
	files, err := filepath.Glob(filepath.Join(w.dir, "*.log"))
	if err != nil {
		t.Logf("list the logs: %v", err)
	}
	for _, file := range files {
		t.Logf("the end of %s:\n%s", filepath.Base(file), tail(file, 4000))
	}
}

func tail(file string, most int) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return content[max(0, len(content)-most):]
}
