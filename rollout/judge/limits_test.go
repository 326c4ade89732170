package judge_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

var since = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)

const interval = 15 * time.Second

func at(n int) time.Time { return since.Add(time.Duration(n) * interval) }

func p(v float64) *float64 { return &v }

func errorRate() rollout.Check {
	return rollout.Check{
		Name: "error_rate", Query: "errors", Traffic: "traffic", Comparison: rollout.LessThan, Threshold: 0.01,
		Ceiling: p(0.20), CeilingRequests: 20, Window: 5 * time.Minute, Interval: interval, Failures: 2,
		MinRequests: 50, Unit: rollout.Ratio,
	}
}

func memory() rollout.Check {
	return rollout.Check{
		Name: "memory_usage", Query: "memory", Comparison: rollout.LessThan, Threshold: 512 << 20,
		Window: 5 * time.Minute, Interval: interval, Failures: 2, Unit: rollout.Bytes,
	}
}

// value is a sample of the n-th interval in which both arms reported.
func value(check string, n int, canary, requests float64) rollout.Sample {
	s := rollout.Sample{Check: check, At: at(n), Canary: &canary, Stable: p(0.001)}
	if check == "error_rate" {
		s.Requests = &requests
	}
	return s
}

// missing is a sample of the n-th interval in which the canary's value could not be had.
func missing(check string, n int, why rollout.Why) rollout.Sample {
	return rollout.Sample{Check: check, At: at(n), CanaryWhy: why, Stable: p(0.001)}
}

func TestCompareOneCheck(t *testing.T) {
	t.Parallel()
	const name = "error_rate"
	few := value(name, 1, 0.1, 12)
	notCounted := value(name, 1, 0.001, 0)
	notCounted.Requests = nil
	doubtful := value(name, 1, 0.001, 900)
	doubtful.CanaryWhy = rollout.WhyTimeout
	noRequests := missing(name, 1, rollout.WhyNotANumber)
	noRequests.Requests = p(0)

	tests := map[string]struct {
		samples []rollout.Sample
		want    rollout.Result
		why     rollout.Why
	}{
		"no sample yet":                             {nil, rollout.Unknown, rollout.WhyNotAsked},
		"within the threshold":                      {[]rollout.Sample{value(name, 1, 0.009, 50)}, rollout.Pass, rollout.WhyNone},
		"equal to the threshold once":               {[]rollout.Sample{value(name, 1, 0.01, 50)}, rollout.Unknown, rollout.WhyFailingOnce},
		"beyond it once":                            {[]rollout.Sample{value(name, 1, 0.05, 50)}, rollout.Unknown, rollout.WhyFailingOnce},
		"beyond it twice":                           {[]rollout.Sample{value(name, 1, 0.05, 50), value(name, 2, 0.05, 50)}, rollout.Fail, rollout.WhyLimit},
		"beyond it twice by the same sample":        {[]rollout.Sample{value(name, 1, 0.05, 50), value(name, 1, 0.05, 50)}, rollout.Unknown, rollout.WhyFailingOnce},
		"beyond it twice with a pass between":       {[]rollout.Sample{value(name, 1, 0.05, 50), value(name, 2, 0, 50), value(name, 3, 0.05, 50)}, rollout.Unknown, rollout.WhyFailingOnce},
		"beyond it twice with a timeout between":    {[]rollout.Sample{value(name, 1, 0.05, 50), missing(name, 2, rollout.WhyTimeout), value(name, 3, 0.05, 50)}, rollout.Fail, rollout.WhyLimit},
		"beyond it twice, then unknown":             {[]rollout.Sample{value(name, 1, 0.05, 50), value(name, 2, 0.05, 50), missing(name, 3, rollout.WhyTimeout)}, rollout.Unknown, rollout.WhyTimeout},
		"beyond it twice, the first before weight":  {[]rollout.Sample{value(name, -1, 0.05, 50), value(name, 1, 0.05, 50)}, rollout.Unknown, rollout.WhyFailingOnce},
		"beyond it twice, the second in the future": {[]rollout.Sample{value(name, 1, 0.05, 50), value(name, 99, 0.05, 50)}, rollout.Unknown, rollout.WhyFailingOnce},
		"beyond it twice, out of order":             {[]rollout.Sample{value(name, 2, 0.05, 50), value(name, 1, 0.05, 50)}, rollout.Fail, rollout.WhyLimit},
		"recovered":                                 {[]rollout.Sample{value(name, 1, 0.05, 50), value(name, 2, 0, 50)}, rollout.Pass, rollout.WhyNone},
		"beyond the ceiling":                        {[]rollout.Sample{value(name, 1, 0.3, 20)}, rollout.Fail, rollout.WhyCeiling},
		"at the ceiling":                            {[]rollout.Sample{value(name, 1, 0.2, 20)}, rollout.Fail, rollout.WhyCeiling},
		"beyond the ceiling on too few requests":    {[]rollout.Sample{value(name, 1, 1, 19)}, rollout.Unknown, rollout.WhyTooFewRequests},
		"too few requests":                          {[]rollout.Sample{few}, rollout.Unknown, rollout.WhyTooFewRequests},
		"too few requests twice":                    {[]rollout.Sample{few, value(name, 2, 0.1, 12)}, rollout.Unknown, rollout.WhyTooFewRequests},
		"too few requests to pass":                  {[]rollout.Sample{value(name, 1, 0, 49)}, rollout.Unknown, rollout.WhyTooFewRequests},
		"no requests: a share of nothing":           {[]rollout.Sample{noRequests}, rollout.Unknown, rollout.WhyTooFewRequests},
		"requests not counted":                      {[]rollout.Sample{notCounted}, rollout.Unknown, rollout.WhyNoData},
		"a value with a reservation":                {[]rollout.Sample{doubtful}, rollout.Unknown, rollout.WhyTimeout},
		"a reason is kept":                          {[]rollout.Sample{missing(name, 1, rollout.WhySeveralSeries)}, rollout.Unknown, rollout.WhySeveralSeries},
		"no value and no reason":                    {[]rollout.Sample{missing(name, 1, rollout.WhyNone)}, rollout.Unknown, rollout.WhyNoData},
		"a value that is NaN":                       {[]rollout.Sample{value(name, 1, math.NaN(), 50)}, rollout.Unknown, rollout.WhyNotANumber},
		"a value that is infinite":                  {[]rollout.Sample{value(name, 1, math.Inf(-1), 50)}, rollout.Unknown, rollout.WhyInfinite},
		"requests that are NaN":                     {[]rollout.Sample{value(name, 1, 0, math.NaN())}, rollout.Unknown, rollout.WhyNoData},
		"of another check":                          {[]rollout.Sample{value("other", 1, 0, 50)}, rollout.Unknown, rollout.WhyNotAsked},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := judge.Compare([]rollout.Check{errorRate()}, tt.samples, nil, since, at(3))
			if e := got.Evidence[0]; e.Result != tt.want || e.Why != tt.why {
				t.Errorf("got %s (%s), want %s (%s)", e.Result, e.Why, tt.want, tt.why)
			}
			if got.Result != tt.want {
				t.Errorf("verdict: got %s, want %s", got.Result, tt.want)
			}
		})
	}
}

func TestCompareGreaterThan(t *testing.T) {
	t.Parallel()
	c := errorRate()
	c.Comparison, c.Threshold, c.Ceiling = rollout.GreaterThan, 0.99, p(0.80)
	for _, tt := range []struct {
		value float64
		want  rollout.Result
		why   rollout.Why
	}{
		{0.995, rollout.Pass, rollout.WhyNone},
		{0.99, rollout.Unknown, rollout.WhyFailingOnce},
		{0.80, rollout.Fail, rollout.WhyCeiling},
	} {
		got, _ := judge.Compare([]rollout.Check{c}, []rollout.Sample{value(c.Name, 1, tt.value, 50)}, nil, since, at(1))
		if e := got.Evidence[0]; e.Result != tt.want || e.Why != tt.why {
			t.Errorf("%g: got %s (%s), want %s (%s)", tt.value, e.Result, e.Why, tt.want, tt.why)
		}
	}
}

func TestCompareFillsTheEvidence(t *testing.T) {
	t.Parallel()
	c := errorRate()
	samples := []rollout.Sample{value(c.Name, 1, 0.004, 60), value(c.Name, 2, 0.001, 70), value(c.Name, 3, 0.002, 80)}
	samples[2].Detail = "words"
	got, _ := judge.Compare([]rollout.Check{c}, samples, nil, since, at(3))
	want := rollout.Verdict{
		Result: rollout.Pass, Since: since, At: at(3),
		Evidence: []rollout.Evidence{{
			Check: "error_rate", Result: rollout.Pass, Detail: "words", Canary: p(0.002), Stable: p(0.001),
			Threshold: 0.01, Ceiling: p(0.2), Comparison: rollout.LessThan, Unit: rollout.Ratio, Requests: p(80),
			MinRequests: 50, Lowest: p(0.001), Highest: p(0.004),
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestCompareForgets(t *testing.T) {
	t.Parallel()
	checks := []rollout.Check{errorRate()}
	_, failing := judge.Compare(checks, []rollout.Sample{value("error_rate", 1, 0.05, 50)}, nil, since, at(1))
	stricter := []rollout.Check{errorRate()}
	stricter[0].Threshold = 0.001

	tests := map[string]struct {
		checks []rollout.Check
		state  []byte
		since  time.Time
		want   rollout.Why
	}{
		"not when nothing changed":      {checks, failing, since, rollout.WhyLimit},
		"when the weight changed":       {checks, failing, at(1), rollout.WhyFailingOnce},
		"when a check changed":          {stricter, failing, since, rollout.WhyFailingOnce},
		"when the state is cut":         {checks, failing[:len(failing)-3], since, rollout.WhyFailingOnce},
		"when the state is no JSON":     {checks, []byte("\x00"), since, rollout.WhyFailingOnce},
		"when the state is of no sense": {checks, bytes.Replace(failing, []byte(`"n":1`), []byte(`"n":-4`), 1), since, rollout.WhyFailingOnce},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := judge.Compare(tt.checks, []rollout.Sample{value("error_rate", 2, 0.05, 50)}, tt.state, tt.since, at(2))
			if got.Evidence[0].Why != tt.want {
				t.Errorf("got %s, want %s", got.Evidence[0].Why, tt.want)
			}
		})
	}
}

func TestCompareOldAnswer(t *testing.T) {
	t.Parallel()
	checks := []rollout.Check{errorRate()}
	_, state := judge.Compare(checks, []rollout.Sample{value("error_rate", 1, 0.001, 50)}, nil, since, at(1))
	for _, tt := range []struct {
		name string
		now  time.Time
		want rollout.Why
	}{
		{"just had", at(1), rollout.WhyNone},
		{"one interval and a slow answer later", at(2).Add(10 * time.Second), rollout.WhyNone},
		{"three intervals later", at(4), rollout.WhyStale},
		{"the clock was set back", at(0), rollout.WhyStale},
	} {
		got, _ := judge.Compare(checks, nil, state, since, tt.now)
		if got.Evidence[0].Why != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got.Evidence[0].Why, tt.want)
		}
	}
}

func TestCompareClockSetBack(t *testing.T) {
	t.Parallel()
	checks := []rollout.Check{errorRate()}
	_, state := judge.Compare(checks, []rollout.Sample{value("error_rate", 40, 0.001, 50)}, nil, since, at(40))
	got, _ := judge.Compare(checks, []rollout.Sample{value("error_rate", 2, 0.5, 50)}, state, since, at(2))
	if got.Result != rollout.Fail {
		t.Errorf("got %s: a sample after the clock was set back must count", got.Result)
	}
}

// A rollout asks as often as the most impatient of its checks wants.
func TestCompareCountsByTheCheckOwnInterval(t *testing.T) {
	t.Parallel()
	patient := errorRate()
	patient.Interval = 4 * interval
	var samples []rollout.Sample
	for n, want := range map[int]rollout.Why{1: rollout.WhyFailingOnce, 4: rollout.WhyFailingOnce, 5: rollout.WhyLimit} {
		samples = samples[:0]
		for i := 1; i <= n; i++ {
			samples = append(samples, value(patient.Name, i, 0.05, 50))
		}
		got, _ := judge.Compare([]rollout.Check{patient}, samples, nil, since, at(n))
		if got.Evidence[0].Why != want {
			t.Errorf("%d samples: got %s, want %s", n, got.Evidence[0].Why, want)
		}
	}
}
