package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/sim"
)

// crowded is a cluster that answers only rollbacks while it is busy, as one that others wait for does.
type crowded struct {
	*sim.Cluster
	busy bool
}

func (c *crowded) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	if c.busy && !r.Phase.Ending() {
		<-ctx.Done()
		return rollout.Observed{Unreadable: rollout.Text("busy")}
	}
	return c.Cluster.Observe(ctx, r)
}

// A rollback does not wait for the look that is under way when people decide it.
func TestARollbackDoesNotWaitForALook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, standard)
		time.Sleep(2 * time.Minute) // there are requests to judge by
		cluster := &crowded{Cluster: w.cluster}
		e := engine.New(engine.Options{
			Store: w.store, Cluster: cluster, Metrics: w.metrics, Judge: w.judge, Preflights: []rollout.Preflighter{w.cluster},
			Services: map[rollout.ServiceName]rollout.Service{"checkout": w.service}, Policy: w.service.Policy,
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			e.Run(ctx) //nolint:errcheck // it ends by the context
		}()
		r, err := e.Deploy(ctx, rollout.DeployRequest{ID: "1", Actor: person(dev), Service: "checkout", Version: "v1.2.4", At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if share := w.cluster.Observe(ctx, r).Route.Weight; share == 0 {
			t.Fatal("no traffic to take off")
		}
		cluster.busy = true
		e.Wake("checkout")
		synctest.Wait() // it looks
		if _, err := e.Decide(ctx, r.ID, rollout.Decision{ID: "2", Action: rollout.Rollback, Actor: person(dev), At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if share := w.cluster.Observe(ctx, r).Route.Weight; share != 0 {
			t.Errorf("the canary still has %d %%", share)
		}
		stop()
		<-done
	})
}
