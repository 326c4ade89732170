package trial

import "math"

// youngScrapes is for how many scrapes a pod counts as young.
const youngScrapes = 8

// minPods is how many pods must have been seen to start before anything is concluded.
const minPods = 3

// Starts is how pods of a service start: what they do in each scrape of their first minutes, and what they do when they
// are warm. It is learned from rollouts that succeeded. The zero value knows nothing.
type Starts struct {
	Young [youngScrapes]Arm `json:"young,omitzero"`
	Warm  Arm               `json:"warm,omitzero"`
	Pods  float64           `json:"pods,omitempty"`
}

// Add adds what one pod did in a scrape. Age is the pod's at the end of the scrape, in seconds; first marks its first
// scrape.
func (s *Starts) Add(age, interval float64, did Arm, first bool) {
	at := int(age / interval)
	to := &s.Warm
	if at < youngScrapes {
		to = &s.Young[max(at, 0)]
	}
	to.Requests += did.Requests
	to.Errors += did.Errors
	to.Timed += did.Timed
	for b := range to.Slow {
		to.Slow[b] += did.Slow[b]
	}
	if first && at < youngScrapes {
		s.Pods++
	}
}

// Known reports whether enough starts were seen.
func (s *Starts) Known() bool { return s.Pods >= minPods && s.Warm.Requests > 0 }

// Fade returns the starts with less weight: a service changes, so newer rollouts count for more.
func (s Starts) Fade() Starts {
	const keep = 0.7
	fade := func(a *Arm) {
		a.Requests, a.Errors, a.Timed = a.Requests*keep, a.Errors*keep, a.Timed*keep
		for b := range a.Slow {
			a.Slow[b] *= keep
		}
	}
	for i := range s.Young {
		fade(&s.Young[i])
	}
	fade(&s.Warm)
	s.Pods *= keep
	return s
}

// Plus returns the starts with others added.
func (s Starts) Plus(more Starts) Starts {
	add := func(a *Arm, b Arm) {
		a.Requests, a.Errors, a.Timed = a.Requests+b.Requests, a.Errors+b.Errors, a.Timed+b.Timed
		for i := range a.Slow {
			a.Slow[i] += b.Slow[i]
		}
	}
	for i := range s.Young {
		add(&s.Young[i], more.Young[i])
	}
	add(&s.Warm, more.Warm)
	s.Pods += more.Pods
	return s
}

// Slack is by how much margins are wider for a pod of this age: how much worse than warm pods young ones are, plus a
// standard error. It is zero for old pods.
func (s *Starts) Slack(age, interval float64) (slack Slack) {
	at := int(age / interval)
	if at >= youngScrapes {
		return slack
	}
	young := &s.Young[max(at, 0)]
	var warm [Bounds]float64
	for b := range warm {
		warm[b] = s.Warm.Slow[b] / max(s.Warm.Timed, 1)
	}
	guess := GuessedSlack(age, warm)
	slack.Errors = excess(young.Errors, young.Requests, s.Warm.Errors/max(s.Warm.Requests, 1), guess.Errors)
	for b := range slack.Slow {
		slack.Slow[b] = excess(young.Slow[b], young.Timed, warm[b], guess.Slow[b])
	}
	return slack
}

// guessRequests is how many requests the guess is worth: it counts for longer where there is little traffic.
const guessRequests = 50

// minYoungRequests is how many requests of young pods it takes to believe that they are no worse than warm ones.
const minYoungRequests = 500

// excess is by how much the share of bad requests of young pods exceeds that of warm ones, plus a standard error, which
// is left out where many requests show no excess.
func excess(bad, all, warm, guess float64) float64 {
	p := min((bad+guessRequests*(warm+guess))/(all+guessRequests), 1)
	se := math.Sqrt(p * (1 - p) / (all + guessRequests))
	if all >= minYoungRequests && p-warm < 2*se {
		se = 0
	}
	return max(0, p-warm) + se
}
