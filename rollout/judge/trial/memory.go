package trial

import "canarybot.io/rollout/judge/bet"

const (
	// blockScrapes is how many scrapes make a block: the lowest use in it is what is left after a garbage collection.
	blockScrapes = 4
	// lowBlocks is how many blocks show how memory grows: two halves of six minutes, at 15 s a scrape.
	lowBlocks = 13
)

// block is the memory of the scrapes since the last block ended.
type block struct {
	Scrapes int     `json:"scrapes,omitempty"` // with a new reading
	Span    int     `json:"span,omitempty"`    // all of them: memory may be read more rarely
	Low     float64 `json:"low,omitempty"`
	Before  float64 `json:"before,omitempty"` // the lowest use in the block before
	// Lows are the lowest uses of the latest blocks, the newest first, and Took how many scrapes that one had.
	Lows [lowBlocks]float64 `json:"lows,omitzero"`
	Took int                `json:"took,omitempty"`
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
	lows := b.Lows
	copy(lows[1:], b.Lows[:])
	lows[0] = low
	*b = block{Before: low, Lows: lows, Took: b.Span}
	if before == 0 {
		return
	}
	critical := max(o.MemoryLimit-before, 0) / 3600 * span * o.Interval
	y := min((low-before-critical)/(1.5*o.MemoryNoise), 2.5)
	var f [bet.Effects]float64
	for j := range f {
		by := [3]float64{0.5, 1, 1.5}[j%3]
		f[j] = by*y - by*by/2
	}
	s.Memory.Step(&f, o.Planned)
	if s.plateau(o) {
		s.Memory.Lower()
	}
}

// soon is how far ahead growth is acted on, in seconds, and full the share of the limit from which it always is.
const soon, full = 600, 0.85

// growth is by how much memory grew lately, in two halves of so many scrapes each. Scrapes is 0 where too little is known.
func (b *block) growth() (older, newer float64, scrapes int) {
	half := 0
	for half+half+2 < lowBlocks && b.Lows[half+half+2] > 0 {
		half++
	}
	return b.Lows[half] - b.Lows[2*half], b.Lows[0] - b.Lows[half], half * b.Took
}

// slows reports whether growth gets slower from one half to the next.
func slows(older, newer float64) bool { return newer < 0.8*older }

// plateau reports whether memory grows more and more slowly, and ends well below its limit if it goes on like that.
func (s *State) plateau(o *Options) bool {
	older, newer, scrapes := s.Block.growth()
	if scrapes == 0 || !slows(older, newer) {
		return false
	}
	ratio := max(newer, 0) / older
	return s.Block.Lows[0]+max(newer, 0)*ratio/(1-ratio) < full*o.MemoryLimit
}

// distant reports whether memory that grows does not reach its limit soon: not within ten minutes as it grew lately, or
// as it grows more and more slowly. What is near its limit already is not distant.
func (s *State) distant(o *Options) bool {
	now := s.Block.Lows[0]
	if now >= full*o.MemoryLimit {
		return false
	}
	older, newer, scrapes := s.Block.growth()
	return scrapes == 0 || slows(older, newer) || now+newer/(float64(scrapes)*o.Interval)*soon < o.MemoryLimit
}
