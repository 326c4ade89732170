package sign

import (
	"math"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
)

// kept is how many of the newest blocks are remembered.
const kept = 24

// Block is one stretch of time: the median of both sides' values in it.
type Block struct {
	Canary, Stable float64
}

// Options are how two sides are compared.
type Options struct {
	Margin  rollout.Margin
	Planned int     // blocks of the whole rollout
	Share   float64 // the canary's of the traffic, 0 to 1
}

// State is a comparison between two blocks, as it is stored. The zero value is one before its first block.
type State struct {
	Bet    bet.Mixture  `json:"bet,omitzero"`
	Worse  int          `json:"worse,omitempty"`  // blocks in which the canary was worse than the margin allows
	Blocks int          `json:"blocks,omitempty"` // of so many
	Recent [][2]float32 `json:"recent,omitempty"` // the newest blocks: the canary's value and stable's, oldest first
}

// chances are the alternatives: how often the canary is worse than the margin allows. None is near a half: such a bet gains
// little and is slow to forget a difference that is over.
var chances = [bet.Effects]float64{0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 1}

// Comparable reports whether a block can be compared: both values are numbers that can be stored.
func (o *Options) Comparable(b Block) bool {
	const most = 1e30
	fits := func(v float64) bool { return math.Abs(v) <= most } // false for NaN too
	return fits(b.Canary) && fits(b.Stable) && o.Margin.Compares(b.Stable)
}

// Add bets on one more block, which has to be comparable. What the bet is divided by is known before the block is.
func (s *State) Add(o *Options, b Block) {
	overlap := s.overlap(o.Margin)
	next := [2]float32{float32(b.Canary), float32(b.Stable)}
	worse := beyond(o.Margin, next)
	var f [bet.Effects]float64
	for j, p := range chances {
		if !worse {
			p = 1 - p
		}
		f[j] = math.Log(2*p) / overlap
	}
	s.Bet.Step(&f, o.Planned)
	s.Blocks++
	if worse {
		s.Worse++
	}
	s.Recent = append(s.Recent[max(0, len(s.Recent)+1-kept):len(s.Recent):len(s.Recent)], next)
}

// beyond reports whether a block is beyond the margin. Values that differ by rounding alone are equal.
func beyond(m rollout.Margin, b [2]float32) bool {
	const rounding = 1e-5
	c, s := float64(b[0]), float64(b[1])
	return m.Excess(c, s) > rounding*max(math.Abs(c), math.Abs(s))
}

// excess returns by how much each of the newest n blocks is beyond the margin, oldest first.
func (s *State) excess(m rollout.Margin, n int) []float64 {
	recent := s.Recent[max(0, len(s.Recent)-n):]
	all := make([]float64, len(recent))
	for i, b := range recent {
		all[i] = m.Excess(float64(b[0]), float64(b[1]))
	}
	return all
}

// LogOdds is the logarithm of the bet against the canary.
func (s *State) LogOdds() float64 { return s.Bet.Log() }

// Sound reports whether a stored state is one that Add made.
func (s *State) Sound() bool {
	return s.Worse >= 0 && s.Worse <= s.Blocks && len(s.Recent) <= kept && len(s.Recent) <= s.Blocks &&
		s.Bet.Scrapes == s.Blocks && s.Bet.Staked >= 0 && s.Bet.Staked <= 1 && soundStakes(s.Bet.Stakes)
}

func soundStakes(all [bet.Effects]float64) bool {
	for _, stake := range all {
		if !(stake >= 0) {
			return false
		}
	}
	return true
}
