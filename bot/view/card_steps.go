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
		all = append(all, describeStep(s))
	}
	return strings.Join(append(all, "then "+lastStop(p)), ", ")
}

// describeStep describes a step: "5 % for 10 min and approval".
func describeStep(s rollout.Step) string {
	text := s.Weight.String()
	if s.Bake > 0 {
		text += " for " + span(s.Bake)
	}
	if s.Gate == rollout.Manual {
		text += " and approval"
		if n := s.ApprovalsNeeded(); n > 1 {
			text = fmt.Sprintf("%s by %d", text, n)
		}
	}
	return text
}

// lastStop is what comes after the steps: where everyone is on the canary already, only stable is left to change.
func lastStop(p rollout.Plan) string {
	if n := len(p.Steps); n > 0 && p.Steps[n-1].Weight == 100 {
		return "stable"
	}
	return "everyone"
}

// stop is one place on the way: the start, a step, everyone. Label is short, title says all about it.
type stop struct{ sign, label, title string }

// stops are the places on the rollout's way, with where it is now; of a long way those around that.
func stops(r rollout.Rollout) []stop {
	all := []stop{{label: "start", title: "Start"}}
	for _, s := range r.Spec.Plan.Steps {
		label := s.Weight.String()
		if s.Bake > 0 {
			label += " · " + span(s.Bake)
		}
		all = append(all, stop{label: label, title: describeStep(s)})
	}
	last := lastStop(r.Spec.Plan)
	all = append(all, stop{label: last, title: capitalize(last)})
	here, mark := position(r, len(all)-1)
	for i := range all {
		all[i].sign = iconAhead
		switch {
		case i < here:
			all[i].sign = iconDone
		case i == here:
			all[i].sign = mark
		}
	}
	return window(all, here)
}

// bar shows the plan's steps and the rollout's position.
func bar(r rollout.Rollout) string {
	var items []string
	for _, s := range stops(r) {
		items = append(items, joined(" ", s.sign, s.label))
	}
	return strings.Join(items, "   ")
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

// window shortens a long way for phones: it keeps what is around the current place.
func window(items []stop, here int) []stop {
	const most = 8
	if len(items) <= most {
		return items
	}
	first := min(max(here-2, 0), len(items)-most)
	last := first + most
	var shown []stop
	if first > 0 {
		before := fmt.Sprintf("%d before", first)
		shown = append(shown, stop{iconDone, before, before})
	}
	shown = append(shown, items[first:last]...)
	if rest := len(items) - last; rest > 0 {
		more := fmt.Sprintf("%d more", rest)
		shown = append(shown, stop{label: more, title: more})
	}
	return shown
}
