package judge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// A version that is bad is bad in all of its pods. Where one of several pods alone is, it may be its node: then the
// canary is held for a while, so that the pod can be replaced, and is rolled back if it is still there.
const (
	// lenient is for how many scrapes a single bad pod is put up with.
	lenient = 8
	// fading is how much of what a pod did is remembered from one scrape to the next.
	fading = 0.8
	// telling is how many requests the other pods must have had lately to speak for the version.
	telling = 20
)

// alone is what is known of a pod that may be the only bad one.
type alone struct {
	Each     map[string]counted `json:"each,omitempty"` // what each target did lately
	Culprit  string             `json:"culprit,omitempty"`
	Scrapes  int                `json:"scrapes,omitempty"` // that it is put up with
	Pardoned bool               `json:"pardoned,omitempty"`
}

// note adds what each of the canary's targets did in a scrape.
func (a *alone) note(did map[string]counted) {
	lately := make(map[string]counted, len(did))
	for target, now := range did {
		lately[target] = counted{}.plus(a.Each[target], fading).plus(now, 1)
	}
	a.Each = lately
}

// suspect returns the target that is worst by a check, where all others together are fine beside stable.
func (a *alone) suspect(o *trial.Options, k trial.Check, stable counted) (string, bool) {
	bad, all, bound := counted.erring, stable.Requests, o.ErrorLimit
	margin := o.Errors
	if k == trial.Latency || k == trial.SlowLimit {
		bad, all, bound = func(c counted) (float64, float64) { return c.Slow[o.Slow], c.Timed }, stable.Timed, o.SlowLimit
		margin = o.Latency
	}
	if len(a.Each) < 2 || all <= 0 {
		return "", false
	}
	stableBad, _ := bad(stable)
	usual := stableBad / all
	targets := make([]string, 0, len(a.Each))
	for t := range a.Each {
		targets = append(targets, t)
	}
	slices.Sort(targets)
	excess := func(t string) float64 {
		b, n := bad(a.Each[t])
		return b - n*usual
	}
	worst := slices.MaxFunc(targets, func(x, y string) int { return cmp.Compare(excess(x), excess(y)) })
	restBad, rest := 0.0, 0.0
	for _, t := range targets {
		if t != worst {
			b, n := bad(a.Each[t])
			restBad, rest = restBad+b, rest+n
		}
	}
	return worst, rest >= telling && restBad <= rest*min(margin.Bound(usual), bound)
}

// erring are the errors of what an arm did, and its requests.
func (a counted) erring() (bad, all float64) { return a.Errors, a.Requests }

// weigh looks, after a scrape, whether what condemns the canary is one pod alone. A pod that went away takes what spoke
// against it along, once in a rollout: bets begin anew. The rollout's budget of errors covers that: nobody is a culprit
// before the evidence sufficed once, and that alone happens to a fine canary no more often than the budget allows.
func (d *docket) weigh(o *trial.Options, here []string) {
	a := &d.Alone
	if a.Culprit != "" && !slices.Contains(here, a.Culprit) && !a.Pardoned {
		usual := d.Trial
		d.Trial = trial.State{Recent: usual.Recent, Slowly: usual.Slowly, Seen: usual.Seen}
		d.Trial.Errors.Usual = usual.Errors.Usual
		for b := range d.Trial.Slow {
			d.Trial.Slow[b].Usual = usual.Slow[b].Usual
		}
		d.Stands = standing{}
		d.Step, d.Recent, d.Filled = [2]counted{}, [2][2]counted{}, 0
		*a = alone{Pardoned: true}
		return
	}
	if !d.Stands.Against || a.Pardoned {
		return
	}
	if _, heard := a.Each[a.Culprit]; a.Culprit != "" && !heard {
		return // it may be gone; the next scrapes tell
	}
	switch d.Stands.Worst {
	case trial.Errors, trial.ErrorLimit, trial.Latency, trial.SlowLimit:
	case trial.Memory, trial.Share, trial.Checks:
		return
	}
	if who, yes := a.suspect(o, d.Stands.Worst, d.Recent[0][1].plus(d.Recent[1][1], 1)); yes {
		a.Culprit = who
		a.Scrapes++
		return
	}
	a.Culprit = ""
}

// bearing reports whether the canary is held for one pod alone, and names it.
func (d *docket) bearing() (pod string, yes bool) {
	a := d.Alone
	return podOf(a.Culprit), a.Culprit != "" && a.Scrapes <= lenient
}

// podOf is how people call a target: by the last of what tells it apart.
func podOf(target string) string {
	parts := strings.FieldsFunc(target, func(r rune) bool { return r == '/' })
	if len(parts) == 0 {
		return target
	}
	return parts[len(parts)-1]
}

// did is what each of the canary's pods did in a scrape. A proxy is no pod: its being the worst says nothing of nodes.
func (d *docket) did(c rollout.Case, canary []string, from, end time.Time) map[string]counted {
	of := func(r rollout.Reading, target string) rollout.Reading {
		var one rollout.Reading
		for _, s := range r.Series {
			if s.Target == target {
				one.Series = append(one.Series, s)
			}
		}
		return one
	}
	all := make(map[string]counted, len(canary))
	r := c.Raw.Canary
	for _, t := range canary {
		if proxied(c, t) {
			continue
		}
		one := c
		one.Raw.Canary = rollout.Read{Requests: of(r.Requests, t), Errors: of(r.Errors, t), Success: of(r.Success, t), Latency: of(r.Latency, t)}
		all[t] = d.total(one, 0, from, end)
	}
	return all
}
