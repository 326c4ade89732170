package main

import (
	"math"
	"math/rand/v2"
)

// draws are random numbers that depend on nothing but what they are named by: two algorithms that look at the same
// scrape of the same rollout at the same weight see the same counts.
type draws struct{ *rand.Rand }

func newDraws(seed uint64, words ...uint64) draws {
	h := seed ^ 0x9e3779b97f4a7c15
	for _, w := range words {
		h ^= w + 0x9e3779b97f4a7c15 + h<<6 + h>>2
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
	}
	return draws{rand.New(rand.NewPCG(h, seed))}
}

// binomial draws how many of n coins with this share fall bad.
func (d draws) binomial(n, p float64) float64 {
	n = math.Floor(n)
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - d.binomial(n, 1-p)
	case n*p < 30:
		return d.waiting(n, p)
	}
	// The normal's third moment is off by little here, and the square root's shape corrects it.
	mean, sd := n*p, math.Sqrt(n*p*(1-p))
	z := d.NormFloat64()
	x := math.Round(mean + sd*z + (1-2*p)*(z*z-1)/6)
	return min(max(x, 0), n)
}

// waiting draws a binomial by the gaps between bad ones.
func (d draws) waiting(n, p float64) float64 {
	x, at, ln := 0.0, 0.0, math.Log1p(-p)
	for {
		at += math.Floor(math.Log(1-d.Float64())/ln) + 1
		if at > n {
			return x
		}
		x++
	}
}

// poisson draws a count with this mean.
func (d draws) poisson(mean float64) float64 {
	if mean > 30 {
		z := d.NormFloat64()
		return max(math.Round(mean+math.Sqrt(mean)*z+(z*z-1)/6), 0)
	}
	limit, x, product := math.Exp(-mean), 0.0, d.Float64()
	for product > limit {
		x++
		product *= d.Float64()
	}
	return x
}
