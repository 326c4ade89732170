package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// leftBehind says what an orphan is, in one sentence.
func leftBehind(r rollout.Rollout) string {
	if id := word(string(r.Orphan.Rollout)); id != "" {
		left := fmt.Sprintf("This Canarybot knows nothing of %s, which left it behind: its store is new, or was lost.", id)
		return joined(" ", append([]string{left}, disbelieved(r)...)...)
	}
	return "This Canarybot has no record of who sent the canary traffic: its store is new."
}

// disbelieved says what the orphan's stamp claims and the cluster does not show, and what stays instead, with both values.
func disbelieved(r rollout.Rollout) []string {
	var all []string
	for _, c := range r.Orphan.Claims {
		side := "stable"
		if c.Field == rollout.FieldCanaryImage {
			side = "the canary"
		}
		said := code(c.Said)
		if said == "" {
			said = "nothing"
		}
		all = append(all, fmt.Sprintf("Rolling back leaves %s at %s: an annotation says that it ran %s before, and the cluster shows no such version of %s there.",
			side, code(c.Kept), said, code(r.Spec.Repository)))
	}
	return all
}

// orphanButtons are the two answers about an orphan.
func orphanButtons(r rollout.Rollout) []button {
	name := word(string(r.Service))
	leave := button{action: rollout.Abandon, label: "Leave it", confirm: &confirm{
		fmt.Sprintf("Leave %s as it is?", name),
		fmt.Sprintf("Nothing is changed in %s, and nobody judges this canary. The next rollout of %s is refused while anything of it stands.", environment(r), name),
		"Leave it", "Not yet",
	}}
	return []button{rollbackButton(r), leave}
}

// askedAboutOrphan puts the question to the approvers. The channel may have been quiet for long, so the question is
// broadcast there too.
func (t threadReply) askedAboutOrphan() Message {
	m := message(paragraph(
		fmt.Sprintf("%s *%s was left behind* with %s of the traffic, and nobody judges it. %s", iconWarning, fullName(t.r), t.e.Data.Weight, leftBehind(t.r)),
		joined(" ", t.mentionApprovers(), "Roll back or leave it, on "+t.cardLink()+".",
			fmt.Sprintf("Nothing starts for %s before that is answered.", word(string(t.r.Service)))))).
		withText("%s was left behind with %s of the traffic, and nobody judges it. Roll back, or leave it.", fullName(t.r), t.e.Data.Weight)
	m.Broadcast = true
	return m
}

// busyWithOrphan refuses a launch while an orphan waits for a decision.
func (a Answers) busyWithOrphan(launch rollout.DeployRequest, busy *rollout.BusyError, link string) Message {
	name, asks := word(string(launch.Service)), busy.Live
	lines := []string{
		fmt.Sprintf("%s *%s has a canary that was left behind*: %s. %s", iconWarning, name, dotted(change(asks), asks.Orphan.Weight.String()+" of traffic"), leftBehind(asks)),
	}
	if before := busy.Before; before != nil {
		lines = append(lines, rolledBackAt(*before))
	}
	lines = append(lines, joined(" ", "Answer that first, on", anchorOr(link, "its card")+"."),
		a.alternatives(launch, "Or roll it back and start yours: "))
	return message(paragraph(lines...)).
		withText("%s has a canary that was left behind; that has to be answered first.", name)
}
