package judge

import (
	"slices"
	"time"
)

// clock is the part of the state that follows the clock of the samples. It is not always ours: either may jump, or be
// wrong. The signals are judged by that of the samples alone, so that a jump of ours loses nothing; ours tells only
// whether samples still come. Where the newest one is older than it should be, or of the future, samples come if two
// looks in a row bring newer ones and both clocks went on alike between them: what comes after an outage catches up. Where
// the clocks stay apart, the samples of each new weight count from when theirs has passed its acknowledgement.
type clock struct {
	Newest time.Time     `json:"newest,omitzero"` // sample that was read
	Apart  bool          `json:"apart,omitempty"` // the newest sample is not as old as it should be
	Late   time.Duration `json:"late,omitempty"`  // how old it was when it came; below zero: it is of the future
	Sure   bool          `json:"sure,omitempty"`  // samples come all the same
	// Since is what stands for the weight's acknowledgement where their clock went back to before it.
	Since time.Time `json:"since,omitzero"`
}

// follow takes in the newest sample of an answer, and tells the window what time it is by the clock of the samples.
func (c *clock) follow(w *window) {
	newest := w.newestOfMost()
	if !c.Since.IsZero() {
		w.since = c.Since
	}
	if newest.IsZero() {
		*c = clock{Newest: c.Newest, Apart: true, Since: c.Since}
		w.synced = false
		return
	}
	late := w.now.Sub(newest)
	if late >= -w.interval && late <= w.patience() {
		*c = clock{Newest: newest, Since: c.Since}
		return
	}
	w.at = newest.Add(w.grace)
	switch alike := (late - c.Late).Abs() <= w.patience(); {
	case newest.After(c.Newest) && !c.Newest.IsZero():
		c.Late, c.Sure = late, c.Apart && alike
	case !newest.Equal(c.Newest):
		c.Late, c.Sure = late, false
	default:
		c.Sure = c.Sure && alike
	}
	c.Newest, c.Apart = newest, true
	w.synced = c.Sure
}

// newestOfMost is the time of the newest sample of both arms. One of the future counts where most targets have such: of
// a single one it is a fault.
func (w *window) newestOfMost() (at time.Time) {
	var all []time.Time
	future := 0
	soon := w.now.Add(w.interval)
	at = w.newestBeside(soon)
	for arm := range w.arms {
		for i := range w.arms[arm].targets {
			newest := w.arms[arm].newest(&w.arms[arm].targets[i])
			if newest.After(soon) {
				future++
				all = append(all, newest)
			} else {
				at = later(at, newest)
			}
		}
	}
	if n := len(w.arms[canaryArm].targets) + len(w.arms[stableArm].targets); 2*future >= n && future > 0 {
		at = slices.MaxFunc(all, time.Time.Compare)
	}
	return at
}

// reading is what time it is by the samples' clock as far as is known before an answer.
func (c *clock) reading(now time.Time, p pace) time.Time {
	if c.Newest.IsZero() || !c.Apart && !now.Before(c.Newest.Add(-p.interval)) {
		return now
	}
	return c.Newest.Add(p.interval)
}

// reach is how long ago, by our clock, the samples begin that are wanted from a time on by theirs.
func (c *clock) reach(from, now time.Time, p pace) time.Duration {
	reach := c.reading(now, p).Sub(from)
	if c.Apart && !c.Sure {
		reach = max(reach, min(now.Sub(from), 2*maxBehind)) // whether ours is wrong is not known
	}
	return reach
}

// rewind goes back to the clock of the samples where what was judged lies in its future. What there is counts as judged.
// A weight of which nothing was read yet waits for its samples: what is older is another weight's.
func (s *signalState) rewind(w *window) {
	if !s.Judged && !s.Through.After(s.Since) || !s.Through.After(w.at.Add(w.patience()+w.interval)) {
		return
	}
	s.Through = w.at
	if w.at.Before(w.since) {
		s.Clock.Since = w.at.Add(-w.patience())
		w.since = s.Clock.Since
	}
	anchor := w.at.Add(-lateScrapes * w.interval)
	s.counts.restart(anchor, w.tallies(span{anchor, w.at}, &s.targets))
	s.ReadAt, s.Users.Block = time.Time{}, userPart{}
}
