package rollout_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"canarybot.io/rollout"
)

// drawWorld is any cluster at all: nobody promises that it makes sense.
func drawWorld(t *rapid.T, r rollout.Rollout) rollout.Observed {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	meta := func(name, uid string) rollout.Meta {
		m := rollout.Meta{
			Exists: rapid.IntRange(0, 9).Draw(t, name) > 0, UID: rapid.SampledFrom([]string{uid, uid, uid, "odd"}).Draw(t, name+" uid"),
			Version: rapid.StringMatching(`[0-9]`).Draw(t, name+" version"), AsksRollback: flag(name + " asks"),
		}
		if flag(name + " stamped") {
			weight := rollout.Weight(rapid.IntRange(0, 100).Draw(t, name+" stamp weight"))
			n := rapid.IntRange(0, 5).Draw(t, name+" stamp replicas")
			m.Stamp = &rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Weight: &weight, Replicas: &n,
				Image: rapid.SampledFrom([]string{oldRef, newRef, "odd"}).Draw(t, name+" stamp image")}
		}
		return m
	}
	workload := func(name, uid string) rollout.Workload {
		n := rapid.IntRange(0, 5).Draw(t, name+" replicas")
		return rollout.Workload{
			Meta: meta(name, uid), Image: rapid.SampledFrom([]string{oldRef, newRef, "odd"}).Draw(t, name+" image"),
			Replicas: n, GenerationObserved: flag(name + " observed"), Total: n, Updated: n, Available: n,
			Endpoints: rapid.IntRange(0, n).Draw(t, name+" endpoints"),
			Failure: rollout.Failure{Kind: rapid.SampledFrom([]rollout.FailureKind{"", "", "", rollout.CrashLoop, rollout.NotReady}).
				Draw(t, name+" failure")},
		}
	}
	w := rollout.Observed{
		Stable: workload("stable", "s"), Canary: workload("canary", "c"), Service: meta("service", "v"),
		Route: rollout.Route{Meta: meta("route", "r"), HasCanary: flag("in route"), Acknowledged: flag("acknowledged"),
			Weight: rollout.Weight(rapid.SampledFrom([]int{0, 5, 50, 77}).Draw(t, "weight"))},
	}
	if rapid.IntRange(0, 9).Draw(t, "unreadable") == 0 {
		w = rollout.Observed{Unreadable: rollout.Text("timeout")}
	}
	return w
}

// Whatever the world shows, whatever the judge says and whoever decides what: every value may be committed, the
// timeline is dense, the turn never falls, and no write gives the canary more than its step says.
func TestAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, _ := checkout()
		now := r.ReconciledAt
		for range rapid.IntRange(1, 40).Draw(t, "reconciles") {
			before := r
			var entries []rollout.Entry
			if rapid.IntRange(0, 3).Draw(t, "who") == 0 {
				d := rollout.Decision{
					ID: "d", Actor: person("U1"), At: now, Turn: r.Turn, Text: "x",
					Action: rapid.SampledFrom([]rollout.Action{rollout.Promote, rollout.Rollback, rollout.Pause, rollout.Resume,
						rollout.Override, rollout.Accept, rollout.Retry, rollout.Abandon}).Draw(t, "action"),
				}
				if r.Drift != nil {
					d.Value = r.Drift.Value
				}
				r, entries, _ = rollout.Decide(r, d, allows())
			} else {
				now = now.Add(time.Duration(rapid.IntRange(-60, 600).Draw(t, "seconds")) * time.Second)
				f := rollout.Facts{Now: now, Observed: drawWorld(t, r)}
				f.Verdict = rollout.Verdict{Since: r.WeightAckedAt, At: now,
					Result: rapid.SampledFrom([]rollout.Result{rollout.Pass, rollout.Unknown, rollout.Fail}).Draw(t, "verdict")}
				if rapid.IntRange(0, 3).Draw(t, "unseen") == 0 {
					f.Unseen = rollout.Problem{Code: "channel_archived"}
				}
				switch rapid.IntRange(0, 6).Draw(t, "calendar") {
				case 0:
					f.Frozen = &rollout.Closure{Kind: rollout.FreezeClosure, Running: rollout.PauseRunning}
				case 1:
					f.Shut = &rollout.Closure{Kind: rollout.WindowClosure}
				case 2:
					f.Frozen = &rollout.Closure{Kind: rollout.FreezeClosure, Running: rollout.ReturnRunning}
				}
				if f.Verdict.Result == rollout.Unknown {
					f.Verdict.Evidence = drawDoubts(t)
				}
				r, entries, _ = rollout.Next(r, f)
				checkWrites(t, r, f)
			}
			checkStep(t, before, r, entries)
			if f := r.Frozen; f != nil && f.Running == rollout.PauseRunning && r.Step > before.Step {
				t.Fatalf("it went to step %d while it is frozen", r.Step)
			}
			r.Revision++
		}
	})
}

// drawDoubts is evidence in any doubts.
func drawDoubts(t *rapid.T) []rollout.Evidence {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rollout.Evidence {
		return rollout.Evidence{
			Check: rapid.SampledFrom([]string{"errors", "latency"}).Draw(t, "check"), Result: rollout.Unknown,
			Why:    rapid.SampledFrom([]rollout.Why{rollout.WhyBrief, rollout.WhyBoth}).Draw(t, "why"),
			Doubt:  rapid.SampledFrom([]rollout.Doubt{rollout.NoDoubt, rollout.DoubtWaits, rollout.DoubtAsks}).Draw(t, "doubt"),
			DryRun: rapid.Bool().Draw(t, "informs"),
		}
	}), 1, 3).Draw(t, "doubts")
}

func checkWrites(t *rapid.T, r rollout.Rollout, f rollout.Facts) {
	for _, w := range rollout.Writes(r, f) {
		switch {
		case w.Weight != nil && *w.Weight > r.Current().Weight:
			t.Fatalf("invariant 2: weight %d at a step of %d", *w.Weight, r.Current().Weight)
		case w.Weight != nil && *w.Weight > f.Observed.Route.Weight && r.Phase > rollout.Promoting:
			t.Fatalf("invariant 5: weight raised to %d in %s", *w.Weight, r.Phase)
		case w.Weight != nil && *w.Weight > f.Observed.Route.Weight && !f.Unseen.IsZero():
			t.Fatalf("weight raised to %d while nobody can see it", *w.Weight)
		case w.Verb != rollout.Create && w.Version == "", w.Stamp.Revision != r.Revision, w.Stamp.Rollout != r.ID:
			t.Fatalf("an unguarded or unstamped write: %+v", w)
		}
	}
}

func checkStep(t *rapid.T, before, r rollout.Rollout, entries []rollout.Entry) {
	if problem := rollout.Invariant(r); problem != "" {
		t.Fatal(problem)
	}
	if r.Turn < before.Turn || r.Turn > before.Turn+1 {
		t.Fatalf("turn %d after %d", r.Turn, before.Turn)
	}
	if r.Seq != before.Seq+len(entries) {
		t.Fatalf("%d entries from %d to %d", len(entries), before.Seq, r.Seq)
	}
	for i, e := range entries {
		if e.Seq != before.Seq+1+i || e.Rollout != r.ID {
			t.Fatalf("entry %d of %s after %d", e.Seq, e.Rollout, before.Seq)
		}
	}
	if before.Phase != r.Phase && len(entries) == 0 {
		t.Fatalf("invariant 12: %s to %s was not told", before.Phase, r.Phase)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again rollout.Rollout
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, again); diff != "" {
		t.Fatalf("a stored rollout comes back changed:\n%s", diff)
	}
}
