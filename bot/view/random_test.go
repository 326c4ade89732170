package view_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

func randomEvidence(t *rapid.T) rollout.Evidence {
	number := func(label string) *float64 {
		if rapid.Bool().Draw(t, label+" known") {
			return nil
		}
		v := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-2, 2), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0})).Draw(t, label)
		return &v
	}
	return rollout.Evidence{
		Check:  rapid.StringN(0, 300, -1).Draw(t, "check"),
		Result: rapid.SampledFrom([]rollout.Result{rollout.Pass, rollout.Fail, rollout.Unknown, "odd"}).Draw(t, "result"),
		Why: rapid.SampledFrom([]rollout.Why{
			rollout.WhyNone, rollout.WhyLimit, rollout.WhyCeiling, rollout.WhySilent, rollout.WhyFailingOnce, rollout.WhyNoData,
			rollout.WhyNotANumber, rollout.WhyInfinite, rollout.WhySeveralSeries, rollout.WhyWarnings, rollout.WhyStale, rollout.WhyQueryError,
			rollout.WhyTimeout, rollout.WhyTooLarge, rollout.WhyWarmingUp, rollout.WhyTooFewRequests, rollout.WhyNotAsked, rollout.WhyIncomplete,
			rollout.WhyLittleShare, rollout.WhyProbes, rollout.WhyBoth, rollout.WhyOnePod, rollout.WhyMayGrow, "odd",
		}).Draw(t, "why"),
		Doubt:  rapid.SampledFrom([]rollout.Doubt{rollout.NoDoubt, rollout.DoubtWaits, rollout.DoubtAsks, "odd"}).Draw(t, "doubt"),
		Detail: rapid.StringN(0, 2000, -1).Draw(t, "detail"),
		Canary: number("canary"), Stable: number("stable"), Requests: number("requests"), Lowest: number("lowest"), Highest: number("highest"),
		Ceiling: number("ceiling"), Threshold: rapid.Float64().Draw(t, "threshold"),
		Comparison: rapid.SampledFrom([]rollout.Comparison{rollout.LessThan, rollout.GreaterThan}).Draw(t, "comparison"),
		Unit:       rapid.SampledFrom([]rollout.Unit{rollout.Ratio, rollout.Seconds, rollout.Bytes, rollout.Number, ""}).Draw(t, "unit"),
	}
}

func randomAcceptance(t *rapid.T) rollout.Acceptance {
	return rollout.Acceptance{
		Check: rapid.StringN(0, 300, -1).Draw(t, "check"),
		Why:   rapid.SampledFrom([]rollout.Why{rollout.WhyBoth, rollout.WhyOnePod, rollout.WhyTimeout, "odd"}).Draw(t, "why"),
	}
}

func randomReason(t *rapid.T) rollout.Reason {
	why := rollout.Reason{
		Code: rapid.SampledFrom([]rollout.ReasonCode{
			rollout.ReasonNone, rollout.ReasonPerson, rollout.ReasonAnnotation, rollout.ReasonReplaced, rollout.ReasonCheck,
			rollout.ReasonCanary, rollout.ReasonStable, rollout.ReasonDeadline, rollout.ReasonUnanswered, rollout.ReasonUnknown, rollout.ReasonDoubt,
			rollout.ReasonWeightZero, rollout.ReasonRouteGone, rollout.ReasonCanaryGone, rollout.ReasonServiceGone, rollout.ReasonStableGone, rollout.ReasonStableEmpty,
			rollout.ReasonImageDiffers, rollout.ReasonStableNoPods, rollout.ReasonSlow, rollout.ReasonReverted, rollout.ReasonPreflight,
			rollout.ReasonHeld, rollout.ReasonUnreadable, rollout.ReasonWriteRefused, rollout.ReasonUnseen, rollout.ReasonFrozen, rollout.ReasonSibling, "odd",
		}).Draw(t, "code"),
		Detail:  rapid.StringN(0, 4000, -1).Draw(t, "reason"),
		Problem: randomProblem(t),
		Failure: rollout.Failure{Kind: rapid.SampledFrom([]rollout.FailureKind{
			rollout.NoFailure, rollout.CrashLoop, rollout.ImagePull, rollout.ImagePullRetried, rollout.OOMKilled, rollout.Refused, rollout.OverQuota, rollout.NotCreated, rollout.ConfigMissing, rollout.ProgressDeadline, rollout.Unschedulable, rollout.NotReady,
		}).Draw(t, "failure")},
	}
	if rapid.Bool().Draw(t, "with evidence") {
		e := randomEvidence(t)
		why.Evidence = &e
	}
	return why
}

func randomProblem(t *rapid.T) rollout.Problem {
	text := func(label string) string { return rapid.StringN(0, 2000, -1).Draw(t, label) }
	object := func(label string) rollout.ObjectRef {
		return rollout.ObjectRef{Kind: text(label + " kind"), Namespace: text(label + " namespace"), Name: text(label + " name")}
	}
	codes := append(slices.Sorted(maps.Keys(view.Sentences())), rollout.NoProblem, "odd")
	return rollout.Problem{
		Code: rapid.SampledFrom(codes).Draw(t, "code"), Service: rollout.ServiceName(text("service")), Rollout: rollout.ID(text("rollout")),
		Phase: rapid.SampledFrom(rollout.Phases()).Draw(t, "phase"), Object: object("object"), Other: object("other"),
		Key: text("key"), Value: text("value"), Want: text("want"), Names: rapid.SliceOfN(rapid.String(), 0, 20).Draw(t, "names"),
		Count: rapid.Int().Draw(t, "count"), Limit: rapid.Int().Draw(t, "limit"), Span: randomSpan(t, "span"), Words: text("words"),
	}
}

func randomSpan(t *rapid.T, label string) time.Duration {
	return time.Duration(rapid.Int64Range(-int64(time.Hour), int64(1000*time.Hour)).Draw(t, label))
}

func randomRollout(t *rapid.T) rollout.Rollout {
	r := baking()
	r.Phase = rapid.SampledFrom(rollout.Phases()).Draw(t, "phase")
	r.Step = rapid.IntRange(0, 70).Draw(t, "step")
	r.Turn = rollout.Turn(rapid.IntRange(0, 1<<30).Draw(t, "turn"))
	r.Spec.Plan.Steps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rollout.Step {
		return rollout.Step{
			Weight: rollout.Weight(rapid.IntRange(0, 100).Draw(t, "weight")), Bake: randomSpan(t, "bake"),
			Gate: rapid.SampledFrom([]rollout.Gate{rollout.Manual, rollout.Auto}).Draw(t, "gate"),
		}
	}), 0, 60).Draw(t, "steps")
	r.Verdict.Evidence = rapid.SliceOfN(rapid.Custom(randomEvidence), 0, 40).Draw(t, "evidence")
	r.Verdict.Result = rapid.SampledFrom([]rollout.Result{rollout.Pass, rollout.Fail, rollout.Unknown}).Draw(t, "verdict")
	r.Service = rollout.ServiceName(rapid.String().Draw(t, "service"))
	r.Request.Text = rapid.StringN(0, 5000, -1).Draw(t, "text")
	r.Spec.Environment = rapid.StringN(0, 3000, -1).Draw(t, "environment")
	r.Trouble, r.Unseen = randomProblem(t), randomProblem(t)
	r.Paused, r.Held, r.StableWritten, r.Promoted = rapid.Bool().Draw(t, "paused"), rapid.Bool().Draw(t, "held"), rapid.Bool().Draw(t, "touched"), rapid.Bool().Draw(t, "promoted")
	r.Doubts = rapid.SliceOfN(rapid.Custom(randomAcceptance), 0, 20).Draw(t, "doubts")
	r.Accepted = rapid.SliceOfN(rapid.Custom(randomAcceptance), 0, 20).Draw(t, "accepted")
	if rapid.Bool().Draw(t, "is stuck") {
		why := randomReason(t)
		r.Stuck = &why
	}
	if rapid.Bool().Draw(t, "has drift") {
		d := rollout.Drift{
			Field: rapid.SampledFrom([]rollout.Field{
				rollout.FieldWeight, rollout.FieldCanaryImage, rollout.FieldCanaryReplicas, rollout.FieldStableImage, rollout.FieldStableUID,
				rollout.FieldRouteUID, rollout.FieldImageID, "odd",
			}).Draw(t, "field"),
			Wanted: rapid.String().Draw(t, "ours"), Value: rapid.String().Draw(t, "value"), By: rapid.String().Draw(t, "by"),
		}
		r.Drift = &d
	}
	r.Spans = rollout.Spans{
		Bake: randomSpan(t, "baked"), Unknown: randomSpan(t, "unknown"), Waiting: randomSpan(t, "waiting"), Deadline: randomSpan(t, "deadline"),
	}
	r.Ending = rollout.Ending{
		Outcome: rapid.SampledFrom([]rollout.Outcome{"", rollout.Succeeded, rollout.RolledBack, rollout.Cancelled, rollout.Abandoned, "odd"}).Draw(t, "outcome"),
		Reason:  randomReason(t), Left: rapid.SliceOfN(rapid.Custom(randomProblem), 0, 60).Draw(t, "left"),
		StableImage: rapid.String().Draw(t, "stable image"), Breach: noon, WeightZero: noon.Add(randomSpan(t, "zero")), At: noon.Add(randomSpan(t, "end")),
	}
	return r
}

// TestSlackTakesWhateverTheRolloutIs holds every message about random rollouts to Slack's limits and to the escaping.
func TestSlackTakesWhateverTheRolloutIs(t *testing.T) {
	kinds := []rollout.EntryKind{
		rollout.EntryRequested, rollout.EntryStarted, rollout.EntryPhase, rollout.EntryDecided, rollout.EntryStep, rollout.EntryVerdict,
		rollout.EntryAsked, rollout.EntryReminded, rollout.EntryDrift, rollout.EntrySettled, rollout.EntryOverwrote, rollout.EntryStuck,
		rollout.EntryAway, rollout.EntryUnseen, rollout.EntryFrozen, rollout.EntryTagMoved, rollout.EntryCommits, rollout.EntryEnded,
	}
	rapid.Check(t, func(t *rapid.T) {
		r := randomRollout(t)
		e := rollout.Entry{
			Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), At: noon, Step: rapid.IntRange(-1, 70).Draw(t, "of step"), Actor: person("U024BE7LH"),
			Data: rollout.Data{To: r.Phase, Reason: randomReason(t), Verdict: &r.Verdict, Doubts: r.Doubts, Action: rapid.SampledFrom([]rollout.Action{"", rollout.Accept}).Draw(t, "action"), Drift: r.Drift, Ending: &r.Ending, Notices: rapid.SliceOfN(rapid.Custom(randomProblem), 0, 20).Draw(t, "notices"), Differs: rapid.SliceOfN(rapid.StringN(0, 2000, -1), 0, 60).Draw(t, "differs"), Away: r.Spans.Bake, Frozen: r.Frozen, Commits: randomCommits(t)},
		}
		made := []view.Message{
			view.Card(r, view.CardOptions{}), view.Card(r, view.CardOptions{Restarting: true, Decided: &e}),
			view.Answers{}.StatusOf(r, e.Data.Differs, permalink), view.Answers{}.Why(r), view.Answers{}.Status([]rollout.Rollout{r, r, r}), view.Answers{}.Busy(launch(), &rollout.BusyError{Live: r}, permalink),
			view.Answers{}.History("", []rollout.Rollout{r, r}), view.Answers{}.OfferRollback(r, r.Image, r.From()),
		}
		if m, ok := view.Reply(r, e, view.Audience{Approvers: e.Data.Differs, Notify: rollout.Notify{RolledBack: e.Data.Differs, Stuck: e.Data.Differs, Waits: e.Data.Differs}}, permalink); ok {
			made = append(made, m)
		}
		for _, m := range made {
			if err := refusal(m); err != nil {
				t.Fatal(err)
			}
			for _, text := range texts(m) {
				if err := live(text); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestLongListsSayWhatIsLeftOut(t *testing.T) {
	many := make([]rollout.Rollout, 500)
	for i := range many {
		many[i] = baking()
	}
	m := view.Answers{}.Status(many)
	if err := refusal(m); err != nil {
		t.Fatal(err)
	}
	all := texts(m)
	if last := all[len(all)-1]; last == "" || last[0:3] != "…" {
		t.Errorf("the last line is %q", last)
	}
}

func randomCommits(t *rapid.T) *rollout.Commits {
	words := rapid.StringN(0, 3000, -1)
	return &rollout.Commits{
		Base: words.Draw(t, "base"), Head: words.Draw(t, "head"), Link: words.Draw(t, "link"), Unknown: randomProblem(t),
		Ahead: rapid.IntRange(0, 100_000).Draw(t, "ahead"), Behind: rapid.IntRange(0, 100_000).Draw(t, "behind"),
		Newest: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rollout.SourceCommit {
			return rollout.SourceCommit{Hash: words.Draw(t, "hash"), Title: words.Draw(t, "title"), Author: words.Draw(t, "author"), Link: words.Draw(t, "link")}
		}), 0, 20).Draw(t, "newest"),
	}
}
