package world

import (
	"math"
	"slices"
)

const (
	// past is how much of stable's past there is.
	past = 1000.0
	// ticks are the parts of an interval in which pods behave as at its beginning.
	ticks = 6
)

// fleet is the pods of a world as time goes on, and what Prometheus has of them.
type fleet struct {
	World
	now            float64 // simulated up to now
	weight         float64
	stable, canary []*scraped
	gone           [2][]*scraped // pods that ended lately, of stable and of the canary
	made           [2]int        // pods so far, of stable and of the canary
	fronts         []*scraped    // where a proxy reports: the canary's, and stable's
	struck         float64       // when the fault first changed what a pod does; +Inf: not yet
	harmed         float64       // requests that the fault failed or slowed
	planned        float64       // seconds that the plan takes if nothing is held
}

func newFleet(w World) *fleet {
	f := &fleet{World: w.withDefaults(), now: -past, struck: math.Inf(1)}
	for _, s := range f.Steps {
		f.planned += s.Bake
	}
	for range f.Pods {
		f.stable = append(f.stable, f.pod(false, -1e6))
	}
	for _, canary := range []bool{true, false} {
		front := f.target(Pod{Canary: canary, Index: -1, Born: -1e6})
		for i := range front.series {
			front.series[i].Target = "proxy"
		}
		f.fronts = append(f.fronts, front)
	}
	return f
}

// pod returns the next pod of a version.
func (f *fleet) pod(canary bool, born float64) *scraped {
	made := &f.made[side(canary)]
	*made++
	return f.target(Pod{Canary: canary, Index: *made - 1, Born: born})
}

func side(canary bool) int {
	if canary {
		return 1
	}
	return 0
}

// shift gives the canary a weight, with as many pods as it takes.
func (f *fleet) shift(weight float64) {
	f.weight = weight
	f.scale()
}

// scale starts and ends pods until there are as many as it takes now.
func (f *fleet) scale() {
	factor := 1.0
	if f.Scale != nil {
		factor = f.Scale(f.now)
	}
	sized := func(pods []*scraped, canary bool, want int) []*scraped {
		for len(pods) < want {
			pods = append(pods, f.pod(canary, f.now-f.Started))
		}
		f.end(canary, pods[want:])
		return pods[:want]
	}
	f.stable = sized(f.stable, false, max(1, int(math.Round(float64(f.Pods)*factor))))
	if want := len(f.canary); f.weight > 0 {
		want = max(want, f.Canaries(f.weight))
		if f.Scale != nil {
			want = max(1, int(math.Round(float64(f.Canaries(f.weight))*factor)))
		}
		f.canary = sized(f.canary, true, want)
	}
	if f.Replaced == nil {
		return
	}
	for _, pods := range [][]*scraped{f.stable, f.canary} {
		for i, p := range pods {
			if f.Replaced(p.Pod, f.now) {
				f.end(p.Canary, pods[i:i+1])
				pods[i] = f.pod(p.Canary, f.now-f.Started)
			}
		}
	}
}

// end keeps what Prometheus has of pods that are no more.
func (f *fleet) end(canary bool, pods []*scraped) {
	gone := &f.gone[side(canary)]
	*gone = slices.DeleteFunc(append(*gone, pods...), func(p *scraped) bool {
		return len(p.read) == 0 || p.read[len(p.read)-1] < f.now-60*f.Interval
	})
}

// advance simulates up to a moment.
func (f *fleet) advance(to float64) {
	for f.now < to {
		tick := f.Interval / ticks
		if f.now < -60 {
			tick = f.Interval
		}
		if f.Scale != nil || f.Replaced != nil {
			f.scale()
		}
		f.tick(tick)
		f.now += tick
	}
}

// tick simulates the next part of an interval.
func (f *fleet) tick(length float64) {
	all := f.Rate * f.Load(f.now) * length
	left := all
	if f.weight > 0 {
		each := all * f.weight / float64(len(f.canary))
		for _, p := range f.canary {
			b := f.behave(p, each)
			n := each * b.Traffic
			left -= n
			f.serve(p, n, length, b)
			f.scrape(p, length, b)
		}
		f.report(f.fronts[0], f.canary, length)
	}
	each := max(left, 0) / float64(len(f.stable))
	for _, p := range f.stable {
		b := f.behave(p, each)
		f.serve(p, each*b.Traffic, length, b)
		f.scrape(p, length, b)
	}
	f.report(f.fronts[1], f.stable, length)
}

// report scrapes the proxy, which counts what all pods of a version do.
func (f *fleet) report(front *scraped, pods []*scraped, length float64) {
	if !f.Proxy {
		return
	}
	for _, p := range pods {
		f.settle(p)
		front.counted.add(p.counted, p.passed)
		front.counted.memory = p.counted.memory
		p.passed = p.counted
	}
	front.ended = f.late(front)
	f.scrape(front, length, Behaviour{})
}

// behave is what a pod does now, of which so many requests are expected.
func (f *fleet) behave(p *scraped, requests float64) Behaviour {
	b := Behaviour{Errors: f.Errors, Slower: 1, Traffic: 1, Memory: f.World.Memory}
	pod := p.Pod
	pod.Weight, pod.Of = f.weight, len(f.stable)
	if p.Canary {
		pod.Of = len(f.canary)
	}
	for _, e := range f.Effects {
		e(pod, f.now, &b)
	}
	if len(f.Faults) == 0 {
		return b
	}
	fine := b
	for _, e := range f.Faults {
		e(pod, f.now, &b)
	}
	if b != fine {
		f.struck = min(f.struck, f.now)
		f.harm(requests, fine, b)
	}
	return b
}

// harm counts the requests that fail or are too slow, and would not be without the fault, as long as the plan lasts.
func (f *fleet) harm(requests float64, fine, b Behaviour) {
	if f.now > f.planned {
		return
	}
	n := requests * b.Traffic
	switch {
	case b.Silent:
		f.harmed += n
		return
	case b.Memory >= f.MemoryLimit && fine.Memory < f.MemoryLimit: // it is killed, and what it was doing with it
		f.harmed += 0.2 * n
	}
	slow := func(b Behaviour) float64 {
		return b.Extra*beyond(f.SlowLimit-2, f.Median*b.Slower, f.Sigma) + (1-b.Extra)*beyond(f.SlowLimit, f.Median*b.Slower, f.Sigma)
	}
	failed := max(0, min(b.Errors, 1)-fine.Errors)
	if len(f.Endpoints) > 0 {
		failed += b.Broken * f.Endpoints[0]
	}
	f.harmed += n * (b.Hang + (1-b.Hang)*(failed+(1-min(b.Errors, 1))*max(0, slow(b)-slow(fine))))
}
