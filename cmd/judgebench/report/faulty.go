package report

import (
	"math"

	"canarybot.io/cmd/judgebench/world"
)

// faulty are the families in which the new version is worse. Some of their worlds have a disturbance beside.
func faulty() []Family {
	of := func(name string, draw func(c world.Chance, d *Drawn)) Family {
		return Family{Name: name, Kind: Faulty, draw: func(c world.Chance, d *Drawn) {
			if s := disturbances(); c.Float64() < 0.3 {
				s[c.IntN(len(s))].add(c, d)
			}
			draw(c, d)
		}}
	}
	return []Family{
		of("errors, 2 % and more", func(c world.Chance, d *Drawn) { errs(c, d, c.LogBetween(0.02, 1)) }),
		of("errors, 0.5 % to 2 %", func(c world.Chance, d *Drawn) { errs(c, d, c.LogBetween(0.005, 0.02)) }),
		of("latency, x1.5 and more", func(c world.Chance, d *Drawn) { slow(c, d, c.LogBetween(1.5, 10)) }),
		of("latency, x1.2 to x1.5", func(c world.Chance, d *Drawn) { slow(c, d, c.Between(1.2, 1.5)) }),
		of("some requests take 2 s more", extra),
		of("hangs", hangs),
		of("errors creep", creeping),
		of("errors come and go", intermittent),
		of("one pod of several", onePod),
		of("one endpoint of many", endpoint),
		of("only from some weight on", underLoad),
		of("crashes", crashes),
		of("a leak", leak),
		of("pods and series gone", gone),
	}
}

// onset draws when a fault begins: in a third of the rollouts at once, else at any time but the last tenth.
func onset(c world.Chance, d *Drawn) float64 {
	if c.Float64() < 0.35 {
		return 0
	}
	return c.Between(0, 0.9*length(d.World.Steps))
}

// fault adds what is wrong with the new version.
func (d *Drawn) fault(e world.Effect) { d.World.Faults = append(d.World.Faults, e) }

func errs(c world.Chance, d *Drawn, share float64) {
	d.Severe = share >= 0.02
	d.fault(since(onset(c, d), func(_ world.Pod, _ float64, b *world.Behaviour) { fails(b, share) }))
}

func slow(c world.Chance, d *Drawn, times float64) {
	d.Severe = times >= 1.5
	d.fault(since(onset(c, d), func(_ world.Pod, _ float64, b *world.Behaviour) { b.Slower *= times }))
}

func extra(c world.Chance, d *Drawn) {
	share := c.LogBetween(0.015, 0.5)
	d.fault(since(onset(c, d), func(_ world.Pod, _ float64, b *world.Behaviour) { b.Extra = share }))
}

func hangs(c world.Chance, d *Drawn) {
	share := c.Between(0.2, 1)
	d.Severe = true
	d.fault(since(onset(c, d), func(_ world.Pod, _ float64, b *world.Behaviour) { b.Hang = share }))
}

func creeping(c world.Chance, d *Drawn) {
	most, takes := c.LogBetween(0.02, 0.3), c.LogBetween(120, 1200)
	d.Severe = true
	d.fault(since(onset(c, d), func(_ world.Pod, t float64, b *world.Behaviour) { fails(b, most*min(1, t/takes)) }))
}

func intermittent(c world.Chance, d *Drawn) {
	share, lasts, every := c.LogBetween(0.1, 0.9), c.LogBetween(8, 60), c.LogBetween(70, 400)
	d.Severe = share*lasts/every >= 0.02
	d.fault(since(onset(c, d), func(_ world.Pod, t float64, b *world.Behaviour) {
		if math.Mod(t, every) < lasts {
			fails(b, share)
		}
	}))
}

// onePod is a fault of one of the new version's pods, of two to five at the first weight.
func onePod(c world.Chance, d *Drawn) {
	least := 2 + c.IntN(4)
	pods := float64(d.World.Pods)
	d.World.Canaries = func(weight float64) int { return max(least, int(math.Ceil(pods*weight))) }
	share, times := c.LogBetween(0.1, 1), c.LogBetween(2.5, 12)
	if c.Float64() < 0.5 {
		share = 0
	} else {
		times = 1
	}
	d.fault(since(onset(c, d), func(p world.Pod, _ float64, b *world.Behaviour) {
		if p.Index == 0 {
			fails(b, share)
			b.Slower *= times
		}
	}))
}

// endpoint is one of 4 to 40 endpoints of which most or all requests fail. Two services of three count by endpoint.
func endpoint(c world.Chance, d *Drawn) {
	shares := make([]float64, 4+c.IntN(37))
	sum := 0.0
	for i := range shares {
		shares[i] = math.Exp(c.NormFloat64())
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	broken := c.Between(0.5, 1)
	if c.Float64() < 0.35 {
		errs(c, d, shares[0]*broken)
		return
	}
	d.World.Endpoints, d.Severe = shares, shares[0]*broken >= 0.02
	d.fault(since(onset(c, d), func(_ world.Pod, _ float64, b *world.Behaviour) { b.Broken = broken }))
}

// underLoad is a fault that only a part of the traffic brings out.
func underLoad(c world.Chance, d *Drawn) {
	steps := d.World.Steps
	from := steps[1+c.IntN(len(steps)-1)].Weight
	share, times := c.LogBetween(0.02, 0.5), c.LogBetween(1.5, 5)
	if c.Float64() < 0.4 {
		share = 0
	} else {
		times = 1
	}
	d.Severe = true
	d.fault(since(0, func(p world.Pod, _ float64, b *world.Behaviour) {
		if p.Weight >= from {
			fails(b, share)
			b.Slower *= times
		}
	}))
}

// crashes are pods that end again and again, each at its own moment.
func crashes(c world.Chance, d *Drawn) {
	every, away, fail := c.LogBetween(50, 300), d.World.Interval/6+c.Between(2, 20), c.Between(0, 0.3)
	phase := each(c, func(c world.Chance) float64 { return c.Float64() })
	d.fault(since(onset(c, d), func(p world.Pod, t float64, b *world.Behaviour) {
		switch at := math.Mod(t+every*phase(p), every+away); {
		case at >= every:
			b.Restart, b.Silent, b.Traffic = true, true, 0
		case at < 20:
			fails(b, fail)
		}
	}))
}

// leak is memory that reaches its limit in 4 to 40 minutes.
func leak(c world.Chance, d *Drawn) {
	w := &d.World
	rate := (w.MemoryLimit - w.Memory) / c.LogBetween(240, 2400)
	d.fault(since(onset(c, d), func(_ world.Pod, t float64, b *world.Behaviour) { b.Memory = min(b.Memory+rate*t, 1.02*w.MemoryLimit) }))
}

func gone(c world.Chance, d *Drawn) {
	d.Severe = true
	d.fault(since(onset(c, d), func(_ world.Pod, _ float64, b *world.Behaviour) { b.Silent = true }))
}
