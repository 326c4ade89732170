package sim_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/rollouttest"
	"canarybot.io/rollout/sim"
)

// TestConformance holds the simulated cluster to the contract that the real one is held to. Its controllers stand
// still: a status that changes between a read and a write is a conflict, and the suite is not about that.
func TestConformance(t *testing.T) {
	rollouttest.Cluster(t, synctest.Test, func(t *testing.T) (rollout.Cluster, rollouttest.Editor) {
		c := sim.New(sim.Options{Controller: time.Hour, Accept: time.Hour})
		app := c.Add(sim.Setup{Objects: sim.Objects("shop", "checkout"), Image: oldImage})
		return c, &editor{T: t, cluster: c, app: app}
	})
}

// editor is everybody else, on the simulated cluster.
type editor struct {
	*testing.T
	cluster *sim.Cluster
	app     *sim.App
}

func (e *editor) Rollout() rollout.Rollout {
	r := rollout.Rollout{
		ID: "checkout-1", Service: "checkout", Store: "store-1", Image: newImage, Phase: rollout.Preparing,
		Spec: rollout.Spec{Objects: sim.Objects("shop", "checkout")},
	}
	r.Original = e.cluster.Preflight(e.Context(), r).Original
	return r
}

func (e *editor) Set(field rollout.Field, value string) {
	e.Helper()
	n := 0
	if field == rollout.FieldWeight || field == rollout.FieldCanaryReplicas {
		var err error
		if n, err = strconv.Atoi(value); err != nil {
			e.Fatal(err)
		}
	}
	switch field {
	case rollout.FieldWeight:
		e.app.EditWeight(rollout.Weight(n), "kubectl-edit")
	case rollout.FieldCanaryReplicas:
		e.app.Scale(rollout.CanaryDeployment, n, "kubectl-edit")
	case rollout.FieldCanaryImage:
		e.app.SetImage(rollout.CanaryDeployment, value, "kubectl-edit")
	case rollout.FieldStableImage:
		e.app.SetImage(rollout.StableDeployment, value, "kubectl-edit")
	case rollout.FieldStableUID, rollout.FieldRouteUID, rollout.FieldStableMin, rollout.FieldImageID:
		e.Fatalf("nobody sets a UID")
	}
}

func (e *editor) AskRollback(o rollout.Object) { e.app.AskRollback(o) }

func (e *editor) Delete(o rollout.Object) { e.app.Delete(o) }
