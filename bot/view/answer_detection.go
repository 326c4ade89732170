package view

import (
	"fmt"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// Errorless says that no error was seen in stable's past, and what that may mean; empty if there was one.
func Errorless(f rollout.DetectionPower) string {
	if !f.Errorless {
		return ""
	}
	return "No error of stable is on record: no request failed, or signals.errors selects nothing and would never show one. Try its selector in Prometheus over a day that had errors."
}

// DetectionPower says which errors will be noticed in a rollout at current traffic, how soon, and which never. Empty if
// nothing is known.
func DetectionPower(f rollout.DetectionPower, plan rollout.Plan) string {
	return joined(" ", detections(f, plan), coarse(f.Coarse))
}

func detections(f rollout.DetectionPower, plan rollout.Plan) string {
	if len(f.Detections) == 0 || len(plan.Steps) == 0 {
		return ""
	}
	sentences := []string{fmt.Sprintf("Stable gets %s requests/s.", amountOf(f.Requests, rollout.Number, measured))}
	var soon, never []string
	for _, d := range f.Detections {
		share := amountOf(d.Share, rollout.Ratio, configured)
		switch {
		case d.Step < 0 || d.Step >= len(plan.Steps):
			never = append(never, share.String())
		case d.Step == 0:
			soon = append(soon, fmt.Sprintf("%s after about %s", share, span(d.After)))
		default:
			sentences = append(sentences, fmt.Sprintf("Errors of %s are noticed only at the %s step.", share, plan.Steps[d.Step].Weight))
		}
	}
	if len(soon) > 0 {
		sentences = slices.Insert(sentences, 1, "At the first step errors are noticed: "+strings.Join(soon, ", ")+".")
	}
	if len(never) > 0 {
		sentences = append(sentences, "Errors of "+never[0]+" and less may go unnoticed: the bakes of this plan are short for its traffic.")
	}
	return strings.Join(sentences, " ")
}

// coarse says that the latency limit lies between two buckets; empty if it does not.
func coarse(c *rollout.Coarse) string {
	if c == nil {
		return ""
	}
	at := func(v float64) string { return amountOf(v, rollout.Seconds, configured).String() }
	below := ""
	if c.Below > 0 {
		below = at(c.Below) + " and "
	}
	return fmt.Sprintf("The latency histogram has no bucket at %s, only %s%s: what is slow is judged at %s. Add a bucket at %s.",
		at(c.Limit), below, at(c.Above), at(c.Above), at(c.Limit))
}
