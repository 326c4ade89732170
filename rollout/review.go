package rollout

import "time"

// ReviewWithin is how long after it was asked for an emergency is to be reviewed.
const ReviewWithin = 24 * time.Hour

// ReviewDue returns when the emergency is to be reviewed at the latest; ok is false where there is nothing to review, or it
// was.
func (r Rollout) ReviewDue() (at time.Time, ok bool) {
	return r.Request.At.Add(ReviewWithin), r.Request.Emergency && r.Terminal() && r.Reviewed == nil
}

// mayReview returns nil if the decision may be the review of an emergency: once, after it has ended, by somebody else.
func (r Rollout) mayReview(d Decision) error {
	switch {
	case !r.Request.Emergency || !r.Terminal():
		return r.refuse(ProblemNothingToReview)
	case r.Reviewed != nil:
		return Refuse(Conflict, Problem{Code: ProblemReviewedAlready, Rollout: r.ID})
	case r.Request.By.Is(d.Actor):
		return Refuse(Forbidden, Problem{Code: ProblemOwnEmergency, Rollout: r.ID})
	}
	return nil
}
