// Package tuning draws the worlds on which the judge was tuned. The report is made on others (package report).
package tuning

import (
	"math"

	"canarybot.io/cmd/judgebench/world"
)

// Family is a kind of world.
type Family struct {
	Name   string
	Starts func(c world.Chance) []world.Effect // what every start of the service is like; nil: nothing
	Change func(c world.Chance, w *world.World)
}

// Draw returns a world of the family, and what its starts are like.
func (f Family) Draw(seed uint64) (world.World, []world.Effect) {
	c := world.NewChance(seed, 77)
	w := world.World{Family: f.Name, Seed: seed, Healthy: true, Jitter: 0.3, Loss: 0.005, Started: c.Between(5, 25)}
	w.Pods = 3 + c.IntN(10)
	w.Errors = 0.001
	if c.Float64() < 0.5 { // half of the worlds are not the usual service
		w.Interval = []float64{5, 10, 30, 60}[c.IntN(4)]
		w.Rate = c.LogBetween(10, 2000)
		w.Pods = 1 + c.IntN(40)
		w.Errors = []float64{0, 0.0003, 0.003}[c.IntN(3)]
		w.Jitter, w.Loss = c.Between(0, w.Interval/10), c.Between(0, 0.02)
	}
	var starts []world.Effect
	if f.Starts != nil {
		starts = f.Starts(c)
	}
	w.Effects = append(w.Effects, starts...)
	f.Change(c, &w)
	return w, starts
}

// span is a time.
type span struct{ from, to float64 }

func (s span) has(t float64) bool { return t >= s.from && t < s.to }

// spans are times at random, so many a second in the mean.
func spans(c world.Chance, each, low, high float64) (all []span) {
	for t := -1000 - math.Log(c.Float64())*each; t < 3700; t -= math.Log(c.Float64()) * each {
		all = append(all, span{t, t + c.Between(low, high)})
	}
	return all
}

func within(all []span, t float64) bool {
	for _, s := range all {
		if s.has(t) {
			return true
		}
	}
	return false
}

// bursts hit both versions, the canary by a lag later.
func bursts(c world.Chance, each, share, low, high, lag float64) world.Effect {
	all := spans(c, each, low, high)
	return func(p world.Pod, t float64, b *world.Behaviour) {
		if p.Canary {
			t -= lag
		}
		if within(all, t) {
			b.Errors += share
		}
	}
}

func cold(slower, tau, errors float64) world.Effect {
	return func(p world.Pod, t float64, b *world.Behaviour) {
		age := max(t-p.Born, 0)
		b.Slower *= 1 + (slower-1)*math.Exp(-age/tau)
		b.Errors += errors * math.Exp(-age/tau)
	}
}

// differs has each pod differ, by a factor of its own: fixed for ever, or for a time.
func differs(seed uint64, errors, latency, hold float64) world.Effect {
	return func(p world.Pod, t float64, b *world.Behaviour) {
		side := uint64(p.Index) + 1
		if p.Canary {
			side += 1000
		}
		k := uint64(0)
		if hold > 0 {
			k = uint64((t + 2000) / hold)
		}
		d := world.NewChance(seed, 101, side, k)
		b.Errors *= math.Exp(errors*d.NormFloat64() - errors*errors/2)
		b.Slower *= math.Exp(latency * d.NormFloat64())
	}
}

// canary changes what the canary's pods do from the onset on.
func canary(onset float64, change func(p world.Pod, t float64, b *world.Behaviour)) world.Effect {
	return func(p world.Pod, t float64, b *world.Behaviour) {
		if p.Canary && t >= onset {
			change(p, t, b)
		}
	}
}

// Healthy are the families of versions as good as stable.
func Healthy() []Family {
	plain := func(name string, draw func(c world.Chance, w *world.World)) Family {
		return Family{Name: name, Change: draw}
	}
	starting := func(name string, starts func(c world.Chance) world.Effect, draw func(c world.Chance, w *world.World)) Family {
		return Family{name, func(c world.Chance) []world.Effect { return []world.Effect{starts(c)} }, draw}
	}
	same := func(world.Chance, *world.World) {}
	return []Family{
		plain("fine", func(c world.Chance, w *world.World) { w.Rate = c.LogBetween(5, 1000); w.Pods = 1 + c.IntN(20) }),
		plain("bursts on both", func(c world.Chance, w *world.World) {
			w.Effects = append(w.Effects, bursts(c, 400, c.LogBetween(0.01, 0.15), 10, 60, c.Between(-25, 25)))
		}),
		plain("rare bursts", func(c world.Chance, w *world.World) {
			w.Effects = append(w.Effects, bursts(c, 2500, c.LogBetween(0.03, 0.5), 10, 60, c.Between(-20, 20)))
		}),
		plain("blip without stable", func(c world.Chance, w *world.World) {
			from, share := c.Between(1210, 1750), c.LogBetween(0.02, 0.1)
			s := span{from, from + c.Between(15, 90)}
			w.Effects = append(w.Effects, func(_ world.Pod, t float64, b *world.Behaviour) {
				if s.has(t) {
					b.Errors += share
				}
			})
		}),
		starting("cold start", func(c world.Chance) world.Effect {
			return cold(c.Between(1.5, 3), c.Between(15, 120), c.Between(0, 0.03))
		}, same),
		starting("cold start, much traffic", func(c world.Chance) world.Effect { return cold(c.Between(1.3, 2.5), c.Between(30, 180), 0) },
			func(_ world.Chance, w *world.World) { w.Rate = 1000 }),
		plain("ramp", func(c world.Chance, w *world.World) {
			tau := c.Between(60, 260)
			w.Effects = append(w.Effects, canary(0, func(p world.Pod, t float64, b *world.Behaviour) { b.Traffic *= 1 - math.Exp(-(t-p.Born)/tau) }))
		}),
		plain("neighbour", func(c world.Chance, w *world.World) {
			by, from := c.Between(2, 4), c.Between(40, 500)
			s := span{from, from + c.Between(60, 180)}
			w.Pods = []int{3, 8, 50}[c.IntN(3)]
			w.Effects = append(w.Effects, canary(0, func(p world.Pod, t float64, b *world.Behaviour) {
				if p.Index == 0 && s.has(t) {
					b.Slower *= by
				}
			}))
		}),
		plain("behind a proxy", func(c world.Chance, w *world.World) {
			w.Proxy, w.Loss = true, 0
			w.Effects = append(w.Effects, differs(w.Seed, c.Between(0, 0.6), c.Between(0, 0.12), []float64{0, 60}[c.IntN(2)]))
		}),
		plain("memory plateau", func(c world.Chance, w *world.World) {
			more, tau := c.Between(50, 230)*(1<<20), c.Between(60, 900)
			w.Effects = append(w.Effects, func(p world.Pod, t float64, b *world.Behaviour) {
				b.Memory += more * (1 - math.Exp(-(t-p.Born)/tau))
			})
		}),
		plain("memory sawtooth", func(c world.Chance, w *world.World) {
			more, period := c.Between(50, 200)*(1<<20), c.Between(60, 900)
			w.Effects = append(w.Effects, func(p world.Pod, t float64, b *world.Behaviour) {
				b.Memory += more * math.Mod((t-p.Born)/period, 1)
			})
		}),
		plain("counts successes", func(c world.Chance, w *world.World) { w.Successes, w.Takes = true, c.Between(0, 3) }),
		plain("restarts", func(c world.Chance, w *world.World) {
			seed := w.Seed
			w.Effects = append(w.Effects, func(p world.Pod, t float64, b *world.Behaviour) {
				d := world.NewChance(seed, 909, uint64(p.Index)+1000*uint64(math.Copysign(1, p.Born)+2), uint64((t+2000)/300))
				at := math.Floor((t+2000)/300)*300 - 2000 + d.Between(0, 290)
				if d.Float64() < 0.1 && t >= at && t < at+5 {
					b.Restart = true
				}
			})
		}),
		plain("errors near the limit", func(c world.Chance, w *world.World) { w.Errors = c.Between(0.004, 0.009) }),
		plain("errors of every day", func(c world.Chance, w *world.World) {
			w.Errors = c.Between(0.02, 0.15)
			w.ErrorLimit = w.Errors * c.Between(1.3, 2)
			seed := w.Seed
			w.Effects = append(w.Effects, func(_ world.Pod, t float64, b *world.Behaviour) { // crawlers
				b.Errors *= math.Exp(0.3 * world.NewChance(seed, 11, uint64((t+2000)/120)).NormFloat64())
			})
		}),
		plain("slow nodes", func(c world.Chance, w *world.World) {
			w.Pods = 4 + c.IntN(30)
			w.Effects = append(w.Effects, differs(w.Seed, c.Between(0, 0.8), c.Between(0.02, 0.2), 0))
		}),
		plain("noisy pods", func(c world.Chance, w *world.World) {
			w.Rate = c.LogBetween(50, 1000)
			w.Effects = append(w.Effects, differs(w.Seed, c.Between(0.3, 1), c.Between(0.03, 0.15), c.Between(30, 200)))
		}),
		plain("bursts of pods", func(c world.Chance, w *world.World) {
			share, seed, each := c.LogBetween(0.02, 0.3), w.Seed, c.Between(400, 2500)
			all := map[int][]span{}
			w.Effects = append(w.Effects, func(p world.Pod, t float64, b *world.Behaviour) {
				id := p.Index
				if p.Canary {
					id += 1000
				}
				if all[id] == nil {
					all[id] = spans(world.NewChance(seed, 707, uint64(id)), each, 10, 60)
				}
				if within(all[id], t) {
					b.Errors += share
				}
			})
		}),
		starting("start in stages", func(c world.Chance) world.Effect {
			first, second, low := c.Between(20, 90), c.Between(90, 300), c.Between(1.2, 2.5)
			return func(p world.Pod, t float64, b *world.Behaviour) {
				switch age := t - p.Born; {
				case age < first:
					b.Slower *= low
					b.Errors += 0.005
				case age < second:
					b.Slower *= 1 + (low-1)/2
				}
			}
		}, same),
		plain("retries", func(c world.Chance, w *world.World) { // of one pod's callers: its errors come in bunches
			seed, strength := w.Seed, c.Between(3, 15)
			w.Effects = append(w.Effects, func(p world.Pod, t float64, b *world.Behaviour) {
				id := uint64(p.Index)
				if p.Canary {
					id += 1000
				}
				if world.NewChance(seed, 31, id, uint64((t+2000)/20)).Float64() < 0.05 {
					b.Errors *= strength
				}
			})
		}),
		plain("sessions that stick", func(c world.Chance, w *world.World) { // a few bad clients stay on a pod
			seed, share, hold := w.Seed, c.LogBetween(0.001, 0.01), c.Between(100, 900)
			w.Effects = append(w.Effects, func(p world.Pod, t float64, b *world.Behaviour) {
				id := uint64(p.Index)
				if p.Canary {
					id += 1000
				}
				if d := world.NewChance(seed, 41, id, uint64((t+2000)/hold)); d.Float64() < 0.3 {
					b.Errors += share * d.Float64()
				}
			})
		}),
		plain("churn", func(c world.Chance, w *world.World) { // pods of both sides are slow now and then, as after a move
			seed, by := w.Seed, c.Between(1.2, 2)
			w.Effects = append(w.Effects, func(p world.Pod, t float64, b *world.Behaviour) {
				id := uint64(p.Index)
				if p.Canary {
					id += 1000
				}
				k := uint64((t + 2000) / 600)
				d := world.NewChance(seed, 51, id, k)
				from := -2000 + 600*float64(k) + d.Between(0, 540)
				if d.Float64() < 0.2 && t >= from && t < from+60 {
					b.Slower *= by
				}
			})
		}),
		plain("thin traffic", func(c world.Chance, w *world.World) { w.Rate, w.Errors = c.LogBetween(0.2, 10), c.Between(0, 0.01) }),
		plain("replicas behind", func(c world.Chance, w *world.World) { w.Behind = c.Between(0, 0.3) }),
		plain("load that swings", func(c world.Chance, w *world.World) {
			period, deep := c.Between(120, 1500), c.Between(0.3, 0.9)
			w.Load = func(t float64) float64 { return 1 + deep*math.Sin(2*math.Pi*t/period) }
			w.Effects = append(w.Effects, func(_ world.Pod, t float64, b *world.Behaviour) {
				b.Slower *= 1 + 0.5*deep*max(0, math.Sin(2*math.Pi*t/period))
			})
		}),
	}
}

// Fault is a row: a fault of one strength.
type Fault struct {
	Name   string
	Onset  float64
	Effect func(p world.Pod, t float64, b *world.Behaviour)
	Change func(w *world.World)
}

// Draw returns a world with the fault.
func (f Fault) Draw(seed uint64) world.World {
	w := world.World{Family: f.Name, Seed: seed, Jitter: 0.3, Loss: 0.005, Started: 15, Errors: 0.001, Pods: 6, Onset: f.Onset}
	if f.Change != nil {
		f.Change(&w)
	}
	w.Effects = append(w.Effects, canary(w.Onset, f.Effect))
	return w
}

// Faults are the rows of versions that are worse.
func Faults() []Fault {
	errs := func(share float64) func(world.Pod, float64, *world.Behaviour) {
		return func(_ world.Pod, _ float64, b *world.Behaviour) { b.Errors += share }
	}
	slower := func(by float64) func(world.Pod, float64, *world.Behaviour) {
		return func(_ world.Pod, _ float64, b *world.Behaviour) { b.Slower *= by }
	}
	return []Fault{
		{Name: "errors 1 %", Effect: errs(0.01)}, {Name: "errors 2 %", Effect: errs(0.02)}, {Name: "errors 5 %", Effect: errs(0.05)},
		{Name: "errors 20 %", Effect: errs(0.2)}, {Name: "errors 100 %", Effect: errs(1)},
		{Name: "errors 5 % from minute 7", Onset: 420, Effect: errs(0.05)}, {Name: "errors 2 % from minute 7", Onset: 420, Effect: errs(0.02)},
		{Name: "latency x1.5", Effect: slower(1.5)}, {Name: "latency x2", Effect: slower(2)}, {Name: "latency x5", Effect: slower(5)},
		{Name: "latency x2 from minute 7", Onset: 420, Effect: slower(2)},
		{Name: "30 % on one of three pods", Change: func(w *world.World) { w.Pods = 50 }, Effect: func(p world.Pod, _ float64, b *world.Behaviour) {
			if p.Index == 0 {
				b.Errors += 0.3
			}
		}},
		{Name: "hang 100 %", Effect: func(_ world.Pod, _ float64, b *world.Behaviour) { b.Hang = 1 }},
		{Name: "hang 60 %", Effect: func(_ world.Pod, _ float64, b *world.Behaviour) { b.Hang = 0.6 }},
		{Name: "hang 60 % from minute 7", Onset: 420, Effect: func(_ world.Pod, _ float64, b *world.Behaviour) { b.Hang = 0.6 }},
		{Name: "hang 30 %", Effect: func(_ world.Pod, _ float64, b *world.Behaviour) { b.Hang = 0.3 }},
		{Name: "leak 0.25 MiB/s", Effect: func(p world.Pod, t float64, b *world.Behaviour) { b.Memory += 0.25 * (1 << 20) * (t - p.Born) }},
		{Name: "30 % for 15 s each 3 min", Effect: func(_ world.Pod, t float64, b *world.Behaviour) {
			if math.Mod(t, 180) < 15 {
				b.Errors += 0.3
			}
		}},
		{Name: "5 % at 100 only", Onset: 1200, Effect: func(p world.Pod, _ float64, b *world.Behaviour) {
			if p.Weight > 0.9 {
				b.Errors += 0.05
			}
		}},
		{Name: "x2 at 100 only", Onset: 1200, Effect: func(p world.Pod, _ float64, b *world.Behaviour) {
			if p.Weight > 0.9 {
				b.Slower *= 2
			}
		}},
		{Name: "errors 5 %, 1/s", Change: func(w *world.World) { w.Rate = 1 }, Effect: errs(0.05)},
		{Name: "errors 20 %, 1/s", Change: func(w *world.World) { w.Rate = 1 }, Effect: errs(0.2)},
		{Name: "errors 5 %, 20/s", Change: func(w *world.World) { w.Rate = 20 }, Effect: errs(0.05)},
	}
}
