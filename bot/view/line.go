package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// Line returns what a timeline entry says as one line of plain text, for others than Slack: a reply's text without its
// markup. People are named by their Slack ids, or not at all. It says something of every entry.
func Line(r rollout.Rollout, e rollout.Entry, hidePeople bool) string {
	m, ok := Reply(r, e, Audience{}, "")
	if !ok {
		m = message(lineOf(threadReply{r: r, e: e}))
	}
	return Plain(withoutMentions(m.Text, hidePeople))
}

// lineOf says what the thread leaves to the card, or to another entry.
func lineOf(t threadReply) string {
	r, name := t.r, fullName(t.r)
	switch t.e.Kind {
	case rollout.EntryRequested:
		return fmt.Sprintf("%s: %s asked for it%s", name, actorName(r.Request.By), endSentence(reasonSuffix(r.Request.Text)))
	case rollout.EntryPhase:
		return phaseLine(t)
	case rollout.EntryStep:
		return fmt.Sprintf("%s: step %d of %d is done.", name, t.e.Step+1, max(len(r.Spec.Plan.Steps), t.e.Step+1))
	case rollout.EntryVerdict:
		if v := t.e.Data.Verdict; v != nil {
			return fmt.Sprintf("%s: %s.", name, verdict(*v))
		}
	case rollout.EntryGit:
		return name + ": the pull request was closed and not merged."
	case rollout.EntryEnded:
		return name + " is over."
	case rollout.EntryStarted, rollout.EntryDecided, rollout.EntryAsked, rollout.EntryReminded, rollout.EntryDrift, rollout.EntrySettled,
		rollout.EntryOverwrote, rollout.EntryStuck, rollout.EntryAway, rollout.EntryUnseen, rollout.EntryFrozen, rollout.EntryTagMoved, rollout.EntryCommits:
	}
	return name + " goes on."
}

// phaseLine says what it means that a phase begins.
func phaseLine(t threadReply) string {
	name, s := fullName(t.r), t.currentStep()
	switch t.e.Data.To {
	case rollout.Preparing:
		return fmt.Sprintf("%s: the pods for step %d of %d are being started.", name, t.e.Step+1, max(len(t.r.Spec.Plan.Steps), t.e.Step+1))
	case rollout.Shifting:
		return fmt.Sprintf("%s: traffic is being shifted to %s.", name, s.Weight)
	case rollout.Baking:
		lasts := ""
		if s.Bake > 0 {
			lasts = ", for " + span(s.Bake)
		}
		return fmt.Sprintf("%s has %s of traffic%s: step %d of %d.", name, s.Weight, lasts, t.e.Step+1, max(len(t.r.Spec.Plan.Steps), t.e.Step+1))
	case rollout.Awaiting:
		return name + " waits for a person."
	case rollout.Promoting:
		return fmt.Sprintf("%s is being promoted: stable gets %s.", name, newVersion(t.r))
	case rollout.Returning:
		return fmt.Sprintf("%s is promoted: stable runs it.", name)
	case rollout.RollingBack:
		return joined(" ", name+" is rolling back:", fullStop(plainly(t.r, t.e.Data.Reason, t.e.Actor)), "Everyone returns to "+oldVersion(t.r)+".")
	case rollout.Cleaning, rollout.Releasing:
		return name + ": the canary is being removed."
	case rollout.Queued, rollout.Ended:
	}
	return name + " is over."
}

// withoutMentions turns mentions into the ids, or into nobody's. An @ before an id could call somebody elsewhere.
func withoutMentions(s string, hidePeople bool) string {
	who := "$1"
	if hidePeople {
		who = "somebody"
	}
	return groupToken.ReplaceAllString(personToken.ReplaceAllString(s, who), who)
}
