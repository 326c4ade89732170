package prom

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// What people should know of the label that requests are looked at by, before a rollout begins.
const (
	// ProblemManyGroups is that the label Value has Count values, more than are looked at one by one; Limit is how many are.
	ProblemManyGroups rollout.ProblemCode = "metrics_many_groups"
	// ProblemNoGroups is that the counter Key (requests or errors) has series without the label Value.
	ProblemNoGroups rollout.ProblemCode = "metrics_no_groups"
)

// longestGroup is how long a label's value may be, in bytes, to be looked at by itself: each is stored with a rollout.
const longestGroup = 100

// groupOf is the value of the label that requests are looked at by.
func (i rawInquiry) groupOf(m model.Metric) string {
	value := string(m[i.by])
	if i.by == "" || len(value) > longestGroup || !utf8.ValidString(value) {
		return ""
	}
	return value
}

// groupsOf reads which values of the label have the most requests, busiest first.
func (i rawInquiry) groupsOf(a answer) rollout.Reading {
	odd := a.rejection()
	out := rollout.Reading{Why: odd.why, Detail: odd.detail}
	vector, ok := a.value.(model.Vector)
	if odd.why != rollout.WhyNone && odd.why != rollout.WhyWarnings || !ok {
		return out
	}
	for _, s := range vector {
		if s == nil || s.Histogram != nil || !(s.Value > 0) || i.groupOf(s.Metric) == "" {
			continue
		}
		out.Series = append(out.Series, rollout.Series{
			Group: i.groupOf(s.Metric), Points: []rollout.Point{{At: s.Timestamp.Time(), Value: float64(s.Value)}},
		})
	}
	slices.SortFunc(out.Series, func(a, b rollout.Series) int {
		return cmp.Or(cmp.Compare(b.Points[0].Value, a.Points[0].Value), cmp.Compare(a.Group, b.Group))
	})
	out.Series = out.Series[:min(len(out.Series), rollout.Groups)] // whatever else a server makes of topk
	return out
}

// groupQueries are those that show what a label is like, of stable: how many values it has, and how many series lack it.
type groupQueries struct {
	label                string
	values               string
	requestless, errless string // how many series of each counter are without the label
}

// inquireGroups returns the queries about the label; none where requests are looked at by none.
func inquireGroups(s rollout.Signals, stable map[Word]string) (g groupQueries) {
	if s.By == "" || s.Requests == "" {
		return g
	}
	g.label = s.By
	without := func(template string) string {
		_, theirs, err := selectorsOf(template, stable, stable)
		if template == "" || err != nil {
			return ""
		}
		return "count(" + selectorsIn(theirs)[0].narrowed(s.By+`=""`) + ")"
	}
	g.requestless, g.errless = without(s.Requests), without(s.Errors)
	if _, theirs, err := selectorsOf(s.Requests, stable, stable); err == nil {
		g.values = fmt.Sprintf("count(count by (%s) (%s))", s.By, theirs)
	}
	return g
}

func (g groupQueries) all() []string { return []string{g.values, g.requestless, g.errless} }

// notices says what is odd about the label.
func (g groupQueries) notices(service rollout.ServiceName, answers map[string]answer) (all []rollout.Problem) {
	if g.label == "" {
		return nil
	}
	number := func(query string) float64 {
		v, _, odd := answers[query].one()
		if query == "" || odd.why != rollout.WhyNone {
			return 0
		}
		return v
	}
	for key, query := range map[string]string{"requests": g.requestless, "errors": g.errless} {
		if number(query) > 0 {
			all = append(all, rollout.Problem{Code: ProblemNoGroups, Service: service, Key: key, Value: g.label})
		}
	}
	slices.SortFunc(all, func(a, b rollout.Problem) int { return cmp.Compare(b.Key, a.Key) })
	if n := number(g.values); n > rollout.Groups {
		all = append(all, rollout.Problem{Code: ProblemManyGroups, Service: service, Value: g.label, Count: int(n), Limit: rollout.Groups})
	}
	return all
}
