package view

import (
	"fmt"
	"strings"

	"canarybot.io/rollout"
)

// Errorless says that no error was seen in stable's past, and what that may mean; empty if there was one.
func Errorless(f rollout.DetectionPower) string {
	if !f.Errorless {
		return ""
	}
	return "Stable's past has no series of errors: nobody failed, or signals.errors selects nothing and will never show that somebody does. Try its selector in Prometheus over a day that had errors."
}

// DetectionPower says what a judge can detect in a rollout at current traffic: "at 5 % of 100 requests/s it sees 2 %
// errors in about 75 s, 0.5 % not before the 50 % step". Empty if nothing is known.
func DetectionPower(f rollout.DetectionPower, plan rollout.Plan) string {
	var all []string
	if len(f.Detections) > 0 && len(plan.Steps) > 0 {
		sees := make([]string, len(f.Detections))
		blind := true
		for i, s := range f.Detections {
			share := amountOf(s.Share, rollout.Ratio, configured).String()
			if i == 0 {
				share += " errors"
			}
			blind = blind && s.Step < 0
			switch {
			case s.Step < 0 || s.Step >= len(plan.Steps):
				sees[i] = share + " at no step"
			case s.Step == 0:
				sees[i] = fmt.Sprintf("%s in about %s", share, span(s.After))
			default:
				sees[i] = fmt.Sprintf("%s not before the %s step", share, plan.Steps[s.Step].Weight)
			}
		}
		what := "it sees " + strings.Join(sees, ", ")
		if blind {
			what = fmt.Sprintf("with bakes this short, fewer than %s errors are seen at no step", amountOf(f.Detections[0].Share, rollout.Ratio, configured))
		}
		all = append(all, fmt.Sprintf("At %s of %s requests/s %s.", plan.Steps[0].Weight, amountOf(f.Requests, rollout.Number, measured).number, what))
	}
	if c := f.Coarse; c != nil {
		at := func(v float64) string { return amountOf(v, rollout.Seconds, configured).String() }
		below := ""
		if c.Below > 0 {
			below = at(c.Below) + " and "
		}
		all = append(all, fmt.Sprintf("The latency histogram has no bucket at %s, only %s%s: what is slow is judged at %s. Add a bucket at %s.",
			at(c.Limit), below, at(c.Above), at(c.Above), at(c.Limit)))
	}
	return strings.Join(all, " ")
}
