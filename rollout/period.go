package rollout

import (
	"cmp"
	"slices"
	"time"
)

// Period is what came of rollouts in a span of time, by what the audit has about them.
type Period struct {
	From, To time.Time
	// Deployed are the services of which a version came to everybody, by name.
	Deployed []Deployed
	// Failed are the ends of rollouts that were rolled back or abandoned, and Incidents what people reported; the newest first.
	Failed, Incidents []AuditEntry
	// Report has its numbers, and Before those of the span as long before it; nil: the audit does not go back so far.
	Report Report
	Before *Report
}

// Deployed is a service with what came to everybody.
type Deployed struct {
	Service ServiceName
	// Rollout is the last that did. Old is the image before the first, New the one of the last.
	Rollout  ID
	Old, New string
	// Times is how often that happened, ways back to a version before among them, which are Back.
	Times, Back int
}

// NewPeriod returns what came of the rollouts in the span whose entries are wanted, of any order. They are to go back as far again
// as the span is long. Began is when the audit begins.
func NewPeriod(entries []AuditEntry, from, to, began time.Time, wants func(AuditEntry) bool) Period {
	p := Period{From: from, To: to}
	inside := func(e AuditEntry) bool { return wants(e) && e.At.After(from) } // what ended at the border was told before
	p.Report = NewReport(entries, from, to, inside)
	if before := from.Add(-to.Sub(from)); !began.IsZero() && !began.After(before) {
		earlier := NewReport(entries, before, from, func(e AuditEntry) bool { return wants(e) && e.At.After(before) })
		p.Before = &earlier
	}
	deployed := map[ServiceName]Deployed{}
	for _, e := range oldestFirst(entries) {
		switch {
		case e.At.After(to) || !inside(*e):
		case e.Kind == AuditIncident:
			p.Incidents = append(p.Incidents, *e)
		case e.Summary == nil || e.Reason.Code == ReasonReplaced:
		case e.Summary.Outcome == Succeeded:
			deployed[e.Service] = deployed[e.Service].with(*e)
		case e.Summary.Outcome == RolledBack || e.Summary.Outcome == Abandoned:
			p.Failed = append(p.Failed, *e)
		}
	}
	for _, d := range deployed {
		p.Deployed = append(p.Deployed, d)
	}
	slices.SortFunc(p.Deployed, func(a, b Deployed) int { return cmp.Compare(a.Service, b.Service) })
	slices.Reverse(p.Failed)
	slices.Reverse(p.Incidents)
	return p
}

// oldestFirst orders entries without copying them: they are large, and many.
func oldestFirst(entries []AuditEntry) []*AuditEntry {
	all := make([]*AuditEntry, len(entries))
	for i := range entries {
		all[i] = &entries[i]
	}
	slices.SortStableFunc(all, func(a, b *AuditEntry) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
	return all
}

// with counts one more success.
func (d Deployed) with(e AuditEntry) Deployed {
	if d.Times == 0 {
		d.Service, d.Old = e.Service, e.Before
	}
	d.Rollout, d.New, d.Times = e.Rollout, e.Image, d.Times+1
	if e.Request != nil && e.Request.Back {
		d.Back++
	}
	return d
}

// Quiet reports whether nothing came of rollouts, and nobody reported anything.
func (p Period) Quiet() bool {
	return len(p.Deployed) == 0 && len(p.Failed) == 0 && len(p.Incidents) == 0
}
