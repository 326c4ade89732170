package trial

import "canarybot.io/rollout/judge/bet"

// blockScrapes is how many scrapes make a block: the lowest use in it is what is left after a garbage collection.
const blockScrapes = 4

// block is the memory of the scrapes since the last block ended.
type block struct {
	Scrapes int     `json:"scrapes,omitempty"` // with a new reading
	Span    int     `json:"span,omitempty"`    // all of them: memory may be read more rarely
	Low     float64 `json:"low,omitempty"`
	Before  float64 `json:"before,omitempty"` // the lowest use in the block before
}

// memory bets against "growth beyond the critical rate is noise", where a block of readings ended. Critical is the rate that
// reaches the limit within an hour. Tails are taken for Gaussian at one and a half times the noise of stable, and no jump
// counts for more than two and a half deviations.
func (s *State) memory(o *Options, in Scrape) {
	switch {
	case o.MemoryNoise <= 0 || in.Age < o.MemoryFrom:
		s.Block = block{} // young pods start again
		return
	}
	b := &s.Block
	if b.Span++; in.Memory <= 0 {
		return
	}
	if b.Scrapes == 0 || in.Memory < b.Low {
		b.Low = in.Memory
	}
	if b.Scrapes++; b.Scrapes < blockScrapes {
		return
	}
	before, low, span := b.Before, b.Low, float64(b.Span)
	*b = block{Before: low}
	if before == 0 {
		return
	}
	critical := max(o.MemoryLimit-low, 0) / 3600 * span * o.Interval
	y := min((low-before-critical)/(1.5*o.MemoryNoise), 2.5)
	var f [bet.Effects]float64
	for j := range f {
		by := [3]float64{0.5, 1, 1.5}[j%3]
		f[j] = by*y - by*by/2
	}
	s.Memory.Step(&f, o.Planned)
}
