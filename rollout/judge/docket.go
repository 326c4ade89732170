package judge

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// docket is what is remembered of a rollout's signals: the trial, and how far it has come.
//
// Scrapes are judged one after the other on a grid that begins with the weight's acknowledgement, each once it is over
// and what Prometheus stored of it may be read. So whoever judges again from a stored docket comes to the same numbers.
type docket struct {
	Setup   setup       `json:"setup,omitzero"`
	Trial   trial.State `json:"trial"`
	Since   time.Time   `json:"since"`   // the acknowledgement of the weight
	Through time.Time   `json:"through"` // up to here scrapes are judged
	// Anchor is from when on counts are added up, and Taken what of that was judged. A sample that comes late is judged
	// with the next scrape: nothing is lost, and nothing counts twice.
	Anchor time.Time  `json:"anchor"`
	Taken  [2]counted `json:"taken"` // canary, stable
	Step   [2]counted `json:"step"`  // since the acknowledgement
	// Recent is what people are shown, in two parts, of which the newer one fills.
	Recent [2][2]counted        `json:"recent"`
	Filled int                  `json:"filled,omitempty"`
	Past   []looks              `json:"past,omitempty"`   // of the latest scrapes, oldest first
	Born   map[string]time.Time `json:"born,omitempty"`   // when each of the canary's targets was first heard
	Silent int                  `json:"silent,omitempty"` // scrapes in a row in which only stable was heard
	Passed float64              `json:"passed,omitempty"` // stable's requests in them
	Missed int                  `json:"missed,omitempty"` // scrapes in a row that were not judged
	Same   string               `json:"same,omitempty"`   // a series that both arms have: they cannot be told apart
	Blind  bool                 `json:"blind,omitempty"`  // latency could not be read for the newest scrape
	Other  bool                 `json:"other,omitempty"`  // the canary's histogram has other bounds than stable's
	Read   time.Time            `json:"read,omitzero"`    // of the newest reading of the canary's memory
	Over   int                  `json:"over,omitempty"`   // scrapes in a row with a pod at its memory's limit
	Memory [2]float64           `json:"memory,omitempty"` // the largest pod's use
	Course extremes             `json:"course,omitzero"`
	Heard  bool                 `json:"heard,omitempty"` // some scrape of this weight was judged
	Stands standing             `json:"stands,omitzero"`
	Alone  alone                `json:"alone,omitzero"`
	// Learned is how this rollout's pods started, and Met are those pods.
	Learned trial.Starts `json:"learned,omitzero"`
	Met     []string     `json:"met,omitempty"`
}

// standing is how the trial stood after the newest scrape.
type standing struct {
	Log     float64     `json:"log,omitempty"`
	Worst   trial.Check `json:"worst,omitempty"`
	Against bool        `json:"against,omitempty"`
	Proved  bool        `json:"proved,omitempty"`
	Erring  bool        `json:"erring,omitempty"` // stable breaches the limit of errors too
	Slow    bool        `json:"slow,omitempty"`   // and that of slowness
	Partial bool        `json:"partial,omitempty"`
}

// counted is what one arm did.
type counted struct {
	Requests float64               `json:"requests,omitempty"`
	Errors   float64               `json:"errors,omitempty"`
	Timed    float64               `json:"timed,omitempty"`
	Slow     [trial.Bounds]float64 `json:"slow,omitzero"`
}

// plus returns the counts with more of them, times a factor, never below nothing.
func (a counted) plus(b counted, factor float64) counted {
	a.Requests = max(0, a.Requests+factor*b.Requests)
	a.Errors = max(0, a.Errors+factor*b.Errors)
	a.Timed = max(0, a.Timed+factor*b.Timed)
	for i := range a.Slow {
		a.Slow[i] = max(0, a.Slow[i]+factor*b.Slow[i])
	}
	return a
}

const (
	// shown is how many scrapes each of the two parts holds that people are shown.
	shown = 10
	// anchored is after how many scrapes counting begins anew, and kept how many of them it keeps for late samples.
	anchored, kept = 8, 4
	// farBack is how much of the past is made up for after nobody judged: what lies before it is lost.
	farBack = 10 * time.Minute
)

// turn begins to judge another weight. What speaks against the canary is carried on; health is to be proved anew.
func (d *docket) turn(since time.Time) {
	d.Trial.Advance()
	d.Since, d.Through, d.Anchor = since, since, since
	d.Past = nil
	d.Taken, d.Step, d.Recent, d.Filled = [2]counted{}, [2]counted{}, [2][2]counted{}, 0
	d.Silent, d.Passed, d.Missed, d.Over, d.Heard, d.Same, d.Course = 0, 0, 0, 0, false, "", extremes{}
	d.Alone.Each = nil
	against := d.Stands
	d.Stands = standing{Log: against.Log, Worst: against.Worst}
}

// scrape is the time between two samples of a series.
func scrape(c rollout.Case) time.Duration {
	if c.Spec.Signals.Scrape > 0 {
		return c.Spec.Signals.Scrape
	}
	return 15 * time.Second
}

// grace is how long after a scrape is over Prometheus may still be storing it.
func (d *docket) grace(c rollout.Case) time.Duration {
	return min(scrape(c)/5, 3*time.Second) + d.Setup.Lag
}

// lookback is how many scrapes before the first wanted sample are read too: what that sample is compared with.
const lookback = 4

// paced returns the case with the time between two scrapes as it is, where Prometheus scrapes more rarely than it is
// said to.
func (d *docket) paced(c rollout.Case) rollout.Case {
	c.Spec.Signals.Scrape = max(scrape(c), d.Setup.Gap)
	return c
}

// want returns what to ask next.
func (d *docket) want(c rollout.Case) rollout.Want {
	c = d.paced(c)
	w := rollout.Want{
		Since: d.anchor(c).Add(-lookback * scrape(c)), Bounds: d.Setup.Bounds,
		Buckets: d.Setup.wantsBuckets(c), History: d.Setup.wantsHistory(c),
		At: d.Through.Add(scrape(c) + d.grace(c)),
	}
	ask := w.Buckets || w.History
	if ask && d.Setup.Tried == 0 {
		w.At = c.Now
	}
	if early := c.Now.Add(-gaps); w.History && w.Since.After(early) {
		w.Since = early // long enough to see how often Prometheus scrapes
	}
	if late := c.Now.Add(scrape(c) / 5); (!ask || d.Setup.Tried > 0) && w.At.Before(late) {
		w.At = late // Prometheus had no answer for a scrape that is over: soon again
	}
	return w
}

// anchor is from when on counts can be added up.
func (d *docket) anchor(c rollout.Case) time.Time {
	if early := c.Now.Add(-max(farBack, (anchored+kept)*scrape(c))); d.Anchor.Before(early) {
		return early
	}
	return d.Anchor
}

// judge judges every scrape that is over.
func (d *docket) judge(c rollout.Case) rollout.Verdict {
	d.Setup.learn(c)
	c = d.paced(c)
	if a := d.anchor(c); a.After(d.Anchor) {
		d.Anchor = a
		d.Through = later(d.Through, a)
		d.Taken = [2]counted{d.total(c, 0, a, d.Through), d.total(c, 1, a, d.Through)}
	}
	if r, bad := firstWith(counts(c), missing); r.Why == rollout.WhyTooLarge && c.Now.Sub(d.Through) > anchored*scrape(c) {
		d.Anchor = c.Now.Add(-2 * scrape(c)) // so much of the past cannot be had at once: it is lost
		d.Through, d.Taken = d.Anchor, [2]counted{}
	} else if !bad {
		o := d.Setup.options(c)
		for {
			end := d.Through.Add(scrape(c))
			if c.Now.Before(end.Add(d.grace(c))) {
				break
			}
			d.one(c, &o, end)
			d.Through = end
		}
	}
	return d.verdict(c)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
