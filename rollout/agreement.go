package rollout

import (
	"cmp"
	"slices"
	"time"
)

// ServiceAgreement says how often people decided about a service's canaries as the judge advised.
type ServiceAgreement struct {
	Service ServiceName
	// Agreed and Judged are as Agreement counts them.
	Agreed, Judged int
	// InRow counts the latest decisions, back to the last rollout in which they disagreed, and Since is when the first of
	// these rollouts ended; zero: in the newest they disagreed.
	InRow int
	Since time.Time
}

// agreements returns how it was for each service, those that agreed for longest first. The entries may be in any order.
func agreements(ended []*AuditEntry) []ServiceAgreement {
	of := map[ServiceName]*ServiceAgreement{}
	for _, e := range slices.SortedStableFunc(slices.Values(ended), func(a, b *AuditEntry) int { return a.At.Compare(b.At) }) {
		agreed, judged := e.Summary.Agreed, e.Summary.Judged
		if judged == 0 {
			continue
		}
		a := of[e.Service]
		if a == nil {
			a = &ServiceAgreement{Service: e.Service}
			of[e.Service] = a
		}
		a.Agreed, a.Judged = a.Agreed+agreed, a.Judged+judged
		switch {
		case agreed < judged:
			a.InRow, a.Since = 0, time.Time{}
		case a.InRow == 0:
			a.InRow, a.Since = judged, e.At
		default:
			a.InRow += judged
		}
	}
	var all []ServiceAgreement
	for _, a := range of {
		all = append(all, *a)
	}
	slices.SortFunc(all, func(a, b ServiceAgreement) int {
		return cmp.Or(cmp.Compare(b.InRow, a.InRow), cmp.Compare(a.Service, b.Service))
	})
	return all
}
