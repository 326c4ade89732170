package judge

import (
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/sign"
)

// comparedShare is the part of the rollout's budget of errors that checks with queries of their own have together, where
// checks with signals need the rest.
const comparedShare = 0.25

// minCompared is how many blocks of a weight have to be compared before a check can pass.
const minCompared = 2

// compared is the part of the state that compares checks' own queries with stable: by check.
type compared map[string]comparison

// comparison is what is remembered of one check. What the bet has come to goes on from weight to weight.
type comparison struct {
	Signs  sign.State   `json:"signs,omitzero"`
	Since  time.Time    `json:"since,omitzero"` // the weight's acknowledgement
	Last   time.Time    `json:"last,omitzero"`  // the newest sample
	Block  int          `json:"block,omitempty"`
	Values [][2]float32 `json:"values,omitempty"` // of the block that fills: the canary's and stable's
	Step   int          `json:"step,omitempty"`   // blocks of this weight that were compared
}

// comparesQuery reports whether a check's own query is compared with stable.
func comparesQuery(c rollout.Check) bool { return c.Signal == rollout.NoSignal && c.Compare != nil }

// sharesOfBudget returns the parts of the rollout's budget of errors: of all signals together, and of each check whose
// own query is compared.
func sharesOfBudget(checks []rollout.Check) (signals, each float64) {
	queries, others := 0.0, false
	for _, c := range checks {
		switch {
		case c.DryRun:
		case comparesQuery(c):
			queries++
		case c.Signal != rollout.NoSignal:
			others = true
		}
	}
	switch {
	case queries == 0:
		return 1, 0
	case !others:
		return 0, 1 / queries
	}
	return 1 - comparedShare, comparedShare / queries
}

// valid reports whether what was stored can be a state.
func (c compared) valid() bool {
	for _, one := range c {
		if !one.Signs.Sound() || one.Block < 0 || one.Step < 0 || len(one.Values) > mostValues {
			return false
		}
	}
	return true
}

// after returns the comparisons after the samples.
func (c compared) after(in rollout.Case, checks []rollout.Check) compared {
	samples := slices.Clone(in.Samples)
	slices.SortStableFunc(samples, func(a, b rollout.Sample) int { return a.At.Compare(b.At) })
	var all compared
	for _, check := range checks {
		if !comparesQuery(check) {
			continue
		}
		one := c[check.Name]
		one.begin(in)
		for _, s := range samples {
			if s.Check == check.Name && !s.At.Before(in.Since) && !s.At.After(in.Now) {
				one.add(in, check, finiteSample(s))
			}
		}
		if all == nil {
			all = compared{}
		}
		all[check.Name] = one
	}
	return all
}

// begin goes on at the weight that the canary has. A clock that was set back begins the blocks anew.
func (n *comparison) begin(in rollout.Case) {
	if !n.Since.Equal(in.Since) {
		*n = comparison{Signs: n.Signs, Since: in.Since}
	}
	if n.Last.After(in.Now) {
		n.Last, n.Block, n.Values = time.Time{}, 0, nil
	}
}

// mostValues is how many samples of a block are kept; they are taken evenly.
const mostValues = 16

// add adds a sample to the block that it ends in, and compares that block once no more can come. Blocks are as long as the
// check's window, so that no two count the same seconds.
func (n *comparison) add(in rollout.Case, check rollout.Check, s rollout.Sample) {
	if !s.At.After(n.Last) || canaryShare(in) >= 1 { // nobody is left on stable to compare with
		return
	}
	spacing := max(check.Interval, check.Window/mostValues) * 9 / 10
	early := !n.Last.IsZero() && s.At.Sub(n.Last) < spacing
	block := blockOf(s.At.Sub(n.Since), check.Window)
	if block < n.Block || early {
		return
	}
	if block > n.Block {
		n.close(in, check)
		n.Block = block
	}
	n.Last = s.At
	o := comparisonOptions(in, check)
	if l, _ := classify(check, s); l != unknownLevel && s.Stable != nil &&
		o.Comparable(sign.Block{Canary: *s.Canary, Stable: *s.Stable}) {
		n.Values = append(slices.Clip(n.Values), [2]float32{float32(*s.Canary), float32(*s.Stable)})
	}
	if ends := time.Duration(block+1) * check.Window; s.At.Sub(n.Since)+spacing > ends {
		n.close(in, check)
		n.Block = block + 1
	}
}

// blockOf is the number of the block that a moment ends in: each is without its beginning and with its end.
func blockOf(at, window time.Duration) int { return int(max(0, at-1) / max(window, time.Second)) }

// close compares the block that filled: by the median of each side. While the canary's pods are young it is not.
func (n *comparison) close(in rollout.Case, check rollout.Check) {
	values := n.Values
	n.Values = nil
	old := time.Duration(n.Block)*check.Window >= in.Spec.Judging.Young
	if len(values) == 0 || !old {
		return
	}
	o := comparisonOptions(in, check)
	n.Signs.Add(&o, sign.Block{Canary: middle(values, canaryArm), Stable: middle(values, stableArm)})
	n.Step++
}

// middle is the median of one side's values.
func middle(values [][2]float32, arm int) float64 {
	all := make([]float32, len(values))
	for i, v := range values {
		all[i] = v[arm]
	}
	slices.Sort(all)
	return (float64(all[(len(all)-1)/2]) + float64(all[len(all)/2])) / 2
}

func comparisonOptions(in rollout.Case, check rollout.Check) sign.Options {
	return sign.Options{
		Margin: *check.Compare, Planned: plannedScrapes(in.Spec.Plan, max(check.Window, time.Second)), Share: canaryShare(in),
	}
}

// limitOf is the logarithm that the bets of a rollout have to reach together.
func limitOf(j rollout.Judging) float64 {
	const alpha = 0.01
	if j.Alpha > 0 {
		return -math.Log(j.Alpha)
	}
	return -math.Log(alpha)
}
