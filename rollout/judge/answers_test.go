package judge_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// The tests in this file are of answers that lack something once, and have it again.

// without leaves out the series of a reading that are such.
func without(r *rollout.Reading, such func(rollout.Series) bool) {
	r.Series = slices.DeleteFunc(slices.Clone(r.Series), such)
}

func all(rollout.Series) bool { return true }

// bounded are the buckets of one bound.
func bounded(s rollout.Series) bool { return s.Bound == 0.25 }

// shorten drops of such series all but the newest samples, and of these the last ones.
func shorten(r *rollout.Reading, such func(rollout.Series) bool, keep, drop int) {
	r.Series = slices.Clone(r.Series)
	for i, s := range r.Series {
		if n := len(s.Points); such(s) {
			r.Series[i].Points = s.Points[max(0, n-keep):max(0, n-drop)]
		}
	}
}

// counts is what a state says was counted of each arm in its step.
func counts(t *testing.T, state rollout.JudgeState) (step [2]map[string]any) {
	t.Helper()
	var s struct {
		Signals struct {
			Step [2]map[string]any `json:"step"`
		} `json:"signals"`
	}
	if err := json.Unmarshal([]byte(plain(state)), &s); err != nil {
		t.Fatal(err)
	}
	return s.Signals.Step
}

// Whatever an answer lacks, for however many scrapes: afterwards everything was counted, once.
func TestWhatAnAnswerLacksOnceCountsOnce(t *testing.T) {
	t.Parallel()
	successes := func(c *rollout.Case) { c.Spec.Signals.Errors, c.Spec.Signals.Success = "", "s" }
	of := func(target string) func(rollout.Series) bool {
		return func(s rollout.Series) bool { return s.Target == target }
	}
	for name, tt := range map[string]struct {
		edit func(*rollout.Case)
		lack func(*rollout.Raw)
		why  rollout.Why // while it is missing
	}{
		"nothing":                      {nil, func(*rollout.Raw) {}, rollout.WhyNone},
		"the canary's errors":          {nil, func(r *rollout.Raw) { without(&r.Canary.Errors, all) }, rollout.WhyIncomplete},
		"stable's errors":              {nil, func(r *rollout.Raw) { without(&r.Stable.Errors, all) }, rollout.WhyIncomplete},
		"the errors of one pod":        {nil, func(r *rollout.Raw) { without(&r.Canary.Errors, of("pod-1")) }, rollout.WhyIncomplete},
		"the canary's requests":        {nil, func(r *rollout.Raw) { without(&r.Canary.Requests, all) }, rollout.WhyIncomplete},
		"the requests of one pod":      {nil, func(r *rollout.Raw) { without(&r.Stable.Requests, of("pod-3")) }, rollout.WhyIncomplete},
		"requests of both":             {nil, func(r *rollout.Raw) { without(&r.Canary.Requests, all); without(&r.Stable.Requests, all) }, rollout.WhyIncomplete},
		"successes":                    {successes, func(r *rollout.Raw) { without(&r.Canary.Success, all) }, rollout.WhyIncomplete},
		"the successes of one pod":     {successes, func(r *rollout.Raw) { without(&r.Canary.Success, of("pod-0")) }, rollout.WhyIncomplete},
		"stable altogether":            {nil, func(r *rollout.Raw) { r.Stable = rollout.Read{} }, rollout.WhyIncomplete},
		"the canary altogether":        {nil, func(r *rollout.Raw) { r.Canary = rollout.Read{} }, rollout.WhyIncomplete},
		"both":                         {nil, func(r *rollout.Raw) { r.Canary, r.Stable = rollout.Read{}, rollout.Read{} }, rollout.WhyIncomplete},
		"all but memory":               {nil, func(r *rollout.Raw) { r.Canary = rollout.Read{Memory: r.Canary.Memory} }, rollout.WhyIncomplete},
		"one pod altogether":           {nil, func(r *rollout.Raw) { without(&r.Canary.Requests, of("pod-1")); without(&r.Canary.Errors, of("pod-1")) }, rollout.WhyIncomplete},
		"an answer that is refused":    {nil, func(r *rollout.Raw) { r.Canary.Errors = rollout.Reading{Why: rollout.WhyTimeout} }, rollout.WhyTimeout},
		"the past of requests":         {nil, func(r *rollout.Raw) { shorten(&r.Canary.Requests, all, 2, 0); shorten(&r.Stable.Requests, all, 2, 0) }, rollout.WhyIncomplete},
		"the past of errors":           {nil, func(r *rollout.Raw) { shorten(&r.Stable.Errors, all, 2, 0) }, rollout.WhyIncomplete},
		"the past of one pod's errors": {nil, func(r *rollout.Raw) { shorten(&r.Canary.Errors, of("pod-1"), 2, 0) }, rollout.WhyIncomplete},
		"the past of successes":        {successes, func(r *rollout.Raw) { shorten(&r.Canary.Success, of("pod-0"), 2, 0) }, rollout.WhyIncomplete},
		"the newest of requests":       {nil, func(r *rollout.Raw) { shorten(&r.Canary.Requests, of("pod-1"), 99, 1) }, rollout.WhyNone},
		"the newest of errors":         {nil, func(r *rollout.Raw) { shorten(&r.Canary.Errors, all, 99, 1) }, rollout.WhyNone},
		"the newest of a bucket": {nil, func(r *rollout.Raw) {
			shorten(&r.Canary.Latency, bounded, 99, 1)
			shorten(&r.Stable.Latency, bounded, 99, 1)
		}, rollout.WhyNone},
		"errors, with a word about it": {nil, func(r *rollout.Raw) { r.Canary.Errors = rollout.Reading{Why: rollout.WhyWarnings} }, rollout.WhyIncomplete},
	} {
		for _, scrapes := range []int{1, 4} {
			t.Run(fmt.Sprint(name, " for ", scrapes), func(t *testing.T) {
				t.Parallel()
				run := func(disturbed bool) [2]map[string]any {
					f := newFleet(81, before+after, before, func(bool, int, int) does { return change(func(d *does) { d.requests, d.errors = 300, 0.003 }) })
					c := signalCase()
					if tt.edit != nil {
						tt.edit(&c)
					}
					var v rollout.Verdict
					var state rollout.JudgeState
					for s := range 34 {
						missing := disturbed && s >= 11 && s < 28 && (s-11)%5 < scrapes
						f.odd = func(r *rollout.Raw, _ time.Time) {
							succeeded(r)
							if missing {
								tt.lack(r)
							}
						}
						v, state = judgeScrape(f, c, state, s)
						if worst, _ := v.Worst(); missing && s%5 == 1 && worst.Why != tt.why {
							t.Fatalf("scrape %d: %s because of %q, want %q", s, v.Result, worst.Why, tt.why)
						}
						if v.Result == rollout.Fail {
							t.Fatalf("scrape %d: it fails: %+v", s, v.Evidence)
						}
					}
					return counts(t, state)
				}
				near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6 })
				if diff := cmp.Diff(run(false), run(true), near); diff != "" {
					t.Errorf("-undisturbed +disturbed:\n%s", diff)
				}
			})
		}
	}
}

// succeeded adds what did not fail as a counter of its own.
func succeeded(r *rollout.Raw) {
	for _, arm := range []*rollout.Read{&r.Canary, &r.Stable, &r.History} {
		arm.Success = rollout.Reading{}
		for _, s := range arm.Requests.Series {
			points := slices.Clone(s.Points)
			for i := range points {
				points[i].Value -= valueAt(arm.Errors.Series, s.Target, points[i].At)
			}
			s.Points, s.Labels = points, "success"
			arm.Success.Series = append(arm.Success.Series, s)
		}
	}
}

func valueAt(all []rollout.Series, target string, at time.Time) (v float64) {
	for _, s := range all {
		for _, p := range s.Points {
			if s.Target == target && p.At.Equal(at) {
				v = p.Value
			}
		}
	}
	return v
}

// Series that do not come back, as where Prometheus lost what it had, keep nobody from judging for long.
func TestWhatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	lost := func(r *rollout.Reading) {
		for i := range r.Series {
			r.Series[i].Points = slices.DeleteFunc(slices.Clone(r.Series[i].Points), func(p rollout.Point) bool { return p.At.Before(since.Add(11 * interval)) })
		}
		without(r, func(s rollout.Series) bool { return len(s.Points) == 0 })
	}
	for name, lose := range map[string]func(*rollout.Raw){
		"everything from before": func(r *rollout.Raw) {
			for _, arm := range []*rollout.Read{&r.Canary, &r.Stable} {
				for _, reading := range []*rollout.Reading{&arm.Requests, &arm.Errors, &arm.Latency, &arm.Memory} {
					lost(reading)
				}
			}
		},
		"the durations": func(r *rollout.Raw) { without(&r.Canary.Latency, all) },
		"the requests of one pod": func(r *rollout.Raw) {
			without(&r.Stable.Requests, func(s rollout.Series) bool { return s.Target == "pod-3" })
		},
	} {
		f := newFleet(83, before+after, before, only(change(func(d *does) { d.errors = 0.05 }), 22))
		f.odd = func(r *rollout.Raw, now time.Time) {
			if now.After(since.Add(11 * interval)) {
				lose(r)
			}
		}
		v, _, at := f.run(t, signalCase(), since.Add(40*interval))
		if scrapes := int(at.Sub(since) / interval); v.Result != rollout.Fail || scrapes < 22 || scrapes > 27 {
			t.Errorf("%s: %s after %d scrapes: %+v", name, v.Result, scrapes, v.Evidence)
		}
	}
}
