package view

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// Pended confirms to whoever asked that a deploy is pending, with its place in line; 0: it waits for its moment. Why is what is
// in its way now, or will be then, as far as anybody knows; nil: nothing.
func (a Answers) Pended(p rollout.Pending, place int, why error) Message {
	head := fmt.Sprintf("%s *%s is pending* as number %d", iconGoing, pendingName(p), p.ID)
	if place > 0 {
		head += ", " + placeWords(place, p.Service) + ": it starts when nothing is in its way."
	} else {
		head += ": it starts " + at(p.NotBefore) + ", or as soon after as nothing is in its way."
	}
	return message(paragraph(head, inTheWay(p, why), droppedAfter(p), "To remove it: "+a.typed("queue leave "+strconv.Itoa(p.ID)))).withText("%s", head)
}

// droppedAfter says until when a pending deploy waits.
func droppedAfter(p rollout.Pending) string {
	return "If it cannot start before " + at(p.Expires()) + ", it is dropped, and you are told."
}

// inTheWay says what is in the way of a pending deploy, and when that ends.
func inTheWay(p rollout.Pending, why error) string {
	var busy *rollout.BusyError
	var closed *rollout.ClosedError
	switch {
	case why == nil:
		return ""
	case errors.As(why, &busy) && busy.Live.Orphaned():
		return word(string(busy.Live.ID)) + " is under way."
	case errors.As(why, &busy):
		return fmt.Sprintf("It waits behind %s of %s, which is under way as %s.", newVersion(busy.Live), actorName(busy.Live.Request.By), word(string(busy.Live.ID)))
	case errors.As(why, &closed):
		then := ""
		if !p.NotBefore.IsZero() {
			then = "Then"
		}
		return joined(" ", then, word(string(p.Service)), closedBy(closed.Closed.By[0])+".", opensAt(closed.Closed))
	}
	return Sentence(why)
}

// opensAt says when rollouts may start again, as far as anybody knows.
func opensAt(closed rollout.Closed) string {
	if closed.Opens.IsZero() {
		return "Nobody knows yet when it opens."
	}
	return "It opens " + at(closed.Opens) + "."
}

// pendingName is what would be deployed.
func pendingName(p rollout.Pending) string {
	return word(string(p.Service)) + " " + word(p.Request.Version)
}

// placeWords says which place in line that is.
func placeWords(place int, service rollout.ServiceName) string {
	if place == 1 {
		return "first in line for " + word(string(service))
	}
	return fmt.Sprintf("at place %d in line for %s", place, word(string(service)))
}

// MeantMoment puts a deploy at a typed time into words before it counts, with the date and the zone that the time means. The line
// is the command that says the same with the exact time: a button types it.
func (a Answers) MeantMoment(environment string, l rollout.DeployRequest, when time.Time, line string) Message {
	ask := fmt.Sprintf("%s Deploy %s %s on *%s*?", iconGoing, word(string(l.Service)), word(l.Version), inZone(when))
	m := message(paragraph(ask, quoted(l.Text), "Nothing was changed yet.")).withText("%s", ask)
	if buttons := lineButton(environment, line, button{action: SayLine, label: "Deploy then", style: "primary"}); buttons != nil {
		return m.withBlocks(buttons...)
	}
	return m.withBlocks(context("If so: " + a.typed(line)))
}

// OfferLine adds to a refusal how to wait until nothing is in the way. The line is the command that does: a button types it.
func (a Answers) OfferLine(m Message, environment, line string) Message {
	m = m.withBlocks(context("To wait until nothing is in the way: " + a.typed(line)))
	return m.withBlocks(lineButton(environment, line, button{action: SayLine, label: "Wait in line"})...)
}

// Queue lists the pending deploys at the time, of the service where one is named.
func (a Answers) Queue(q rollout.Queue, service rollout.ServiceName, now time.Time) Message {
	lines := pendingLines(q, service, now)
	of := ""
	if service != "" {
		of = " of " + word(string(service))
	}
	if len(lines) == 0 {
		return message("No deploy" + of + " is pending.").
			withBlocks(context("To make one: " + a.typed("deploy SERVICE VERSION --at TIME") + " or " + a.typed("deploy SERVICE VERSION --queue")))
	}
	return message("*Pending deploys"+of+"*").withText("%s", lines[0]).withBlocks(list(lines)...).
		withBlocks(context("To remove one: " + a.typed("queue leave NUMBER") + " · to let it go first: " + a.typed("queue jump NUMBER")))
}

// pendingLines is a line for each pending deploy: those in line first, then those whose moment comes.
func pendingLines(q rollout.Queue, service rollout.ServiceName, now time.Time) (lines []string) {
	for _, p := range append(q.Line(now), q.Coming(now)...) {
		if service != "" && p.Service != service {
			continue
		}
		lines = append(lines, dotted(pendingHead(p), pendingWhen(q, p, now), actorName(p.Request.By)+" "+at(p.Request.At), quoted(p.Request.Text),
			"dropped "+at(p.Expires())+" unless it has started"))
	}
	return lines
}

// pendingHead names a pending deploy, with its number.
func pendingHead(p rollout.Pending) string {
	return fmt.Sprintf("%s *%s*, number %d", iconGoing, pendingName(p), p.ID)
}

// pendingWhen says which place in line a pending deploy has, or for which moment it waits.
func pendingWhen(q rollout.Queue, p rollout.Pending, now time.Time) string {
	if place := q.Place(p.ID, now); place > 0 {
		return placeWords(place, p.Service)
	}
	return "starts " + at(p.NotBefore)
}

// Pending adds to an answer how many deploys are pending, of the service where one is named; nothing where none is.
func (a Answers) Pending(m Message, q rollout.Queue, service rollout.ServiceName, now time.Time) Message {
	n := len(pendingLines(q, service, now))
	if n == 0 {
		return m
	}
	see := a.typed(command.Command{Verb: command.Queue, Service: service}.String())
	return m.withBlocks(context(fmt.Sprintf("%s %s: %s", iconGoing, plural(n, "deploy is pending", "deploys are pending"), see)))
}

// SettledTold tells the channel what came of a pending deploy. Link is the card's; empty: unknown.
func (a Answers) SettledTold(p rollout.Pending, link string) Message {
	name, s := pendingName(p), *p.Settled
	if s.Rollout != "" {
		line := fmt.Sprintf("%s *%s has started* as %s: %s asked for it %s.", iconCanary, name, anchorOr(link, word(string(s.Rollout))),
			actorName(p.Request.By), at(p.Request.At))
		return message(line).withText("%s has started as %s: %s asked for it.", name, word(string(s.Rollout)), actorName(p.Request.By))
	}
	why := fullStop(whyDropped(p))
	line := fmt.Sprintf("%s *%s was not started*, and is no longer pending: %s %s asked for it %s.", iconBad, name, why, actorName(p.Request.By), at(p.Request.At))
	m := message(line).withText("%s was not started: %s", name, why)
	if s.Problem.Code != rollout.ProblemWaitedTooLong {
		return m
	}
	again := command.Command{
		Verb: command.Deploy, Service: p.Service, Version: p.Request.Version, Plan: p.Request.Plan, Auto: p.Request.Auto,
		Queue: true, Reason: p.Request.Text,
	}
	return m.withBlocks(context("To wait anew: " + a.typed(again.String())))
}

// whyDropped says why a pending deploy can no longer start, to others than whoever asked for it.
func whyDropped(p rollout.Pending) string {
	why := p.Settled.Problem
	if why.Code == rollout.ProblemNotAllowed {
		return "who asked for it may not " + actionVerb(rollout.Action(why.Value)) + " any more"
	}
	if why.Code == rollout.ProblemNotAMember {
		return "who asked for it is no longer a full member of this workspace"
	}
	return joined(" ", Problem(why), Problem(p.Settled.InTheWay))
}

// LeftTold says that a pending deploy was removed: to whoever removed it, and to the channel.
func (a Answers) LeftTold(p rollout.Pending, by rollout.Actor) Message {
	line := fmt.Sprintf("%s *%s is no longer pending*: %s removed number %d", iconDone, pendingName(p), actorName(by), p.ID)
	if !p.Request.By.Is(by) { // they should hear of it
		line += ", which " + actorName(p.Request.By) + " asked for"
	}
	return message(line + ".")
}

// JumpedTold says that a pending deploy goes first: to whoever let it, and to the channel.
func (a Answers) JumpedTold(p rollout.Pending, by rollout.Actor) Message {
	line := fmt.Sprintf("%s *%s is first in line*: %s let number %d go ahead", iconGoing, pendingName(p), actorName(by), p.ID)
	if !p.Request.By.Is(by) {
		line += ", which " + actorName(p.Request.By) + " asked for"
	}
	return message(line + ".")
}
