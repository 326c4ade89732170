package rollout_test

import (
	"reflect"
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

// An orphan's stamps go with it, also from objects to which the rollback had nothing to write: another store's stamp
// would have the next deploy refused.
func TestReleasingAnOrphanRemovesItsStamps(t *testing.T) {
	t.Parallel()
	lost, third := &rollout.Stamp{Store: "lost", Rollout: "checkout-1"}, &rollout.Stamp{Store: "third", Rollout: "checkout-9"}
	release := func(object rollout.Object) rollout.Write { return rollout.Write{Object: object, Verb: rollout.Release} }
	for name, tt := range map[string]struct {
		orphan *rollout.Orphan
		stamp  *rollout.Stamp
		want   []rollout.Write
	}{
		"of the orphan": {&rollout.Orphan{Store: "lost", Rollout: "checkout-1"}, lost, []rollout.Write{
			release(rollout.StableDeployment), release(rollout.CanaryDeployment), release(rollout.RouteObject),
			{Object: rollout.CanaryService, Verb: rollout.Delete},
		}},
		"of a third store":               {&rollout.Orphan{Store: "lost", Rollout: "checkout-1"}, third, nil},
		"of traffic without a stamp":     {&rollout.Orphan{Weight: 5}, lost, nil},
		"of a rollout without an orphan": {nil, lost, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := func(uid string) rollout.Meta { return rollout.Meta{Exists: true, UID: uid, Stamp: tt.stamp} }
			r := rollout.Rollout{ID: "checkout-1", Store: "new", Phase: rollout.Releasing, Orphan: tt.orphan, Original: rollout.Original{
				Canary: rollout.OriginalWorkload{UID: "c", Image: "v1"}, Route: rollout.OriginalRoute{UID: "r", HasCanary: true},
			}}
			var got []rollout.Write
			for _, w := range rollout.Writes(r, rollout.Facts{Observed: rollout.Observed{
				Stable: rollout.Workload{Meta: on("s"), Image: "v3"}, Canary: rollout.Workload{Meta: on("c"), Image: "v1"},
				Route: rollout.Route{Meta: on("r"), HasCanary: true}, Service: on("v"),
			}}) {
				got = append(got, rollout.Write{Object: w.Object, Verb: w.Verb})
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("it sends %+v, want %+v", got, tt.want)
			}
		})
	}
}
