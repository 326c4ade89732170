package sign

import (
	"math"

	"canarybot.io/rollout"
)

// Standing is what speaks against acting on a bet that was won. Each of it only delays.
type Standing struct {
	Present bool // the newest blocks still show it
	Certain bool // the size of the difference is beyond chance too
	Large   bool // it is beyond twice the margin
	Lasts   bool // nearly all remembered blocks show it
	Scaled  bool // it is not just what a query shows that sums up each side's traffic
}

// Standing returns how the newest blocks stand.
func (s *State) Standing(o *Options) Standing {
	return Standing{Present: s.present(o), Certain: s.certain(o), Large: s.large(o), Lasts: s.lasts(o), Scaled: s.scaled(o)}
}

// Leaning reports whether each of the newest three blocks is worse than the margin allows: too little to act on, too much
// to go on.
func (s *State) Leaning(o *Options) bool {
	const newest = 3
	return s.beyondAmong(o.Margin, newest) == newest
}

// present reports whether two of the newest three blocks are worse than the margin allows.
func (s *State) present(o *Options) bool {
	const newest, enough = 3, 2
	return s.beyondAmong(o.Margin, newest) >= enough
}

// large reports whether most of the newest blocks are beyond twice the margin.
func (s *State) large(o *Options) bool {
	const newest = 8
	n := min(newest, len(s.Recent))
	return 2*s.beyondAmong(o.Margin.Twice(), newest) > n
}

// lasts reports whether all but two of as many blocks as are remembered are worse than the margin allows.
func (s *State) lasts(o *Options) bool { return s.beyondAmong(o.Margin, kept) >= kept-2 }

// scaled reports whether the canary's value is another part of stable's than its share of the traffic is of the rest: a query
// that sums up requests, and not per request, is far below stable for every canary.
func (s *State) scaled(o *Options) bool {
	const little, near = 0.2, 1.25
	if o.Margin.Worse != rollout.Lower || o.Share > little {
		return true
	}
	canary, stable := 0.0, 0.0
	for _, b := range s.Recent {
		canary, stable = canary+float64(b[0]), stable+float64(b[1])
	}
	off := canary / stable * (1 - o.Share) / o.Share
	return !(off >= 1/near && off <= near)
}

// beyondAmong is how many of the newest n blocks are beyond a margin.
func (s *State) beyondAmong(m rollout.Margin, n int) (count int) {
	for _, b := range s.Recent[max(0, len(s.Recent)-n):] {
		if beyond(m, b) {
			count++
		}
	}
	return count
}

// certain reports whether the mean of the newest blocks is beyond the margin as well, by three standard errors.
//
// Signs alone would mislead where lower is worse and events are rare: a canary that should have one order in two minutes
// has none in most of them. How few events the canary should have is seen in stable, which has those of the rest of the
// traffic: its values move from block to block as chance moves that many, and the canary's, of a smaller share, by so
// much more. Where higher is worse, few events make signs err on the safe side.
func (s *State) certain(o *Options) bool {
	if o.Margin.Worse != rollout.Lower {
		return true
	}
	for _, n := range [...]int{kept / 2, kept} { // a fault may have begun lately
		if n > len(s.Recent) {
			break
		}
		if mean(s.excess(o.Margin, n)) > 3*s.expectedDeviation(o, n)/math.Sqrt(float64(n)) {
			return true
		}
	}
	return false
}

// expectedDeviation is by how much the canary's value should move from block to block, as the newest n blocks of stable
// did. Neighbours are compared, so that what rises or falls for long does not count.
func (s *State) expectedDeviation(o *Options, n int) float64 {
	recent := s.Recent[len(s.Recent)-n:]
	sum := 0.0
	for i := 1; i < n; i++ {
		d := float64(recent[i][1]) - float64(recent[i-1][1])
		sum += d * d / 2
	}
	share := min(max(o.Share, 0.001), 1)
	return math.Sqrt(sum / float64(n-1) * max(1-share, 0) / share)
}
