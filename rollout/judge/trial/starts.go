package trial

import (
	"math"

	"canarybot.io/rollout/judge/bet"
)

// ages are the ages, in seconds, at which the bins end in which it is learned how pods start. They widen: the first
// seconds differ most, and a runtime that compiles as it goes, or a cache that fills, takes minutes.
var ages = [...]float64{15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 600}

// minPods is how many pods must have been seen to start before anything is concluded.
const minPods = 1

// young is what pods did at an age, and what stable's would have done with as many requests in the same seconds.
type young struct {
	Requests    float64         `json:"n,omitempty"`
	Errors      float64         `json:"e,omitempty"`
	UsualErrors float64         `json:"ue,omitempty"`
	Timed       float64         `json:"t,omitempty"`
	Slow        [Bounds]float64 `json:"s,omitzero"`
	UsualSlow   [Bounds]float64 `json:"us,omitzero"`
}

// Starts is how pods of a service start: what they do beside stable in their first ten minutes. It is learned from
// rollouts that succeeded. The zero value knows nothing.
type Starts struct {
	Young [len(ages)]young `json:"young,omitzero"`
	Pods  float64          `json:"pods,omitempty"`
}

// bin is the one of an age, in seconds; ok is false for pods that are old.
func bin(age float64) (i int, ok bool) {
	for i, end := range ages {
		if age <= end {
			return i, true
		}
	}
	return 0, false
}

// Add adds what one pod did in a scrape, and stable beside it. Age is the pod's in the middle of the scrape, in seconds;
// first marks its first scrape.
func (s *Starts) Add(age float64, did, stable Arm, first bool) {
	if first {
		s.Pods++
	}
	at, ok := bin(age)
	if !ok {
		return
	}
	to := &s.Young[at]
	if stable.Requests > 0 {
		to.Requests, to.Errors = to.Requests+did.Requests, to.Errors+did.Errors
		to.UsualErrors += did.Requests * share(stable.counts(ErrorMeasure))
	}
	if stable.Timed > 0 {
		to.Timed += did.Timed
		for b := range to.Slow {
			to.Slow[b] += did.Slow[b]
			to.UsualSlow[b] += did.Timed * share(stable.counts(SlowMeasure(b)))
		}
	}
}

// Known reports whether enough starts were seen.
func (s *Starts) Known() bool { return s.Pods >= minPods }

// Fade returns the starts with less weight: a service changes, so newer rollouts count for more.
func (s Starts) Fade() Starts {
	const keep = 0.7
	for i := range s.Young {
		s.Young[i] = s.Young[i].plus(s.Young[i], keep-1)
	}
	s.Pods *= keep
	return s
}

// Plus returns the starts with others added.
func (s Starts) Plus(more Starts) Starts {
	for i := range s.Young {
		s.Young[i] = s.Young[i].plus(more.Young[i], 1)
	}
	s.Pods += more.Pods
	return s
}

// plus returns the sum with another one, times a factor.
func (y young) plus(o young, factor float64) young {
	y.Requests, y.Errors, y.UsualErrors = y.Requests+factor*o.Requests, y.Errors+factor*o.Errors, y.UsualErrors+factor*o.UsualErrors
	y.Timed += factor * o.Timed
	for b := range y.Slow {
		y.Slow[b], y.UsualSlow[b] = y.Slow[b]+factor*o.Slow[b], y.UsualSlow[b]+factor*o.UsualSlow[b]
	}
	return y
}

// stretch is how many times as long, and as bad, a start may be as those that were seen: no two are alike.
const stretch = 1.5

// Slack is by how much margins are wider for a pod of this age, in seconds: how much worse than stable young ones were,
// plus a standard error, stretched. It is zero for old pods.
func (s *Starts) Slack(age float64, spread func(Measure) float64) (slack Slack) {
	from, ok := bin(age / stretch)
	if !ok {
		return slack
	}
	to, ok := bin(age)
	if !ok {
		to = len(ages) - 1
	}
	for i := from; i <= to; i++ {
		one := s.slack(i, spread)
		slack.Errors = max(slack.Errors, stretch*one.Errors)
		for b := range slack.Slow {
			slack.Slow[b] = max(slack.Slow[b], stretch*one.Slow[b])
		}
	}
	return slack
}

// slack is that of a bin. What no pod of an age was seen to do is taken from the age before.
func (s *Starts) slack(at int, spread func(Measure) float64) (slack Slack) {
	for at > 0 && s.Young[at].Requests == 0 {
		at--
	}
	y := &s.Young[at]
	slack.Errors = excess(bet.Counts{N: y.Requests, Bad: y.Errors}, y.UsualErrors, spread(ErrorMeasure))
	for b := range slack.Slow {
		slack.Slow[b] = excess(bet.Counts{N: y.Timed, Bad: y.Slow[b]}, y.UsualSlow[b], spread(SlowMeasure(b)))
	}
	return slack
}

// WarmUp is how old pods are, in seconds, once they are as others.
func (s *Starts) WarmUp() float64 {
	warm := 0.0
	for i, end := range ages {
		slack := s.slack(i, func(Measure) float64 { return 0 })
		seen := s.Young[i].Requests > 0 && slack.Errors > 0.002
		for _, slow := range slack.Slow {
			seen = seen || s.Young[i].Timed > 0 && slow > 0.01
		}
		if seen {
			warm = end
		}
	}
	return warm
}

// excess is by how much the share of bad requests exceeds the usual one, plus two standard errors where it does.
func excess(c bet.Counts, usual, spread float64) float64 {
	if c.N <= 0 {
		return 0
	}
	p, u := c.Bad/c.N, usual/c.N
	phi := 1 + spread*c.N/float64(minPods)
	se := math.Sqrt(max(p*(1-p), 1/c.N) / c.N * phi)
	if p-u < 2*se {
		return max(0, p-u)
	}
	return p - u + 2*se
}
