package judge_test

import (
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

func TestCompareSilence(t *testing.T) {
	t.Parallel()
	const rate, mem = "error_rate", "memory_usage"
	gone := func(check string, n int) rollout.Sample { return missing(check, n, rollout.WhyNoData) }
	nobody := func(check string, n int) rollout.Sample {
		return rollout.Sample{Check: check, At: at(n), CanaryWhy: rollout.WhyNoData, StableWhy: rollout.WhyNoData}
	}
	noTwin := func(check string, n int) rollout.Sample {
		return rollout.Sample{Check: check, At: at(n), Canary: p(1)}
	}
	// rounds builds the samples of both checks, one round for each function given.
	type one func(check string, n int) rollout.Sample
	rounds := func(rateSays, memSays []one) (samples []rollout.Sample) {
		for i := range rateSays {
			samples = append(samples, rateSays[i](rate, i+1), memSays[i](mem, i+1))
		}
		return samples
	}
	why := func(w rollout.Why) one {
		return func(check string, n int) rollout.Sample { return missing(check, n, w) }
	}
	reports := func(check string, n int) rollout.Sample { return value(check, n, 0, 90) }

	tests := map[string]struct {
		samples []rollout.Sample
		want    rollout.Result
		why     rollout.Why
	}{
		"three times":                   {rounds([]one{gone, gone, gone}, []one{gone, gone, gone}), rollout.Unknown, rollout.WhyNoData},
		"four times":                    {rounds([]one{gone, gone, gone, gone}, []one{gone, gone, gone, gone}), rollout.Fail, rollout.WhySilent},
		"reported before, then four":    {rounds([]one{reports, gone, gone, gone, gone}, []one{reports, gone, gone, gone, gone}), rollout.Fail, rollout.WhySilent},
		"four with a timeout between":   {rounds([]one{gone, gone, why(rollout.WhyTimeout), gone, gone}, []one{gone, gone, gone, gone, gone}), rollout.Fail, rollout.WhySilent},
		"four with a sign between":      {rounds([]one{gone, gone, reports, gone, gone}, []one{gone, gone, reports, gone, gone}), rollout.Unknown, rollout.WhyNoData},
		"four, one check still reports": {rounds([]one{gone, gone, gone, gone}, []one{reports, reports, reports, reports}), rollout.Unknown, rollout.WhyNoData},
		"four, one check just unknown":  {rounds([]one{gone, gone, gone, gone}, []one{gone, gone, gone, why(rollout.WhyTimeout)}), rollout.Unknown, rollout.WhyNoData},
		"four, neither arm reports":     {rounds([]one{nobody, nobody, nobody, nobody}, []one{nobody, nobody, nobody, nobody}), rollout.Unknown, rollout.WhyNoData},
		"four, one check has no stable": {
			rounds([]one{gone, gone, gone, gone}, []one{nobody, nobody, nobody, nobody}), rollout.Fail, rollout.WhySilent,
		},
		"four, one check has no twin": {
			rounds([]one{gone, gone, gone, gone}, []one{noTwin, noTwin, noTwin, noTwin}), rollout.Fail, rollout.WhySilent,
		},
		"four, one check never asked": {
			[]rollout.Sample{gone(rate, 1), gone(rate, 2), gone(rate, 3), gone(rate, 4)}, rollout.Unknown, rollout.WhyNoData,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := judge.Compare([]rollout.Check{errorRate(), memory()}, tt.samples, nil, since, at(5))
			if got.Result != tt.want || got.Evidence[0].Why != tt.why {
				t.Errorf("got %s (%s), want %s (%s)", got.Result, got.Evidence[0].Why, tt.want, tt.why)
			}
		})
	}
}

func TestCompareSilenceEndsWithTheSamples(t *testing.T) {
	t.Parallel()
	checks := []rollout.Check{memory()}
	var samples []rollout.Sample
	for n := 1; n <= 4; n++ {
		samples = append(samples, missing("memory_usage", n, rollout.WhyNoData))
	}
	_, state := judge.Compare(checks, samples, nil, since, at(4))
	got, _ := judge.Compare(checks, nil, state, since, at(400))
	if got.Result != rollout.Unknown || got.Evidence[0].Why != rollout.WhyStale {
		t.Errorf("after a long downtime: got %s (%s), want unknown (stale)", got.Result, got.Evidence[0].Why)
	}
}
