package report

import (
	"math"

	"canarybot.io/cmd/judgebench/world"
)

// healthy are the families in which the new version is as good as stable, and something else happens.
func healthy() []Family {
	of := func(name string, draw func(c world.Chance, d *Drawn)) Family {
		return Family{Name: name, Kind: Healthy, draw: draw}
	}
	all := []Family{
		of("calm", func(world.Chance, *Drawn) {}),
		of("thin traffic", thin),
		of("near its limit", nearLimit),
	}
	for _, s := range disturbances() {
		all = append(all, of(s.name, s.add))
	}
	return append(all, of("several at once", func(c world.Chance, d *Drawn) {
		s := disturbances()
		for _, i := range c.Perm(len(s))[:2+c.IntN(2)] {
			s[i].add(c, d)
		}
	}))
}

// disturbance is something that happens to both versions, or to any pod, or to young ones.
type disturbance struct {
	name string
	add  func(c world.Chance, d *Drawn)
}

func disturbances() []disturbance {
	return []disturbance{
		{"shared errors, with lag", sharedErrors},
		{"shared slowness, with lag", sharedSlowness},
		{"errors while stable has no traffic", blipAlone},
		{"retries", retries},
		{"bursts of single pods", podBursts},
		{"cold starts", coldStarts},
		{"compiled in stages", compiled},
		{"lazy caches", lazyCaches},
		{"ramp of connections", ramp},
		{"noisy neighbours", neighbours},
		{"slow nodes", slowNodes},
		{"sticky sessions", sticky},
		{"crawlers", crawlers},
		{"churn", churn},
		{"autoscaling", autoscaling},
		{"restarts", restarts},
		{"memory to a plateau", plateau},
		{"memory in sawtooths", sawtooth},
		{"one proxy for all pods", proxy},
		{"requests in flight", inFlight},
		{"deduplicated replicas", replicas},
	}
}

func thin(c world.Chance, d *Drawn) { d.World.Rate = c.LogBetween(0.2, 12) }

func nearLimit(c world.Chance, d *Drawn) {
	d.World.Errors = c.LogBetween(0.003, 0.12)
	d.World.ErrorLimit = d.World.Errors / c.Between(0.5, 0.9)
}

func sharedErrors(c world.Chance, d *Drawn) {
	all := spells(c, c.Between(1, 6), [2]float64{8, 300}, [2]float64{0.01, 0.4})
	d.add(trouble(all, c.Between(-2, 2)*d.World.Interval, failing))
}

func sharedSlowness(c world.Chance, d *Drawn) {
	all := spells(c, c.Between(1, 6), [2]float64{10, 400}, [2]float64{1.2, 5})
	d.add(trouble(all, c.Between(-2, 2)*d.World.Interval, slowing))
}

// blipAlone is trouble of both versions while only one of them has requests that could show it.
func blipAlone(c world.Chance, d *Drawn) {
	all := spells(c, c.Between(4, 12), [2]float64{10, 75}, [2]float64{0.01, 0.25})
	d.World.Steps = []world.Step{{Weight: 0.08, Bake: 420}, {Weight: 0.4, Bake: 420}, {Weight: 1, Bake: 840}}
	d.add(func(p world.Pod, t float64, b *world.Behaviour) {
		if p.Weight > 0.999 {
			fails(b, in(all, t))
		}
	})
}

// retries is a dependency's trouble that makes clients ask again.
func retries(c world.Chance, d *Drawn) {
	all, lag, tries := spells(c, c.Between(1, 4), [2]float64{15, 240}, [2]float64{0.02, 0.5}), c.Between(-1, 1)*d.World.Interval, c.Between(1, 3)
	d.add(trouble(all, lag, func(b *world.Behaviour, size float64) {
		fails(b, size)
		b.Traffic *= 1 + tries*size
	}))
}

func podBursts(c world.Chance, d *Drawn) {
	often, strong := c.LogBetween(0.2, 3), c.LogBetween(0.05, 0.6)
	d.add(own(each(c, func(c world.Chance) []spell {
		return spells(c, often, [2]float64{6, 60}, [2]float64{strong / 3, strong})
	}), failing))
}

// coldStarts differ a little from one rollout to the next.
func coldStarts(c world.Chance, d *Drawn) {
	times, errors, tau := c.LogBetween(1.3, 6), c.Between(0, 0.04), c.LogBetween(8, 170)
	d.start(cold(times, errors, tau), cold(1+(times-1)*c.Between(0.7, 1.3), errors*c.Between(0.7, 1.3), tau*c.Between(0.7, 1.3)))
}

func compiled(c world.Chance, d *Drawn) {
	times := []float64{c.Between(2, 4.5), c.Between(1.3, 2), c.Between(1.05, 1.3)}
	until := []float64{c.Between(15, 60), c.Between(90, 300), c.Between(350, 900)}
	other := make([]float64, len(until))
	for i := range until {
		other[i] = until[i] * c.Between(0.75, 1.25)
	}
	d.start(stages(times, until), stages(times, other))
}

func lazyCaches(c world.Chance, d *Drawn) {
	w := d.World
	perPod := w.Rate / float64(w.Pods)
	extra, served := c.LogBetween(0.3, 2.5), perPod*c.LogBetween(40, 400)
	d.start(caches(extra, served, perPod), caches(extra*c.Between(0.7, 1.2), served, perPod))
}

// ramp is a balancer whose connections move to new pods slowly.
func ramp(c world.Chance, d *Drawn) {
	tau, first := c.LogBetween(15, 320), c.Between(0, 0.3)
	d.start([]world.Effect{func(p world.Pod, t float64, b *world.Behaviour) {
		if age := t - p.Born; p.Canary && age < 12*tau {
			b.Traffic *= 1 - (1-first)*math.Exp(-age/tau)
		}
	}}, nil)
}

func neighbours(c world.Chance, d *Drawn) {
	often, slow := c.LogBetween(0.1, 1.2), c.Between(1.5, 4)
	d.add(own(each(c, func(c world.Chance) []spell {
		return spells(c, often, [2]float64{25, 420}, [2]float64{1.2, slow})
	}), slowing))
}

func slowNodes(c world.Chance, d *Drawn) {
	spread, share, times := c.Between(0.03, 0.15), c.Between(0.05, 0.3), c.Between(1.1, 1.8)
	d.World.SlowLimit = max(d.World.SlowLimit, slowLimit(&d.World, 1.1*times)) // its team knows its nodes
	node := each(c, func(c world.Chance) float64 {
		by := math.Exp(spread * c.NormFloat64())
		if c.Float64() < share {
			by *= times
		}
		return by
	})
	d.add(func(p world.Pod, _ float64, b *world.Behaviour) { b.Slower *= node(p) })
}

// sticky is sessions that stay with their pod: a few users have most errors, and some have many requests.
func sticky(c world.Chance, d *Drawn) {
	spread, unequal, turn := c.Between(0.3, 1), c.Between(0.05, 0.4), c.LogBetween(120, 1500)
	type users struct{ busy, errors []float64 }
	of := each(c, func(c world.Chance) (u users) {
		for range int((ended-began)/turn) + 2 {
			u.busy = append(u.busy, math.Exp(unequal*c.NormFloat64()-unequal*unequal/2))
			u.errors = append(u.errors, math.Exp(spread*c.NormFloat64()-spread*spread/2))
		}
		return u
	})
	d.add(func(p world.Pod, t float64, b *world.Behaviour) {
		u, i := of(p), int((t-began)/turn)
		b.Traffic *= u.busy[i]
		b.Errors *= u.errors[i]
	})
}

// crawlers send one pod at a time many requests that are slower than users'.
func crawlers(c world.Chance, d *Drawn) {
	often, slow, fail := c.LogBetween(0.3, 3), c.Between(1, 1.6), c.Between(0, 0.003)
	d.add(own(each(c, func(c world.Chance) []spell {
		return spells(c, often, [2]float64{30, 400}, [2]float64{0.2, 3})
	}), func(b *world.Behaviour, size float64) {
		share := size / (1 + size)
		b.Traffic *= 1 + size
		b.Slower *= 1 + (slow-1)*share
		fails(b, fail*share)
	}))
}

// churn is nodes that are taken away: pods live for a while, and new ones start cold.
func churn(c world.Chance, d *Drawn) {
	lives := c.LogBetween(900, 5400)
	life := each(c, func(c world.Chance) float64 { return lives * c.ExpFloat64() })
	d.World.Replaced = func(p world.Pod, t float64) bool {
		return t > began+100 && t-max(p.Born, began) > life(p)
	}
	coldStarts(c, d)
}

func autoscaling(c world.Chance, d *Drawn) {
	deep, period, phase := c.Between(0.15, 0.5), c.LogBetween(500, 3000), c.Between(0, 2*math.Pi)
	d.World.Pods = max(d.World.Pods, 4)
	d.World.Scale = func(t float64) float64 {
		return 1 + deep*math.Round(3*math.Sin(2*math.Pi*t/period+phase))/3
	}
	d.World.Load = func(t float64) float64 { return 1 + deep*math.Sin(2*math.Pi*t/period+phase+0.3) }
	coldStarts(c, d)
}

// restarts are containers that end and begin again in either version, with a few failed requests.
func restarts(c world.Chance, d *Drawn) {
	often, fail, away := c.LogBetween(0.1, 2), c.Between(0, 0.3), d.World.Interval/6+c.Between(3, 25)
	when := each(c, func(c world.Chance) []spell { return spells(c, often, [2]float64{away, away + 1}, [2]float64{1, 1.01}) })
	d.add(func(p world.Pod, t float64, b *world.Behaviour) {
		for _, s := range when(p) {
			switch after := t - s.to; {
			case t >= s.from && after < 0:
				b.Restart, b.Silent, b.Traffic = true, true, 0
			case after >= 0 && after < 20:
				fails(b, fail)
				b.Slower *= 1.5
			}
		}
	})
}

// plateau is memory that pods fill as they serve, up to a share of the limit.
func plateau(c world.Chance, d *Drawn) {
	w := &d.World
	w.Memory = w.MemoryLimit * c.Between(0.1, 0.4)
	more, tau := w.MemoryLimit*c.Between(0.55, 0.82)-w.Memory, c.LogBetween(120, 1400)
	d.start([]world.Effect{func(p world.Pod, t float64, b *world.Behaviour) {
		b.Memory += more * (1 - math.Exp(-max(0, t-p.Born)/tau))
	}}, nil)
}

func sawtooth(c world.Chance, d *Drawn) {
	w := &d.World
	w.Memory = w.MemoryLimit * c.Between(0.2, 0.5)
	high, period := w.MemoryLimit*c.Between(0.05, 0.3), c.LogBetween(40, 1500)
	phase := each(c, func(c world.Chance) float64 { return c.Float64() })
	d.add(func(p world.Pod, t float64, b *world.Behaviour) {
		_, part := math.Modf(2e3 + t/period + phase(p))
		b.Memory += high * part
	})
}

// proxy is one target for all of a version's pods, which differ behind it.
func proxy(c world.Chance, d *Drawn) {
	d.World.Proxy = true
	switch c.IntN(4) {
	case 0:
		slowNodes(c, d)
	case 1:
		podBursts(c, d)
	case 2:
		neighbours(c, d)
	case 3:
		sticky(c, d)
	}
}

// inFlight is errors as requests minus successes, where a request is counted when it comes and a success when it is over.
func inFlight(c world.Chance, d *Drawn) {
	d.World.Successes, d.World.Takes = true, c.LogBetween(0.3, 12)
}

func replicas(c world.Chance, d *Drawn) {
	d.World.Behind, d.World.Dips, d.World.Lag = c.Between(0, 0.12), c.LogBetween(0.002, 0.05), c.Between(0.5, 8)
}

// add adds what happens to the world.
func (d *Drawn) add(e ...world.Effect) { d.World.Effects = append(d.World.Effects, e...) }

// start adds how pods start, and how they did in the rollout before.
func (d *Drawn) start(now, before []world.Effect) {
	if before == nil {
		before = now
	}
	if d.Earlier == nil {
		d.Earlier = append([]world.Effect{}, d.Starts...)
	}
	d.Starts, d.Earlier = append(d.Starts, now...), append(d.Earlier, before...)
}
