package slack

import (
	"context"
	"strings"

	"github.com/slack-go/slack"
)

// ChannelID returns the id of a channel that is named by its id or as #name. Names are looked up among the channels that
// the bot is in, of which there are few; where the bot is in none of that name the call is refused with
// channel_not_found. A name may be given to another channel later: ForgetChannel makes it be looked up again.
func (c *Client) ChannelID(ctx context.Context, channel string) (string, error) {
	name, isName := strings.CutPrefix(channel, "#")
	if !isName && isChannelID(channel) {
		return channel, nil
	}
	c.mu.Lock()
	id := c.channels[name]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := c.findChannel(ctx, name, "public_channel", "private_channel")
	if CodeOf(err) == "missing_scope" { // without groups:read there are only public ones
		id, err = c.findChannel(ctx, name, "public_channel")
	}
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.channels[name] = id
	return id, nil
}

// isChannelID reports whether s looks like an id: capitals and digits, while names have no capitals.
func isChannelID(s string) bool {
	return len(s) >= 8 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func (c *Client) findChannel(ctx context.Context, name string, types ...string) (id string, err error) {
	const method = "users.conversations"
	for cursor := ""; ; {
		var page []slack.Channel
		err = c.call(ctx, method, func(ctx context.Context) (err error) {
			page, cursor, err = c.api().GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{
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
			return "", &Error{Method: method, Outcome: Refused, Code: "channel_not_found"}
		}
	}
}

// ForgetChannel makes the name be looked up again.
func (c *Client) ForgetChannel(channel string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.channels, strings.TrimPrefix(channel, "#"))
}

// Membership says whether the bot can post to a channel, and if not, why.
type Membership int

// The memberships.
const (
	Joined Membership = iota
	Shared            // joined, and people of another organisation read it too, or are invited to
	NotJoined
	NoSuchChannel // or none that the bot may see
	Archived
)

// Membership asks Slack about a channel, which is named by its id or as #name. An error means that Slack did not answer.
func (c *Client) Membership(ctx context.Context, channel string) (Membership, error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	id, err := c.ChannelID(ctx, channel)
	switch {
	case CodeOf(err) == "channel_not_found":
		return NotJoined, nil
	case err != nil:
		return NotJoined, err
	}
	var info *slack.Channel
	err = c.call(ctx, "conversations.info", func(ctx context.Context) (err error) {
		info, err = c.api().GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		return err
	})
	switch {
	case CodeOf(err) == "channel_not_found":
		c.ForgetChannel(channel)
		return NoSuchChannel, nil
	case err != nil:
		return NotJoined, err
	case info.IsArchived:
		return Archived, nil
	case !info.IsMember:
		return NotJoined, nil
	case IsShared(*info):
		return Shared, nil
	}
	return Joined, nil
}

// IsShared reports whether a channel is shared with another organisation by Slack Connect, or about to be. One that is
// shared between workspaces of the same organisation is not.
func IsShared(channel slack.Channel) bool {
	return channel.IsExtShared || channel.IsPendingExtShared || len(channel.PendingShared) > 0
}
