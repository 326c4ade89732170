package view

import (
	"fmt"
	"slices"
	"strings"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// Answers renders private answers, which only the person who asked sees.
type Answers struct {
	// Command is the configured slash command; empty: /canary.
	Command string

	forDryRun bool // the refused command was a dry run
	several   bool // what was refused is one of several that go together
	forForm   bool // what was refused was filled in in a form
}

// ForForm returns answers to what was filled in in a form: nothing has to be typed there.
func (a Answers) ForForm() Answers {
	a.forForm = true
	return a
}

// ForSeveral returns answers about one of several services that go together: a command for it alone is not suggested.
func (a Answers) ForSeveral() Answers {
	a.several = true
	return a
}

// ForDryRun returns answers to a dry run: the commands that they suggest are dry runs too.
func (a Answers) ForDryRun() Answers {
	a.forDryRun = true
	return a
}

// typed returns a command as a person types it, to be copied.
func (a Answers) typed(line string) string {
	return code(a.slash() + " " + line)
}

func (a Answers) slash() string {
	if a.Command == "" {
		return "/canary"
	}
	return a.Command
}

// Status lists the rollouts that have not ended.
func (a Answers) Status(open []rollout.Rollout) Message {
	if len(open) == 0 {
		return message("Nothing is rolling out. To start: " + a.typed("deploy SERVICE VERSION")).withText("Nothing is rolling out.")
	}
	lines := make([]string, len(open))
	for i, r := range open {
		lines[i] = paragraph(dotted(fmt.Sprintf("%s *%s*", iconCanary, word(string(r.ID))), environment(r), change(r, imagesOf(r.Service, open)...)), status(r))
	}
	head := plural(len(open), "rollout is", "rollouts are") + " under way."
	return message("*"+head+"*").withText("%s", head).withBlocks(list(lines, a.typed("status SERVICE"))...)
}

// StatusOf renders the status of one rollout, with the names of those who are asked. Link is its card's; empty: unknown.
func (a Answers) StatusOf(r rollout.Rollout, approvers []string, link string) Message {
	m := message(paragraph(append([]string{title(r), status(r)}, notes(r, CardOptions{})...)...)).
		withText("%s: %s.", fullName(r), status(r)).withSteps(r).withSiblings(r)
	if isJudged(r) || r.Ending.Reason.Code == rollout.ReasonCheck {
		m = m.withEvidence(r.Verdict, "Checks of "+word(string(r.ID)))
	}
	if line := next(r, whoAnswers(approvers)); line != "" {
		m = m.withBlocks(context("Next: " + line))
	}
	return m.withBlocks(context(dotted(footer(r), wholeImage(r), anchor(link, "its card"))))
}

// Services lists the deployable services, with their rollouts in progress.
func (a Answers) Services(services []rollout.Service, open []rollout.Rollout) Message {
	if len(services) == 0 {
		return message("No service is configured: the configuration's " + code("services") + " is empty.")
	}
	lines := make([]string, len(services))
	for i, s := range services {
		lines[i] = paragraph(
			dotted("*"+word(string(s.Name))+"*", "plan "+word(s.Spec.Plan.Name)+": "+describePlan(s.Spec.Plan)),
			joined(", ", otherPlans(s)...), underWay(s.Name, open))
	}
	head := plural(len(services), "service", "services") + " can be deployed."
	return message("*"+head+"*").withText("%s", head).withBlocks(list(lines)...)
}

// otherPlans lists the other plans that --plan accepts.
func otherPlans(s rollout.Service) []string {
	var all []string
	for i, p := range s.Plans {
		text := code("--plan "+p.Name) + " " + describePlan(p)
		if i == 0 {
			text = "also " + text
		}
		all = append(all, text)
	}
	return all
}

// underWay describes the service's rollouts in progress.
func underWay(service rollout.ServiceName, open []rollout.Rollout) string {
	var all []string
	among := imagesOf(service, open)
	for _, r := range open {
		if r.Service == service {
			all = append(all, dotted(iconCanary+" "+word(string(r.ID)), change(r, among...), status(r)))
		}
	}
	return paragraph(all...)
}

// History lists rollouts, newest first. An empty service means all services.
func (a Answers) History(service rollout.ServiceName, newest []rollout.Rollout) Message {
	of := ""
	if service != "" {
		of = " of " + word(string(service))
	}
	if len(newest) == 0 {
		return message("There is no rollout" + of + " yet.")
	}
	lines := make([]string, len(newest))
	for i, r := range newest {
		lines[i] = dotted("*"+word(string(r.ID))+"*", change(r, imagesOf(r.Service, newest)...), status(r), joined(" ", actorName(r.Request.By), at(r.Request.At), quoted(r.Request.Text)))
	}
	head := fmt.Sprintf("The last %d rollouts%s", len(newest), of)
	if len(newest) == 1 {
		head = "The last rollout" + of
	}
	return message("*"+head+"*").withText("%s.", head).withBlocks(list(lines)...)
}

// Checks shows the current results of a service's checks. The verdict may be about stable only; its values then take
// the place of the canary's.
func (a Answers) Checks(service rollout.ServiceName, v rollout.Verdict) Message {
	name := word(string(service))
	if len(v.Evidence) == 0 {
		return message(name + " has no checks.")
	}
	head := fmt.Sprintf("*%s*: %s", name, verdict(v))
	asked := ""
	if !v.At.IsZero() {
		asked = "asked " + exactly(v.At)
	}
	m := message(head).withText("%s: %s.", name, verdict(v)).withEvidence(v, "Checks of "+name)
	if asked != "" {
		m = m.withBlocks(context(capitalize(asked)))
	}
	return m
}

// rights are the actions that Whoami lists, in the order in which people need them.
var rights = []struct {
	action rollout.Action
	name   string
}{
	{rollout.Deploy, "deploy, pause, resume, try again, freeze, lock"},
	{rollout.Rollback, "roll back"},
	{rollout.Promote, "promote, override, abandon, deploy with --auto, end others' freezes and locks"},
	{rollout.PromoteNow, "promote before a bake is over"},
	{rollout.EmergencyDeploy, "deploy with --emergency"},
}

// Whoami says who a person is to the bot and what they may do: by the global policy, and where a service's own policy
// differs.
func (a Answers) Whoami(actor rollout.Actor, policy rollout.Policy, services []rollout.Service) Message {
	lines := []string{fmt.Sprintf("You are %s, %s.", actorName(actor), ownID(actor))}
	if actor.Kind == rollout.Person && !actor.Member {
		lines = append(lines, "You are no full member of this workspace: you may do nothing here, and see no rollout.")
		return message(paragraph(lines...))
	}
	for _, r := range rights {
		if optional(policy, r.action) {
			continue
		}
		if policy.Allows(actor, r.action) == nil {
			lines = append(lines, iconDone+" You may: "+r.name+".")
			continue
		}
		lines = append(lines, iconBad+" You may not: "+r.name+". "+a.whoMay(policy, r.action))
	}
	for _, s := range services {
		if other := policyDifferences(actor, policy, s.Policy); len(other) > 0 {
			lines = append(lines, joined(" ", "In "+word(string(s.Name))+":", strings.Join(other, " ")))
		}
	}
	return message(paragraph(lines...)).withText("%s", strings.Join(lines, " "))
}

// optional reports whether a policy gives the right to nobody because it need not: by default nobody has it.
func optional(policy rollout.Policy, action rollout.Action) bool {
	ids, _ := policy.Who(action)
	return len(ids) == 0 && (action == rollout.PromoteNow || action == rollout.EmergencyDeploy)
}

// policyDifferences returns where a service's own policy differs from the global one for a person.
func policyDifferences(actor rollout.Actor, policy, own rollout.Policy) []string {
	var all []string
	for _, r := range rights {
		here := own.Allows(actor, r.action) == nil
		switch {
		case here == (policy.Allows(actor, r.action) == nil):
		case here:
			all = append(all, iconDone+" you may "+r.name+".")
		default:
			all = append(all, iconBad+" you may not "+r.name+".")
		}
	}
	return all
}

func ownID(actor rollout.Actor) string {
	if actor.ID == "" {
		return "without an id"
	}
	return "id " + code(clip(actor.ID, maxWord))
}

// whoMay says who can help with an action, and what to change where nobody can.
func (a Answers) whoMay(policy rollout.Policy, action rollout.Action) string {
	ids, everyone := policy.Who(action)
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == rollout.Everyone })
	switch {
	case everyone:
		return "Every full member of this workspace can."
	case len(ids) == 0:
		return "Nobody can: " + code(policyKey(action)) + " is empty."
	}
	return "Who can: " + mentions(ids) + "."
}

// policyKey is the configuration's key that says who may do an action.
func policyKey(action rollout.Action) string {
	switch action {
	case rollout.Promote, rollout.Accept, rollout.Override, rollout.Abandon, rollout.AutoGate, rollout.Unfreeze, rollout.Requeue, rollout.Review:
		return "policy.approvers"
	case rollout.PromoteNow:
		return "policy.promote_now"
	case rollout.EmergencyDeploy:
		return "policy.emergency"
	case rollout.Rollback:
		return "policy.rollback"
	case rollout.Deploy, rollout.Pause, rollout.Resume, rollout.Extend, rollout.Retry, rollout.Freeze:
	}
	return "policy.deployers"
}

// line returns the command that repeats the requested launch.
func (a Answers) line(l rollout.DeployRequest) string {
	return a.typed(command.Command{
		Verb: command.Deploy, Service: l.Service, Version: l.Version, Plan: l.Plan, Auto: l.Auto, Replace: l.Replace, Emergency: l.Emergency,
		DryRun: a.forDryRun, Reason: clip(l.Text, maxWords), // the rest has to be typed as it is
	}.String())
}
