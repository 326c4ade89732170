package report

import (
	"math"

	"canarybot.io/cmd/judgebench/world"
)

// surroundings draws a service, how it is scraped, and its plan: what every drawn world begins with.
func surroundings(c world.Chance, d *Drawn) {
	w := &d.World
	w.Rate = c.LogBetween(20, 5000)
	if c.Float64() < 0.15 {
		w.Rate = c.LogBetween(0.2, 20)
	}
	w.Pods = int(math.Round(math.Exp(math.Log(100) * math.Pow(c.Float64(), 1.7))))
	w.Interval = pick(c, 5, 10, 10, 15, 15, 15, 15, 30, 30, 60)
	w.Jitter = w.Interval * c.Between(0.002, 0.08)
	w.Loss = c.LogBetween(0.0003, 0.02)
	w.Lag = c.Between(0.05, 2.5)
	w.Started = c.Between(2, 45)
	latencies(c, w)
	base(c, w)
	w.Steps = plan(c)
	w.InFlight, w.Restarts = c.Float64() < 0.6, c.Float64() < 0.8 // not everybody has these
	w.Load = load(c)
	w.Memory = c.LogBetween(60<<20, 3<<30)
	w.MemoryLimit = w.Memory * c.Between(1.35, 3)
}

// latencies draws how fast the service is, and what its team calls slow.
func latencies(c world.Chance, w *world.World) {
	w.Median, w.Sigma = c.LogBetween(0.008, 0.35), c.Between(0.45, 1)
	w.SlowLimit = slowLimit(w, 1.2)
}

// slowLimit is the bucket's bound that a service keeps whose requests take so many times as long on a bad day.
func slowLimit(w *world.World, times float64) (bound float64) {
	for i := range world.Bounds {
		if bound = world.Bound(i); slower(bound, times*w.Median, w.Sigma) < 0.005 {
			break
		}
	}
	return bound
}

// base draws which share of requests fails at any time, and the limit that the team wrote.
func base(c world.Chance, w *world.World) {
	switch u := c.Float64(); {
	case u < 0.15:
		w.Errors = 0
	case u < 0.8:
		w.Errors = c.LogBetween(0.00005, 0.004)
	default:
		w.Errors = c.LogBetween(0.004, 0.15)
	}
	w.ErrorLimit = max(0.01, math.Ceil(100*w.Errors*c.Between(1.4, 3))/100)
}

// plan draws the steps of a rollout.
func plan(c world.Chance) []world.Step {
	plans := [...][]world.Step{
		{{Weight: 0.05, Bake: 600}, {Weight: 0.5, Bake: 600}, {Weight: 1, Bake: 600}},
		{{Weight: 0.1, Bake: 450}, {Weight: 0.35, Bake: 450}, {Weight: 1, Bake: 750}},
		{{Weight: 0.02, Bake: 300}, {Weight: 0.1, Bake: 300}, {Weight: 0.4, Bake: 300}, {Weight: 1, Bake: 600}},
		{{Weight: 0.2, Bake: 360}, {Weight: 0.6, Bake: 480}, {Weight: 0.98, Bake: 600}},
		{{Weight: 0.05, Bake: 900}, {Weight: 0.25, Bake: 600}, {Weight: 1, Bake: 480}},
	}
	return plans[c.IntN(len(plans))]
}

// length is how long the steps take if nothing is held.
func length(steps []world.Step) (seconds float64) {
	for _, s := range steps {
		seconds += s.Bake
	}
	return seconds
}

// load draws how traffic changes in an hour: waves, and a slow drift.
func load(c world.Chance) func(t float64) float64 {
	deep, period, phase, drift := c.Between(0, 0.25), c.LogBetween(200, 3000), c.Between(0, 2*math.Pi), c.Between(-0.15, 0.15)
	return func(t float64) float64 {
		return max(0.2, 1+deep*math.Sin(2*math.Pi*t/period+phase)+drift*t/1800)
	}
}

// plain is the service of every fixed row: a quiet one that is scraped well, in its plan of half an hour.
func plain(rps float64, d *Drawn) {
	w := &d.World
	w.Rate, w.Errors, w.Pods = rps, 0.001, 12
	w.Interval, w.Jitter, w.Loss, w.Lag, w.Started = 15, 0.4, 0.002, 0.5, 20
	w.Steps = []world.Step{{Weight: 0.05, Bake: 600}, {Weight: 0.5, Bake: 600}, {Weight: 1, Bake: 600}}
	w.InFlight, w.Restarts = true, true
	d.Starts = cold(1.8, 0.01, 25)
}

// slower is the share of log-normal latencies beyond a bound.
func slower(bound, median, sigma float64) float64 {
	return 0.5 * math.Erfc(math.Log(bound/median)/(sigma*math.Sqrt2))
}

// pick draws one of some values.
func pick(c world.Chance, of ...float64) float64 { return of[c.IntN(len(of))] }
