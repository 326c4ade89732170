package bot

import (
	"context"
	"strings"
	"sync"

	"github.com/slack-go/slack"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// channels turns names of channels that the bot is in into ids and remembers them: a workspace may have thousands of
// others. A name may be given to another channel later: a refused post
// makes it be asked again.
type channels struct {
	api *api

	mu    sync.Mutex // guards known
	known map[string]string
}

// id returns the channel's id; it is empty when the bot is in no channel of that name.
func (c *channels) id(ctx context.Context, channel string) (string, error) {
	name, isName := strings.CutPrefix(channel, "#")
	if !isName && isChannelID(channel) {
		return channel, nil
	}
	c.mu.Lock()
	id := c.known[name]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := c.find(ctx, name, "public_channel", "private_channel")
	if codeOf(err) == "missing_scope" { // without groups:read there are only public ones
		id, err = c.find(ctx, name, "public_channel")
	}
	if err != nil || id == "" {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[name] = id
	return id, nil
}

// isChannelID reports whether s looks like an id: capitals and digits, while names have no capitals.
func isChannelID(s string) bool {
	return len(s) >= 8 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func (c *channels) find(ctx context.Context, name string, types ...string) (id string, err error) {
	cursor := ""
	for {
		var page []slack.Channel
		err = c.api.call(ctx, "users.conversations", func(ctx context.Context) (err error) {
			page, cursor, err = c.api.client.GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{
				Cursor: cursor, ExcludeArchived: true, Limit: 500, Types: types,
			})
			return err
		})
		if err != nil {
			return "", err
		}
		for _, ch := range page {
			if ch.Name == name {
				return ch.ID, nil
			}
		}
		if cursor == "" {
			return "", nil
		}
	}
}

// forget makes the name be asked again.
func (c *channels) forget(channel string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, strings.TrimPrefix(channel, "#"))
}

// Preflight says when nobody would see the rollout, because the bot is not in its channel. While Slack does not answer
// it has no objection: an outage of Slack delays nothing.
func (b *Bot) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	name := b.channel(r.Service)
	problem := func(sentence string) rollout.Preflight { return rollout.Preflight{Problems: []string{sentence}} }
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	id, err := b.channels.id(ctx, name)
	switch {
	case err != nil:
		b.Log.Warn("channel not looked up before the start", "rollout", r.ID, "channel", name, "error", err)
		return rollout.Preflight{}
	case id == "":
		return problem(view.BotNotInChannel(name, b.home.known().name))
	}
	var info *slack.Channel
	err = b.api.call(ctx, "conversations.info", func(ctx context.Context) (err error) {
		info, err = b.api.client.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		return err
	})
	switch {
	case codeOf(err) == "channel_not_found":
		b.channels.forget(name)
		return problem(view.ChannelNotFound(name))
	case err != nil:
		b.Log.Warn("channel not looked up before the start", "rollout", r.ID, "channel", name, "error", err)
		return rollout.Preflight{}
	case info.IsArchived:
		return problem(view.ChannelArchived(name))
	case !info.IsMember:
		return problem(view.BotNotInChannel(name, b.home.known().name))
	}
	return rollout.Preflight{}
}
