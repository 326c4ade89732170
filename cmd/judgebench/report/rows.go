package report

import (
	"fmt"
	"math"

	"canarybot.io/cmd/judgebench/world"
)

// Fixed sizes that are promised, by the names of their rows.
const (
	MidStep   = "errors 5 % from minute 6"
	OneOf3    = "30 % errors on one of three pods"
	Hang60    = "hang of 60 %"
	Hang30    = "hang of 30 %"
	OnlyAt98  = "errors 5 % only at weight 98"
	OnlyAt100 = "errors 5 % only at weight 100"
)

// Errors names the row of a share of errors.
func Errors(percent float64) string { return fmt.Sprintf("errors %g %%", percent) }

// Latency names the row of latencies so many times as long.
func Latency(times float64) string { return fmt.Sprintf("latency x%g", times) }

// rows are faults of fixed size in one plain service, so that detection can be compared by size.
func rows() (all []Family) {
	row := func(name string, rps float64, onset float64, e world.Effect) {
		all = append(all, Family{Name: name, Kind: Row, RPS: rps, draw: func(_ world.Chance, d *Drawn) { d.fault(since(onset, e)) }})
	}
	share := func(percent float64) world.Effect {
		return func(_ world.Pod, _ float64, b *world.Behaviour) { fails(b, percent/100) }
	}
	times := func(by float64) world.Effect {
		return func(_ world.Pod, _ float64, b *world.Behaviour) { b.Slower *= by }
	}
	hang := func(share float64) world.Effect {
		return func(_ world.Pod, _ float64, b *world.Behaviour) { b.Hang = share }
	}
	for _, rps := range []float64{1, 20, 100, 1000} {
		all = append(all, Family{Name: "fine", Kind: FineRow, RPS: rps, draw: func(world.Chance, *Drawn) {}})
	}
	for _, percent := range []float64{0.5, 1, 2, 5, 20, 100} {
		row(Errors(percent), 100, 0, share(percent))
	}
	row(Errors(5), 1, 0, share(5))
	row(Errors(20), 1, 0, share(20))
	row(Errors(2), 1000, 0, share(2))
	row(MidStep, 100, 360, share(5))
	for _, by := range []float64{1.2, 1.5, 2, 5} {
		row(Latency(by), 100, 0, times(by))
	}
	row("3 % take 2 s more", 100, 0, func(_ world.Pod, _ float64, b *world.Behaviour) { b.Extra = 0.03 })
	all = append(all, Family{Name: OneOf3, Kind: Row, RPS: 100, draw: oneOfThree})
	all = append(all, Family{Name: "one endpoint of twenty fails", Kind: Row, RPS: 100, draw: oneOfTwenty})
	row(Hang60, 100, 0, hang(0.6))
	row(Hang30, 100, 0, hang(0.3))
	row("leak of 0.25 MiB/s", 100, 0, func(_ world.Pod, t float64, b *world.Behaviour) { b.Memory += t * (1 << 18) })
	row("containers restart each 3 min", 100, 0, func(p world.Pod, t float64, b *world.Behaviour) {
		if math.Mod(t, 180) > 174 {
			b.Restart, b.Traffic = true, 0
		}
	})
	row("pods and series gone", 100, 0, func(_ world.Pod, _ float64, b *world.Behaviour) { b.Silent = true })
	row("pods and series gone from minute 5", 100, 300, func(_ world.Pod, _ float64, b *world.Behaviour) { b.Silent = true })
	row("30 % errors for 15 s each 3 min", 100, 0, func(_ world.Pod, t float64, b *world.Behaviour) {
		if math.Mod(t, 180) < 15 {
			fails(b, 0.3)
		}
	})
	return append(all, controls()...)
}

// oneOfThree has three pods of the canary at the first weight, of which one is bad.
func oneOfThree(_ world.Chance, d *Drawn) {
	d.World.Canaries = func(weight float64) int { return max(3, int(math.Ceil(12*weight))) }
	d.fault(since(0, func(p world.Pod, _ float64, b *world.Behaviour) {
		if p.Index == 0 {
			fails(b, 0.3)
		}
	}))
}

// oneOfTwenty has twenty endpoints, of which one with half a percent of the requests fails.
func oneOfTwenty(_ world.Chance, d *Drawn) {
	d.World.Endpoints = []float64{0.005}
	for range 19 {
		d.World.Endpoints = append(d.World.Endpoints, 0.995/19)
	}
	d.fault(since(0, func(_ world.Pod, _ float64, b *world.Behaviour) { b.Broken = 1 }))
}

// controls show what a share of the traffic that stays on stable is worth in the last step: the same fault, which begins
// there, and the same trouble of both versions.
func controls() (all []Family) {
	last := func(d *Drawn, weight float64) {
		d.World.Steps = []world.Step{{Weight: 0.05, Bake: 300}, {Weight: 0.5, Bake: 300}, {Weight: weight, Bake: 900}}
	}
	for _, weight := range []float64{1, 0.98, 0.95} {
		percent := math.Round(100 * weight)
		name := fmt.Sprintf("errors 5 %% only at weight %g", percent)
		for _, rps := range []float64{20, 100, 1000} {
			all = append(all, Family{Name: name, Kind: Row, RPS: rps, Control: true, draw: func(_ world.Chance, d *Drawn) {
				last(d, weight)
				d.fault(since(0, func(p world.Pod, _ float64, b *world.Behaviour) {
					if p.Weight >= weight {
						fails(b, 0.05)
					}
				}))
			}})
			all = append(all, Family{Name: fmt.Sprintf("both fail 5 %% for 45 s at weight %g", percent), Kind: FineRow, RPS: rps, Control: true, draw: func(c world.Chance, d *Drawn) {
				last(d, weight)
				from := c.Between(650, 1300)
				lag := c.Between(-15, 15)
				d.add(trouble([]spell{{from, from + 45, 0.05}}, lag, failing))
			}})
		}
	}
	return all
}
