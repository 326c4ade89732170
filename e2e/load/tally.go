package load

import "time"

// Answer is one kind of answer.
type Answer struct {
	Version string `json:"version"` // as the pod that answered says; empty when none did
	Status  int    `json:"status"`  // 0 when there was no answer at all
}

// failed reports whether the caller was let down.
func (a Answer) failed() bool { return a.Status == 0 || a.Status >= 500 }

// Tally counts answers.
type Tally map[Answer]int

// Total returns how many requests were answered or failed.
func (t Tally) Total() int {
	return t.count(func(Answer) bool { return true })
}

// Version returns how many answers came from a version.
func (t Tally) Version(version string) int {
	return t.count(func(a Answer) bool { return a.Version == version })
}

// Failed returns how many requests got no answer or one of the server's errors.
func (t Tally) Failed() int {
	return t.count(Answer.failed)
}

// Share returns the share of a version among all requests, 0 to 1.
func (t Tally) Share(version string) float64 {
	total := t.Total()
	if total == 0 {
		return 0
	}
	return float64(t.Version(version)) / float64(total)
}

func (t Tally) count(counts func(Answer) bool) int {
	n := 0
	for answer, times := range t {
		if counts(answer) {
			n += times
		}
	}
	return n
}

func (t Tally) add(other Tally) {
	for answer, times := range other {
		t[answer] += times
	}
}

// bucket is the tally of a short time, as the generator's process reports it.
type bucket struct {
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Answers []counted `json:"answers"`
}

type counted struct {
	Answer
	Count int `json:"count"`
}

func (b bucket) tally() Tally {
	t := Tally{}
	for _, c := range b.Answers {
		t[c.Answer] += c.Count
	}
	return t
}
