package bot

import (
	"context"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// slash is a slash command.
func (b *Bot) slash(p slashPayload) inbound {
	a := ask{user: p.UserID, team: p.TeamID, channel: p.ChannelID}
	in := inbound{voice: b.byURL(p.ResponseURL, "")}
	if p.TriggerID != "" {
		a.id = rollout.DecisionID("slack:" + p.TriggerID)
		in.key = string(a.id)
	}
	in.run = func(ctx context.Context) (answer, error) { return b.line(ctx, a, p.Text) }
	return in
}

// event is an event; only mentions of the bot by people are for us.
func (b *Bot) event(p eventPayload) inbound {
	e := p.Event
	if e.Type != "app_mention" || e.User == "" || e.BotID != "" || e.TS == "" {
		return inbound{}
	}
	a := ask{
		id: rollout.DecisionID("slack:" + e.Channel + ":" + e.TS), user: e.User, team: e.Team, channel: e.Channel,
	}
	if a.team == "" {
		a.team = p.TeamID
	}
	if e.ThreadTS != "" {
		a.thread = b.cursors.of(e.Channel, e.ThreadTS)
	}
	return inbound{
		key: string(a.id), voice: b.toPerson(place{e.Channel, e.ThreadTS}, e.User),
		run: func(ctx context.Context) (answer, error) { return b.line(ctx, a, e.Text) },
	}
}

// line does what somebody typed.
func (b *Bot) line(ctx context.Context, a ask, text string) (answer, error) {
	cmd, err := command.Parse(text, command.Known{Services: b.known(), Thread: a.thread})
	if err != nil {
		say := b.say
		if name := b.home.known().name; a.thread != "" && name != "" {
			say.Command = "@" + name // slash commands do not work in threads
		}
		return tell(say.ParseError(err)), nil
	}
	if cmd.Verb == command.Deploy {
		return b.deploy(ctx, a, cmd)
	}
	if cmd.Verb.Decides() {
		return b.typed(ctx, a, cmd)
	}
	return b.look(ctx, a, cmd)
}

// known are the services that a line may name: configured, and those of rollouts that live.
func (b *Bot) known() []rollout.ServiceName {
	all := b.poster.services()
	for name := range b.Services {
		all = append(all, name)
	}
	return all
}
