package engine_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// Where the store's samples cannot be compared, the rollout is judged by its limits and people are told; what else there is
// to know of the store is told too.
func TestWhatAStoreOfMetricsIsLike(t *testing.T) {
	unfit, notice := rollout.Problem{Code: "metrics_resampled"}, rollout.Problem{Code: "metrics_replicas", Value: "replica"}
	for name, tt := range map[string]struct {
		found    rollout.Inspection
		signals  bool
		told     []rollout.Problem
		compared bool
	}{
		"nothing to say":                 {rollout.Inspection{Raw: true}, true, nil, true},
		"a notice":                       {rollout.Inspection{Raw: true, Notices: []rollout.Problem{notice}}, true, []rollout.Problem{notice}, true},
		"samples that are not raw":       {rollout.Inspection{Limits: unfit, Notices: []rollout.Problem{notice}}, true, []rollout.Problem{unfit, notice}, false},
		"the same, judged by limits yet": {rollout.Inspection{Limits: unfit, Notices: []rollout.Problem{notice}}, false, []rollout.Problem{notice}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sim.Setup{}, quick)
				if tt.signals {
					w.judgedBySignals()
				}
				configured := slices.Clone(w.service.Spec.Checks)
				w.inspection = tt.found
				time.Sleep(20 * time.Minute)
				w.start(0, false)
				defer w.stop()
				r, _ := w.launch("v1.2.5", nil)
				r = w.until(r.ID, "its end", ended)
				if r.Ending.Outcome != rollout.RolledBack {
					t.Errorf("a bad canary ended %q (%+v)", r.Ending.Outcome, r.Ending.Reason)
				}
				for _, c := range r.Spec.Checks {
					if compared := c.Signal != rollout.NoSignal; compared != tt.compared || !compared && c.Bound != 0 {
						t.Errorf("%s is judged by %q", c.Name, c.Signal)
					}
				}
				if !slices.EqualFunc(configured, w.service.Spec.Checks, func(a, b rollout.Check) bool { return a.Signal == b.Signal }) {
					t.Error("the configuration was changed")
				}
				entries, err := w.store.Timeline(t.Context(), r.ID, 0)
				if err != nil {
					t.Fatal(err)
				}
				i := slices.IndexFunc(entries, func(e rollout.Entry) bool { return e.Kind == rollout.EntryStarted })
				if i < 0 || !slices.EqualFunc(entries[i].Data.Notices, tt.told, func(a, b rollout.Problem) bool { return a.Code == b.Code }) {
					t.Errorf("told %+v", entries[max(i, 0)].Data.Notices)
				}
			})
		})
	}
}
