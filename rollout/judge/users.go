package judge

import (
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/pack"
	"canarybot.io/rollout/judge/trial"
)

const (
	// probeRate is how many requests a second a pod may get from probes and the like: more are users'.
	probeRate = 1.0
	// probeBlock is the time over which probes are counted: the usual periods, of 1 to 30 s, fit into it.
	probeBlock = 30 * time.Second
	// minBlocks is how many of them show whether requests come evenly.
	minBlocks = 4
	// sharesKept is how much of the share that the canary got is kept from one scrape to the next.
	sharesKept = 0.9
	// shareOdds is how much likelier it has to be that the canary gets too little than that it does not.
	shareOdds = 20
	// shortScrapes is how many scrapes in a row with too little of its share show that the canary's traffic stays away, and
	// how many with most of it that it has come.
	shortScrapes = 4
	// halfShare is the part of its share that a canary gets at least, once connections that were kept open are gone, and
	// keptShare the part that it gets at least of what it had.
	halfShare, keptShare = 0.5, 0.65
	// ownShare is the part of its own usual requests below which a canary gets fewer.
	ownShare = 0.8
	// shareScrapes is how many scrapes show whether a share still grows, as connections come over to the canary.
	shareScrapes = 12
)

// users is the part of the state that knows whether it is users whose requests reach the canary. Requests say nothing of
// a version that only its probes call.
//
// Two things tell. The canary's share of the requests, where it is far below its weight. And their number: probes send as
// many in each half minute, users do not. The canary is held for either, and people are told: connections that are kept
// open keep users away for a while, and a few clients may be as regular as probes. Only a canary that lost its share, or
// gets next to none, is condemned for it.
type users struct {
	Got     float64  `json:"got,omitempty"`    // requests of the canary lately, while its share can be judged
	Of      float64  `json:"of,omitempty"`     // and of both arms
	Asked   float64  `json:"asked,omitempty"`  // the least that is its fair share
	Short   int      `json:"short,omitempty"`  // scrapes in a row with too little of it
	Had     int      `json:"had,omitempty"`    // scrapes with enough, once it had most of it for some
	Usual   float64  `json:"usual,omitempty"`  // the part of it that it has, once it had half
	Rate    float64  `json:"rate,omitempty"`   // requests a second that it has then
	Levels  levels   `json:"levels,omitzero"`  // the parts that it had lately
	Blocks  int      `json:"blocks,omitempty"` // of this weight
	Sum     float64  `json:"sum,omitempty"`    // of the canary's requests in them, and of their squares
	Squares float64  `json:"squares,omitempty"`
	Block   userPart `json:"part,omitzero"` // the block that fills
	Targets int      `json:"targets,omitempty"`
}

// userPart is the beginning of a block.
type userPart struct {
	Scrapes  int       `json:"scrapes"`
	Requests float64   `json:"requests"`
	To       time.Time `json:"to"`
}

// newStep begins to watch another weight.
func (u *users) newStep() { *u = users{} }

// levels are the parts of its share that the canary had in the latest scrapes, the newest first.
type levels [shareScrapes]float64

// least is the smallest share of the requests that is still fine, where the fair one is this.
func (u *users) least(fair float64) float64 {
	if u.Had >= shortScrapes {
		return fair * keptShare * u.Usual
	}
	return fair * halfShare
}

// update adds a scrape. It reports whether the canary has had its share now, and is judged by that from here on.
func (u *users) update(sc *scrape, in trial.Scrape) (had bool) {
	if all := in.Canary.Requests + in.Stable.Requests; in.Weight > 0 && in.Weight < 1 && all > 0 {
		had = u.watch(in, all, sc.to.Sub(sc.from).Seconds())
	}
	u.watchProbes(sc, in)
	return had
}

// watch adds what the canary got of all requests in so many seconds. Its share is too small only where it gets fewer itself
// too: requests that come to stable alone, as a crawler's, take nothing from it.
func (u *users) watch(in trial.Scrape, all, seconds float64) (had bool) {
	u.Got, u.Of, u.Asked = pack.Down(u.Got*sharesKept+in.Canary.Requests), pack.Down(u.Of*sharesKept+all), in.Weight
	part := in.Canary.Requests / (all * in.Weight)
	copy(u.Levels[1:], u.Levels[:])
	u.Levels[0] = max(part, 1e-9)
	rate := in.Canary.Requests / seconds
	if in.Canary.Requests < all*in.Least && (u.Rate == 0 || rate < ownShare*u.Rate) {
		u.Short++
		return false
	}
	u.Short = 0
	mean := 0.0
	for _, part := range u.Levels[:shortScrapes] {
		mean += part / shortScrapes
	}
	if u.Had < shortScrapes && (mean < keptShare || u.Levels[shortScrapes-1] == 0) {
		return false
	}
	const keep = 0.9
	if u.Had++; u.Had <= shortScrapes {
		u.Had, u.Usual, u.Rate, had = shortScrapes, mean, rate, true
	}
	u.Usual = min(u.Usual*keep+part*(1-keep), 1)
	u.Rate = u.Rate*keep + rate*(1-keep)
	return had
}

// watchProbes adds what the canary got to what tells probes from users.
func (u *users) watchProbes(sc *scrape, in trial.Scrape) {
	whole := !sc.first && sc.current && !sc.partial && sc.judgesShare && sc.to.Sub(sc.from) == sc.interval
	if !whole || slices.ContainsFunc(sc.reporters[canaryArm], sc.proxied) { // probes do not come through a proxy
		u.Block = userPart{}
		return
	}
	u.Targets = len(sc.reporters[canaryArm])
	u.count(sc, in.Canary.Requests)
}

// count adds a scrape's requests to the block that fills.
func (u *users) count(sc *scrape, requests float64) {
	if !u.Block.To.Equal(sc.from) {
		u.Block = userPart{}
	}
	u.Block = userPart{u.Block.Scrapes + 1, u.Block.Requests + requests, sc.to}
	if u.Block.Scrapes < sc.probeScrapes() {
		return
	}
	n := u.Block.Requests
	u.Blocks, u.Sum, u.Squares, u.Block = u.Blocks+1, u.Sum+n, u.Squares+n*n, userPart{To: sc.to}
}

// probeScrapes is how many scrapes a block has.
func (p pace) probeScrapes() int {
	return max(1, int(math.Ceil(float64(probeBlock)/float64(p.interval))))
}

// fairShare is the least that a canary should get: its weight or, where pods get so few requests that many may be
// probes, its share of the pods if that is less.
func (sc *scrape) fairShare(stable tally) float64 {
	pods, others := float64(len(sc.reporters[canaryArm])), float64(len(sc.reporters[stableArm]))
	if stable.Requests > others*probeRate*sc.interval.Seconds() || slices.ContainsFunc(sc.reporters[canaryArm], sc.proxied) {
		return sc.canaryShare
	}
	return min(sc.canaryShare, pods/(pods+others))
}

// little returns the share that the canary gets, where that is far below the one that it should get.
func (u *users) little(w *window) *rollout.TrafficShare {
	lost := u.Short >= shortScrapes && u.Had >= shortScrapes
	if !w.judgesShare || !lost && !u.level() && !tooLittle(u.Got, u.Of, u.Asked*halfShare) {
		return nil
	}
	return &rollout.TrafficShare{Got: u.Got / u.Of, Asked: w.canaryShare}
}

// away reports whether the canary's traffic does not come: for some scrapes in a row, though it came before, or next to
// none of it. More than that, and less than its share, may be what open connections leave to it at first.
func (u *users) away() bool {
	const nothing = 0.05 // of its share
	return u.Short >= shortScrapes && (u.Had >= shortScrapes || u.Got < u.Of*u.Asked*nothing)
}

// level reports whether the canary has had less than half of its share for long, and it does not grow any more: open
// connections that come over later would have it grow.
func (u *users) level() bool {
	newer, older := 0.0, 0.0
	for i, part := range u.Levels {
		if part == 0 {
			return false
		}
		if i < shareScrapes/2 {
			newer += part
		} else {
			older += part
		}
	}
	return u.Had < shortScrapes && newer < 1.15*older && newer < halfShare*shareScrapes/2
}

// tooLittle reports whether so many requests of all are too few for a share, beyond chance and clusters of requests.
func tooLittle(got, all, share float64) bool {
	const clusters = 3
	if all <= 0 || got >= all*share {
		return false
	}
	return bet.LogBelow(bet.Counts{N: all, Bad: got}.Temper(clusters), got/all, share) >= math.Log(shareOdds)
}

// probes reports whether the canary's requests are as few and as even as those of probes.
func (u *users) probes(w *window) bool {
	if !w.judgesShare || u.Blocks < minBlocks || u.Sum == 0 {
		return false
	}
	n := float64(u.Blocks)
	mean := u.Sum / n
	most := probeRate * float64(u.Targets) * (time.Duration(w.probeScrapes()) * w.interval).Seconds()
	spread := (u.Squares - n*mean*mean) / (n - 1)
	return mean <= most && spread < mean*evenness(n-1)
}

// evenness is the dispersion below which counts are more even than chance: that of independent requests, which is one,
// falls below it in a hundredth of the cases (by Wilson and Hilferty's approximation of chi-squared). It is never more
// than a quarter: users who are a third of the requests are users.
func evenness(freedom float64) float64 {
	const hundredth = 2.326
	v := 2 / (9 * freedom)
	return min(0.25, math.Pow(max(0, 1-v-hundredth*math.Sqrt(v)), 3))
}
