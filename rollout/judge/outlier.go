package judge

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"canarybot.io/rollout/judge/trial"
)

// A version that is bad is bad in all of its pods. Where only one of several pods is bad, it may be its node: then the
// canary is held for a while, so that the pod can be replaced, and is rolled back if the pod is still there.
const (
	// failingPodScrapes and slowPodScrapes are for how many scrapes a single pod is tolerated that fails requests, and one
	// that is slow: a noisy neighbour goes away by itself. People are asked after half of them.
	failingPodScrapes, slowPodScrapes = 8, 20
	// podDecay is how much of what a pod did is kept from one scrape to the next.
	podDecay = 0.8
	// minOtherRequests is how many recent requests the other pods need to speak for the version.
	minOtherRequests = 20
)

// outlier is the part of the state that looks for a single bad pod.
type outlier struct {
	Recent   map[string]tally `json:"each,omitempty"` // what each pod did lately, by target
	Suspect  string           `json:"culprit,omitempty"`
	Scrapes  int              `json:"scrapes,omitempty"`  // for which it was tolerated
	Patience int              `json:"patience,omitempty"` // for how many it is
	Replaced bool             `json:"pardoned,omitempty"`
}

// newStep begins to watch another weight.
func (o *outlier) newStep() { o.Recent = nil }

// update looks for a pod that alone explains why the evidence rejects the canary. It reports whether the suspect was
// replaced: then its evidence is to be forgotten, once in a rollout. The rollout's budget of errors covers that: there
// is no suspect before the evidence sufficed once, which alone happens to a fine canary no more often than the budget
// allows.
func (o *outlier) update(sc *scrape, e standing, stable tally) (replaced bool) {
	o.add(sc.pods)
	present := sc.window.reporters(canaryArm, sc.last(absentScrapes))
	if o.Suspect != "" && !slices.Contains(present, o.Suspect) && !o.Replaced {
		*o = outlier{Replaced: true}
		return true
	}
	if !e.Rejected || o.Replaced {
		return false
	}
	if _, reports := o.Recent[o.Suspect]; o.Suspect != "" && !reports {
		return false // it may be gone; the next scrapes tell
	}
	switch e.Worst {
	case trial.Errors, trial.ErrorLimit:
		o.Patience = failingPodScrapes
	case trial.Latency, trial.SlowLimit:
		o.Patience = slowPodScrapes
	case trial.Memory, trial.Share, trial.Strata, trial.Hangs, trial.Restarts, trial.ClientErrors, trial.Checks:
		return false
	}
	pod, ok := o.find(badShare(&sc.options, e), stable)
	if o.Suspect = pod; ok {
		o.Scrapes++
	}
	return false
}

// add adds what each pod did in a scrape.
func (o *outlier) add(pods []podTally) {
	recent := make(map[string]tally, len(pods))
	for _, pod := range pods {
		recent[pod.target] = tally{}.plus(o.Recent[pod.target], podDecay).plus(pod.tally, 1).coarse()
	}
	o.Recent = recent
}

// find returns the pod that is worst, where all others together are as stable is, but for chance.
func (o *outlier) find(share func(tally) (bad, all float64), stable tally) (pod string, ok bool) {
	stableBad, stableAll := share(stable)
	if len(o.Recent) < 2 || stableAll <= 0 {
		return "", false
	}
	expected := stableBad / stableAll
	excess := func(pod string) float64 {
		bad, all := share(o.Recent[pod])
		return bad - all*expected
	}
	pods := make([]string, 0, len(o.Recent))
	for pod := range o.Recent {
		pods = append(pods, pod)
	}
	slices.Sort(pods)
	worst := slices.MaxFunc(pods, func(a, b string) int { return cmp.Compare(excess(a), excess(b)) })
	restBad, rest := 0.0, 0.0
	for _, pod := range pods {
		if pod != worst {
			bad, all := share(o.Recent[pod])
			restBad, rest = restBad+bad, rest+all
		}
	}
	e := rest * expected
	if rest < minOtherRequests || restBad > e+2*math.Sqrt(e)+1 {
		return "", false
	}
	return worst, true
}

// badShare returns what counts as bad for the bet that says most, of how many.
func badShare(o *trial.Options, e standing) func(tally) (bad, all float64) {
	bound := o.Slow
	switch e.Worst {
	case trial.Latency:
		bound = e.Bound
	case trial.SlowLimit:
	case trial.Errors, trial.ErrorLimit, trial.Memory, trial.Share, trial.Strata, trial.Hangs, trial.Restarts, trial.ClientErrors, trial.Checks:
		return func(t tally) (float64, float64) { return t.Errors, t.Requests }
	}
	return func(t tally) (float64, float64) { return t.Slow[bound], t.Timed }
}

// held returns the pod that alone is bad, and whether it is still tolerated. The pod is empty where there is none.
func (o *outlier) held() (pod string, tolerated bool) {
	return podName(o.Suspect), o.Suspect != "" && o.Scrapes <= o.Patience
}

// asks reports whether people should be asked about the pod.
func (o *outlier) asks() bool { return 2*o.Scrapes >= o.Patience }

// podName is the last part of a target, which is what people call it.
func podName(target string) string {
	parts := strings.FieldsFunc(target, func(r rune) bool { return r == '/' })
	if len(parts) == 0 {
		return target
	}
	return parts[len(parts)-1]
}
