package bot

import (
	"cmp"
	"context"
	"slices"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// appsTold is how many apps are remembered that were told what is not done for them.
const appsTold = 1000

// event is an event; only messages that name the bot count, and that somebody opened its home tab.
func (b *Bot) event(p slack.Event) inbound {
	e := p.Event
	if group := cmp.Or(e.SubteamID, e.Subteam.ID); group != "" {
		b.Slack.GroupChanged(group)
	}
	if e.Type == "app_home_opened" && e.Tab == "home" && e.User != "" {
		return inbound{run: func(context.Context) (answer, error) { return b.homeOpened(e.User) }}
	}
	if e.Type != "app_mention" || e.TS == "" || e.Channel == "" {
		return inbound{}
	}
	selves := append(p.Selves(), b.Slack.Me().User)
	switch {
	case e.User != "" && slices.Contains(selves, e.User):
		return inbound{} // what the bot itself says
	case p.IsByApp():
		return b.byApp(p)
	}
	id := "slack:" + e.Channel + ":" + e.TS
	in := inbound{key: id, reply: b.privately(slack.Place{Channel: e.Channel, Thread: e.ThreadTS}, e.User)}
	say := func(m view.Message) func(context.Context) (answer, error) {
		return func(context.Context) (answer, error) { return answerWith(m), nil }
	}
	line, addressed := command.AfterMention(e.Text, selves...)
	switch edit := p.Edit(); {
	case !addressed || !p.IsTyped(): // at most one hint, however often it is edited
		in.key, in.run = id+":named", say(b.mentioning().OnlyNamed())
	case edit != "":
		in.key, in.run = id+":"+edit, say(b.mentioning().Edited())
	default:
		req := request{id: rollout.DecisionID(id), user: e.User, message: true, written: b.Slack.Written(e.TS)}
		if e.ThreadTS != "" {
			req.thread = b.Cards.Thread(e.Channel, e.ThreadTS)
		}
		in.run = func(ctx context.Context) (answer, error) { return b.line(ctx, req, line) }
	}
	return in
}

// mentioning returns answers to somebody who mentioned the bot. Slash commands do not work in threads.
func (b *Bot) mentioning() view.Answers {
	answers := b.answers
	if name := b.Slack.Me().Name; name != "" {
		answers.Command = "@" + name
	}
	return answers
}

// byApp is a message of an app or a workflow. Nobody's rights stand behind it, so nothing is done for it; it is told so
// once in each channel, where people read it: more would let two bots answer each other for ever.
func (b *Bot) byApp(p slack.Event) inbound {
	e := p.Event
	place := slack.Place{Channel: e.Channel, Thread: cmp.Or(e.ThreadTS, e.TS)}
	app := e.Channel + ":" + cmp.Or(e.BotID, e.AppID, e.User)
	return inbound{
		key: "slack:" + e.Channel + ":" + e.TS, reply: b.openly(place),
		run: func(context.Context) (answer, error) {
			if told, _ := b.apps.ContainsOrAdd(app, struct{}{}); told {
				return answer{}, nil
			}
			return answerWith(b.answers.NotForApps()), nil
		},
	}
}
