package rollout

import (
	"slices"
	"time"
)

// Report is how a team's rollouts went in a span of time, by what the audit has about them.
type Report struct {
	From, To time.Time
	// Rollouts are those that came to everybody or were rolled back, Succeeded and RolledBack; what was cancelled, abandoned or
	// replaced, and a way back, is none. RolledBackAlone are those of RolledBack that Canarybot rolled back by itself.
	Rollouts, Succeeded, RolledBack, RolledBackAlone int
	// Undone are successes that people took back later.
	Undone    int
	Incidents int
	// Detection is the mean time from a bad canary's first request to the decision to roll it back, over Detected rollouts.
	Detection time.Duration
	Detected  int
	// Lead is the median time from the request to the end, of those that succeeded; Recovery from a bad canary's first request
	// until it had none, of those that were rolled back.
	Lead, Recovery time.Duration
	// Agreed and Judged are as Agreement counts them.
	Agreed, Judged int
	// Agreements are those of each service, the longest without a disagreement first.
	Agreements []ServiceAgreement
	// Kept estimates the requests that stayed with stable while a canary that was rolled back had traffic.
	Kept float64
}

// ReportKinds are the entries of the audit that a report is made of.
func ReportKinds() []AuditKind { return []AuditKind{AuditEnded, AuditIncident} }

// NewReport returns the report about the entries that are wanted. It counts from the audit's beginning where that is later.
func NewReport(entries []AuditEntry, from, to time.Time, wants func(AuditEntry) bool) Report {
	p := Report{From: from, To: to}
	var lead, recovery []time.Duration
	var detection time.Duration
	var counted []*AuditEntry
	for i := range entries { // they are large, and many: none is copied
		e := &entries[i]
		switch s := e.Summary; {
		case e.At.Before(from) || e.At.After(to) || !wants(*e):
			continue
		case e.Kind == AuditIncident:
			p.Incidents++
			continue
		case s == nil || e.Reason.Code == ReasonReplaced:
			continue
		case e.Request != nil && e.Request.Back:
			if s.Outcome == Succeeded {
				p.Undone++
			}
			continue
		case s.Outcome == Succeeded:
			p.Succeeded++
			if e.Request != nil {
				lead = append(lead, e.At.Sub(e.Request.At))
			}
		case s.Outcome == RolledBack:
			p.RolledBack++
			if e.Reason.Code != ReasonPerson && e.Reason.Code != ReasonAnnotation {
				p.RolledBackAlone++
			}
			if d := s.Condemned.Sub(s.Exposed); !s.Exposed.IsZero() && d >= 0 {
				detection, p.Detected = detection+d, p.Detected+1
			}
			if d := s.WeightZero.Sub(s.Exposed); !s.Exposed.IsZero() && d >= 0 {
				recovery = append(recovery, d)
			}
		}
		counted = append(counted, e)
		p.Agreed, p.Judged, p.Kept = p.Agreed+e.Summary.Agreed, p.Judged+e.Summary.Judged, p.Kept+e.Summary.Kept
	}
	p.Rollouts, p.Agreements = p.Succeeded+p.RolledBack, agreements(counted)
	if p.Detected > 0 {
		p.Detection = detection / time.Duration(p.Detected)
	}
	p.Lead, p.Recovery = median(lead), median(recovery)
	return p
}

// spansMost is how many parts of a report are told apart: as many as a chart has points.
const spansMost = 20

// Trend splits a report into those of days, of weeks where there are too many, or of longer spans still; oldest first. Each
// ends where the next begins, the newest at to; the oldest may be up to twice as long. nil: there is no more than one.
func Trend(entries []AuditEntry, from, to time.Time, wants func(AuditEntry) bool) []Report {
	const day = 24 * time.Hour
	length := day
	if to.Sub(from) > spansMost*day {
		length = 7 * day
	}
	if to.Sub(from) > spansMost*length {
		length = (to.Sub(from)/spansMost/day + 1) * day
	}
	if to.Sub(from) < 2*length {
		return nil
	}
	var all []Report
	for end := to; end.After(from); {
		begin := end.Add(-length)
		if begin.Add(-length).Before(from) {
			begin = from
		}
		all = append(all, NewReport(entries, begin, end, func(e AuditEntry) bool {
			return wants(e) && (e.At.After(begin) || e.At.Equal(from)) // on the border it is the earlier one's
		}))
		end = begin
	}
	slices.Reverse(all)
	return all
}

// median returns the middle one; 0 of none.
func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// Days returns how long the report's span is, at least a day: rates of less mean nothing.
func (p Report) Days() float64 { return max(1, p.To.Sub(p.From).Hours()/24) }

// Baseline is how it was before Canarybot, as a team knows it; nil: it does not.
type Baseline struct {
	RollbackRate *float64       // of the deploys, from 0 to 1
	Detection    *time.Duration // mean time to detect a bad deploy
	Incidents    *float64       // a month
	Deploys      *float64       // a day
}
