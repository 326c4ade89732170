package trial

import "math"

// ages is for how many scrapes a pod that starts is young.
const ages = 8

// enough is how many starts have to have been seen before anything is concluded from them.
const enough = 3

// Starts is how pods of a service started: what they did in each scrape of their first minutes, and what they do when
// they are warm. It is learned from rollouts that succeeded. The zero value has seen nothing.
type Starts struct {
	Young [ages]Arm `json:"young,omitzero"`
	Warm  Arm       `json:"warm,omitzero"`
	Pods  float64   `json:"pods,omitempty"`
}

// Note adds what one pod did in a scrape at whose end it was so old, in seconds. First says that it did nothing before.
func (s *Starts) Note(age, interval float64, did Arm, first bool) {
	at := int(age / interval)
	to := &s.Warm
	if at < ages {
		to = &s.Young[max(at, 0)]
	}
	to.Requests += did.Requests
	to.Errors += did.Errors
	to.Timed += did.Timed
	for b := range to.Slow {
		to.Slow[b] += did.Slow[b]
	}
	if first && at < ages {
		s.Pods++
	}
}

// Known reports whether enough starts were seen.
func (s *Starts) Known() bool { return s.Pods >= enough && s.Warm.Requests > 0 }

// Fade returns the starts with less weight, so that those of the next rollout count for more: a service changes.
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

// Slack is by how much margins are wider for a pod of this age: by what starting pods were worse than warm ones, and a
// standard error. Old pods have none.
func (s *Starts) Slack(age, interval float64) (slack Slack) {
	at := int(age / interval)
	if at >= ages {
		return slack
	}
	young := &s.Young[max(at, 0)]
	var usual [Bounds]float64
	for b := range usual {
		usual[b] = s.Warm.Slow[b] / max(s.Warm.Timed, 1)
	}
	guess := GuessedSlack(age, usual)
	slack.Errors = excess(young.Errors, young.Requests, s.Warm.Errors/max(s.Warm.Requests, 1), guess.Errors)
	for b := range slack.Slow {
		slack.Slow[b] = excess(young.Slow[b], young.Timed, usual[b], guess.Slow[b])
	}
	return slack
}

// guessed is how many requests the guess is worth: a service with little traffic is judged by it for longer.
const guessed = 50

// plenty is how many requests of young pods have to have been seen for "no worse than warm ones" to be believed.
const plenty = 500

// excess is how much larger the share of young pods' bad requests was than what is usual, and a standard error, which is
// left out where plenty of requests show no excess.
func excess(bad, all, usual, guess float64) float64 {
	p := min((bad+guessed*(usual+guess))/(all+guessed), 1)
	se := math.Sqrt(p * (1 - p) / (all + guessed))
	if all >= plenty && p-usual < 2*se {
		se = 0
	}
	return max(0, p-usual) + se
}
