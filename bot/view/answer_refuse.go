package view

import (
	"fmt"
	"time"

	"canarybot.io/rollout"
)

// Busy refuses a launch: another rollout holds the service, or waits for it. It names every rollout that replacing
// would end.
func (a Answers) Busy(launch rollout.DeployRequest, busy *rollout.BusyError, link string) Message {
	live := busy.Live
	if live.Orphaned() {
		return a.busyWithOrphan(launch, busy, link)
	}
	name := word(string(launch.Service))
	has := share(live)
	if has != "" {
		has = " with " + has
	}
	started := fmt.Sprintf("%s started it %s.", actorName(live.Request.By), at(live.Request.At))
	head := fmt.Sprintf("%s *%s is busy*: %s is live%s, as %s. %s", iconCanary, name, newVersion(live), has, word(string(live.ID)), started)
	text := fmt.Sprintf("%s is busy: %s is live%s.", name, newVersion(live), has)
	instead := "Or roll it back and start yours: "
	if live.Phase == rollout.Queued {
		head = fmt.Sprintf("%s *%s is waiting already*: %s is queued as %s. %s", iconGoing, name, newVersion(live), word(string(live.ID)), started)
		text = fmt.Sprintf("%s is taken: %s is queued.", name, newVersion(live))
		instead = "Or cancel it and start yours: "
	}
	lines := []string{head, status(live)}
	if w := busy.Waiting; w != nil {
		lines = append(lines, fmt.Sprintf("%s of %s is queued behind it, as %s.", newVersion(*w), actorName(w.Request.By), word(string(w.ID))))
		instead = "Or end both and start yours: "
	}
	if before := busy.Before; before != nil {
		lines = append(lines, rolledBackAt(*before))
	}
	wait := "Wait for its end."
	if a.forForm {
		wait = ChooseToWait
	}
	lines = append(lines, joined(" ", wait, anchor(link, "Its card")), a.alternatives(launch, instead))
	return message(paragraph(lines...)).withText("%s", text)
}

// alternatives says what to do instead of waiting.
func (a Answers) alternatives(launch rollout.DeployRequest, instead string) string {
	if a.forDryRun {
		return "A dry run looks at the cluster as it is: ask again then."
	}
	if a.forForm {
		return TickToReplace
	}
	if a.several {
		return replaceSeveral()
	}
	launch.Replace = true
	return instead + a.line(launch)
}

// replaceSeveral says what to do instead about several services that go together.
func replaceSeveral() string {
	return "If it is meant all the same: the same line with " + code("--replace")
}

// rolledBackAt says in which rollout a version was rolled back before, when and why.
func rolledBackAt(prior rollout.Rollout) string {
	why := because(prior, prior.Ending.Reason, prior.Ending.By)
	return fmt.Sprintf("%s *%s was rolled back before*: %s, %s: %s", iconBack, newVersion(prior), word(string(prior.ID)), at(endTime(prior)), fullStop(why))
}

// RolledBackBefore refuses a launch: the version was rolled back before.
func (a Answers) RolledBackBefore(launch rollout.DeployRequest, prior rollout.Rollout) Message {
	launch.Replace = true
	instead := "If it is meant to run all the same: " + a.line(launch)
	switch {
	case a.forForm:
		instead = TickToReplace
	case a.several:
		instead = replaceSeveral()
	}
	return message(paragraph(rolledBackAt(prior), instead)).
		withText("%s was rolled back before, in %s: %s", newVersion(prior), word(string(prior.ID)), fullStop(because(prior, prior.Ending.Reason, prior.Ending.By)))
}

// endTime is when a rollout ended, or the nearest known time.
func endTime(r rollout.Rollout) time.Time {
	for _, t := range []time.Time{r.Ending.At, r.ReconciledAt, r.Request.At} {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// SameVersion refuses a launch: stable already runs the version.
func (a Answers) SameVersion(service rollout.ServiceName, image string) Message {
	return message(fmt.Sprintf("%s runs %s already: there is nothing to deploy. A canary that is under way is rolled back by %s.",
		word(string(service)), named(image), a.typed("rollback "+string(service))))
}

// Forbidden refuses an action: it names the person's id, and who can help.
func (a Answers) Forbidden(actor rollout.Actor, action rollout.Action, policy rollout.Policy) Message {
	if actor.Kind == rollout.Person && !actor.Member {
		return message(paragraph(
			"Only full members of this Slack workspace may "+actionVerb(action)+"; guests and other workspaces may not.",
			"You have the "+ownID(actor)+". "+a.whoMay(policy, action)))
	}
	return message(paragraph(
		fmt.Sprintf("You (%s) may not %s here. Nothing was changed.", ownID(actor), actionVerb(action)),
		a.whoMay(policy, action)))
}

// NobodyIn adds to an answer that nobody is in the user groups, each with its id; nothing where there are none.
func (m Message) NobodyIn(groups []string) Message {
	var lines []string
	for _, id := range groups {
		lines = append(lines, "Nobody is in the user group "+mention(id)+" (id "+code(id)+"): it is empty, or was deleted. The policy has to name another, or people.")
	}
	return m.withBlocks(list(lines)...)
}

// NotCounted answers a decision of the actor's that does not count, and names whose would.
func (a Answers) NotCounted(actor rollout.Actor, why rollout.Problem, approvers []string) Message {
	who := "Nobody else may: " + code("policy.approvers") + " has to name somebody."
	if others := without(approvers, actor.ID); len(others) > 0 {
		who = "Who can: " + mentions(others) + "."
	}
	return message(joined(" ", "Nothing was changed.", fullStop(Problem(why)), who))
}

// Outsider refuses a question from somebody who is not a full member of the workspace.
func (a Answers) Outsider(actor rollout.Actor) Message {
	return message(paragraph(
		"Only full members of this Slack workspace may ask about rollouts; guests and other workspaces may not.",
		"You have the "+ownID(actor)+"."))
}

// actionVerb is an action as a verb.
func actionVerb(action rollout.Action) string {
	switch action {
	case rollout.Deploy:
		return "deploy"
	case rollout.Promote:
		return "promote"
	case rollout.PromoteNow:
		return "promote before a bake is over"
	case rollout.EmergencyDeploy:
		return "deploy with --emergency"
	case rollout.Review:
		return "review an emergency"
	case rollout.Rollback, GoBack:
		return "roll back"
	case rollout.Pause:
		return "pause a rollout"
	case rollout.Resume:
		return "resume a rollout"
	case rollout.Extend:
		return "let a step bake longer"
	case rollout.Accept:
		return "let a rollout go on that is in doubt"
	case rollout.Override:
		return "override a change"
	case rollout.Retry:
		return "try again"
	case rollout.Abandon:
		return "abandon a rollout"
	case rollout.AutoGate:
		return "deploy with --auto"
	case rollout.Freeze:
		return "freeze or lock"
	case rollout.Unfreeze:
		return "end somebody else's freeze or lock"
	case rollout.Requeue:
		return "remove somebody else's pending deploy or let one go ahead"
	}
	return "do that"
}

// Stale answers a decision that came too late: it says why nothing was changed.
func (a Answers) Stale(why rollout.Problem) Message {
	return message(joined(" ", "Nothing was changed.", fullStop(Problem(why))))
}

// NothingLive answers a decision about a service that has no live rollout. Last is its newest one; zero if there has
// never been one.
func (a Answers) NothingLive(service rollout.ServiceName, last rollout.Rollout) Message {
	what := fmt.Sprintf("Nothing is rolling out for %s.", word(string(service)))
	if last.ID == "" {
		return message(what)
	}
	return message(paragraph(what, dotted("The last was "+word(string(last.ID)), change(last), status(last)))).withText("%s", what)
}

// NoRollout answers a question about an unknown rollout.
func (a Answers) NoRollout(id rollout.ID) Message {
	return message(paragraph("There is no rollout "+code(clip(string(id), maxWord))+".", "The last ones: "+a.typed("history")))
}

// NeedsReason answers a click on a button of which Slack did not open the form that asks for a reason.
func (a Answers) NeedsReason(r rollout.Rollout, action rollout.Action) Message {
	line := "abandon " + string(r.ID) + " REASON"
	if action == rollout.PromoteNow {
		line = "promote " + string(r.ID) + " --now REASON"
	}
	return message(paragraph("Nothing was changed: that needs a reason, which the others will read.", "Write "+a.typed(line)))
}

// Error shows only the sentence of an error that is meant for people.
func (a Answers) Error(err error) Message {
	if text := Sentence(err); text != "" {
		return message(text)
	}
	return message(Problem(rollout.Problem{Code: rollout.ProblemInternal}))
}

// ConnectionsTold says that Slack counts n connections of this app, more than this bot has. It is for the channel.
func (a Answers) ConnectionsTold(ours, n int) Message {
	return message(fmt.Sprintf("%s *Slack counts %s of this app, and %d of them are mine.* Another Canarybot uses the same app token "+
		"and gets some of your clicks and commands. Stop it, or give each its own Slack app.", iconWarning, plural(n, "connection", "connections"), ours)).
		withText("Slack counts %s of this app, and %d of them are mine: another Canarybot uses the same app token.", plural(n, "connection", "connections"), ours)
}
