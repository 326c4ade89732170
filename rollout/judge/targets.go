package judge

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// targets is the part of the state that knows the canary's targets: how old they are, and how pods of this version
// start.
type targets struct {
	Born    map[string]time.Time `json:"born,omitempty"`    // first sample, by key
	Starts  trial.Starts         `json:"starting,omitzero"` // for the rollouts to come
	Learned []string             `json:"met,omitempty"`     // keys of the pods that are in Starts
}

// key is a target's name, short enough to be stored for many.
func key(target string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(target)) // a hash takes everything
	return strconv.FormatUint(h.Sum64(), 36)
}

func (t *targets) born(target string) (at time.Time, ok bool) {
	at, ok = t.Born[key(target)]
	return at, ok
}

// update notes the canary's targets that are new. Targets that reported only before the weight are another rollout's.
func (t *targets) update(w *window, end time.Time) {
	for _, s := range w.arms[canaryArm].reports {
		current := func(p rollout.Point) bool { return p.At.After(w.since) && !p.At.After(end) }
		if !slices.ContainsFunc(s.Points, current) {
			continue
		}
		for _, p := range s.Points {
			if at, known := t.born(s.Target); p.At.After(end) || known && !p.At.Before(at) {
				continue
			}
			if t.Born == nil {
				t.Born = map[string]time.Time{}
			}
			t.Born[key(s.Target)] = p.At
		}
	}
}

// ages are those of targets at a time, in seconds. Of the pods behind a proxy nothing is known but that they got this
// weight.
func (t *targets) ages(w *window, targets []string, at time.Time) []float64 {
	all := make([]float64, len(targets))
	for i, target := range targets {
		born, _ := t.born(target)
		if all[i] = at.Sub(born).Seconds(); w.proxied(target) {
			all[i] = min(all[i], at.Sub(w.since).Seconds())
		}
	}
	return all
}

// learn notes how the canary's pods start, for the rollouts to come. Behind a proxy pods cannot be told apart: there all
// that the canary did counts as one pod that started with its weight.
func (t *targets) learn(sc *scrape, did [2]tally) {
	half := sc.interval / 2
	stable := did[stableArm].arm(0)
	if len(sc.pods) == 0 {
		t.Starts.Add((sc.to.Sub(sc.since) - half).Seconds(), did[canaryArm].arm(0), stable, sc.first)
	}
	for _, pod := range sc.pods {
		name := key(pod.target)
		first := !slices.Contains(t.Learned, name)
		if first {
			t.Learned = append(t.Learned, name)
		}
		age := (sc.to.Sub(t.Born[name]) - half).Seconds()
		t.Starts.Add(max(age, 0), pod.arm(0), stable, first)
	}
	slices.Sort(t.Learned)
}
