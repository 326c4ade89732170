package rollout

import (
	"slices"
	"time"
)

// Comparison says which side of the threshold is healthy. Equal is unhealthy on both.
type Comparison string

// The comparisons.
const (
	LessThan    Comparison = "less_than"
	GreaterThan Comparison = "greater_than"
)

// Holds reports whether the value is on the healthy side of the limit.
func (c Comparison) Holds(value, limit float64) bool {
	if c == GreaterThan {
		return value > limit
	}
	return value < limit
}

// Unit says how people read a check's value.
type Unit string

// The units.
const (
	Ratio   Unit = "ratio"   // 0 to 1, shown in percent
	Seconds Unit = "seconds" // shown in ms below one second
	Bytes   Unit = "bytes"   // shown in MiB
	Number  Unit = "number"
)

// Check is one question about the canary's health, asked of Prometheus.
type Check struct {
	Name       string     `json:"name"`
	Query      string     `json:"query"`             // PromQL template; one number
	Traffic    string     `json:"traffic,omitempty"` // PromQL template: requests seen in the window; empty: not counted
	Comparison Comparison `json:"comparison"`        // empty: the check has no limit, it is compared with stable alone
	Threshold  float64    `json:"threshold"`
	// Compare is how much worse than stable's the canary's value may be; nil: the two are not compared.
	Compare *Margin `json:"compare,omitempty"`
	// Ceiling is the value beyond which one sample condemns, on CeilingRequests requests or more; nil: none.
	Ceiling         *float64      `json:"ceiling,omitempty"`
	CeilingRequests float64       `json:"ceiling_requests,omitempty"`
	Window          time.Duration `json:"window"`
	Interval        time.Duration `json:"interval"`
	Failures        int           `json:"failures"`     // so many failures in a row condemn
	MinRequests     float64       `json:"min_requests"` // fewer in the window: unknown; only with Traffic
	Unit            Unit          `json:"unit"`
	// Signal is what the check asks about where it is judged by raw counts. Such a check has no failures in a row, no
	// ceiling and no window of its own: the judge's bets have them all.
	Signal Signal `json:"signal,omitempty"`
	// Bound is the duration, in seconds, beyond which a request is slow, and Share how many may be; for LatencySignal.
	Bound float64 `json:"bound,omitempty"`
	Share float64 `json:"share,omitempty"`
	// DryRun makes the check inform and never decide.
	DryRun bool `json:"dry_run,omitempty"`
	// OnDoubt is what follows where the check would ask people; empty: it asks.
	OnDoubt OnDoubt `json:"on_doubt,omitempty"`
}

// Within reports whether a value is within the check's limit, if it has one.
func (c Check) Within(value float64) bool {
	return c.Comparison == "" || c.Comparison.Holds(value, c.Threshold)
}

// Result is what evidence says. Unknown is never a pass.
type Result string

// The results. The zero value is Unknown in effect: nothing but Pass passes, nothing but Fail fails.
const (
	Pass    Result = "pass"
	Fail    Result = "fail"
	Unknown Result = "unknown"
)

// Why is the reason behind a result that is not a pass.
type Why string

// The reasons.
const (
	WhyNone           Why = ""
	WhyLimit          Why = "limit"            // fail: beyond the threshold so many times in a row
	WhyCeiling        Why = "ceiling"          // fail: beyond the ceiling once
	WhySilent         Why = "silent"           // fail: the canary's series are gone while stable's are there
	WhyFailingOnce    Why = "failing_once"     // unknown: beyond the threshold, not often enough yet
	WhyNoData         Why = "no_data"          // unknown from here on
	WhyNotANumber     Why = "not_a_number"     //
	WhyInfinite       Why = "infinite"         //
	WhySeveralSeries  Why = "several_series"   //
	WhyWarnings       Why = "warnings"         //
	WhyStale          Why = "stale"            //
	WhyQueryError     Why = "query_error"      //
	WhyUnreachable    Why = "unreachable"      //
	WhyTimeout        Why = "timeout"          //
	WhyTooLarge       Why = "too_large"        //
	WhyWarmingUp      Why = "warming_up"       //
	WhyTooFewRequests Why = "too_few_requests" //
	WhyNotAsked       Why = "not_asked"        // no answer since the weight was acknowledged
	WhyWorse          Why = "worse"            // fail: worse than stable, beyond the margin, by the evidence of a running bet
	WhyBeyond         Why = "beyond"           // fail: beyond the limit, by the evidence of a running bet
	WhyGrows          Why = "grows"            // fail: memory grows so that it will reach its limit
	WhyUndecided      Why = "undecided"        // unknown: the evidence leans against the canary, not far enough
	WhyShared         Why = "shared"           // unknown: stable breaches the limit too
	WhyNoTraffic      Why = "no_traffic"       // unknown: the canary is there and gets no requests
	WhyNoShare        Why = "no_share"         // fail: the traffic that the weight promises does not come
	WhyOnePod         Why = "one_pod"          // unknown: one pod alone is bad
	WhyPartial        Why = "partial"          // unknown: too few of the pods report
	WhySameSeries     Why = "same_series"      // unknown: canary and stable have the same series
	WhyCoarse         Why = "coarse"           // unknown: no bucket bound near the limit
	WhyIncomplete     Why = "incomplete"       // unknown: the answer lacks series that an earlier one had
	WhyLittleShare    Why = "little_share"     // unknown: far fewer requests than the weight promises, see Evidence.Share
	WhyProbes         Why = "probes"           // unknown: the same few requests in each scrape, as probes send them
	WhyNegative       Why = "negative"         // unknown: stable's value is negative, and a ratio to it means nothing
	WhyUnscaled       Why = "unscaled"         // unknown: the value is to stable's as the traffic is, so it is not per request
	// The next ones are doubts: the evidence suffices, and something speaks against acting on it.
	WhyBrief    Why = "brief"    // unknown: not there for long enough yet
	WhyOver     Why = "over"     // unknown: no longer there in the newest scrapes
	WhyUsual    Why = "usual"    // unknown: stable itself was as bad before
	WhyBoth     Why = "both"     // unknown: both versions had it within the same minute
	WhyYoung    Why = "young"    // unknown: the pods have only started
	WhySmall    Why = "small"    // unknown: different, by less than what is acted on
	WhyHidden   Why = "hidden"   // unknown: pods that one proxy reports for may differ by as much
	WhyUnpaired Why = "unpaired" // unknown: stable has no traffic to compare with
	WhyMayGrow  Why = "may_grow" // unknown: memory grows, and reaches its limit within the hour, not soon
	// The next ones are of signals that no check asks about: fail, or unknown while the evidence does not suffice.
	WhyHangs    Why = "hangs"    // requests begin and do not end
	WhyRestarts Why = "restarts" // containers restart more often than stable's
	WhyRefused  Why = "refused"  // more requests are answered with a 4xx than by stable
)

// Sample is one reading of one check, for both arms: what an adapter hands to the judge. A value that could not be
// had is nil, with the reason.
type Sample struct {
	Check          string    `json:"check"`
	At             time.Time `json:"at"`
	Canary         *float64  `json:"canary,omitempty"`
	CanaryWhy      Why       `json:"canary_why,omitempty"`
	Stable         *float64  `json:"stable,omitempty"`
	StableWhy      Why       `json:"stable_why,omitempty"`
	Requests       *float64  `json:"requests,omitempty"` // the canary's, in the window; nil: not counted
	StableRequests *float64  `json:"stable_requests,omitempty"`
	Detail         string    `json:"detail,omitempty"` // Prometheus's own words; data, to be escaped
}

// Evidence is one check's answer, ready to be shown.
type Evidence struct {
	Check       string     `json:"check"`
	Result      Result     `json:"result"`
	Why         Why        `json:"why,omitempty"`
	Doubt       Doubt      `json:"doubt,omitempty"` // of unknown evidence
	Detail      string     `json:"detail,omitempty"`
	Canary      *float64   `json:"canary,omitempty"`
	Stable      *float64   `json:"stable,omitempty"`
	Threshold   float64    `json:"threshold"`
	Ceiling     *float64   `json:"ceiling,omitempty"`
	Comparison  Comparison `json:"comparison"`       // empty: there is no threshold
	Margin      *Margin    `json:"margin,omitempty"` // beside stable, where the check's own query is compared
	Unit        Unit       `json:"unit"`
	Requests    *float64   `json:"requests,omitempty"`
	MinRequests float64    `json:"min_requests,omitempty"`
	// Lowest and Highest span what the canary showed since the step's weight was acknowledged.
	Lowest  *float64 `json:"lowest,omitempty"`
	Highest *float64 `json:"highest,omitempty"`
	// Compared is how far the evidence has come where the canary is compared with stable.
	Compared *Compared `json:"compared,omitempty"`
	// Part is set where the evidence is about a part of the requests, or of another kind than the check's.
	Part *Part `json:"part,omitempty"`
	// Share is set where the canary gets far fewer requests than it should.
	Share  *TrafficShare `json:"share,omitempty"`
	DryRun bool          `json:"dry_run,omitempty"`
}

// Part is the part of the requests in which a label has a value; empty: any that is not looked at by itself. Both come
// from outside, to be escaped.
type Part struct {
	Label string `json:"label"`
	Value string `json:"value,omitempty"`
}

// TrafficShare is the canary's share of the pair's requests, 0 to 1: as counted lately, and as asked of the route.
type TrafficShare struct {
	Got   float64 `json:"got"`
	Asked float64 `json:"asked"`
}

// Compared is the state of a running bet on one check.
type Compared struct {
	Canary Count `json:"canary"`
	Stable Count `json:"stable"`
	// Bound is what slow means, in seconds; 0: bad requests are errors.
	Bound float64 `json:"bound,omitempty"`
	// Odds is the evidence against the canary: the natural logarithm of what a bet of 1 has become. At Limit it suffices to
	// condemn.
	Odds  float64 `json:"odds"`
	Limit float64 `json:"limit"`
	// AtLeast is the largest of a few ratios to stable's share that a bet of its own shows, at the limit; 0: none.
	AtLeast float64 `json:"at_least,omitempty"`
	// Worse of Blocks stretches of time, each Block long, were worse than the margin allows; of a check's own query.
	Worse  int           `json:"worse,omitempty"`
	Blocks int           `json:"blocks,omitempty"`
	Block  time.Duration `json:"block,omitempty"`
	// Trend is the value over time, oldest first: the canary's and stable's, scrape by scrape.
	Trend [][2]float64 `json:"course,omitempty"`
}

// Count is how many requests were bad, of how many, lately.
type Count struct {
	Requests float64 `json:"requests"`
	Bad      float64 `json:"bad"`
}

// OnStable returns what each check says of stable alone, from samples that were asked with StableOnly: a check that
// stable fails itself, or has no answer to, can judge no canary. Requests are not counted against a minimum.
func OnStable(checks []Check, samples []Sample) []Evidence {
	all := make([]Evidence, len(checks))
	for i, c := range checks {
		e := Evidence{Check: c.Name, Result: Unknown, Why: WhyNoData, Threshold: c.Threshold, Comparison: c.Comparison, Margin: c.Compare, Unit: c.Unit, DryRun: c.DryRun}
		if at := slices.IndexFunc(samples, func(s Sample) bool { return s.Check == c.Name }); at >= 0 {
			s := samples[at]
			e.Stable, e.Why, e.Detail, e.Requests = s.Canary, s.CanaryWhy, s.Detail, s.Requests // stable was asked about in the canary's place
			if s.Canary == nil && s.CanaryWhy == WhyNone {
				e.Why = WhyNoData
			}
		}
		switch {
		case e.Why != WhyNone:
		case !c.Within(*e.Stable):
			e.Result, e.Why = Fail, WhyLimit
		case c.Compare != nil && !c.Compare.Compares(*e.Stable):
			e.Why = WhyNegative
		default:
			e.Result = Pass
		}
		all[i] = e
	}
	return all
}

// Verdict is the judgement over a step's checks.
type Verdict struct {
	Result Result    `json:"result"`
	Since  time.Time `json:"since"` // the acknowledgement of the weight that it judges
	At     time.Time `json:"at"`    // when the newest answer in it was had
	Proved bool      `json:"proved,omitempty"`
	// Odds is all evidence together against the canary, and Limit where it suffices, both as in Compared;
	// Limit is 0 where nothing was bet.
	Odds     float64    `json:"odds,omitempty"`
	Limit    float64    `json:"limit,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Worst returns the evidence that decides the verdict: the first that fails, else the first unknown one. ok is false
// when everything passes.
func (v Verdict) Worst() (Evidence, bool) {
	for _, result := range []Result{Fail, Unknown} {
		if i := slices.IndexFunc(v.Evidence, func(e Evidence) bool { return e.Result == result && !e.DryRun }); i >= 0 {
			return v.Evidence[i], true
		}
	}
	return Evidence{}, false
}

// Combine returns the result over all evidence: one failure fails, one unknown holds, and nothing at all is unknown. What
// only informs does not count.
func Combine(all []Evidence) Result {
	passes := 0
	unknown := false
	for _, e := range all {
		switch {
		case e.DryRun:
		case e.Result == Fail:
			return Fail
		case e.Result == Pass:
			passes++
		default:
			unknown = true
		}
	}
	if unknown || passes == 0 {
		return Unknown
	}
	return Pass
}
