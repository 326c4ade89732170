package rollout

import "time"

// Why a time is not when an incident of a rollout began.
const (
	ProblemIncidentAhead  ProblemCode = "incident_ahead"  // Until is that time, and it is still to come
	ProblemIncidentBefore ProblemCode = "incident_before" // Until is when the rollout was asked for: nothing of it was there before
)

// HadTraffic reports whether the rollout's version had traffic: only then can it have harmed anybody.
func (r Rollout) HadTraffic() bool {
	return !r.WeightAckedAt.IsZero() || r.StableWritten || r.Ending.Outcome == Succeeded
}

// ExposedAt returns when the rollout's version first had traffic, by its timeline; zero: it had none, or nobody knows.
func ExposedAt(told []Entry) time.Time {
	for _, e := range told {
		if e.Kind == EntryPhase && (e.Data.To == Baking || e.Data.To == Promoting) {
			return e.At
		}
	}
	return time.Time{}
}

// CheckBegan returns nil when an incident of the rollout may have begun at the time, else an Invalid error. People choose
// minutes, so the rollout counts from the minute in which it was asked for. That is before its version has traffic: new pods
// can do harm that have none, for example to a queue.
func (r Rollout) CheckBegan(at, now time.Time) error {
	switch {
	case at.After(now):
		return Refuse(Invalid, Problem{Code: ProblemIncidentAhead, Until: at})
	case at.Before(r.Request.At.Truncate(time.Minute)):
		return Refuse(Invalid, Problem{Code: ProblemIncidentBefore, Rollout: r.ID, Until: r.Request.At})
	}
	return nil
}
