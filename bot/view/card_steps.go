package view

import (
	"fmt"
	"strings"

	"canarybot.io/rollout"
)

// nextStep returns the step after the current one; ok is false when everyone comes next.
func nextStep(r rollout.Rollout, step int) (rollout.Step, bool) {
	if step+1 < len(r.Spec.Plan.Steps) && step+1 >= 0 {
		return r.Spec.Plan.Steps[step+1], true
	}
	return rollout.Step{}, false
}

// promotionTarget says where a promotion from the step leads: "to 50 %", "to everyone", and "for good" where everyone
// is on the canary already and stable comes after.
func promotionTarget(r rollout.Rollout, step int) string {
	s, ok := nextStep(r, step)
	switch {
	case ok && s.Weight < 100:
		return "to " + s.Weight.String()
	case !ok && step >= 0 && step < len(r.Spec.Plan.Steps) && r.Spec.Plan.Steps[step].Weight == 100:
		return "for good"
	}
	return "to everyone"
}

// promotionMove returns the same with a verb: "goes to 50 %".
func promotionMove(r rollout.Rollout, step int) string {
	if to := promotionTarget(r, step); to != "for good" {
		return "goes " + to
	}
	return "makes it the stable version"
}

// stepOf returns "step 1 of 3".
func stepOf(r rollout.Rollout) string {
	return fmt.Sprintf("step %d of %d", r.Step+1, max(len(r.Spec.Plan.Steps), r.Step+1))
}

// describePlan describes a plan: "5 % for 10 min, 50 % for 10 min, then everyone".
func describePlan(p rollout.Plan) string {
	var all []string
	for i, s := range p.Steps {
		if i == 10 {
			all = append(all, fmt.Sprintf("%d more", len(p.Steps)-i))
			break
		}
		part := s.Weight.String()
		if s.Bake > 0 {
			part += " for " + span(s.Bake)
		}
		if s.Gate == rollout.Manual {
			part += " and approval"
		}
		all = append(all, part)
	}
	return strings.Join(append(all, "then "+lastStop(p)), ", ")
}

// lastStop is what comes after the steps: where everyone is on the canary already, only stable is left to change.
func lastStop(p rollout.Plan) string {
	if n := len(p.Steps); n > 0 && p.Steps[n-1].Weight == 100 {
		return "stable"
	}
	return "everyone"
}

// bar shows the plan's steps and the rollout's position.
func bar(r rollout.Rollout) string {
	labels := []string{"start"}
	for _, s := range r.Spec.Plan.Steps {
		label := s.Weight.String()
		if s.Bake > 0 {
			label += " · " + span(s.Bake)
		}
		labels = append(labels, label)
	}
	labels = append(labels, lastStop(r.Spec.Plan))
	here, mark := position(r, len(labels)-1)
	items := make([]string, len(labels))
	for i, label := range labels {
		sign := iconAhead
		switch {
		case i < here:
			sign = iconDone
		case i == here:
			sign = mark
		}
		items[i] = sign + " " + label
	}
	return strings.Join(window(items, here), "   ")
}

// position returns which item of the bar the rollout is at, and that item's sign. Items before it are done.
func position(r rollout.Rollout, everyone int) (here int, mark string) {
	step := min(r.Step+1, everyone)
	turnedBack := r.Phase == rollout.RollingBack || r.Ending.Outcome == rollout.RolledBack
	switch {
	case r.Phase == rollout.Queued:
		return 0, iconAhead
	case r.Ending.Outcome == rollout.Cancelled:
		return 0, iconBad
	case r.Phase == rollout.Returning, r.Promoted && !turnedBack:
		return everyone + 1, ""
	case r.Phase == rollout.Promoting, r.StableWritten:
		here = everyone
	case r.Step == 0 && r.WeightAckedAt.IsZero() && r.Phase != rollout.Shifting:
		here = 0
	default:
		here = step
	}
	switch {
	case turnedBack:
		return here, iconBack
	case r.Ending.Outcome == rollout.Abandoned:
		return here, iconBad
	case r.Stuck != nil || r.Drift != nil:
		return here, iconWarning
	case r.Paused:
		return here, iconPaused
	}
	return here, iconGoing
}

// window shortens a long bar for phones: it keeps the items around the current one.
func window(items []string, here int) []string {
	const most = 8
	if len(items) <= most {
		return items
	}
	first := min(max(here-2, 0), len(items)-most)
	last := first + most
	var shown []string
	if first > 0 {
		shown = append(shown, fmt.Sprintf("%s %d before", iconDone, first))
	}
	shown = append(shown, items[first:last]...)
	if rest := len(items) - last; rest > 0 {
		shown = append(shown, fmt.Sprintf("%d more", rest))
	}
	return shown
}
