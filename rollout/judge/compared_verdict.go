package judge

import (
	"math"
	"slices"

	"canarybot.io/rollout"
)

// decide adds what the comparisons say to a verdict by the limits and the signals. All bets of the rollout are averaged
// with fixed weights, so that together they have one budget of errors (package trial).
func (c compared) decide(in rollout.Case, v rollout.Verdict) rollout.Verdict {
	signals, each := sharesOfBudget(in.Spec.Checks)
	if len(c) == 0 {
		return v
	}
	b := budget{limit: limitOf(in.Spec.Judging), each: each}
	sum := 0.0
	if signals > 0 {
		b.most = signals * math.Exp(v.Odds)
		sum = b.most
	}
	for _, check := range in.Spec.Checks {
		if comparesQuery(check) && !check.DryRun {
			one := c[check.Name]
			part := each * math.Exp(one.Signs.LogOdds())
			sum += part
			if part >= b.most {
				b.most, b.leads = part, check.Name
			}
		}
	}
	if each > 0 {
		b.together = math.Log(sum)
		v.Odds, v.Limit = b.together, b.limit
	}
	for i, e := range v.Evidence {
		if at := indexOf(in.Spec.Checks, e.Check); at >= 0 && comparesQuery(in.Spec.Checks[at]) {
			one := c[e.Check]
			v.Evidence[i] = one.evidence(in, in.Spec.Checks[at], e, b)
		}
	}
	return v
}

func indexOf(checks []rollout.Check, name string) int {
	for i, c := range checks {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// budget is how the bets of a rollout stand together.
type budget struct {
	limit    float64 // the logarithm that they have to reach
	together float64 // that of their mean
	each     float64 // the weight of one comparison
	most     float64 // what the bet contributes that contributes most
	leads    string  // the check whose comparison that is; empty: it is a signal's
}

// won reports whether a comparison's bet suffices: alone, or together with all others where it says most.
func (b budget) won(check rollout.Check, logOdds float64) bool {
	weight := math.Log(b.each)
	if check.DryRun {
		weight = 0
	}
	return logOdds+weight >= b.limit || b.leads == check.Name && b.together >= b.limit
}

// evidence adds what a comparison shows to what the check's limit shows, if it has one. What fails comes first, then what
// is in doubt: evidence does not go away because no more can be read.
func (n *comparison) evidence(in rollout.Case, check rollout.Check, e rollout.Evidence, b budget) rollout.Evidence {
	odds := n.Signs.LogOdds()
	e.Compared = &rollout.Compared{
		Odds: odds, Limit: b.limit, Worse: n.Signs.Worse, Blocks: n.Signs.Blocks, Block: check.Window, Trend: n.trend(),
	}
	if e.Result == rollout.Fail {
		return e
	}
	if b.won(check, odds) {
		result, why, doubt := n.conclude(in, check)
		if !accepts(in, check, why) {
			e.Result, e.Why, e.Detail, e.Doubt = result, why, "", doubt
			if why == rollout.WhyTooFewRequests { // however many its query counts
				e.Requests, e.MinRequests = nil, 0
			}
			if doubt == rollout.DoubtAsks {
				onDoubt(check, &e)
			}
			return e
		}
	}
	if e.Result != rollout.Pass || canaryShare(in) >= 1 { // at weight 100 the limit is what is left
		return e
	}
	if why, detail := n.undecided(in, check, e); why != rollout.WhyNone {
		e.Result, e.Why, e.Detail = rollout.Unknown, why, detail
	}
	return e
}

// conclude decides what follows where the bet was won. That it is brief cannot be: a block at most doubles the bet.
func (n *comparison) conclude(in rollout.Case, check rollout.Check) (rollout.Result, rollout.Why, rollout.Doubt) {
	o := comparisonOptions(in, check)
	switch stands := n.Signs.Standing(&o); {
	case !stands.Present:
		return rollout.Unknown, rollout.WhyOver, rollout.DoubtWaits
	case !stands.Certain:
		return rollout.Unknown, rollout.WhyTooFewRequests, rollout.NoDoubt
	case !stands.Scaled:
		return rollout.Unknown, rollout.WhyUnscaled, rollout.NoDoubt
	case !stands.Large && (!stands.Lasts || accepts(in, check, rollout.WhySmall)):
		return rollout.Unknown, rollout.WhySmall, rollout.DoubtAsks
	}
	return rollout.Fail, rollout.WhyWorse, rollout.NoDoubt
}

// accepts reports whether a person said that this about the check is fine.
func accepts(in rollout.Case, check rollout.Check, why rollout.Why) bool {
	return slices.Contains(in.Accepted, rollout.Acceptance{Check: check.Name, Why: why})
}

// undecided returns why a check cannot pass whose limit does.
func (n *comparison) undecided(in rollout.Case, check rollout.Check, e rollout.Evidence) (why rollout.Why, detail string) {
	o := comparisonOptions(in, check)
	switch {
	case e.Stable == nil:
		return rollout.WhyNoData, "nothing of stable to compare with"
	case !check.Compare.Compares(*e.Stable):
		return rollout.WhyNegative, ""
	case n.Step < minCompared:
		return rollout.WhyWarmingUp, ""
	case accepts(in, check, rollout.WhySmall): // it is known to be a little worse
		return rollout.WhyNone, ""
	case n.Signs.LogOdds() >= math.Log(undecidedOdds), n.Signs.Leaning(&o):
		return rollout.WhyUndecided, ""
	}
	return rollout.WhyNone, ""
}

// trend is how both sides' values went, block by block.
func (n *comparison) trend() (all [][2]float64) {
	for _, b := range n.Signs.Recent {
		all = append(all, [2]float64{rounded(float64(b[0])), rounded(float64(b[1]))})
	}
	return all
}
