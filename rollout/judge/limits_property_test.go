package judge_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

var values = rapid.SampledFrom([]float64{0, 0.005, 0.01, 0.05, 0.2, 0.9, math.NaN(), math.Inf(1), math.Inf(-1)})

var whys = rapid.SampledFrom([]rollout.Why{
	rollout.WhyNone, rollout.WhyNoData, rollout.WhyNoData, rollout.WhyNotANumber, rollout.WhyInfinite,
	rollout.WhySeveralSeries, rollout.WhyWarnings, rollout.WhyStale, rollout.WhyQueryError, rollout.WhyTimeout,
	rollout.WhyTooLarge, rollout.WhyWarmingUp, rollout.WhyUnreachable,
})

func maybe(t *rapid.T, label string, values *rapid.Generator[float64]) *float64 {
	if rapid.Bool().Draw(t, label+" there") {
		return p(values.Draw(t, label))
	}
	return nil
}

func drawSamples(t *rapid.T) []rollout.Sample {
	var samples []rollout.Sample
	for n := 1; n <= rapid.IntRange(0, 12).Draw(t, "rounds"); n++ {
		for _, check := range []string{"error_rate", "memory_usage"} {
			s := rollout.Sample{Check: check, At: at(n), Canary: maybe(t, "canary", values), Stable: maybe(t, "stable", values)}
			if s.Canary == nil {
				s.CanaryWhy = whys.Draw(t, "why")
			}
			if s.Stable == nil {
				s.StableWhy = whys.Draw(t, "stable why")
			}
			s.Requests = maybe(t, "requests", rapid.SampledFrom([]float64{0, 19, 20, 49, 50, math.NaN()}))
			samples = append(samples, s)
		}
	}
	return samples
}

// checks are two, of which one is asked more often than it wants.
func checks() []rollout.Check {
	patient := memory()
	patient.Interval = 2 * interval
	return []rollout.Check{errorRate(), patient}
}

// A verdict passes only where the newest sample of every check is a finite value on the healthy side with enough
// requests, and had within the interval.
func TestNeverPassesFromUnknown(t *testing.T) {
	t.Parallel()
	passes := 0
	defer func() {
		if !t.Failed() && passes < 5 {
			t.Errorf("only %d draws passed: nothing was proved", passes)
		}
	}()
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t)
		now := at(rapid.IntRange(0, 20).Draw(t, "now"))
		if rapid.Bool().Draw(t, "healthy in the end") {
			for _, c := range checks() { // what is left to go wrong is what came before
				healthy, enough := c.Threshold/2, c.MinRequests
				samples = append(samples, rollout.Sample{Check: c.Name, At: at(13), Canary: &healthy, Stable: &healthy, Requests: &enough})
			}
			now = at(13)
		}
		got, _ := judge.Compare(checks(), samples, nil, since, now)
		if got.Result != rollout.Pass {
			return
		}
		passes++
		for _, c := range checks() {
			var last *rollout.Sample
			for i := range samples {
				if samples[i].Check == c.Name && !samples[i].At.After(now) {
					last = &samples[i]
				}
			}
			switch {
			case last == nil:
				t.Fatalf("%s passes unasked", c.Name)
			case last.Canary == nil || math.IsNaN(*last.Canary) || math.IsInf(*last.Canary, 0) || last.CanaryWhy != "":
				t.Fatalf("%s passes without a value: %+v", c.Name, last)
			case !c.Comparison.Holds(*last.Canary, c.Threshold):
				t.Fatalf("%s passes at %g", c.Name, *last.Canary)
			case c.Traffic != "" && (last.Requests == nil || !(*last.Requests >= c.MinRequests)):
				t.Fatalf("%s passes on too few requests", c.Name)
			case now.Sub(last.At) > 2*c.Interval+10*time.Second:
				t.Fatalf("%s passes on an old answer", c.Name)
			}
		}
	})
}

// However the samples are spread over calls, and however often one is repeated, the verdict and the state are the same.
func TestSplittingChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t)
		now := at(14)
		want, wantState := judge.Compare(checks(), samples, nil, since, now)

		var got rollout.Verdict
		var state []byte
		for rest := samples; ; {
			n := rapid.IntRange(0, len(rest)).Draw(t, "part")
			part := rest[:n]
			if rapid.Bool().Draw(t, "repeat") {
				part = append(append([]rollout.Sample(nil), part...), part...)
			}
			got, state = judge.Compare(checks(), part, state, since, now)
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("verdict (-whole +split):\n%s", diff)
		}
		if string(wantState) != string(state) {
			t.Fatalf("state: whole %s, split %s", wantState, state)
		}
	})
}

// The state says everything: judged again without news, the verdict is the same; and it always fits into JSON, as
// the verdict does.
func TestStateRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := at(14)
		want, state := judge.Compare(checks(), drawSamples(t), nil, since, now)
		if !json.Valid(state) {
			t.Fatalf("state is not JSON: %q", state)
		}
		if _, err := json.Marshal(want); err != nil {
			t.Fatalf("verdict: %v", err)
		}
		got, again := judge.Compare(checks(), nil, state, since, now)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("verdict (-first +again):\n%s", diff)
		}
		if string(again) != string(state) {
			t.Fatalf("state: first %s, again %s", state, again)
		}
	})
}

// A worse value of the canary never leads to a better verdict.
func TestWorseIsNeverBetter(t *testing.T) {
	t.Parallel()
	rank := map[rollout.Result]int{rollout.Fail: 0, rollout.Unknown: 1, rollout.Pass: 2}
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t)
		worse := append([]rollout.Sample(nil), samples...)
		for i, s := range samples {
			if s.Canary != nil && !math.IsNaN(*s.Canary) && !math.IsInf(*s.Canary, 0) && rapid.Bool().Draw(t, "worse") {
				worse[i].Canary = p(*s.Canary + rapid.SampledFrom([]float64{0.01, 1, 1 << 30}).Draw(t, "by"))
			}
		}
		good, _ := judge.Compare(checks(), samples, nil, since, at(14))
		bad, _ := judge.Compare(checks(), worse, nil, since, at(14))
		if rank[bad.Result] > rank[good.Result] {
			t.Fatalf("worse values: %s, better values: %s", bad.Result, good.Result)
		}
	})
}

func FuzzState(f *testing.F) {
	_, state := judge.Compare(checks(), []rollout.Sample{value("error_rate", 1, 0.05, 50)}, nil, since, at(1))
	f.Add(state)
	f.Add([]byte(`{"since":"2026-03-01T14:00:00Z","series":null}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		got, next := judge.Compare(checks(), nil, state, since, at(1))
		if len(got.Evidence) != 2 || !json.Valid(next) {
			t.Errorf("state %q: %d evidence, next %q", state, len(got.Evidence), next)
		}
	})
}
