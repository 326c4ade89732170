package report

import (
	"math"

	"canarybot.io/cmd/judgebench/world"
)

// spell is a while in which something is the case.
type spell struct{ from, to, size float64 }

// The time that is drawn: all of stable's past, and the hour after which a rollout is held for ever.
const (
	began = -1000.0
	ended = 3700.0
)

// spells draws when something that comes a number of times an hour is the case. Its sizes are drawn evenly in the
// logarithm.
func spells(c world.Chance, anHour float64, lasts, sizes [2]float64) (all []spell) {
	for t := began + 3600/anHour*c.ExpFloat64(); t < ended; t += 3600 / anHour * c.ExpFloat64() {
		all = append(all, spell{t, t + c.LogBetween(lasts[0], lasts[1]), c.LogBetween(sizes[0], sizes[1])})
	}
	return all
}

// in is the size of what is the case at a moment; 0: nothing.
func in(all []spell, t float64) (size float64) {
	for _, s := range all {
		if s.from > t {
			break
		}
		if t < s.to {
			size = max(size, s.size)
		}
	}
	return size
}

// each gives every pod its own draw, by nothing but the pod.
func each[T any](c world.Chance, draw func(c world.Chance) T) func(p world.Pod) T {
	seed, known := c.Uint64(), map[[2]int]T{}
	return func(p world.Pod) T {
		key := [2]int{p.Index, 0}
		if p.Canary {
			key[1] = 1
		}
		v, ok := known[key]
		if !ok {
			v = draw(world.NewChance(seed, uint64(key[0]), uint64(key[1])))
			known[key] = v
		}
		return v
	}
}

// fails makes more requests fail: a share of those that did not.
func fails(b *world.Behaviour, share float64) { b.Errors += (1 - b.Errors) * share }

// cold is how pods start: so many times as slow, with such a share of errors, and both pass with this time constant.
func cold(times, errors, tau float64) []world.Effect {
	return []world.Effect{func(p world.Pod, t float64, b *world.Behaviour) {
		age := t - p.Born
		if age > 12*tau {
			return
		}
		left := math.Exp(-age / tau)
		b.Slower *= 1 + (times-1)*left
		fails(b, errors*left)
	}}
}

// stages is how code that is compiled while it runs starts: it gets faster in steps, of which each takes longer.
func stages(times []float64, until []float64) []world.Effect {
	return []world.Effect{func(p world.Pod, t float64, b *world.Behaviour) {
		age := t - p.Born
		for i, end := range until {
			if age < end {
				b.Slower *= times[i]
				return
			}
		}
	}}
}

// caches is how pods start that read on demand: the more they served, the less they have to fetch.
func caches(extra, served, perPod float64) []world.Effect {
	return []world.Effect{func(p world.Pod, t float64, b *world.Behaviour) {
		got := max(0, t-p.Born) * perPod
		if got < 12*served {
			b.Slower *= 1 + extra*math.Exp(-got/served)
		}
	}}
}

// trouble is a dependency that fails or is slow for a while. It reaches the new version so many seconds later.
func trouble(all []spell, lag float64, change func(b *world.Behaviour, size float64)) world.Effect {
	return func(p world.Pod, t float64, b *world.Behaviour) {
		if p.Canary {
			t -= lag
		}
		if size := in(all, t); size > 0 {
			change(b, size)
		}
	}
}

// own is what single pods have now and then, each for itself.
func own(spellsOf func(p world.Pod) []spell, change func(b *world.Behaviour, size float64)) world.Effect {
	return func(p world.Pod, t float64, b *world.Behaviour) {
		if size := in(spellsOf(p), t); size > 0 {
			change(b, size)
		}
	}
}

func failing(b *world.Behaviour, size float64) { fails(b, size) }

func slowing(b *world.Behaviour, size float64) { b.Slower *= size }

// since makes a fault begin at a moment.
func since(onset float64, e world.Effect) world.Effect {
	return func(p world.Pod, t float64, b *world.Behaviour) {
		if p.Canary && t >= onset {
			e(p, t-onset, b)
		}
	}
}
