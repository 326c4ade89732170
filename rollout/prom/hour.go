package prom

import (
	"context"
	"fmt"
	"math"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// Hour is what a check would have said of stable in the last hour.
type Hour struct {
	Check   string
	Asked   int // times
	None    int // of them without a number
	Beyond  int // of them beyond the threshold
	Series  int // the most at once; one is expected
	Problem string
}

// Hour asks each check about every interval of the last hour, of stable. It blocks as long as Ask does, for each check.
func (s *Source) Hour(ctx context.Context, q rollout.Question) []Hour {
	all := make([]Hour, len(q.Checks))
	q.Since = time.Time{}
	for i, c := range q.Checks {
		all[i] = s.hour(ctx, q, c)
	}
	return all
}

func (s *Source) hour(ctx context.Context, q rollout.Question, c rollout.Check) Hour {
	h := Hour{Check: c.Name}
	in := inquire(q, c)
	if in.why != rollout.WhyNone {
		h.Problem = either(in.detail, string(in.why))
		return h
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	step := max(c.Interval, 15*time.Second)
	r := v1.Range{Start: q.Now.Add(-time.Hour), End: q.Now, Step: step}
	value, warnings, _, err := s.api.QueryRange(ctx, in.value, r, v1.WithTimeout(s.timeout))
	if odd := (answer{value: value, warnings: warnings, err: err}).odd(); odd.why != rollout.WhyNone {
		h.Problem = either(odd.detail, string(odd.why))
		return h
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		h.Problem = "the query gives no numbers"
		return h
	}
	at := map[model.Time]int{}
	for _, stream := range matrix {
		for _, p := range stream.Values {
			at[p.Timestamp]++
			h.Series = max(h.Series, at[p.Timestamp])
			v := float64(p.Value)
			switch {
			case math.IsNaN(v), math.IsInf(v, 0):
				at[p.Timestamp]--
			case !c.Comparison.Holds(v, c.Threshold):
				h.Beyond++
			}
		}
	}
	h.Asked = int(time.Hour/step) + 1
	for _, n := range at {
		if n <= 0 {
			h.None++
		}
	}
	h.None += h.Asked - min(len(at), h.Asked)
	return h
}

// String says in one sentence what the check would have said.
func (h Hour) String() string {
	switch {
	case h.Problem != "":
		return fmt.Sprintf("%s cannot be asked about the last hour: %s", h.Check, h.Problem)
	case h.Series > 1:
		return fmt.Sprintf("%s gives %d series at once; aggregate it to one, for example with sum()", h.Check, h.Series)
	case h.None == h.Asked:
		return fmt.Sprintf("%s had no number in the last hour", h.Check)
	case h.Beyond > 0:
		return fmt.Sprintf("%s of stable itself was beyond its limit %d of %d times in the last hour; a fine canary would have been too", h.Check, h.Beyond, h.Asked)
	case h.None > h.Asked/10:
		return fmt.Sprintf("%s had no number %d of %d times in the last hour", h.Check, h.None, h.Asked)
	}
	return fmt.Sprintf("%s of stable was within its limit all of the last hour", h.Check)
}
