package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

const (
	// searched is how far before the first try Slack's clock may have put a message.
	searched = 10 * time.Minute
	pageSize = 200
)

// findCard looks for a card that may have been posted before a crash, or by a call that got no answer.
func (s *subject) findCard(ctx context.Context, p *poster) error {
	oldest := fmt.Sprintf("%d.000000", s.cur.Since.Add(-searched).Unix())
	ts, err := p.find(ctx, "conversations.history", s.tag(0), func(ctx context.Context, cursor string) ([]slack.Message, string, error) {
		h, err := p.b.api.client.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: s.cur.Channel, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
		if err != nil {
			return nil, "", err
		}
		return h.Messages, h.ResponseMetaData.NextCursor, nil
	})
	switch code := codeOf(err); {
	case code == "channel_not_found" || code == "not_in_channel":
		return errors.Join(err, s.moved(ctx, p))
	case err != nil:
		return err
	}
	s.doubt = false
	if ts == "" {
		return nil // it was not posted; now it is
	}
	// Which turn it shows is not known: a typed command waits for the next edit, which comes at once.
	return s.posted(ctx, p, func(c *cursor) { c.Card = ts })
}

// moved gives up on a card that may stand in a channel that cannot be read, once the configuration means another one:
// before that the bot may be invited back, and there must not be two cards.
func (s *subject) moved(ctx context.Context, p *poster) error {
	name := p.b.channel(s.r.Service)
	p.b.channels.forget(name)
	id, err := p.b.channels.id(ctx, name)
	if err != nil || id == "" || id == s.cur.Channel {
		return err
	}
	return s.elsewhere(ctx, p)
}

// findReply looks for a reply in the same way.
func (s *subject) findReply(ctx context.Context, p *poster) error {
	seq := *s.cur.Posting
	oldest := fmt.Sprintf("%d.000000", s.cur.Since.Add(-searched).Unix())
	ts, err := p.find(ctx, "conversations.replies", s.tag(seq), func(ctx context.Context, cursor string) ([]slack.Message, string, error) {
		all, _, next, err := p.b.api.client.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: s.cur.Channel, Timestamp: s.cur.Card, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
		return all, next, err
	})
	switch code := codeOf(err); {
	case code == "thread_not_found" || code == "message_not_found":
		return s.lose(ctx, p)
	case err != nil:
		return err
	}
	s.doubt = false
	if ts == "" {
		return nil
	}
	s.entries = slices.DeleteFunc(s.entries, func(e rollout.Entry) bool { return e.Seq <= seq })
	return s.posted(ctx, p, func(c *cursor) { c.Last = max(c.Last, seq) })
}

// find returns the ts of the message of ours that is marked so; empty when there is none.
func (p *poster) find(ctx context.Context, method string, t tag, page func(context.Context, string) ([]slack.Message, string, error)) (string, error) {
	me, err := p.b.home.identity(ctx)
	if err != nil {
		return "", err
	}
	cursor := ""
	for {
		var messages []slack.Message
		err := p.b.api.call(ctx, method, func(ctx context.Context) (err error) {
			messages, cursor, err = page(ctx, cursor)
			return err
		})
		if err != nil {
			return "", err
		}
		i := slices.IndexFunc(messages, func(m slack.Message) bool { return m.User == me.user && t.bears(m) })
		if i >= 0 {
			return messages[i].Timestamp, nil
		}
		if cursor == "" {
			return "", nil
		}
	}
}
