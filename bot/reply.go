package bot

import (
	"context"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
)

// replier answers one person after the ack.
type replier func(ctx context.Context, m view.Message, replace bool) error

// byResponseURL answers at the address that came with a command or a press, in the thread where that was.
func (b *Bot) byResponseURL(address, thread string) replier {
	return func(ctx context.Context, m view.Message, replace bool) error {
		return b.Slack.Respond(ctx, slack.ResponseURL{URL: address, Thread: thread, Replace: replace}, slack.Message(m))
	}
}

// privately answers one person in a channel or a thread.
func (b *Bot) privately(to slack.Place, user string) replier {
	return func(ctx context.Context, m view.Message, _ bool) error {
		return b.Slack.PostEphemeral(ctx, to, user, slack.Message(m))
	}
}

// directly answers one person in their conversation with the bot: what they did was in no channel.
func (b *Bot) directly(user string) replier { return b.openly(slack.Place{Channel: user}) }

// openly answers where everybody in a thread reads it.
func (b *Bot) openly(to slack.Place) replier {
	return func(ctx context.Context, m view.Message, _ bool) error {
		_, err := b.Slack.Post(ctx, to, slack.Message(m), nil)
		return err
	}
}

// followUp answers in the background what the ack did not carry. It runs out of time after three calls' worth.
func (b *Bot) followUp(late context.Context, reply replier, out answer) {
	if reply != nil && out.started != "" {
		b.Cards.AskedBy(out.started, func(ctx context.Context, m view.Message) error { return reply(ctx, m, false) })
	}
	if (reply == nil || out.now == nil && out.later == nil) && out.then == nil {
		return
	}
	taken := b.replies.TryGo(func() error {
		defer b.recoverFrom("reply")
		ctx, cancel := context.WithTimeout(late, 3*slack.CallTimeout)
		defer cancel()
		if out.then != nil {
			out.then(ctx)
		}
		if out.now != nil && reply != nil {
			b.logReply(reply(ctx, *out.now, out.replace))
		}
		if out.later != nil && reply != nil {
			b.logReply(reply(ctx, out.later(ctx), false))
		}
		return nil
	})
	if !taken {
		b.Slack.Count(slack.Overloaded)
		b.Log.Warn("too many answers at once; one was dropped")
	}
}

// logReply logs an answer that did not reach the person. What was decided is decided all the same.
func (b *Bot) logReply(err error) {
	if err != nil {
		b.Log.Warn("private answer failed", "error", err)
	}
}
