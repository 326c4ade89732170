package judge_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// The tests in this file are of whose requests reach the canary.

// crowd is the traffic of a service in one scrape.
type crowd struct {
	weight  int     // of the canary
	users   float64 // their requests, to both arms
	reached float64 // the part of the canary's share that it gets
	probes  int     // of each pod, sent each ten seconds
	pods    int     // of the canary: 1 or 2; stable has 4
	lumps   float64 // by how many times the users' requests vary from scrape to scrape
	even    bool    // users send as many in each scrape
	slowly  float64 // how many scrapes open connections take to move to the canary
	until   int     // the scrape in which the canary's traffic ends; 0: never
}

// fleet is the service that has such traffic.
func (c crowd) fleet(seed uint64) *fleet {
	rng := rand.New(rand.NewPCG(seed, 2))
	return newFleet(seed, before+after, before, func(canary bool, pod, scrape int) does {
		d := change(func(d *does) { d.requests, d.errors, d.probes = c.users*float64(100-c.weight)/100/4, 0, c.probes })
		if canary {
			d.requests = c.users * float64(c.weight) / 100 * c.reached / float64(c.pods)
			d.gone = pod >= c.pods
		}
		if canary && (scrape < 0 || c.until > 0 && scrape >= c.until) {
			d.requests = 0
		}
		if canary && c.slowly > 0 {
			d.requests *= 1 - math.Exp(-float64(max(0, scrape))/c.slowly)
		}
		if c.lumps > 0 {
			d.requests *= (1 + c.lumps*rng.ExpFloat64()) / (1 + c.lumps)
		}
		if c.even {
			d.probes, d.requests = d.probes+int(d.requests*10/15), 0
		}
		return d
	})
}

// No canary passes because of its probes alone, and none that users reach is held for long.
func TestWhoseRequests(t *testing.T) {
	t.Parallel()
	without := func(c *rollout.Case) { c.Spec.Judging.NoShare = true }
	for name, tt := range map[string]struct {
		crowd
		edit func(*rollout.Case)
		why  []rollout.Why // it does not pass, for one of these reasons; none: it does
	}{
		"users":                             {crowd{weight: 5, users: 1500, reached: 1, pods: 1}, nil, nil},
		"users and probes":                  {crowd{weight: 5, users: 1500, reached: 1, probes: 2, pods: 1}, nil, nil},
		"few users":                         {crowd{weight: 33, users: 15, reached: 1, pods: 2}, nil, nil},
		"few users and probes":              {crowd{weight: 33, users: 30, reached: 1, probes: 2, pods: 1}, nil, nil},
		"stable is mostly probed":           {crowd{weight: 50, users: 20, reached: 1, probes: 4, pods: 1}, nil, nil},
		"users in lumps":                    {crowd{weight: 5, users: 1500, reached: 1, probes: 2, pods: 1, lumps: 3}, nil, nil},
		"few users in lumps":                {crowd{weight: 10, users: 60, reached: 1, probes: 2, pods: 1, lumps: 3}, nil, nil},
		"most of its share":                 {crowd{weight: 5, users: 1500, reached: 0.7, probes: 2, pods: 1}, nil, nil},
		"everybody":                         {crowd{weight: 100, users: 1500, reached: 1, probes: 2, pods: 2}, nil, nil},
		"everybody, few":                    {crowd{weight: 100, users: 15, reached: 1, probes: 2, pods: 2}, nil, nil},
		"many users, evenly":                {crowd{weight: 50, users: 1500, reached: 1, probes: 2, pods: 1, even: true}, nil, nil},
		"a canary per pod of stable":        {crowd{weight: 33, users: 600, reached: 1, probes: 2, pods: 2}, nil, nil},
		"probes beside thousands":           {crowd{weight: 5, users: 3000, probes: 2, pods: 1}, nil, []rollout.Why{rollout.WhyNoShare}},
		"probes beside a hundred":           {crowd{weight: 5, users: 100, probes: 2, pods: 1}, nil, []rollout.Why{rollout.WhyProbes, rollout.WhyLittleShare}},
		"probes beside a few":               {crowd{weight: 5, users: 20, probes: 2, pods: 1}, nil, []rollout.Why{rollout.WhyProbes}},
		"probes of two pods":                {crowd{weight: 10, users: 100, probes: 2, pods: 2}, nil, []rollout.Why{rollout.WhyProbes}},
		"one probe, often":                  {crowd{weight: 5, users: 20, probes: 5, pods: 1}, nil, []rollout.Why{rollout.WhyProbes}},
		"probes where everybody should be":  {crowd{weight: 100, users: 100, probes: 2, pods: 2}, nil, []rollout.Why{rollout.WhyProbes}},
		"probes and hardly a user":          {crowd{weight: 5, users: 5, reached: 1, probes: 2, pods: 1}, nil, []rollout.Why{rollout.WhyProbes}},
		"nobody, where that is not asked":   {crowd{weight: 5, users: 100, probes: 2, pods: 1}, without, nil},
		"connections that move in a minute": {crowd{weight: 5, users: 1500, reached: 1, probes: 2, pods: 1, slowly: 4}, nil, nil},
		"connections that move in four":     {crowd{weight: 5, users: 1500, reached: 1, probes: 2, pods: 1, slowly: 16}, nil, nil},
		"the same, at half":                 {crowd{weight: 50, users: 1500, reached: 1, pods: 2, slowly: 16}, nil, nil},
		"users who stay away later":         {crowd{weight: 5, users: 1500, reached: 1, probes: 2, pods: 1, until: 20}, nil, []rollout.Why{rollout.WhyNoShare}},
		"nobody at all":                     {crowd{weight: 5, users: 1500, pods: 1}, nil, []rollout.Why{rollout.WhyNoShare}},
		"a quarter of its share":            {crowd{weight: 5, users: 2000, reached: 0.25, probes: 2, pods: 1}, nil, []rollout.Why{rollout.WhyNoShare, rollout.WhyLittleShare}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				c := signalCase()
				c.Spec.Plan.Steps[0].Weight = rollout.Weight(tt.weight)
				c.Spec.Checks = c.Spec.Checks[:1]
				if tt.edit != nil {
					tt.edit(&c)
				}
				held, v := tt.fleet(100 + seed).held(c)
				worst, _ := v.Worst()
				if passes := len(tt.why) == 0; v.Result == rollout.Pass != passes || !passes && !slices.Contains(tt.why, worst.Why) {
					t.Errorf("seed %d: %s because of %q, want %q: %+v", seed, v.Result, worst.Why, tt.why, v.Evidence[0].Compared)
				}
				if most := 3 + int(tt.slowly*1.2); len(tt.why) == 0 && held > most {
					t.Errorf("seed %d: held for %d scrapes", seed, held)
				}
			}
		})
	}
}

// held judges forty scrapes, and returns for how many of them the canary was held because of its traffic, and the last
// verdict.
func (f *fleet) held(c rollout.Case) (scrapes int, v rollout.Verdict) {
	var state rollout.JudgeState
	for n := range 40 {
		v, state = judgeScrape(f, c, state, n)
		if worst, _ := v.Worst(); worst.Why == rollout.WhyLittleShare || worst.Why == rollout.WhyProbes {
			scrapes++
		}
		if v.Result == rollout.Fail {
			break
		}
	}
	return scrapes, v
}

// Checks that are compared with their limits are held as well, where requests of both sides were counted.
func TestLimitsAskForTheShare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		weight         rollout.Weight
		canary, stable float64
		edit           func(*rollout.Case)
		want           rollout.Why
	}{
		"its share":                  {5, 500, 9500, nil, rollout.WhyNone},
		"half of it":                 {5, 250, 9750, nil, rollout.WhyNone},
		"probes beside thousands":    {5, 60, 20000, nil, rollout.WhyLittleShare},
		"too few to tell":            {5, 60, 500, nil, rollout.WhyNone},
		"everybody":                  {100, 60, 20000, nil, rollout.WhyNone},
		"nothing of stable":          {5, 60, 0, nil, rollout.WhyNone},
		"where it is not asked":      {5, 60, 20000, func(c *rollout.Case) { c.Spec.Judging.NoShare = true }, rollout.WhyNone},
		"where the weight is adrift": {5, 60, 20000, func(c *rollout.Case) { c.Adrift = true }, rollout.WhyNone},
		"too few to pass":            {5, 40, 20000, nil, rollout.WhyTooFewRequests},
	} {
		c := signalCase()
		c.Spec.Checks = []rollout.Check{errorRate()}
		c.Spec.Plan.Steps[0].Weight, c.Now = tt.weight, at(1)
		one := value("error_rate", 1, 0.001, tt.canary)
		one.StableRequests = &tt.stable
		c.Samples = []rollout.Sample{one}
		if tt.edit != nil {
			tt.edit(&c)
		}
		for range 2 { // the second time by what is stored
			var v rollout.Verdict
			v, c.State = judge.Judge{}.Judge(c)
			e := v.Evidence[0]
			if e.Why != tt.want || (e.Share != nil) != (tt.want == rollout.WhyLittleShare) || e.Share != nil && e.Share.Asked != 0.05 {
				t.Errorf("%s: %s because of %q, %+v, want %q", name, e.Result, e.Why, e.Share, tt.want)
			}
			c.Samples = nil
		}
	}
}
