package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// DryRun renders the result of a preflight; r is the rollout that would have started.
func (a Answers) DryRun(r rollout.Rollout, p rollout.Preflight) Message {
	head := fmt.Sprintf("*Dry run of %s*: ", fullName(r))
	switch {
	case !p.Unreadable.IsZero():
		return message(iconUnknown + " " + head + "nothing can be said yet: " + fullStop(short(p.Unreadable)))
	case !p.Passes():
		return message(fmt.Sprintf("%s %sit would not start, for %s. Nothing was changed.", iconBad, head, plural(len(p.Problems)+len(p.Checks), "reason", "reasons"))).
			withBlocks(list(preflight(p.Problems, p.Checks))...)
	}
	lines := append([]string{fmt.Sprintf("%s %sit would start. Nothing was changed.", iconDone, head)}, wouldDo(r, p)...)
	return message(paragraph(lines...)).withText("Dry run of %s: it would start. Nothing was changed.", fullName(r)).
		withBlocks(list(notices(p.Notices))...)
}

// wouldDo says what a rollout would do that may start.
func wouldDo(r rollout.Rollout, p rollout.Preflight) []string {
	r.Original = p.Original
	lines := []string{
		change(r),
		capitalize(describePlan(r.Spec.Plan)) + ".",
		DetectionPower(p.DetectionPower, r.Spec.Plan),
		Errorless(p.DetectionPower),
	}
	lines = append(lines, checkBacktests(p.Backtests)...)
	if len(p.Original.TemplateDiffers) > 0 {
		lines = append(lines, iconWarning+" "+differs(p.Original.TemplateDiffers))
	}
	return lines
}

// DryRunTogether renders the dry runs of several that go together. Refused has the answers to those that are refused before
// their preflight, and between the commits that each brings, where somebody could be asked.
func (a Answers) DryRunTogether(all []rollout.DryRun, refused []Message, between map[rollout.ServiceName]rollout.Commits) Message {
	var names, not, unread, lines []string
	for i, d := range all {
		names = append(names, string(d.Request.Service))
		switch {
		case d.Err == nil && !d.Preflight.Unreadable.IsZero():
			unread = append(unread, string(d.Request.Service))
		case !d.Starts():
			not = append(not, string(d.Request.Service))
		}
		lines = append(lines, dryRunOfOne(d, refused[i])...)
		if c, asked := between[d.Request.Service]; asked {
			lines = append(lines, commits(c)[0])
		}
	}
	says, with := iconDone+" *Dry run of %s*: they would start together. Nothing was changed.", []any{several(names, " and ")}
	switch {
	case len(not) > 0:
		says, with = iconBad+" *Dry run of %s*: none of them would start, because of %s. Nothing was changed.", append(with, several(not, " and "))
	case len(unread) > 0:
		says, with = iconUnknown+" *Dry run of %s*: nothing can be said yet, because of %s. Nothing was changed.", append(with, several(unread, " and "))
	}
	return message(fmt.Sprintf(says, with...)).withBlocks(list(lines, "dry-run fewer of them")...)
}

// dryRunOfOne says in lines whether one of several would start.
func dryRunOfOne(d rollout.DryRun, refused Message) []string {
	head := "*" + fullName(d.Rollout) + "*: "
	switch p := d.Preflight; {
	case d.Err != nil:
		return []string{iconBad + " *" + word(string(d.Request.Service)) + "*: " + refused.Text}
	case !p.Unreadable.IsZero():
		return []string{iconUnknown + " " + head + "nothing can be said yet: " + fullStop(short(p.Unreadable))}
	case !p.Passes():
		return append([]string{iconBad + " " + head + "it would not start:"}, preflight(p.Problems, p.Checks)...)
	default:
		lines := []string{iconDone + " " + head + "it would start."}
		for _, line := range append(wouldDo(d.Rollout, p), notices(p.Notices)...) {
			if line != "" {
				lines = append(lines, line)
			}
		}
		return lines
	}
}
