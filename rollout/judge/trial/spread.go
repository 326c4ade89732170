package trial

import (
	"math"

	"canarybot.io/rollout/judge/bet"
)

// blockLengths are the lengths, in scrapes, over which pods are compared: longer ones find differences that last.
var blockLengths = []int{1, 4, 12, 30}

// Spread returns by how much more than by chance pods differ, for each request of a pod and scrape: kappa. An arm's counts
// are over-dispersed by 1 + kappa times its requests per pod. History is pod by scrape; pods that came later begin with
// zero counts. 0 where it shows no more than chance.
//
// For each length of block it is Pearson's statistic over pod and block with the share pooled within the block, so that
// what swings in all pods together cancels, as it does between canary and stable. Dividing by the requests of a single
// scrape whatever the length is what charges for differences that last.
func Spread(history [][]bet.Counts) float64 {
	spread := 0.0
	requests, cells := 0.0, 0.0
	for _, pod := range history {
		for _, c := range pod {
			requests, cells = requests+c.N, cells+1
		}
	}
	if requests == 0 {
		return 0
	}
	for _, length := range blockLengths {
		if phi, se := pearson(history, length); phi-2*se > 1 {
			spread = max(spread, (phi+2*se-1)/(requests/cells))
		}
	}
	return spread
}

// pearson returns the over-dispersion of pods within blocks of so many scrapes, and its standard error.
func pearson(history [][]bet.Counts, length int) (phi, se float64) {
	sum, freedom := 0.0, 0.0
	for from := 0; len(history) > 0 && from+length <= len(history[0]); from += length {
		cells, all := podBlock(history, from, from+length)
		p := all.Bad / all.N
		if len(cells) < 2 || !(p > 0 && p < 1) {
			continue
		}
		for _, c := range cells {
			sum += (c.Bad - c.N*p) * (c.Bad - c.N*p) / (c.N * p * (1 - p))
		}
		freedom += float64(len(cells) - 1)
	}
	if freedom == 0 {
		return 0, 0
	}
	phi = sum / freedom
	return phi, phi * math.Sqrt(2/freedom)
}

// podBlock sums each pod's counts in a block of scrapes, leaving out pods without requests, and all of them together.
func podBlock(history [][]bet.Counts, from, to int) (cells []bet.Counts, all bet.Counts) {
	for _, pod := range history {
		var c bet.Counts
		for _, s := range pod[from:to] {
			c.N, c.Bad = c.N+s.N, c.Bad+s.Bad
		}
		if c.N > 0 {
			cells = append(cells, c)
			all.N, all.Bad = all.N+c.N, all.Bad+c.Bad
		}
	}
	return cells, all
}

// GuessedSlack guesses by how much margins are wider for pods of an age, in seconds, where starts of the service are not
// known. Beyond are the shares of its requests beyond each bound.
func GuessedSlack(age float64, beyond [Bounds]float64) Slack {
	s := Slack{Errors: 0.05 * math.Exp(-age/30)}
	for b, p := range beyond {
		s.Slow[b] = 1.2 * math.Sqrt(p*(1-p)) * math.Exp(-age/90)
	}
	return s
}
