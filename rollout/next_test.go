package rollout_test

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var t0 = time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)

const (
	interval = 15 * time.Second
	oldRef   = "registry.example.com/shop/checkout:v1.2.3"
	newRef   = "registry.example.com/shop/checkout:v1.2.4"
)

// judgedID is what the canary's first pods run.
var judgedID = rollout.ImageID{Digest: "sha256:new", Platform: "amd64"}

// checkout returns a rollout of two steps in its first bake, and the cluster that goes with it.
func checkout() (rollout.Rollout, rollout.Observed) {
	five := rollout.Weight(5)
	one := 1
	r := rollout.Rollout{
		ID: "checkout-1", Service: "checkout", Store: "s", Revision: 7, Turn: 3, Seq: 5, Image: newRef,
		Phase: rollout.Baking, Size: 1, WeightAckedAt: t0, ReconciledAt: t0, Started: t0.Add(-time.Minute),
		Request: rollout.Request{Version: "v1.2.4", By: person("U1"), At: t0.Add(-time.Minute)},
		Spec: rollout.Spec{
			Environment: "production",
			Objects: rollout.Objects{Namespace: "shop", Stable: "checkout-stable", Canary: "checkout-canary",
				Route: rollout.RouteRef{Kind: "HTTPRoute", Name: "checkout"}},
			Plan: rollout.Plan{Name: "standard", Steps: []rollout.Step{
				{Weight: 5, Bake: 10 * time.Minute, Gate: rollout.Manual}, {Weight: 50, Bake: 10 * time.Minute, Gate: rollout.Auto},
			}},
			Checks: []rollout.Check{{Name: "error_rate", Threshold: 0.01, Comparison: rollout.LessThan}},
			Limits: rollout.Limits{Interval: interval, Drain: 30 * time.Second, Wait: 2 * time.Hour, UnknownLimit: 15 * time.Minute,
				OnUnknown: rollout.Ask, Shift: 2 * time.Minute, Stuck: 2 * time.Minute, Remind: 30 * time.Minute},
		},
		Original: rollout.Original{Stable: rollout.OriginalWorkload{UID: "s", Image: oldRef, Replicas: 10},
			Route: rollout.OriginalRoute{UID: "r"}, Progress: 10 * time.Minute, Surges: true},
		ImageIDs: []rollout.ImageID{judgedID},
	}
	stamp := func(s rollout.Stamp) *rollout.Stamp {
		s.Store, s.Rollout, s.Revision = "s", "checkout-1", 6
		return &s
	}
	w := rollout.Observed{
		Stable: rollout.Workload{Meta: rollout.Meta{Exists: true, UID: "s", Version: "1"}, Image: oldRef, Replicas: 10,
			GenerationObserved: true, Total: 10, Updated: 10, Available: 10, Endpoints: 10},
		Canary: rollout.Workload{Meta: rollout.Meta{Exists: true, UID: "c", Version: "1",
			Stamp: stamp(rollout.Stamp{Image: newRef, Replicas: &one})}, Image: newRef, Replicas: 1,
			GenerationObserved: true, Total: 1, Updated: 1, Available: 1, Endpoints: 1, ImageIDs: []rollout.ImageID{judgedID}},
		Service: rollout.Meta{Exists: true, UID: "v", Version: "1"},
		Route: rollout.Route{Meta: rollout.Meta{Exists: true, UID: "r", Version: "1", Stamp: stamp(rollout.Stamp{Weight: &five})},
			HasCanary: true, Weight: 5, Acknowledged: true},
	}
	return r, w
}

func person(id string) rollout.Actor {
	return rollout.Actor{Kind: rollout.Person, ID: id, Member: true}
}

// facts are those of a reconcile so long after the last one, with the judge's answer.
func facts(r rollout.Rollout, w rollout.Observed, after time.Duration, result rollout.Result) rollout.Facts {
	now := r.ReconciledAt.Add(after)
	return rollout.Facts{Now: now, Observed: w, Verdict: rollout.Verdict{
		Result: result, Since: r.WeightAckedAt, At: now, Evidence: []rollout.Evidence{{Check: "error_rate", Result: result}},
	}}
}

func TestABakeGrowsByCreditedTimeOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		gap  time.Duration
		as   rollout.Result
		edit func(*rollout.Rollout)
		want time.Duration
	}{
		"one interval on passing evidence":   {gap: interval, as: rollout.Pass, want: interval},
		"at most two intervals":              {gap: time.Hour, as: rollout.Pass, want: 2 * interval},
		"never backwards":                    {gap: -time.Hour, as: rollout.Pass, want: 0},
		"not on unknown evidence":            {gap: interval, as: rollout.Unknown, want: 0},
		"not while paused":                   {gap: interval, as: rollout.Pass, edit: func(r *rollout.Rollout) { r.Paused = true }, want: 0},
		"not on a verdict about less weight": {gap: interval, as: rollout.Pass, edit: func(r *rollout.Rollout) { r.WeightAckedAt = t0.Add(-time.Hour) }, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			f := facts(r, w, tt.gap, tt.as)
			if tt.edit != nil {
				tt.edit(&r)
			}
			after, _, _ := rollout.Next(r, f)
			if after.Spans.Bake != tt.want {
				t.Errorf("the bake grew by %s, want %s", after.Spans.Bake, tt.want)
			}
		})
	}
}

// moved runs one reconcile and returns the phase and the reason.
func moved(r rollout.Rollout, f rollout.Facts) (rollout.Phase, rollout.ReasonCode) {
	after, _, _ := rollout.Next(r, f)
	return after.Phase, after.Ending.Reason.Code
}

func TestWhatEndsABake(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*rollout.Rollout, *rollout.Observed, *rollout.Facts)
		want rollout.Phase
		why  rollout.ReasonCode
	}{
		"nothing, while it is not covered": {func(*rollout.Rollout, *rollout.Observed, *rollout.Facts) {}, rollout.Baking, ""},
		"a covered bake asks": {func(r *rollout.Rollout, _ *rollout.Observed, _ *rollout.Facts) { r.Spans.Bake = 10 * time.Minute },
			rollout.Awaiting, ""},
		"a covered bake with an auto gate goes on": {func(r *rollout.Rollout, _ *rollout.Observed, _ *rollout.Facts) {
			r.Spans.Bake = 10 * time.Minute
			r.Spec.Plan = r.Spec.Plan.Automatic()
		}, rollout.Preparing, ""},
		"a covered bake on unknown evidence stays": {func(r *rollout.Rollout, _ *rollout.Observed, f *rollout.Facts) {
			r.Spans.Bake = 10 * time.Minute
			f.Verdict.Result = rollout.Unknown
		}, rollout.Baking, ""},
		"proved health ends it early where that is switched on": {func(r *rollout.Rollout, _ *rollout.Observed, f *rollout.Facts) {
			r.Spec.Prove = true
			f.Verdict.Proved = true
		}, rollout.Awaiting, ""},
		"a failing check": {func(_ *rollout.Rollout, _ *rollout.Observed, f *rollout.Facts) { f.Verdict.Result = rollout.Fail },
			rollout.RollingBack, rollout.ReasonCheck},
		"a failing check, even while paused and the cluster cannot be read": {func(r *rollout.Rollout, w *rollout.Observed, f *rollout.Facts) {
			r.Paused = true
			*w = rollout.Observed{Unreadable: rollout.Text("timeout")}
			f.Verdict.Result = rollout.Fail
		}, rollout.RollingBack, rollout.ReasonCheck},
		"a crash loop": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) {
			w.Canary.Failure = rollout.Failure{Kind: rollout.CrashLoop}
		}, rollout.RollingBack, rollout.ReasonCanary},
		"an image that no attempt will get": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) {
			w.Canary.Failure = rollout.Failure{Kind: rollout.ImagePull}
		}, rollout.RollingBack, rollout.ReasonCanary},
		"an image that the next attempt may get does not": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) {
			w.Canary.Failure = rollout.Failure{Kind: rollout.ImagePullRetried}
		}, rollout.Baking, ""},
		"an unschedulable pod alone does not": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) {
			w.Canary.Failure = rollout.Failure{Kind: rollout.Unschedulable}
		}, rollout.Baking, ""},
		"somebody sets the weight to 0": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) { w.Route.Weight = 0 },
			rollout.RollingBack, rollout.ReasonWeightZero},
		"somebody deletes the route": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) { w.Route = rollout.Route{} },
			rollout.RollingBack, rollout.ReasonRouteGone},
		"somebody deletes the canary": {func(r *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) {
			r.LastApplied.CanaryUID = "c"
			w.Canary = rollout.Workload{}
		}, rollout.RollingBack, rollout.ReasonCanaryGone},
		"the annotation": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) { w.Rollback = "kube:r:9" },
			rollout.RollingBack, rollout.ReasonAnnotation},
		"a pod with another image": {func(_ *rollout.Rollout, w *rollout.Observed, _ *rollout.Facts) {
			w.Canary.ImageIDs = []rollout.ImageID{judgedID, {Digest: "sha256:odd", Platform: "amd64"}}
		}, rollout.RollingBack, rollout.ReasonImageDiffers},
		"evidence unknown too long, where the service asks for that": {func(r *rollout.Rollout, _ *rollout.Observed, f *rollout.Facts) {
			r.Spec.Limits.OnUnknown = rollout.RollbackOnUnk
			r.Spans.Unknown = 15 * time.Minute
			f.Verdict.Result = rollout.Unknown
		}, rollout.RollingBack, rollout.ReasonUnknown},
		"nobody answering a pause for two hours": {func(r *rollout.Rollout, _ *rollout.Observed, _ *rollout.Facts) {
			r.Paused = true
			r.Spans.Waiting = 2 * time.Hour
		}, rollout.RollingBack, rollout.ReasonUnanswered},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			f := facts(r, w, interval, rollout.Pass)
			tt.edit(&r, &w, &f)
			f.Observed = w
			phase, why := moved(r, f)
			if phase != tt.want || why != tt.why {
				t.Errorf("moved to %s because of %q, want %s because of %q", phase, why, tt.want, tt.why)
			}
		})
	}
}

func TestUnknownEvidenceAsksAPersonAndUnasksWhenItIsKnown(t *testing.T) {
	r, w := checkout()
	r.Spans.Unknown = 15*time.Minute - interval
	r, entries, _ := rollout.Next(r, facts(r, w, interval, rollout.Unknown))
	if !r.Held || kinds(entries) != "asked" || r.Turn != 4 {
		t.Fatalf("held %t, told %q, turn %d; want a hold, one question and a new turn", r.Held, kinds(entries), r.Turn)
	}
	r, entries, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass))
	if r.Held || !strings.Contains(kinds(entries), "settled") {
		t.Errorf("held %t, told %q; want the hold settled", r.Held, kinds(entries))
	}
}

func kinds(entries []rollout.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Kind))
	}
	return strings.Join(all, " ")
}

func TestDowntimeIsTold(t *testing.T) {
	r, w := checkout()
	_, entries, _ := rollout.Next(r, facts(r, w, time.Hour, rollout.Pass))
	if len(entries) == 0 || entries[0].Kind != rollout.EntryAway || entries[0].Data.Away != time.Hour {
		t.Errorf("told %v, want an hour away", entries)
	}
}

func TestForeignEditsHoldUntilAnswered(t *testing.T) {
	r, w := checkout()
	w.Route.Weight, w.Route.Version, w.Route.WeightBy = 30, "2", "kubectl-edit"
	r, entries, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass))
	want := &rollout.Drift{Field: rollout.FieldWeight, Wanted: "5", Value: "30", By: "kubectl-edit"}
	if diff := cmp.Diff(want, r.Drift); diff != "" || kinds(entries) != "drift" {
		t.Fatalf("told %q, drift (-want +got):\n%s", kinds(entries), diff)
	}
	if writes := rollout.Writes(r, facts(r, w, 0, rollout.Pass)); len(writes) != 0 {
		t.Fatalf("wrote %v over somebody's change", writes)
	}
	ours := rollout.Decision{ID: "d", Action: rollout.Override, Actor: person("U1"), Turn: r.Turn, Value: "30", At: t0}
	r, _, err := rollout.Decide(r, ours, allows())
	if err != nil {
		t.Fatal(err)
	}
	r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass))
	writes := rollout.Writes(r, facts(r, w, 0, rollout.Pass))
	if len(writes) != 1 || writes[0].Weight == nil || *writes[0].Weight != 5 || writes[0].Version != "2" {
		t.Errorf("wrote %+v, want weight 5 over version 2", writes)
	}
}

func allows() rollout.Policy {
	return rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U1"}, Rollback: []string{rollout.Everyone}}
}

func TestAnImageThatSomebodyElseLeftOnStableIsNamedInTheEnd(t *testing.T) {
	for _, touched := range []bool{false, true} {
		r, w := checkout()
		r.Phase, r.UndoRevision, r.StableWritten = rollout.RollingBack, 7, touched
		w.Stable.Image = "registry.example.com/shop/checkout:hotfix"
		r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass))
		if r.Ending.StableImage != w.Stable.Image {
			t.Errorf("touched %t: the end names %q on stable", touched, r.Ending.StableImage)
		}
		for _, write := range rollout.Writes(r, facts(r, w, 0, rollout.Pass)) {
			if write.Object == rollout.StableDeployment {
				t.Errorf("touched %t: somebody's image is overwritten: %+v", touched, write)
			}
		}
	}
}

// Where stable was failing already when one went back, Kubernetes still tells of the deadline that it passed then.
func TestStablesOldDeadlineIsNoFailureOfTheWayBack(t *testing.T) {
	for name, tt := range map[string]struct {
		plan    func(rollout.Plan) rollout.Plan
		failure rollout.FailureKind
		want    rollout.Phase
	}{
		"a deadline, judged":          {func(p rollout.Plan) rollout.Plan { return p }, rollout.ProgressDeadline, rollout.RollingBack},
		"a deadline, on the way back": {func(rollout.Plan) rollout.Plan { return rollout.WayBack() }, rollout.ProgressDeadline, rollout.Promoting},
		"a crash, on the way back":    {func(rollout.Plan) rollout.Plan { return rollout.WayBack() }, rollout.CrashLoop, rollout.RollingBack},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.Phase, r.StableWritten, r.Spec.Plan = rollout.Promoting, true, tt.plan(r.Spec.Plan)
			w.Stable.Image, w.Stable.Available = newRef, 0
			w.Stable.Stamp = &rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Image: newRef}
			w.Stable.Failure = rollout.Failure{Kind: tt.failure}
			if next, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass)); next.Phase != tt.want {
				t.Errorf("it is %s, want %s", next.Phase, tt.want)
			}
		})
	}
}

func TestQueued(t *testing.T) {
	for name, tt := range map[string]struct {
		f    rollout.Facts
		span time.Duration
		want rollout.Phase
		out  rollout.Outcome
	}{
		"starts":                  {f: rollout.Facts{Preflight: &rollout.Preflight{Original: rollout.Original{Stable: rollout.OriginalWorkload{UID: "s"}}}}, want: rollout.Preparing},
		"waits for a replaced":    {f: rollout.Facts{Holder: "checkout-0"}, want: rollout.Queued},
		"is cancelled if held":    {f: rollout.Facts{Holder: "checkout-9"}, want: rollout.Ended, out: rollout.Cancelled},
		"is cancelled by reasons": {f: rollout.Facts{Preflight: &rollout.Preflight{Problems: []rollout.Problem{rollout.Text("no")}}}, want: rollout.Ended, out: rollout.Cancelled},
		"waits while unreadable":  {f: rollout.Facts{Preflight: &rollout.Preflight{Unreadable: rollout.Text("timeout")}}, want: rollout.Queued},
		"does not wait for ever":  {f: rollout.Facts{Preflight: &rollout.Preflight{Unreadable: rollout.Text("timeout")}}, span: 2 * time.Minute, want: rollout.Ended, out: rollout.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := checkout()
			r = rollout.Rollout{ID: r.ID, Service: r.Service, Store: r.Store, Spec: r.Spec, Image: r.Image, Request: r.Request,
				Behind: "checkout-0", ReconciledAt: t0, Spans: rollout.Spans{Deadline: tt.span}}
			tt.f.Now = t0.Add(interval)
			after, entries, _ := rollout.Next(r, tt.f)
			if after.Phase != tt.want || after.Ending.Outcome != tt.out {
				t.Errorf("%s %q, want %s %q", after.Phase, after.Ending.Outcome, tt.want, tt.out)
			}
			if problem := rollout.Invariant(after); problem != "" {
				t.Error(problem)
			}
			if tt.want == rollout.Ended && kinds(entries) != "phase ended" {
				t.Errorf("told %q", kinds(entries))
			}
		})
	}
}

func TestSamplesAloneAreNotWorthACommit(t *testing.T) {
	r, w := checkout()
	r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass)) // learns what stands
	after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass))
	if rollout.NeedsCommit(r, after) {
		t.Errorf("worth a commit:\n%s", cmp.Diff(r, after))
	}
	if after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Unknown)); !rollout.NeedsCommit(r, after) {
		t.Error("a verdict of another class is not committed")
	}
}

func TestTheTableInTheDocsIsTheTableInTheCode(t *testing.T) {
	const path = "../docs/life.md"
	page := "# The life of a rollout\n\n" +
		"Rows are tried in order; the first that matches wins, and where none does the rollout stays. This page is\n" +
		"generated from the code (`make golden`).\n\n" + rollout.Table() + "\n" +
		"Besides the rows, a person's *promote* leads from awaiting to preparing or promoting, and *roll back* from\n" +
		"everything up to returning to rolling back (from queued: to ended). *Abandon* ends what is stuck.\n"
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != page {
		t.Errorf("%s is not what the code says; run make golden and review it (%v)", path, err)
	}
}
