package judge

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// signalState is what is remembered of a rollout's signals. Each part has a file and an update of its own. Embedded parts
// have their keys beside each other in what is stored: earlier versions wrote them so.
//
// Scrapes are judged one after the other on a grid that begins with the weight's acknowledgement, each once it is over
// and stored. So whoever goes on from a stored state comes to the same numbers.
type signalState struct {
	Baseline baseline  `json:"setup,omitzero"`
	Since    time.Time `json:"since"`           // the acknowledgement of the weight
	Through  time.Time `json:"through"`         // scrapes are judged up to here
	Judged   bool      `json:"heard,omitempty"` // some scrape of this weight was judged
	Clock    clock     `json:"clock,omitzero"`
	targets
	missing
	counts
	memory
	evidence
	Outlier outlier `json:"alone,omitzero"`
	Users   users   `json:"users,omitzero"`
	Beside  beside  `json:"beside,omitzero"`
	trend
}

// newStep begins to judge another weight. Evidence against the canary is carried on; health is to be proved anew.
func (s *signalState) newStep(since time.Time) {
	s.Since, s.Through, s.Judged, s.Clock.Since = since, since, false, time.Time{}
	s.missing.newStep()
	s.counts.newStep(since)
	s.memory.newStep()
	s.evidence.newStep()
	s.Outlier.newStep()
	s.Users.newStep()
	s.Beside.newStep()
	s.trend.newStep()
}

// judge takes an answer in and returns the verdict.
func (s *signalState) judge(c rollout.Case, off trial.RuleSet) rollout.Verdict {
	if learned := s.Baseline.update(c); learned {
		s.Trial.Begin(s.Baseline.shares(), s.Baseline.Rate*lookInterval(c.Spec).Seconds()*60, s.Baseline.Worst)
		s.Baseline.Worst = trial.Worst{}
	}
	s.Beside.learn(c)
	w := normalise(c, &s.Baseline)
	w.options.Off = off
	_, bad := firstWith(w.required(), unread)
	if !bad {
		s.Clock.follow(w)
		s.rewind(w)
	}
	s.skip(w)
	s.lack(w)
	if !bad && !w.lacks[countGroup] {
		for end := s.Through.Add(w.interval); !w.at.Before(end.Add(w.grace)); end = end.Add(w.interval) {
			s.update(w, end)
		}
	}
	return verdict(w, s)
}

// skip leaves out what cannot be made up for: what lies too far back, or is too large to be read at once.
func (s *signalState) skip(w *window) {
	if oldest := w.oldest(w.at); s.Anchor.Before(oldest) {
		s.Through = later(s.Through, oldest)
		s.counts.restart(oldest, w.tallies(span{oldest, s.Through}, &s.targets))
	}
	r, _ := firstWith(w.required(), unread)
	if r.Why == rollout.WhyTooLarge && w.at.Sub(s.Through) > anchorScrapes*w.interval {
		s.Through = w.at.Add(-2 * w.interval)
		s.counts.restart(s.Through, [2]tally{})
	}
}

// lack notes what the answer lacks. What is missing for long does not come back, as where Prometheus lost what it had:
// then all begins with what there is.
func (s *signalState) lack(w *window) {
	w.lacks = s.lacking(w, s.Through)
	if w.lacks[countGroup] && w.at.Sub(s.Through) > anchorScrapes*w.interval {
		s.Through = w.at.Add(-2 * w.interval)
		s.counts.restart(s.Through, [2]tally{})
		w.lacks = [groups]bool{}
	}
}

// lookback is how many scrapes before the first wanted sample are read too: what that sample is compared with.
const lookback = 4

// oldest is from when on counts can still be added up.
func (p pace) oldest(now time.Time) time.Time {
	return now.Add(-max(maxBehind, (anchorScrapes+lateScrapes)*p.interval))
}

// update brings every part forward by the scrape that ended at a time.
func (s *signalState) update(w *window, end time.Time) {
	over := span{s.Through, end}
	s.Through = end
	s.targets.update(w, end)
	aligned, ok := s.missing.align(w, over)
	if !ok {
		return
	}
	sc := newScrape(w, aligned, &s.targets)
	sc.first, sc.current = !s.Judged, w.reporting(canaryArm, over) > 0
	s.Judged = true

	gap := s.missing.update(sc)
	did := s.counts.update(sc, gap, &s.targets)
	s.targets.learn(sc, did)
	used := s.memory.update(sc)
	in := s.observed(sc, did, used)
	in.Least = s.Users.least(in.Weight)
	in.Beside = s.Beside.update(sc, in, did, &s.targets)
	s.evidence.update(sc, in)
	if had := s.Users.update(sc, in); had {
		s.Trial.Share.Lower() // what was missing at first came
	}
	if replaced := s.Outlier.update(sc, s.Standing, s.counts.recent(stableArm)); replaced {
		s.evidence.forget()
		s.Beside.forget()
		s.counts.forget()
	}
	s.trend.update(did, s.memory.Used, w.options.Slow)
	s.counts.moveAnchor(sc, &s.targets)
}

// observed is a scrape as a trial reads it.
func (s *signalState) observed(sc *scrape, did [2]tally, memory float64) trial.Scrape {
	in := trial.Scrape{
		Canary: did[canaryArm].arm(len(sc.reporters[canaryArm])),
		Stable: did[stableArm].arm(len(sc.reporters[stableArm])),
		Age:    sc.youngest(), Slack: s.Baseline.slack(sc), Memory: memory, Hidden: sc.hidden(),
	}
	// The first scrape still holds requests of the weight before, and shares need all targets.
	if !sc.first && sc.current && !sc.partial && sc.judgesShare {
		in.Weight = sc.fairShare(did[stableArm])
	}
	return in
}

// want returns what to ask next.
func (s *signalState) want(c rollout.Case) rollout.Want {
	p := newPace(c.Spec, &s.Baseline)
	from := later(s.Anchor, p.oldest(s.Clock.reading(c.Now, p))).Add(-lookback * p.interval)
	w := rollout.Want{
		Since:   c.Now.Add(-s.Clock.reach(from, c.Now, p)),
		Bounds:  s.Baseline.Bounds,
		Groups:  s.Beside.Strata.wants(c.Spec.Signals),
		Buckets: s.Baseline.wantsBuckets(c.Spec.Checks), History: s.Baseline.wantsHistory(c.Spec.Checks),
		At: s.Through.Add(p.interval + p.grace),
	}
	asks := w.Buckets || w.History
	if asks && s.Baseline.Attempts == 0 {
		w.At = c.Now
	}
	if s.Clock.Apart && !asks {
		w.At = c.Now.Add(p.interval)
	}
	if early := c.Now.Add(-intervalHistory); w.History && w.Since.After(early) {
		w.Since = early
	}
	if soon := c.Now.Add(p.interval / 5); (!asks || s.Baseline.Attempts > 0) && w.At.Before(soon) {
		w.At = soon // Prometheus had no answer for a scrape that is over
	}
	return w
}
