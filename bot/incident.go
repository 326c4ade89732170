package bot

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

const (
	// incidentNote is the kind of the notes about incidents that their threads do not show yet, by their decisions.
	incidentNote = "incident"
	// incidentRetry is how often it is tried again to tell of one, and incidentMost for how long.
	incidentRetry, incidentMost = time.Minute, 24 * time.Hour
	// incidentsListed is how many earlier incidents of a rollout are looked up.
	incidentsListed = 20
)

// incident records that customers were harmed. Every full member may say so: it moves nothing. When it began is said before
// it counts, where that depends on when and where it was typed.
func (b *Bot) incident(ctx context.Context, req request, cmd command.Command) (answer, error) {
	if no, away := b.turnAway(ctx, req); away {
		return answerWith(no), nil
	}
	r, _, err := b.target(ctx, cmd)
	if err != nil && rollout.CodeOf(err) != rollout.NotFound {
		return answer{}, err
	}
	e := b.incidentBy(req, cmd.Service, cmd.Reason)
	e.Rollout = r.ID
	if cmd.At != "" {
		if e.Began, err = cmd.At.Ago(e.At, b.zone(ctx, req.user)); err != nil {
			return answerWith(b.answers.Error(err)), nil
		}
		switch err := r.CheckBegan(e.Began, e.At); {
		case err != nil && cmd.Rollout != "":
			return answerWith(b.answers.Error(err)), nil
		case err != nil: // it is an incident of what was there before
			e.Rollout = ""
		}
		if _, span := cmd.At.Span(); !span && !cmd.At.Exact() {
			cmd.At = calendar.When(e.Began.Format(time.RFC3339))
			return answerWith(b.answers.MeantIncident(b.Environment, e, cmd.String())), nil
		}
	}
	out, err := b.record(ctx, e, r)
	out.replace = true // the question, where there was one, is answered
	return out, err
}

// incidentBy is an incident that somebody reports now.
func (b *Bot) incidentBy(req request, service rollout.ServiceName, text string) rollout.AuditEntry {
	return rollout.AuditEntry{
		At: now(), Kind: rollout.AuditIncident, Environment: b.Environment, Service: service,
		Actor: rollout.Actor{Kind: rollout.Person, ID: req.user, Member: true}, Decision: req.id, Text: text,
	}
}

// record commits an incident, with what is to be told of it, and answers. last is the service's newest rollout. What was
// recorded before is answered in the same way: its answer was lost.
func (b *Bot) record(ctx context.Context, e rollout.AuditEntry, last rollout.Rollout, notes ...rollout.StoredNote) (answer, error) {
	zone := e.Began.Location()
	e.Began = e.Began.UTC()
	switch err := b.Store.Record(ctx, []rollout.AuditEntry{e}, notes...); {
	case errors.Is(err, rollout.ErrDecided):
		b.Slack.Count(slack.Duplicate)
		if e.Began, err = b.recordedBefore(ctx, e); err != nil {
			return answer{}, err
		}
	case rollout.Unsaved(err):
		return answerWith(b.answers.Error(err)), nil
	case err != nil:
		return answer{}, err
	}
	if !e.Began.IsZero() {
		e.Began = e.Began.In(zone)
	}
	return answerWith(b.answers.IncidentRecorded(e.Service, e.Began, last)), nil
}

// recordedBefore returns when the incident began that the decision recorded the first time: it may say something else by now.
func (b *Bot) recordedBefore(ctx context.Context, e rollout.AuditEntry) (time.Time, error) {
	all, err := b.Store.Audit(ctx, rollout.AuditQuery{Service: e.Service, Kinds: []rollout.AuditKind{rollout.AuditIncident}, Since: e.At.Add(-incidentMost)})
	for _, one := range all {
		if one.Decision == e.Decision {
			return one.Began, err
		}
	}
	return time.Time{}, err
}

// askIncident opens the form for an incident of the rollout, which the button in its thread asked for.
func (b *Bot) askIncident(ctx context.Context, req request, r rollout.Rollout, v view.Value) (answer, error) {
	if no := b.notReported(ctx, req, r); no != nil {
		return answerWith(*no), nil
	}
	told, err := b.Store.Timeline(ctx, r.ID, 0)
	if err != nil {
		return answer{}, err
	}
	known, err := b.Store.Audit(ctx, rollout.AuditQuery{
		Rollout: r.ID, Kinds: []rollout.AuditKind{rollout.AuditIncident}, Since: r.Request.At, Limit: incidentsListed,
	})
	if err != nil {
		return answer{}, err
	}
	began := rollout.ExposedAt(told)
	if began.IsZero() {
		began = now()
	}
	form := b.answers.IncidentForm(view.IncidentForm{Rollout: r, Began: began.Truncate(time.Minute), Known: known, Value: v})
	ctx, cancel := context.WithTimeout(ctx, openingMost)
	defer cancel()
	if _, err := b.Slack.OpenModal(ctx, req.trigger, slack.Modal(form)); err != nil {
		b.Log.Warn("form not opened", "error", err)
		return answerWith(b.answers.NoIncidentForm(r)), nil
	}
	return answer{}, nil
}

// notReported returns why nobody, or not this person, may report an incident of the rollout; nil: they may.
func (b *Bot) notReported(ctx context.Context, req request, r rollout.Rollout) *view.Message {
	if no, away := b.turnAway(ctx, req); away {
		return &no
	}
	if _, known := b.Services[r.Service]; !known {
		return new(b.answers.GoneService(r.Service))
	}
	if !view.MayReport(r) {
		return new(b.answers.NoIncident(r))
	}
	return nil
}

// reported records the incident that somebody filled in, once however often it is sent. Everything is looked at again.
func (b *Bot) reported(ctx context.Context, req request, form slack.View) (answer, error) {
	v, err := view.ParseValue(form.Metadata)
	switch {
	case err != nil:
		return b.toldIncident(b.answers.Error(err)), nil
	case v.Action != view.Incident: // no form asks for it
		return b.toldIncident(b.answers.ForeignButton()), nil
	case v.Environment != b.Environment:
		return b.toldIncident(b.answers.OtherEnvironment(v.Environment, b.Environment)), nil
	}
	r, err := b.Store.Load(ctx, v.Rollout)
	if rollout.CodeOf(err) == rollout.NotFound {
		return b.toldIncident(b.answers.NoRollout(v.Rollout)), nil
	}
	if err != nil {
		return answer{}, err
	}
	if no := b.notReported(ctx, req, r); no != nil {
		return b.toldIncident(*no), nil
	}
	_, text := form.Field(view.FieldWhat)
	began := form.Moment(view.FieldBegan)
	if wrong := b.wrongIncident(r, began, text); len(wrong) > 0 {
		return answer{reply: slack.Reply{Errors: wrong}}, nil
	}
	req.id = rollout.DecisionID("slack:view:" + form.ID)
	e := b.incidentBy(req, r.Service, b.readable(ctx, strings.TrimSpace(text)))
	e.Rollout, e.Began = r.ID, began
	return b.recordFilled(ctx, req, e)
}

// toldIncident shows a message in the form's place.
func (b *Bot) toldIncident(m view.Message) answer {
	return answer{reply: slack.Reply{Modal: new(slack.Modal(b.answers.Told(view.IncidentTitle, m)))}}
}

// wrongIncident returns what is wrong with what was filled in, by field.
func (b *Bot) wrongIncident(r rollout.Rollout, began time.Time, text string) map[string]string {
	wrong := map[string]string{}
	if began.IsZero() {
		wrong[view.FieldBegan] = view.WhenItBegan
	} else if err := r.CheckBegan(began, now()); err != nil {
		wrong[view.FieldBegan] = view.FieldError(b.answers.Error(err), "")
	}
	if command.Blank(text) { // Slack takes spaces for a text
		wrong[view.FieldWhat] = view.WhatHappened
	} else if n := utf8.RuneCountInString(text); n > view.MostIncident {
		wrong[view.FieldWhat] = view.TooLong(n)
	}
	return wrong
}

// recordFilled records an incident of a rollout with a note to tell its thread: both are durable, or neither.
func (b *Bot) recordFilled(ctx context.Context, req request, e rollout.AuditEntry) (answer, error) {
	last, _, err := b.target(ctx, command.Command{Service: e.Service})
	if err != nil {
		return answer{}, err
	}
	value, err := json.Marshal(e)
	if err != nil {
		return answer{}, err
	}
	e.Began = e.Began.In(b.zone(ctx, req.user))
	out, err := b.record(ctx, e, last, rollout.StoredNote{Kind: incidentNote, Key: string(e.Decision), Value: value})
	if err != nil {
		return answer{}, err
	}
	select {
	case b.incidents <- struct{}{}:
	default:
	}
	return b.toldIncident(*out.now), nil
}

// tellIncidents tells the threads of rollouts about incidents until the context ends: at once, and what an earlier process
// left or Slack refused.
func (b *Bot) tellIncidents(ctx context.Context) {
	tick := time.NewTicker(incidentRetry)
	defer tick.Stop()
	for {
		b.tellAllIncidents(ctx)
		select {
		case <-ctx.Done():
			return
		case <-b.incidents:
		case <-tick.C:
		}
	}
}

func (b *Bot) tellAllIncidents(ctx context.Context) {
	defer b.recoverFrom("incidents")
	notes, err := b.Store.Notes(ctx, incidentNote)
	if err != nil {
		return // the outage is told
	}
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		var e rollout.AuditEntry
		err := json.Unmarshal(notes[key], &e)
		if err == nil && now().Sub(e.At) < incidentMost && !b.tellIncident(ctx, e) {
			continue
		}
		if err := b.Store.Record(ctx, nil, rollout.StoredNote{Kind: incidentNote, Key: key}); err != nil {
			b.Log.Warn("told of an incident, and not noted", "rollout", e.Rollout, "error", err)
		}
	}
}

// tellIncident replies in the rollout's thread, unless a call whose answer was lost did, and reports whether there is nothing left to
// tell.
func (b *Bot) tellIncident(ctx context.Context, e rollout.AuditEntry) bool {
	cur, err := b.Cards.Cursor(ctx, e.Rollout)
	if err == nil && cur.With != "" { // it stands on another's card
		cur, err = b.Cards.Cursor(ctx, cur.With)
	}
	if err != nil || cur.Card == "" {
		return err == nil // without a card there is no thread
	}
	thread, mark := slack.Place{Channel: cur.Channel, Thread: cur.Card}, slack.Mark{"incident": string(e.Decision)}
	there, err := b.Slack.Find(ctx, thread, e.At, func(m slack.Mark) bool { return m["incident"] == mark["incident"] })
	if err == nil && there == "" {
		_, err = b.Slack.Post(ctx, thread, slack.Message(b.answers.IncidentTold(e)), mark)
	}
	if err != nil {
		b.Log.Warn("incident not told in its thread", "rollout", e.Rollout, "error", err)
	}
	return err == nil
}
