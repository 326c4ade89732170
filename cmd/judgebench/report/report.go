// Package report draws the worlds on which the judge is reported: whole families of services, healthy or with a fault, as
// distributions. The judge was tuned on others (package tuning), and this package shares neither shapes nor parameters
// with them. Nothing here knows how a judge decides.
package report

import (
	"hash/fnv"

	"canarybot.io/cmd/judgebench/world"
	"canarybot.io/rollout"
)

// Family is a kind of world.
type Family struct {
	Name string
	Kind Kind
	// RPS are the requests a second where they are fixed; 0: drawn.
	RPS float64
	// Control rows are of one fault, or of none, at several rates and weights of the last step.
	Control bool
	draw    func(c world.Chance, d *Drawn)
}

// Kind is what a family is there for.
type Kind int

// The kinds.
const (
	Healthy Kind = iota // drawn, nothing is wrong with the new version
	Faulty              // drawn, something is
	Row                 // one fault of a fixed size
	FineRow             // one healthy world of fixed size
)

// Wronged reports whether whoever rolls back the family's canaries wrongs them.
func (k Kind) Wronged() bool { return k == Healthy || k == FineRow }

// Drawn is a world of a family.
type Drawn struct {
	World  world.World
	Starts []world.Effect // what every start of the service is like
	// Earlier is what starts were like in the rollout before; nil: the same.
	Earlier []world.Effect
	// Severe faults fail 2 % of the requests or more, or make them half as slow again.
	Severe bool
}

// Warm is what the service's earlier rollout left.
func (d Drawn) Warm() rollout.JudgeState {
	if d.Earlier != nil {
		return world.Warm(d.World, d.Earlier)
	}
	return world.Warm(d.World, d.Starts)
}

// All are all families, healthy ones first.
func All() []Family {
	return append(append(healthy(), faulty()...), rows()...)
}

// Draw returns the n-th world of the family under a seed.
func (f Family) Draw(seed uint64, n int) Drawn {
	h := fnv.New64a()
	_, _ = h.Write([]byte(f.Name)) // it never fails
	c := world.NewChance(seed, 0xB0A7, h.Sum64(), uint64(f.RPS*1000), uint64(n))
	d := Drawn{World: world.World{Family: f.Name, Seed: c.Uint64(), Healthy: f.Kind.Wronged()}}
	if f.Kind == Row || f.Kind == FineRow {
		plain(f.RPS, &d)
	} else {
		surroundings(c, &d)
	}
	f.draw(c, &d)
	d.World.Effects = append(d.Starts[:len(d.Starts):len(d.Starts)], d.World.Effects...)
	return d
}
