package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// What a rollout that asks about an orphan takes for its own: what bears the orphan's stamp, or stood there before it.
// A canary that somebody applied since is theirs.
func TestAdoptTakesOnlyWhatTheOrphanLeft(t *testing.T) {
	t.Parallel()
	stamp := func(found string) *rollout.Stamp {
		f := rollout.Original{Stable: rollout.OriginalWorkload{Image: "v1"}, Canary: rollout.OriginalWorkload{UID: found}}
		return &rollout.Stamp{Store: "lost", Rollout: "checkout-1", Original: &f}
	}
	for name, tt := range map[string]struct {
		route, canary *rollout.Stamp
		known         string
	}{
		"made by it":                {stamp(""), stamp(""), "c"},
		"found by it":               {stamp("c"), nil, "c"},
		"applied by somebody":       {stamp(""), nil, ""},
		"of another rollout":        {stamp(""), &rollout.Stamp{Store: "third", Rollout: "checkout-9"}, ""},
		"traffic without a stamp":   {nil, nil, "c"},
		"another than it had found": {stamp("older"), nil, ""},
	} {
		w := rollout.Observed{
			Stable: rollout.Workload{Meta: rollout.Meta{Exists: true, UID: "s"}, Image: "v1"},
			Canary: rollout.Workload{Meta: rollout.Meta{Exists: true, UID: "c", Stamp: tt.canary}, Image: "v2"},
			Route:  rollout.Route{Meta: rollout.Meta{Exists: true, UID: "r", Stamp: tt.route}, HasCanary: true, Weight: 5},
		}
		orphan, ok := rollout.FindOrphan(w, func(rollout.Stamp) bool { return false })
		if !ok {
			t.Fatalf("%s: there is no orphan", name)
		}
		r, _ := rollout.Adopt(rollout.Rollout{ID: "checkout-1", Service: "checkout"}, orphan, w, time.Unix(1, 0))
		if r.LastApplied.CanaryUID != tt.known {
			t.Errorf("%s: it knows the canary %q, want %q", name, r.LastApplied.CanaryUID, tt.known)
		}
	}
}
