package prom

import (
	"fmt"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// inquiry holds the queries for one check. Empty queries are not sent.
type inquiry struct {
	check         rollout.Check
	value, stable string // for the canary's arm, and for stable's where the query depends on the arm
	traffic       string
	stableTraffic string
	fresh         string
	cut           bool // the window is shorter than the check's: the weight is younger
	// why is set when the check is not queried at all.
	why    rollout.Why
	detail string
}

// queries returns the queries to send.
func (i inquiry) queries() []string {
	var all []string
	for _, q := range []string{i.value, i.stable, i.traffic, i.stableTraffic, i.fresh} {
		if q != "" {
			all = append(all, q)
		}
	}
	return all
}

// inquire returns the queries for one check of the question.
func inquire(q rollout.Question, c rollout.Check) inquiry {
	window, ok := windowOf(q, c)
	if !ok {
		return inquiry{check: c, why: rollout.WhyWarmingUp}
	}
	canary, stable, err := wordsOf(q, window)
	if err != nil {
		return inquiry{check: c, why: rollout.WhyQueryError, detail: err.Error()}
	}
	in := inquiry{check: c, cut: window < c.Window.Truncate(time.Second)}
	if in.value, in.stable, err = expandArms(c.Query, canary, stable, q.StableOnly); err != nil {
		return inquiry{check: c, why: rollout.WhyQueryError, detail: "query: " + err.Error()}
	}
	in.fresh = newest(in.value, in.stable)
	if c.Traffic == "" {
		return in
	}
	if in.traffic, in.stableTraffic, err = expandArms(c.Traffic, canary, stable, q.StableOnly); err != nil {
		return inquiry{check: c, why: rollout.WhyQueryError, detail: "traffic: " + err.Error()}
	}
	return in
}

// windowOf returns the check's window, cut so that it does not reach back before the weight was acknowledged: what the
// canary did at another weight, or another canary before it, is not evidence. ok is false while it would hold fewer
// than two scrapes: a value needs one, a rate two.
func windowOf(q rollout.Question, c rollout.Check) (time.Duration, bool) {
	window := c.Window
	switch {
	case q.Since.IsZero():
	case q.Since.After(q.Now): // the clock was set back: how long the weight has been there is not known
		window = min(window, 2*c.Interval)
	default:
		window = min(window, q.Now.Sub(q.Since))
	}
	window = window.Truncate(time.Second)
	return window, window >= 2*c.Interval && window >= time.Second
}

// wordsOf returns the words for the arm that is judged and for stable's.
func wordsOf(q rollout.Question, window time.Duration) (canary, stable map[Word]string, err error) {
	n := NamesOf(q)
	if q.StableOnly { // the canary's query is evaluated for stable
		n.Canary, n.CanaryService = n.Stable, n.StableService
	}
	arm := func(a Side) (map[Word]string, error) {
		sel, err := Selector(q.Select, n, a)
		if err != nil {
			return nil, fmt.Errorf("select: %w", err)
		}
		words := n.words(a)
		words[Select] = sel
		words[Window] = fmt.Sprintf("%ds", int(window.Seconds()))
		return words, nil
	}
	if stable, err = arm(StableArm); err != nil {
		return nil, nil, err
	}
	if canary = stable; !q.StableOnly {
		canary, err = arm(CanaryArm)
	}
	return canary, stable, err
}

// expandArms expands a template for the arm that is judged and, if it depends on the arm, for stable.
func expandArms(template string, canary, stable map[Word]string, stableOnly bool) (ours, theirs string, err error) {
	t, err := ParseQuery(template)
	if err != nil {
		return "", "", err
	}
	ours = strings.TrimSpace(t.Expand(canary))
	if t.Twin() && !stableOnly {
		theirs = strings.TrimSpace(t.Expand(stable))
	}
	return ours, theirs, nil
}
