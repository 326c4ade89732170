package view

import (
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Incident is the action of the button in a thread that opens the form for an incident. It decides nothing.
const Incident rollout.Action = "incident"

// IncidentCallback names the modal in which an incident is filled in.
const IncidentCallback = ActionPrefix + "incident"

// The blocks of that modal, by which an error finds its field.
const (
	FieldBegan = "began"
	FieldWhat  = "what"
)

// MostIncident is how many characters say what happened: as many as the thread shows.
const MostIncident = 1000

// incidentsShown is how many incidents of a rollout are listed.
const incidentsShown = 5

// MayReport reports whether an incident of the rollout can be reported in its thread: it has ended, and its version had traffic.
// A way back brings nothing new: what it ended is an incident of the rollout that it rolls back, whose thread has the button.
// While a rollout goes on there are buttons that help more, and the command.
func MayReport(r rollout.Rollout) bool {
	return r.Terminal() && r.HadTraffic() && !r.Request.Back
}

// incidentButton returns the block with the button that the thread has at the rollout's end; none where it has none.
func incidentButton(r rollout.Rollout) []slack.Block {
	if !MayReport(r) {
		return nil
	}
	return actions(Value{Environment: r.Spec.Environment, Rollout: r.ID, Turn: r.Turn}, []button{{action: Incident, label: "Incident"}})
}

// IncidentForm is what the form for an incident shows.
type IncidentForm struct {
	Rollout rollout.Rollout
	// Began is suggested, and Known are the incidents of the rollout that were reported before, newest first.
	Began time.Time
	Known []rollout.AuditEntry
	Value Value // comes back with the form
}

// IncidentForm asks when an incident of a rollout began, and what happened.
func (a Answers) IncidentForm(f IncidentForm) Modal {
	r := f.Rollout
	blocks := []slack.Block{section(paragraph(
		"*"+fullName(r)+"* · "+word(string(r.ID)), status(r),
		"Report what customers noticed. It is recorded in the audit for good, and counts in "+a.typed("report")+"."))}
	if lines := incidents(f.Known); len(lines) > 0 {
		blocks = append(blocks, section(paragraph(append([]string{"Reported already, and counted:"}, lines...)...)))
	}
	began := slack.NewDateTimePickerBlockElement(ActionPrefix + FieldBegan)
	began.InitialDateTime = f.Began.Unix()
	what := slack.NewPlainTextInputBlockElement(nil, ActionPrefix+FieldWhat)
	what.Multiline, what.MaxLength = true, MostIncident
	return Modal{
		Callback: IncidentCallback, Title: IncidentTitle, Submit: "Report", Close: "Cancel", Metadata: f.Value.Encode(),
		Blocks: append(blocks,
			slack.NewInputBlock(FieldBegan, plain("When it began", mostOptionText), plain("At first: when this version began to get traffic.", mostOptionText), began),
			slack.NewInputBlock(FieldWhat, plain("What happened", mostOptionText), plain("Others read it in the thread, and in the audit.", mostOptionText), what)),
	}
}

// IncidentTitle is the title of the form for an incident.
const IncidentTitle = "Report an incident"

// What is said under a field of the form.
const (
	WhatHappened = "Say what happened, in your own words."
	WhenItBegan  = "Choose when it began."
)

// TooLong says under a field by how much a text is too long.
func TooLong(characters int) string {
	return fmt.Sprintf("Shorten it to %d characters: it has %d.", MostIncident, characters)
}

// incidents lists incidents, a line each.
func incidents(all []rollout.AuditEntry) []string {
	var lines []string
	for i, e := range all {
		if i == incidentsShown {
			return append(lines, fmt.Sprintf("… and %d more", len(all)-i))
		}
		lines = append(lines, "• "+incidentLine(e))
	}
	return lines
}

// incidentLine says when an incident began, who reported it when, and what happened.
func incidentLine(e rollout.AuditEntry) string {
	reported := "reported by " + actorName(e.Actor) + " " + at(e.At)
	if e.Began.IsZero() {
		return reported + reasonSuffix(e.Text)
	}
	return "began " + at(e.Began) + ", " + reported + reasonSuffix(e.Text)
}

// IncidentTold tells the thread of a rollout that somebody reported an incident of it.
func (a Answers) IncidentTold(e rollout.AuditEntry) Message {
	line := fmt.Sprintf("%s *Incident*, reported by %s: began %s", iconBad, actorName(e.Actor), at(e.Began))
	return message(line+": "+quotedUpTo(e.Text, MostIncident)).withText("Incident of %s, reported by %s: %s", word(string(e.Rollout)), actorName(e.Actor), quoted(e.Text))
}

// IncidentRecorded says that an incident of the service is recorded, and when it began; zero: nobody said. last is the
// service's newest rollout; zero: it has none.
func (a Answers) IncidentRecorded(service rollout.ServiceName, began time.Time, last rollout.Rollout) Message {
	since := ""
	if !began.IsZero() {
		since = " that began " + inZone(began)
	}
	lines := []string{"Recorded in the audit: an incident of *" + word(string(service)) + "*" + since + ". It counts in " + a.typed("report") + "."}
	switch {
	case last.ID == "":
	case last.Terminal() && last.Ending.Outcome == rollout.RolledBack:
		lines = append(lines, "Its last rollout was "+word(string(last.ID))+", which was rolled back.")
	case last.Terminal():
		lines = append(lines, "Its last rollout was "+word(string(last.ID))+". To go back to the version before: "+a.typed("rollback "+string(service)))
	default:
		lines = append(lines, word(string(last.ID))+" is rolling out now. To take it off traffic: "+a.typed("rollback "+string(service)))
	}
	return message(paragraph(lines...))
}

// MeantIncident puts into words when an incident began before it is recorded, with the date and the zone that the typed time
// means. The line is the command that says the same with an exact time: a button types it.
func (a Answers) MeantIncident(environment string, e rollout.AuditEntry, line string) Message {
	ask := fmt.Sprintf("%s Record an incident of %s that began *%s*?", iconBad, word(string(e.Service)), inZone(e.Began))
	m := message(paragraph(ask, quoted(e.Text), "Nothing was recorded yet.")).withText("%s", ask)
	if buttons := lineButton(environment, line, button{action: SayLine, label: "Record", style: slack.StylePrimary}); buttons != nil {
		return m.withBlocks(buttons...)
	}
	return m.withBlocks(context("If so: " + a.typed(line)))
}

// NoIncidentForm answers where no form could be opened: the same can be typed.
func (a Answers) NoIncidentForm(r rollout.Rollout) Message {
	return message(paragraph("Slack did not open the form. Try again, or type it:", a.typed("incident "+string(r.Service)+" at TIME WHAT HAPPENED")))
}

// NoIncident answers about a rollout that can have harmed nobody.
func (a Answers) NoIncident(r rollout.Rollout) Message {
	return message(paragraph(
		"Nothing was recorded: "+word(string(r.ID))+" goes on, or brought nothing new to anybody.",
		"What harmed customers all the same: "+a.typed("incident "+string(r.Service)+" WHAT HAPPENED")))
}

// GoneService refuses an incident of a service that left the configuration.
func (a Answers) GoneService(service rollout.ServiceName) Message {
	return message(paragraph("Nothing was recorded: "+word(string(service))+" is not in the configuration any more.", "What is there: "+a.typed("services")))
}
