package prom

import (
	"time"

	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// sample returns the check's sample. A value is trusted only if its samples are fresh. Where the requests could not be
// counted the value stays, with the reason, so that it can be shown but not judged.
func (in inquiry) sample(answers map[string]answer, now time.Time) rollout.Sample {
	s := rollout.Sample{Check: in.check.Name, At: now}
	if in.why != rollout.WhyNone {
		s.CanaryWhy, s.Detail = in.why, in.detail
		return s
	}
	limit := oldest(in.check)
	canary, stable, odd := in.ages(answers)
	value := answers[in.value].read(now).orOddity(odd).aged(canary, stable, limit).filling(in.cut, canary, limit)
	s.Canary, s.CanaryWhy, s.Detail = value.number, value.why, value.detail
	if in.stable != "" {
		twin := answers[in.stable].read(now).orOddity(odd).aged(stable, canary, limit).filling(in.cut, stable, limit)
		s.Stable, s.StableWhy = twin.number, twin.why
		s.Detail = either(s.Detail, twin.detail)
	}
	if in.traffic == "" {
		return s
	}
	traffic := answers[in.traffic].read(now)
	s.Requests = traffic.number
	if traffic.number == nil && s.CanaryWhy == rollout.WhyNone {
		s.CanaryWhy, s.Detail = traffic.why, "traffic not counted: "+either(traffic.detail, string(traffic.why))
	}
	if in.stableTraffic != "" {
		s.StableRequests = answers[in.stableTraffic].read(now).number
	}
	return s
}

// ages returns how old each arm's newest sample is, and what is wrong with the answer, if anything.
func (in inquiry) ages(answers map[string]answer) (canary, stable age, odd reading) {
	if in.fresh == "" {
		return age{}, age{}, reading{}
	}
	a := answers[in.fresh]
	if odd = a.rejection(); odd.why != rollout.WhyNone {
		return age{}, age{}, odd
	}
	v, ok := a.value.(model.Vector)
	if !ok {
		return age{}, age{}, failedReading(rollout.WhyQueryError, "the answer to the freshness query is not a vector")
	}
	canary, stable = ages(in.fresh, v)
	return canary, stable, reading{}
}

// orOddity returns the reading, or the oddity if the reading is a number.
func (r reading) orOddity(odd reading) reading {
	if r.number == nil || odd.why == rollout.WhyNone {
		return r
	}
	return odd
}

// aged returns the reading, or why the number is too old to be trusted.
func (r reading) aged(mine, other age, limit time.Duration) reading {
	if why, detail := mine.doubt(limit, other); why != rollout.WhyNone && r.number != nil {
		return failedReading(why, detail)
	}
	return r
}

// filling returns the reading, or that the window is still filling: where it is cut to the time since the weight was
// acknowledged, an arm with current samples may not have the two scrapes yet that a rate needs.
func (r reading) filling(cut bool, mine age, limit time.Duration) reading {
	if cut && r.why == rollout.WhyNoData && mine.there && mine.past <= limit {
		return failedReading(rollout.WhyWarmingUp, "")
	}
	return r
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
