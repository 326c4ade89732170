package judge

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"canarybot.io/rollout/judge/trial"
)

// targets is the part of the state that knows the canary's targets: how old they are, and how pods of this version
// start.
type targets struct {
	Born    map[string]time.Time `json:"born,omitempty"`    // first sample, by key
	Starts  trial.Starts         `json:"starting,omitzero"` // for the rollouts to come
	Learned []string             `json:"met,omitempty"`     // keys of the pods that are in Starts
}

// maxTargets is how many targets are remembered at most.
const maxTargets = 100

// key is a target's name, short enough to be stored for many.
func key(target string) string {
	var buf [keyLength]byte
	return string(appendKey(buf[:0], target))
}

// keyLength is how long a key is at most.
const keyLength = 13

// appendKey appends a target's key: its FNV-1a hash.
func appendKey(to []byte, target string) []byte {
	h := uint64(14695981039346656037)
	for i := range len(target) {
		h = (h ^ uint64(target[i])) * 1099511628211
	}
	return strconv.AppendUint(to, h, 36)
}

func (t *targets) born(target string) (at time.Time, ok bool) {
	if len(t.Born) == 0 {
		return time.Time{}, false
	}
	var buf [keyLength]byte
	at, ok = t.Born[string(appendKey(buf[:0], target))]
	return at, ok
}

// askBack tells the canary's target whether it came back, which stays as it is: one that is noted later was born with its
// first report.
func (t *targets) askBack(one *target) {
	if one.asked {
		return
	}
	born, ok := t.born(one.name)
	one.asked, one.back = true, ok && !one.first.IsZero() && born.Before(one.first)
}

// update notes the canary's targets that are new. Targets that reported only before the weight are another rollout's.
func (t *targets) update(w *window, end time.Time) {
	a := &w.arms[canaryArm]
	own := false // the map is not that of the state before
	for i := range a.targets {
		one := &a.targets[i]
		if !a.reports(one, span{w.since, end}) {
			continue
		}
		at, known := t.born(one.name)
		if known && !one.first.Before(at) || !known && len(t.Born) >= maxTargets && !t.makeRoom(w) {
			continue
		}
		if !own {
			t.Born, own = maps.Clone(t.Born), true
		}
		if t.Born == nil {
			t.Born = map[string]time.Time{}
		}
		t.Born[key(one.name)] = one.first
	}
}

// makeRoom forgets the targets of which nothing is read any more, and reports whether there were any.
func (t *targets) makeRoom(w *window) bool {
	left := make(map[string]time.Time, len(t.Born))
	for _, one := range w.arms[canaryArm].targets {
		if at, ok := t.born(one.name); ok {
			left[key(one.name)] = at
		}
	}
	room := len(left) < len(t.Born)
	if room {
		t.Born = left
		t.Learned = slices.DeleteFunc(slices.Clone(t.Learned), func(k string) bool { _, ok := left[k]; return !ok })
	}
	return room
}

// ages are those of targets at a time, in seconds. Of the pods behind a proxy nothing is known but that they got this
// weight, and of those that are too many to be remembered no more.
func (t *targets) ages(w *window, targets []string, at time.Time) []float64 {
	all := make([]float64, len(targets))
	weight := at.Sub(w.since).Seconds()
	for i, target := range targets {
		born, ok := t.born(target)
		if all[i] = at.Sub(born).Seconds(); !ok || w.proxied(target) {
			all[i] = min(all[i], weight)
		}
		all[i] = max(0, all[i])
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
		born, ok := t.born(pod.target)
		if !ok {
			continue
		}
		age := (sc.to.Sub(born) - half).Seconds()
		t.Starts.Add(max(age, 0), pod.arm(0), stable, t.meet(pod.target))
	}
}

// meet notes that a pod is in Starts, and reports whether it is new there.
func (t *targets) meet(target string) bool {
	var buf [keyLength]byte
	name, at := appendKey(buf[:0], target), 0
	for at < len(t.Learned) && t.Learned[at] < string(name) { // a comparison makes no string
		at++
	}
	met := at < len(t.Learned) && t.Learned[at] == string(name)
	if !met {
		t.Learned = slices.Insert(slices.Clone(t.Learned), at, string(name))
	}
	return !met
}
