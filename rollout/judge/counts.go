package judge

import "time"

const (
	// recentScrapes is how many scrapes each half of the recent counts holds.
	recentScrapes = 10
	// anchorScrapes is after how many scrapes the anchor moves on, and lateScrapes how many of them stay behind it for
	// samples that come late.
	anchorScrapes, lateScrapes = 8, 4
	// maxBehind is how much of the past is made up for after a pause. What lies before it is lost.
	maxBehind = 10 * time.Minute
)

// counts are the part of the state that counts requests: each once, however late its sample comes.
//
// Counters are added up from the anchor on, and what was judged before is subtracted. So a late sample is judged with the
// next scrape: nothing is lost, and nothing counts twice.
type counts struct {
	Anchor time.Time `json:"anchor"`
	Judged [2]tally  `json:"taken"` // since the anchor
	Step   [2]tally  `json:"step"`  // since the weight was acknowledged
	// Recent is what people are shown, in two halves, of which the newer one fills.
	Recent [2][2]tally `json:"recent"`
	Filled int         `json:"filled,omitempty"` // scrapes in the newer half
}

// newStep begins to count for another weight.
func (c *counts) newStep(since time.Time) { *c = counts{Anchor: since} }

// restart counts from another anchor. What was done since then is taken as judged.
func (c *counts) restart(anchor time.Time, judged [2]tally) { c.Anchor, c.Judged = anchor, judged }

// forget drops the counts that people are shown.
func (c *counts) forget() { c.Step, c.Recent, c.Filled = [2]tally{}, [2][2]tally{}, 0 }

// update adds a scrape, and returns what both arms did that was not judged yet.
func (c *counts) update(sc *scrape, gap latencyGap, t *targets) (did [2]tally) {
	sum := sc.tallies(span{c.Anchor, sc.to}, t)
	switch gap {
	case latencyMissing: // the other checks go on without it
		for arm := range sum {
			sum[arm].Timed, sum[arm].Slow = c.Judged[arm].Timed, c.Judged[arm].Slow
		}
	case latencyBack: // what happened while it was missing is left out
		before := sc.tallies(span{c.Anchor, sc.from}, t)
		for arm := range sum {
			c.Judged[arm].Timed, c.Judged[arm].Slow = before[arm].Timed, before[arm].Slow
		}
	case latencyRead:
	}
	if c.Filled++; c.Filled > recentScrapes {
		c.Recent[0], c.Recent[1], c.Filled = c.Recent[1], [2]tally{}, 1
	}
	for arm := range did {
		did[arm] = sum[arm].plus(c.Judged[arm], -1)
		c.Step[arm] = c.Step[arm].plus(did[arm], 1)
		c.Recent[1][arm] = c.Recent[1][arm].plus(did[arm], 1)
	}
	c.Judged = sum
	return did
}

// moveAnchor moves the anchor on where it has grown old.
func (c *counts) moveAnchor(sc *scrape, t *targets) {
	late := lateScrapes
	if sc.tooLarge() {
		late = 1 // less is read then, and late samples are lost
	}
	scrapes := int(sc.to.Sub(c.Anchor) / sc.interval)
	if scrapes >= anchorScrapes || late < lateScrapes && scrapes > late {
		s := sc.last(late)
		c.restart(s.from, sc.tallies(s, t))
	}
}

// recent is what an arm did in the latest scrapes.
func (c *counts) recent(arm int) tally { return c.Recent[0][arm].plus(c.Recent[1][arm], 1) }
