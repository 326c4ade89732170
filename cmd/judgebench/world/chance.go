package world

import (
	"math"
	"math/rand/v2"
)

// Chance are random numbers that depend on nothing but what they are named by.
type Chance struct{ *rand.Rand }

// NewChance returns the random numbers of a seed and some words.
func NewChance(seed uint64, words ...uint64) Chance {
	h := seed ^ 0x9e3779b97f4a7c15
	for _, w := range words {
		h ^= w + 0x9e3779b97f4a7c15 + h<<6 + h>>2
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
	}
	return Chance{rand.New(rand.NewPCG(h, seed))}
}

// Between draws evenly from low to high.
func (c Chance) Between(low, high float64) float64 { return low + (high-low)*c.Float64() }

// LogBetween draws evenly in the logarithm.
func (c Chance) LogBetween(low, high float64) float64 {
	return math.Exp(c.Between(math.Log(low), math.Log(high)))
}

// Binomial draws how many of n coins with this share fall bad.
func (c Chance) Binomial(n, p float64) float64 {
	n = math.Floor(n)
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - c.Binomial(n, 1-p)
	case n*p < 30:
		return c.waiting(n, p)
	}
	// The normal's third moment is off by little here, and the square's shape corrects it.
	z := c.NormFloat64()
	x := math.Round(n*p + math.Sqrt(n*p*(1-p))*z + (1-2*p)*(z*z-1)/6)
	return min(max(x, 0), n)
}

// waiting draws a binomial by the gaps between bad ones.
func (c Chance) waiting(n, p float64) float64 {
	x, at, rate := 0.0, 0.0, -math.Log1p(-p)
	for {
		at += math.Floor(c.ExpFloat64()/rate) + 1
		if at > n {
			return x
		}
		x++
	}
}

// Poisson draws a count with this mean.
func (c Chance) Poisson(mean float64) float64 {
	if mean > 30 {
		z := c.NormFloat64()
		return max(math.Round(mean+math.Sqrt(mean)*z+(z*z-1)/6), 0)
	}
	limit, x, product := math.Exp(-mean), 0.0, c.Float64()
	for product > limit {
		x++
		product *= c.Float64()
	}
	return x
}
