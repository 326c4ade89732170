package judge_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/judge/pack"
)

// queueAge is a check whose own query is compared; blocks are four intervals long.
func queueAge(m rollout.Margin) rollout.Check {
	return rollout.Check{Name: "queue_age", Query: "q", Compare: &m, Window: 4 * interval, Interval: interval, Failures: 2, Unit: rollout.Seconds}
}

var (
	higher = rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}
	lower  = rollout.Margin{Worse: rollout.Lower, Ratio: 0.8}
)

// comparedCase is a rollout of one step with such a check alone.
func comparedCase(c rollout.Check) rollout.Case {
	return rollout.Case{Since: since, Spec: rollout.Spec{
		Checks: []rollout.Check{c}, Judging: rollout.Judging{Alpha: 0.01}, Limits: rollout.Limits{Interval: interval},
		Plan: rollout.Plan{Steps: []rollout.Step{{Weight: 5, Bake: 10 * time.Minute}, {Weight: 100, Bake: 10 * time.Minute}}},
	}}
}

// sides are both sides' values in the n-th interval.
type sides func(n int) (canary, stable float64)

// always are the same values in each interval.
func always(canary, stable float64) sides {
	return func(int) (float64, float64) { return canary, stable }
}

// noisy multiplies both sides by noise of their own, with a standard deviation of a tenth.
func noisy(of sides) sides {
	r := rand.New(rand.NewPCG(7, 7))
	return func(n int) (float64, float64) {
		c, s := of(n)
		return c * math.Exp(r.NormFloat64()/10), s * math.Exp(r.NormFloat64()/10)
	}
}

// reading is the sample of the n-th interval.
func (of sides) reading(n int) rollout.Sample {
	c, s := of(n)
	return rollout.Sample{Check: "queue_age", At: at(n), Canary: &c, Stable: &s}
}

// follow judges the intervals' samples in turn, four at a time, and returns the last verdict's first evidence and when the
// check failed first; 0: never.
func follow(c rollout.Case, of sides, from, to int) (e rollout.Evidence, state rollout.JudgeState, failed int) {
	var samples []rollout.Sample
	for n := from; n <= to; n++ {
		samples = append(samples, of.reading(n))
		if n%4 != 0 && n != to {
			continue
		}
		var v rollout.Verdict
		c.Now, c.Samples = at(n), samples
		v, c.State = judge.Judge{}.Judge(c)
		samples = nil
		if e = v.Evidence[0]; e.Result == rollout.Fail && failed == 0 {
			failed = n
		}
	}
	return e, c.State, failed
}

func TestComparedValues(t *testing.T) {
	t.Parallel()
	season := func(n int) float64 { return 40 + 35*math.Sin(float64(n)/20) }
	difference := rollout.Margin{Worse: rollout.Higher, Difference: 5}
	fewer := rollout.Margin{Worse: rollout.Lower, Difference: 5}
	tests := map[string]struct {
		margin rollout.Margin
		of     sides
		want   rollout.Result
		why    rollout.Why
	}{
		"alike":                                {higher, noisy(always(30, 30)), rollout.Pass, rollout.WhyNone},
		"the same constant":                    {higher, always(30, 30), rollout.Pass, rollout.WhyNone},
		"at the margin to the digit":           {higher, always(36, 30), rollout.Pass, rollout.WhyNone},
		"0 on both sides":                      {higher, always(0, 0), rollout.Pass, rollout.WhyNone},
		"0 on both sides, lower is worse":      {lower, always(0, 0), rollout.Pass, rollout.WhyNone},
		"twice as high":                        {higher, noisy(always(60, 30)), rollout.Fail, rollout.WhyWorse},
		"twice as high where lower is worse":   {lower, noisy(always(60, 30)), rollout.Pass, rollout.WhyNone},
		"half of it":                           {lower, noisy(always(15, 30)), rollout.Fail, rollout.WhyWorse},
		"half of it where higher is worse":     {higher, noisy(always(15, 30)), rollout.Pass, rollout.WhyNone},
		"nothing at all of it":                 {lower, noisy(always(0, 30)), rollout.Fail, rollout.WhyWorse},
		"something where stable has nothing":   {higher, noisy(always(3, 0)), rollout.Fail, rollout.WhyWorse},
		"12 more":                              {difference, noisy(always(42, 30)), rollout.Fail, rollout.WhyWorse},
		"12 more than a negative":              {difference, always(2, -10), rollout.Fail, rollout.WhyWorse},
		"2 more":                               {difference, always(32, 30), rollout.Pass, rollout.WhyNone},
		"12 less":                              {fewer, noisy(always(18, 30)), rollout.Fail, rollout.WhyWorse},
		"12 less than nothing":                 {fewer, always(-12, 0), rollout.Fail, rollout.WhyWorse},
		"both swing together":                  {higher, func(n int) (float64, float64) { return season(n), season(n) }, rollout.Pass, rollout.WhyNone},
		"both swing together, lower is worse":  {lower, noisy(func(n int) (float64, float64) { return season(n), season(n) }), rollout.Pass, rollout.WhyNone},
		"twice as high while both swing":       {higher, noisy(func(n int) (float64, float64) { return 2 * season(n), season(n) }), rollout.Fail, rollout.WhyWorse},
		"both rise a hundred times":            {higher, noisy(func(n int) (float64, float64) { v := math.Pow(100, float64(n)/96); return v, v }), rollout.Pass, rollout.WhyNone},
		"one burst of five minutes, long ago":  {higher, noisy(burst(20, 40, 100, 30)), rollout.Pass, rollout.WhyNone},
		"one burst of five minutes, until now": {higher, noisy(burst(76, 96, 100, 30)), rollout.Unknown, rollout.WhyUndecided},
		"a sum of each side's requests":        {lower, noisy(always(30, 570)), rollout.Unknown, rollout.WhyUnscaled},
		"a tenth of a value per request":       {lower, noisy(always(57, 570)), rollout.Fail, rollout.WhyWorse},
		"a negative value and a ratio":         {higher, always(-30, -30), rollout.Unknown, rollout.WhyNegative},
		"values that no float holds":           {higher, always(1e300, 1e300), rollout.Unknown, rollout.WhyWarmingUp},
		"not a number":                         {higher, always(math.NaN(), 30), rollout.Unknown, rollout.WhyNotANumber},
		"not a number on stable":               {higher, always(30, math.NaN()), rollout.Unknown, rollout.WhyNoData},
		"infinite":                             {higher, always(math.Inf(1), 30), rollout.Unknown, rollout.WhyInfinite},
		"a third more, within twice the margin": {
			higher, burst(20, 999, 40, 30), rollout.Unknown, rollout.WhySmall,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, state, _ := follow(comparedCase(queueAge(tt.margin)), tt.of, 1, 96)
			if got.Result != tt.want || got.Why != tt.why {
				t.Errorf("got %s (%s), %+v, want %s (%s)", got.Result, got.Why, got.Compared, tt.want, tt.why)
			}
			if n := len(state.Bytes()); n > 1024 {
				t.Errorf("the state has %d bytes", n)
			}
		})
	}
}

// burst is a canary that is worse from one interval to another.
func burst(from, to int, during, stable float64) sides {
	return func(n int) (float64, float64) {
		if n > from && n <= to {
			return during, stable
		}
		return stable, stable
	}
}

// A small difference is asked about at first, and acted on once it has lasted for as long as is remembered.
func TestASmallDifferenceThatLasts(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(higher))
	asked := 0
	for n := range 60 * 4 {
		var v rollout.Verdict
		c.Now, c.Samples = at(n), []rollout.Sample{always(40, 30).reading(n)}
		v, c.State = judge.Judge{}.Judge(c)
		switch e := v.Evidence[0]; {
		case e.Result == rollout.Fail:
			if asked == 0 || e.Why != rollout.WhyWorse || n < 4*22 {
				t.Errorf("failed after %d intervals (%s), and asked after %d", n, e.Why, asked)
			}
			return
		case e.Why == rollout.WhySmall && asked == 0:
			asked = n
			if e.Doubt != rollout.DoubtAsks {
				t.Errorf("the doubt is %q", e.Doubt)
			}
		}
	}
	t.Error("it never failed")
}

// What follows a small difference: a person may say that it is fine, for ever but not whatever becomes of it; or the
// service has said what is to follow.
func TestASmallDifferenceAnswered(t *testing.T) {
	t.Parallel()
	small := burst(0, 999, 40, 30)
	accepted := func(c *rollout.Case) {
		c.Accepted = []rollout.Acceptance{{Check: "queue_age", Why: rollout.WhySmall}}
	}
	on := func(d rollout.OnDoubt) func(*rollout.Case) {
		return func(c *rollout.Case) { c.Spec.Checks[0].OnDoubt = d }
	}
	for name, tt := range map[string]struct {
		change func(*rollout.Case)
		of     sides
		to     int
		want   rollout.Result
		why    rollout.Why
		doubt  rollout.Doubt
	}{
		"asked":                  {func(*rollout.Case) {}, small, 64, rollout.Unknown, rollout.WhySmall, rollout.DoubtAsks},
		"accepted":               {accepted, small, 64, rollout.Pass, rollout.WhyNone, rollout.NoDoubt},
		"accepted, and it lasts": {accepted, small, 240, rollout.Pass, rollout.WhyNone, rollout.NoDoubt},
		"accepted, and it gets worse": {
			accepted, func(n int) (float64, float64) { return map[bool]float64{true: 40, false: 60}[n < 100], 30 }, 160,
			rollout.Fail, rollout.WhyWorse, rollout.NoDoubt,
		},
		"something else accepted": {
			func(c *rollout.Case) {
				c.Accepted = []rollout.Acceptance{{Check: "queue_age", Why: rollout.WhyBoth}, {Check: "b", Why: rollout.WhySmall}}
			},
			small, 64, rollout.Unknown, rollout.WhySmall, rollout.DoubtAsks,
		},
		"rolled back at once": {on(rollout.RollbackOnDoubt), small, 64, rollout.Fail, rollout.WhySmall, rollout.NoDoubt},
		"waited for":          {on(rollout.WaitOnDoubt), small, 64, rollout.Unknown, rollout.WhySmall, rollout.DoubtWaits},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := comparedCase(queueAge(higher))
			tt.change(&c)
			if e, _, _ := follow(c, tt.of, 1, tt.to); e.Result != tt.want || e.Why != tt.why || e.Doubt != tt.doubt {
				t.Errorf("got %s (%s, doubt %q), want %s (%s, doubt %q)", e.Result, e.Why, e.Doubt, tt.want, tt.why, tt.doubt)
			}
		})
	}
}

// Judging again from a state that was returned changes nothing: whoever lost a commit does so.
func TestComparedStatesAreNotChanged(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(higher))
	_, c.State, _ = follow(c, noisy(always(40, 30)), 1, 30)
	before := c.State.Bytes()
	one, _, _ := follow(c, always(90, 30), 31, 60)
	again, _, _ := follow(c, always(90, 30), 31, 60)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("the second time differs:\n%s", diff)
	}
	if !bytes.Equal(before, c.State.Bytes()) {
		t.Error("the state was changed")
	}
}

// A difference that ended while the evidence came together is waited for, and forgotten.
func TestADifferenceThatIsOver(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(higher))
	_, state, _ := follow(c, burst(0, 84, 40, 30), 1, 84)
	c.State = state
	over := 0
	for n := 85; n <= 240; n++ {
		var v rollout.Verdict
		c.Now, c.Samples = at(n), []rollout.Sample{always(30, 30).reading(n)}
		v, c.State = judge.Judge{}.Judge(c)
		if e := v.Evidence[0]; e.Why == rollout.WhyOver {
			over++
			if e.Result != rollout.Unknown || e.Doubt != rollout.DoubtWaits {
				t.Fatalf("got %s, doubt %q", e.Result, e.Doubt)
			}
		} else if e.Result == rollout.Fail {
			t.Fatalf("failed %d intervals after it ended", n-84)
		}
	}
	got, _, _ := follow(c, always(30, 30), 241, 241)
	if over == 0 || got.Result != rollout.Pass {
		t.Errorf("%d intervals as over, at last %s (%s), want some and a pass", over, got.Result, got.Why)
	}
}

// The power: blocks until a canary that is so much worse is rolled back. Values have noise of a tenth.
func TestComparedTimeToFind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		margin rollout.Margin
		of     sides
		most   int // blocks of a minute
	}{
		"1.5 times, constant":    {higher, always(45, 30), 15},
		"1.5 times":              {higher, noisy(always(45, 30)), 17},
		"3 times":                {higher, noisy(always(90, 30)), 15},
		"half":                   {lower, noisy(always(15, 30)), 15},
		"nothing":                {lower, noisy(always(0, 30)), 15},
		"1.5 times, from 10 min": {higher, noisy(burst(40, 999, 45, 30)), 10 + 20},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, failed := follow(comparedCase(queueAge(tt.margin)), tt.of, 1, 200)
			if failed == 0 || failed > 4*tt.most {
				t.Errorf("failed after %d intervals, want at most %d", failed, 4*tt.most)
			}
		})
	}
}

// Two series that are alike fail neither way around, however wild they are.
func TestSwappingTwoAlikeSeriesNeverFails(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) { // the same ones each time: one in a hundred may fail by chance
		r := rand.New(rand.NewPCG(seed, 1))
		spread, season := 3*r.Float64(), 2*r.Float64()
		var values [2][120]float64
		for n := range 120 {
			for arm := range values {
				values[arm][n] = math.Exp(season*math.Sin(float64(n)/15) + spread*r.NormFloat64())
			}
		}
		for _, m := range []rollout.Margin{higher, lower} {
			for arm := range values {
				of := sides(func(n int) (float64, float64) { return values[arm][n-1], values[1-arm][n-1] })
				if e, _, failed := follow(comparedCase(queueAge(m)), of, 1, 120); failed > 0 {
					t.Fatalf("seed %d, %s, side %d: failed after %d intervals (%s)", seed, m.Worse, arm, failed, e.Why)
				}
			}
		}
	}
}

// Missing samples, odd values, any order and any number of calls: never a crash, never a pass from unknown, and the same
// verdict in the end.
func TestComparedSamplesOfAnyKind(t *testing.T) {
	t.Parallel()
	odd := rapid.SampledFrom([]float64{0, -1, 1, 30, 31, 45, 1e30, 1e300, math.NaN(), math.Inf(1), math.Inf(-1)})
	rapid.Check(t, func(t *rapid.T) {
		var samples []rollout.Sample
		for n := 1; n <= rapid.IntRange(1, 60).Draw(t, "intervals"); n++ {
			s := rollout.Sample{Check: "queue_age", At: at(n), Canary: maybe(t, "canary", odd), Stable: maybe(t, "stable", odd)}
			if s.Canary == nil {
				s.CanaryWhy = whys.Draw(t, "why")
			}
			samples = append(samples, s)
		}
		c := comparedCase(queueAge(rapid.SampledFrom([]rollout.Margin{higher, lower, {Worse: rollout.Higher, Difference: 5}}).Draw(t, "margin")))
		one := c
		one.Now, one.Samples = at(len(samples)), samples
		want, _ := judge.Judge{}.Judge(one)
		var got rollout.Verdict
		for n := range samples {
			c.Now, c.Samples = at(n+1), samples[max(0, n-2):n+1] // each comes three times
			got, c.State = judge.Judge{}.Judge(c)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("at once and one by one differ:\n%s", diff)
		}
		last := samples[len(samples)-1]
		if usable := last.Canary != nil && last.Stable != nil && !math.IsNaN(*last.Canary) && !math.IsNaN(*last.Stable); got.Result == rollout.Pass && !usable {
			t.Fatalf("passes on %+v", last)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	})
}

// Events are rare where stable moves much from block to block: then nothing of the canary's, however long, says little, and
// it is not said that so many requests are too few.
func TestComparedFewEvents(t *testing.T) {
	t.Parallel()
	check := queueAge(lower)
	check.Traffic, check.MinRequests = "t", 50
	c := comparedCase(check)
	for n := 1; n <= 96; n++ {
		s := always(0, []float64{10, 50}[n/4%2]).reading(n)
		s.Requests = p(900)
		c.Samples = append(c.Samples, s)
	}
	c.Now = at(96)
	v, _ := judge.Judge{}.Judge(c)
	if e := v.Evidence[0]; e.Result != rollout.Unknown || e.Why != rollout.WhyTooFewRequests || e.Requests != nil {
		t.Errorf("got %s (%s) of %v requests, %+v", e.Result, e.Why, e.Requests, e.Compared)
	}
	for i := range c.Samples {
		c.Samples[i].Requests = p(12)
	}
	v, _ = judge.Judge{}.Judge(c)
	if e := v.Evidence[0]; e.Why != rollout.WhyTooFewRequests || e.Compared.Blocks != 0 || *e.Requests != 12 {
		t.Errorf("too few requests by the count: got %s (%s), %+v", e.Result, e.Why, e.Compared)
	}
}

func TestComparedBesideALimit(t *testing.T) {
	t.Parallel()
	limited := queueAge(higher)
	limited.Comparison, limited.Threshold = rollout.LessThan, 100
	for name, tt := range map[string]struct {
		of   sides
		want rollout.Why
	}{
		"within both":                     {always(30, 30), rollout.WhyNone},
		"beyond the limit with stable":    {always(120, 120), rollout.WhyLimit},
		"within the limit, worse":         {always(60, 30), rollout.WhyWorse},
		"beyond the limit for the moment": {burst(79, 80, 120, 30), rollout.WhyFailingOnce},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _, _ := follow(comparedCase(limited), tt.of, 1, 80); got.Why != tt.want {
				t.Errorf("got %s (%s), want %s", got.Result, got.Why, tt.want)
			}
		})
	}
}

// At weight 100 nobody is left on stable: what was found before counts, and nothing is compared.
func TestComparedAtWeight100(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(higher))
	_, c.State, _ = follow(c, always(30, 30), 1, 20)
	c.Step, c.Since = 1, at(20)
	got, _, failed := follow(c, always(30, 0), 21, 200)
	if failed > 0 || got.Result != rollout.Pass || got.Compared.Blocks != 5 {
		t.Errorf("got %s (%s) of %+v, failed %d", got.Result, got.Why, got.Compared, failed)
	}
}

// Evidence goes on at the next weight; a check passes there once some of its blocks were compared.
func TestComparedGoesOnAtTheNextWeight(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(higher))
	c.Spec.Plan.Steps[1].Weight = 50
	_, c.State, _ = follow(c, always(60, 30), 1, 28)
	c.Step, c.Since = 1, at(28)
	if _, _, failed := follow(c, always(60, 30), 29, 120); failed == 0 || failed > 4*15 {
		t.Errorf("failed after %d intervals, want what the first weight showed to count", failed)
	}
	_, c.State, _ = follow(c, always(30, 30), 29, 32)
	if got, _, _ := follow(c, always(30, 30), 33, 33); got.Why != rollout.WhyWarmingUp {
		t.Errorf("after one block of the weight: got %s (%s)", got.Result, got.Why)
	}
}

// While its pods are young a canary is not compared: caches are cold.
func TestComparedYoungPods(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(lower))
	c.Spec.Judging.Young = 3 * time.Minute
	cold := burst(0, 12, 1, 30)
	if got, _, _ := follow(c, cold, 1, 12); got.Why != rollout.WhyWarmingUp || got.Compared.Blocks != 0 {
		t.Errorf("young: got %s (%s), %+v", got.Result, got.Why, got.Compared)
	}
	if got, _, _ := follow(c, cold, 1, 20); got.Result != rollout.Pass || got.Compared.Worse != 0 || got.Compared.Blocks != 2 {
		t.Errorf("then: got %s (%s), %+v", got.Result, got.Why, got.Compared)
	}
}

func TestComparedForInformation(t *testing.T) {
	t.Parallel()
	check := queueAge(higher)
	check.DryRun = true
	c := comparedCase(check)
	c.Spec.Checks = append(c.Spec.Checks, memory())
	c.Samples = []rollout.Sample{value("memory_usage", 80, 1, 0)}
	got, _, _ := follow(c, always(60, 30), 1, 80)
	if got.Result != rollout.Fail || !got.DryRun {
		t.Errorf("got %+v", got)
	}
	c.Now, c.Samples = at(1), []rollout.Sample{always(60, 30).reading(1), value("memory_usage", 1, 1, 0)}
	if v, _ := (judge.Judge{}).Judge(c); v.Result != rollout.Pass || v.Limit != 0 {
		t.Errorf("the verdict is %s with a limit of %g, want a pass: nothing was bet that decides", v.Result, v.Limit)
	}
}

// One budget: all bets together have alpha, so a comparison beside signals needs more than one alone.
func TestComparedHasAPartOfTheBudget(t *testing.T) {
	t.Parallel()
	alone := comparedCase(queueAge(higher))
	_, _, first := follow(alone, always(60, 30), 1, 200)
	crowd := comparedCase(queueAge(higher))
	for _, name := range []string{"b", "c", "d"} {
		other := queueAge(higher)
		other.Name = name
		crowd.Spec.Checks = append(crowd.Spec.Checks, other)
	}
	_, _, later := follow(crowd, always(60, 30), 1, 200)
	if first == 0 || later <= first {
		t.Errorf("alone it took %d intervals, as one of four %d", first, later)
	}
	v, _ := judge.Judge{}.Judge(rollout.Case{Spec: crowd.Spec, Since: since, Now: at(1), Samples: []rollout.Sample{always(30, 30).reading(1)}})
	if math.Abs(v.Odds) > 1e-9 || math.Abs(v.Limit-math.Log(100)) > 1e-9 {
		t.Errorf("together %g of %g, want nothing of the logarithm of 100", v.Odds, v.Limit)
	}
}

// Four checks that lean the same way suffice together.
func TestComparedChecksTogether(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(higher))
	names := []string{"queue_age", "b", "c", "d"}
	for _, name := range names[1:] {
		other := queueAge(higher)
		other.Name = name
		c.Spec.Checks = append(c.Spec.Checks, other)
	}
	for n := 1; n <= 200; n++ {
		c.Now, c.Samples = at(n), nil
		for _, name := range names {
			s := always(60, 30).reading(n)
			s.Check = name
			c.Samples = append(c.Samples, s)
		}
		var v rollout.Verdict
		if v, c.State = (judge.Judge{}).Judge(c); v.Result == rollout.Fail {
			if n > 4*14 {
				t.Errorf("failed after %d intervals", n)
			}
			return
		}
	}
	t.Error("it never failed")
}

// What is stored may be of an earlier version, damaged or nonsense: it is as good as none, and never a crash.
func TestComparedStates(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(higher))
	_, state, _ := follow(c, always(60, 30), 1, 41)
	good, err := pack.JSON(state.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string][]byte{
		"none":                      nil,
		"of an earlier version":     []byte(`{"limits":{"since":"2026-03-01T14:00:00Z"}}`),
		"a null":                    []byte(`{"queries":{"queue_age":null}}`),
		"a negative count":          bytes.Replace(good, []byte(`"blocks":10`), []byte(`"blocks":-10`), 1),
		"more worse than there are": bytes.Replace(good, []byte(`"worse":10`), []byte(`"worse":11`), 1),
		"a negative block":          bytes.Replace(good, []byte(`"block":10`), []byte(`"block":-1`), 1),
		"another type":              bytes.Replace(good, []byte(`"blocks":10`), []byte(`"blocks":"ten"`), 1),
		"cut":                       good[:len(good)-4],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if bytes.Equal(state, good) {
				t.Fatalf("the state was not damaged: %s", good)
			}
			d := c
			d.State = rollout.StoredJudgeState(state)
			if got, _, _ := follow(d, always(60, 30), 42, 42); got.Compared.Blocks != 0 {
				t.Errorf("got %+v, want the bets begun anew", got.Compared)
			}
		})
	}
	c.State = state
	if got, _, _ := follow(c, always(60, 30), 42, 42); got.Compared.Blocks != 10 {
		t.Errorf("the good one: got %+v", got.Compared)
	}
}

// The clock jumps ahead or back by any time: it goes on to judge within two blocks.
func TestComparedClockJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []int{40, 4000, -10, -39} {
		c := comparedCase(queueAge(higher))
		_, c.State, _ = follow(c, always(30, 30), 1, 40)
		before, _, _ := follow(c, always(30, 30), 41, 41)
		from := 41 + jump
		got, _, failed := follow(c, always(30, 30), from, from+8)
		if failed > 0 || got.Result != rollout.Pass || got.Compared.Blocks <= before.Compared.Blocks {
			t.Errorf("%d intervals: got %s (%s), %d blocks after %d", jump, got.Result, got.Why, got.Compared.Blocks, before.Compared.Blocks)
		}
	}
}

// A check whose canary falls silent fails as any other.
func TestComparedSilence(t *testing.T) {
	t.Parallel()
	c := comparedCase(queueAge(lower))
	c.Now = at(5)
	for n := range 5 {
		c.Samples = append(c.Samples, rollout.Sample{Check: "queue_age", At: at(n + 1), CanaryWhy: rollout.WhyNoData, Stable: p(30)})
	}
	v, _ := judge.Judge{}.Judge(c)
	if e := v.Evidence[0]; e.Result != rollout.Fail || e.Why != rollout.WhySilent {
		t.Errorf("got %s (%s)", e.Result, e.Why)
	}
	if !slices.ContainsFunc(v.Evidence, func(e rollout.Evidence) bool { return e.Margin != nil && e.Comparison == "" }) {
		t.Error("no evidence has the margin")
	}
}
