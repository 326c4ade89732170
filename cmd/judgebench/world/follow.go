package world

import "math"

// Look is what an algorithm sees of a rollout: what both versions did since its last look.
type Look struct {
	Canary, Stable Sum
	Weight         float64 // the canary's, 0 to 1
	Step           float64 // seconds since it was set
	Bake           float64 // seconds that the step is to take
	Interval       float64 // seconds since the last look
	Rate           float64 // requests a second that are expected of both versions together
	Steps          int     // of the plan
	// Limits are those of the service's checks: a share, seconds, bytes.
	ErrorLimit, SlowLimit, MemoryLimit float64
}

// Slow are the requests of a version that were slower than the limit.
func (l Look) Slow(of Sum) float64 {
	for i, b := range bounds[:Bounds] {
		if b >= l.SlowLimit {
			return of.Slower[i]
		}
	}
	return 0
}

// Decision is what an algorithm decides at a look.
type Decision int

// The decisions.
const (
	Hold Decision = iota
	Promote
	Rollback
)

// Algorithm judges one rollout.
type Algorithm interface{ Judge(l Look) Decision }

// Follow plays one rollout under algorithms that promote at the same looks: what one of them sees does not depend on the
// others. It looks once an interval.
func Follow(w World, algorithms ...Algorithm) []Outcome {
	f := newFleet(w)
	outs := make([]Outcome, len(algorithms))
	for i := range outs {
		outs[i].Asked = math.Inf(1)
	}
	f.advance(0)
	f.sum(true, 0)
	f.sum(false, 0)
	now := 0.0
	for _, step := range f.Steps {
		f.shift(step.Weight)
		began, promoted := now, false
		for !promoted {
			now += f.Interval
			f.advance(now)
			l := Look{
				Canary: f.sum(true, now), Stable: f.sum(false, now),
				Weight: step.Weight, Step: now - began, Bake: step.Bake, Interval: f.Interval, Rate: f.Rate, Steps: len(f.Steps),
				ErrorLimit: f.ErrorLimit, SlowLimit: f.SlowLimit, MemoryLimit: f.MemoryLimit,
			}
			promoted = f.decide(l, algorithms, outs, now)
			if now > horizon || !anyLeft(outs) {
				f.finish(outs)
				return outs
			}
		}
	}
	for i := range outs {
		if !outs[i].RolledBack {
			outs[i].Completed = now
		}
	}
	f.finish(outs)
	return outs
}

// decide asks everybody who has not rolled back. It reports whether the step is over.
func (f *fleet) decide(l Look, algorithms []Algorithm, outs []Outcome, now float64) (promoted bool) {
	for i, a := range algorithms {
		if outs[i].RolledBack {
			continue
		}
		switch a.Judge(l) {
		case Rollback:
			outs[i].RolledBack, outs[i].After, outs[i].Weight, outs[i].Harmed = true, now-f.onset(), f.weight, f.harmed
		case Promote:
			promoted = true
		case Hold:
		}
	}
	return promoted
}

// finish counts what was harmed under those who never rolled back.
func (f *fleet) finish(outs []Outcome) {
	if !anyLeft(outs) {
		return
	}
	f.rest()
	for i := range outs {
		if !outs[i].RolledBack {
			outs[i].Harmed = f.harmed
		}
	}
}

func anyLeft(outs []Outcome) bool {
	for _, o := range outs {
		if !o.RolledBack {
			return true
		}
	}
	return false
}
