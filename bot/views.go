package bot

import (
	"context"
	"strings"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// inView is what a person did in a form or on the home tab, or to open one; ok is false for anything else. Nothing in the
// payload is trusted but who did it, and what they chose.
func (b *Bot) inView(p slack.Interaction) (in inbound, ok bool) {
	if p.User.ID == "" {
		return inbound{}, false
	}
	req := request{user: p.User.ID, trigger: p.TriggerID, id: rollout.DecisionID("slack:" + p.TriggerID)}
	in = inbound{key: "slack:" + p.TriggerID, reply: b.directly(p.User.ID)}
	open := func(l draft) func(context.Context) (answer, error) {
		return func(ctx context.Context) (answer, error) { return b.openForm(ctx, req, l) }
	}
	switch {
	case p.Type == "block_suggestion": // nothing to recognise it by, and it changes nothing
		in.key = ""
		in.run = func(ctx context.Context) (answer, error) { return b.suggest(ctx, req, p) }
	case p.TriggerID == "":
		return inbound{}, false
	case p.Type == "view_submission" && p.View.CallbackID == view.DeployCallback:
		in.run = func(ctx context.Context) (answer, error) { return b.submitted(ctx, req, p.View) }
	case p.Type == "view_submission" && p.View.CallbackID == view.ReasonCallback:
		in.run = func(ctx context.Context) (answer, error) { return b.reasoned(ctx, req, p.View) }
	case p.Type == "view_submission" && p.View.CallbackID == view.IncidentCallback:
		in.run = func(ctx context.Context) (answer, error) { return b.reported(ctx, req, p.View) }
	case p.Type == "shortcut" && p.CallbackID == view.DeployShortcut:
		in.run = open(draft{})
	case p.Type == "message_action" && p.CallbackID == view.DeployThisShortcut:
		in.reply = b.byResponseURL(p.ResponseURL, "")
		in.run = open(b.draftFrom(p.Message))
	case p.Type == "block_actions" && p.Container.Type == "view" && len(p.Actions) > 0:
		switch action := p.Actions[0].ActionID; {
		case action == view.OpenFormAction:
			in.run = open(draft{})
		case strings.HasPrefix(action, view.ActionPrefix) && p.View.CallbackID == view.DeployCallback:
			in.run = func(context.Context) (answer, error) { return b.chosen(req, p) }
		}
	default:
		return inbound{}, false
	}
	return in, true
}

// draftFrom fills in what a message names: the service and the version where there is one of each, and all the versions to
// choose from. What it says is anybody's: nothing starts before a person has seen what that would do.
func (b *Bot) draftFrom(m slack.Source) draft {
	var known []command.Deployable
	for _, s := range b.sorted() {
		known = append(known, command.Deployable{Name: s.Name, Repository: s.Spec.Repository})
	}
	service, version, all := command.Mentioned(m.Words(), known)
	return draft{DeployRequest: rollout.DeployRequest{Service: service, Version: version}, found: all, read: true}
}
