package world

import (
	"math"
	"testing"

	"canarybot.io/rollout"
)

// The worlds follow the distributions that they claim.
func TestChance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n, p float64 }{{20, 0.3}, {1000, 0.001}, {1000, 0.5}, {15_000, 0.05}, {1500, 0.99}} {
		const draws = 20_000
		sum, square := 0.0, 0.0
		for i := range uint64(draws) {
			x := NewChance(5, i).Binomial(tt.n, tt.p)
			if x < 0 || x > tt.n || x != math.Trunc(x) {
				t.Fatalf("%v of %v coins", x, tt.n)
			}
			sum, square = sum+x, square+x*x
		}
		mean, variance := sum/draws, square/draws-sum*sum/draws/draws
		want, spread := tt.n*tt.p, tt.n*tt.p*(1-tt.p)
		if math.Abs(mean-want) > 5*math.Sqrt(spread/draws) || math.Abs(variance/spread-1) > 0.06 {
			t.Errorf("%v coins of %v: mean %v, variance %v; want %v and %v", tt.n, tt.p, mean, variance, want, spread)
		}
	}
	for _, rate := range []float64{0.7, 15, 1500} {
		const draws = 20_000
		sum := 0.0
		for i := range uint64(draws) {
			sum += NewChance(6, i).Poisson(rate)
		}
		if mean := sum / draws; math.Abs(mean-rate) > 5*math.Sqrt(rate/draws) {
			t.Errorf("rate %v: mean %v", rate, mean)
		}
	}
}

// looks promotes on time, and adds up what it sees.
type looks struct {
	canary, stable Sum
	there          int
}

func (s *looks) Judge(l Look) Decision {
	add := func(to *Sum, more Sum) {
		to.Requests += more.Requests
		to.Errors += more.Errors
		to.Slower[6] += more.Slower[6] // beyond half a second
		to.Memory = max(to.Memory, more.Memory)
	}
	add(&s.canary, l.Canary)
	add(&s.stable, l.Stable)
	if l.Canary.There {
		s.there++
	}
	if l.Step >= l.Bake {
		return Promote
	}
	return Hold
}

// What Prometheus has of a world is what the world does: shares of traffic, of errors, of slow requests.
func TestSamplesSayWhatHappens(t *testing.T) {
	t.Parallel()
	near := func(what string, got, want, give float64) {
		t.Helper()
		if math.Abs(got-want) > give {
			t.Errorf("%s: %v, want %v give or take %v", what, got, want, give)
		}
	}
	half := []Step{{Weight: 0.25, Bake: 3000}}
	fault := func(_ Pod, _ float64, b *Behaviour) { b.Errors, b.Slower = 0.1, 2 }
	onCanary := func(p Pod, tm float64, b *Behaviour) {
		if p.Canary && tm >= 0 {
			fault(p, tm, b)
		}
	}
	for name, w := range map[string]World{
		"pods":        {},
		"one proxy":   {Proxy: true},
		"successes":   {Successes: true},
		"scaled pods": {Scale: func(t float64) float64 { return 1 + 0.3*math.Sin(t/100) }},
		"replaced pods": {Replaced: func(p Pod, t float64) bool {
			return t > 0 && t-p.Born > 700 && p.Born > -1000 || t > 500 && p.Born < -1000
		}},
		"lost scrapes": {Loss: 0.1},
		"late copies":  {Behind: 0.1},
	} {
		w.Rate, w.Errors, w.Steps, w.Faults = 400, 0.01, half, []Effect{onCanary}
		var s looks
		out := Follow(w, &s)[0]
		if out.Completed < 3000 || out.Completed > 3015 {
			t.Errorf("%s: over after %v s", name, out.Completed)
		}
		near(name+": the canary's requests", s.canary.Requests/(s.canary.Requests+s.stable.Requests), 0.25, 0.02)
		near(name+": all requests", s.canary.Requests+s.stable.Requests, 3000*400, 3000*400*0.05)
		near(name+": the canary's errors", s.canary.Errors/s.canary.Requests, 0.1, 0.005)
		near(name+": stable's errors", s.stable.Errors/s.stable.Requests, 0.01, 0.002)
		near(name+": the canary's slow requests", s.canary.Slower[6]/s.canary.Requests, beyond(0.5, 0.12, 0.7), 0.003)
		near(name+": harmed", out.Harmed, 3000*100*(0.09+0.9*(beyond(0.5, 0.12, 0.7)-beyond(0.5, 0.06, 0.7))), 3000*100*0.003)
	}
}

// A counter that is one too low looks like a restart to rate.
func TestDipsAreRestartsToPromQL(t *testing.T) {
	t.Parallel()
	w := World{Dips: 0.02, Steps: []Step{{Weight: 0.5, Bake: 1200}}}
	var s looks
	Follow(w, &s)
	if s.stable.Requests < 1e6 {
		t.Errorf("%v requests: stable's pods have counted a million each", s.stable.Requests)
	}
}

// Effects do what they are named by.
func TestEffects(t *testing.T) {
	t.Parallel()
	see := func(e Effect) (s looks, out Outcome) {
		w := World{Rate: 200, Steps: []Step{{Weight: 0.5, Bake: 900}}, Faults: []Effect{func(p Pod, t float64, b *Behaviour) {
			if p.Canary && t >= 300 {
				e(p, t, b)
			}
		}}}
		out = Follow(w, &s)[0]
		return s, out
	}
	fine, _ := see(func(Pod, float64, *Behaviour) {})
	silent, out := see(func(_ Pod, _ float64, b *Behaviour) { b.Silent = true })
	if silent.there > 22 || out.Harmed < 100*590 {
		t.Errorf("silent from 300 s on: there in %d looks, %v harmed", silent.there, out.Harmed)
	}
	hangs, out := see(func(_ Pod, _ float64, b *Behaviour) { b.Hang = 0.5 })
	if part := hangs.canary.Requests / fine.canary.Requests; part < 0.63 || part > 0.7 || out.Harmed < 100*290 {
		t.Errorf("half of the requests hang in two thirds of the time: %v are counted, %v harmed", part, out.Harmed)
	}
	grown, _ := see(func(_ Pod, _ float64, b *Behaviour) { b.Memory += 100 << 20 })
	if grown.canary.Memory < 290<<20 || grown.stable.Memory > 215<<20 {
		t.Errorf("memory of the canary is %v, of stable %v", grown.canary.Memory, grown.stable.Memory)
	}
}

// A rollback before the fault is one of a healthy canary, and one after it is found when it struck.
func TestOnset(t *testing.T) {
	t.Parallel()
	w := World{Steps: []Step{{Weight: 0.5, Bake: 900}}, Faults: []Effect{func(p Pod, t float64, b *Behaviour) {
		if p.Canary && t >= 300 {
			b.Errors = 1
		}
	}}}
	for _, tt := range []struct {
		at       float64
		low, top float64
	}{{150, math.Inf(-1), -1}, {450, 140, 155}} {
		out := Follow(w, condemn(tt.at))[0]
		if !out.RolledBack || out.After < tt.low || out.After > tt.top {
			t.Errorf("rolled back at %v s, a fault from 300 s on: after %v", tt.at, out.After)
		}
	}
	if out := Run(w, rollout.JudgeState{}, nil); !out.RolledBack || out.After <= 0 || out.After > 120 || out.Harmed <= 0 {
		t.Errorf("every request fails from 300 s on: %+v", out)
	}
}

type condemn float64

func (c condemn) Judge(l Look) Decision {
	if l.Step >= float64(c) {
		return Rollback
	}
	return Hold
}

// What a service counts beside requests is there: requests under way, restarts, requests by endpoint.
func TestSamplesBesides(t *testing.T) {
	t.Parallel()
	w := World{Rate: 300, Errors: 0.01, InFlight: true, Restarts: true, Endpoints: []float64{0.1, 0.6, 0.3}, Steps: []Step{{Weight: 0.5, Bake: 600}}}
	w.Faults = []Effect{func(p Pod, t float64, b *Behaviour) {
		if p.Canary {
			b.Hang, b.Broken = 0.1, 0.5
			b.Restart = t > 300 && t < 310
		}
	}}
	f := newFleet(w)
	f.advance(0)
	f.shift(0.5)
	f.advance(600)
	all := f.readings(true, [2]float64{0, 700}, nil)
	if len(all.Requests.Series) != 9 || len(all.InFlight.Series) != 3 || len(all.Restarts.Series) != 3 {
		t.Fatalf("3 pods have %d series of requests, %d of those under way, %d of restarts", len(all.Requests.Series), len(all.InFlight.Series), len(all.Restarts.Series))
	}
	last := func(s rollout.Series) float64 { return s.Points[len(s.Points)-1].Value }
	if got := last(all.Restarts.Series[0]); got != 1 {
		t.Errorf("%v restarts", got)
	}
	if got := last(all.InFlight.Series[0]); got < 1200 || got > 1700 { // a tenth of 50 a second, for the 290 s since
		t.Errorf("%v requests are under way", got)
	}
	for i, want := range []float64{0.51, 0.01, 0.01} {
		if got := last(all.Errors.Series[i]) / last(all.Requests.Series[i]); math.Abs(got-want) > 0.05 {
			t.Errorf("endpoint %d: %v of the requests fail, want %v", i, got, want)
		}
	}
	busiest := f.answer(rollout.Want{Groups: true}, 600).Groups.Series
	if len(busiest) != 3 || busiest[0].Group != "/1" || busiest[2].Group != "/0" {
		t.Errorf("the busiest endpoints are %+v", busiest)
	}
}
