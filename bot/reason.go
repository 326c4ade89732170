package bot

import (
	"context"
	"strings"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// askReason opens a form that asks for the reason of a decision: a button carries none. Where Slack does not open it, the
// person is told what to type.
func (b *Bot) askReason(ctx context.Context, req request, r rollout.Rollout, v view.Value) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, openingMost)
	defer cancel()
	if _, err := b.Slack.OpenModal(ctx, req.trigger, slack.Modal(b.answers.ReasonForm(r, v))); err != nil {
		b.Log.Warn("form not opened", "error", err)
		return answerWith(b.answers.NeedsReason(r, v.Action)), nil
	}
	return answer{}, nil
}

// reasoned carries out a decision whose reason was given in a form, as the press would have: for the turn that the card
// showed. What came of it is shown in the form's place.
func (b *Bot) reasoned(ctx context.Context, req request, form slack.View) (answer, error) {
	v, err := view.ParseValue(form.Metadata)
	told := func(m view.Message) answer {
		modal := b.answers.Told(view.ReasonTitle(v.Action), m)
		return answer{reply: slack.Reply{Modal: new(slack.Modal(modal))}}
	}
	switch {
	case err != nil:
		return told(b.answers.Error(err)), nil
	case !view.WantsReason(v.Action): // no form asks for it
		return told(b.answers.ForeignButton()), nil
	case v.Environment != b.Environment:
		return told(b.answers.OtherEnvironment(v.Environment, b.Environment)), nil
	}
	_, reason := form.Field(view.FieldReason)
	if command.Blank(reason) { // Slack takes spaces for one
		return answer{reply: slack.Reply{Errors: map[string]string{view.FieldReason: "Say why, in your own words."}}}, nil
	}
	r, err := b.Store.Load(ctx, v.Rollout)
	if rollout.CodeOf(err) == rollout.NotFound {
		return told(b.answers.NoRollout(v.Rollout)), nil
	}
	if err != nil {
		return answer{}, err
	}
	d := rollout.Decision{
		ID: rollout.DecisionID("slack:view:" + form.ID), Action: v.Action, Turn: v.Turn, Text: b.readable(ctx, strings.TrimSpace(reason)),
	}
	out, err := b.decide(ctx, req, r, d)
	if err != nil || out.now == nil {
		return out, err
	}
	return told(*out.now), nil
}
