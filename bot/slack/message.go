package slack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// The methods that a caller may ask FreeAt about.
const (
	MethodPost    = "chat.postMessage"
	MethodUpdate  = "chat.update"
	MethodHistory = "conversations.history"
	MethodReplies = "conversations.replies"
)

const (
	// clockSkew is how much earlier than ours Slack's clock may have dated a message.
	clockSkew = 10 * time.Minute
	pageSize  = 200
	// methodRespond stands for the response URLs in budgets and metrics.
	methodRespond = "response_url"
	// eventType is the metadata's type of our messages.
	eventType = "canarybot"
)

// Message is what is posted. Its fields are those of the view's messages, so that one converts to the other.
type Message struct {
	Text   string
	Blocks []slack.Block
	// Native takes the place of Blocks where the workspace knows each type of block in it; nil: nothing does.
	Native []slack.Block
	// Broadcast asks for a thread reply to be shown in the channel too.
	Broadcast bool
}

// Place is where a message goes: a channel, or a thread in it.
type Place struct {
	Channel string // its id
	Thread  string // the timestamp of its first message; empty: the channel itself
}

// Mark is metadata by which a message of ours is found again. Numbers in it come back as float64.
type Mark map[string]any

// Post posts a message and returns its timestamp. A nil mark marks nothing.
func (c *Client) Post(ctx context.Context, to Place, m Message, mark Mark) (ts string, err error) {
	options := []slack.MsgOption{slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}
	if mark != nil {
		options = append(options, slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType, EventPayload: mark}))
	}
	if to.Thread != "" {
		options = append(options, slack.MsgOptionTS(to.Thread))
	}
	if to.Thread != "" && m.Broadcast {
		options = append(options, slack.MsgOptionBroadcast())
	}
	err = c.softly(m, func(m Message) error {
		return c.callIn(ctx, MethodPost, to.Channel, func(ctx context.Context) error {
			_, ts, err = c.api().PostMessageContext(ctx, to.Channel, append(content(m), options...)...)
			return err
		})
	})
	return ts, err
}

// Update replaces a message of ours.
func (c *Client) Update(ctx context.Context, channel, ts string, m Message) error {
	return c.softly(m, func(m Message) error {
		return c.call(ctx, MethodUpdate, func(ctx context.Context) error {
			_, _, _, err := c.api().UpdateMessageContext(ctx, channel, ts, content(m)...)
			return err
		})
	})
}

// PostEphemeral shows a message to one person.
func (c *Client) PostEphemeral(ctx context.Context, to Place, user string, m Message) error {
	return c.softly(m, func(m Message) error {
		options := content(m)
		if to.Thread != "" {
			options = append(options, slack.MsgOptionTS(to.Thread))
		}
		return c.call(ctx, "chat.postEphemeral", func(ctx context.Context) error {
			_, err := c.api().PostEphemeralContext(ctx, to.Channel, user, options...)
			return err
		})
	})
}

// ResponseURL is where the answer to a command or a press may be posted for a while.
type ResponseURL struct {
	URL    string
	Thread string // in which the button was; empty: none
	// Replace puts the answer in the place of the private message whose button was pressed.
	Replace bool
}

// Respond posts a private answer. It calls no URL that is not Slack's.
func (c *Client) Respond(ctx context.Context, to ResponseURL, m Message) error {
	if !c.isSlack(to.URL) {
		return errors.New("answer: the response URL is not Slack's")
	}
	return c.softly(m, func(m Message) error {
		w := &slack.WebhookMessage{Text: m.Text, ResponseType: "ephemeral", ReplaceOriginal: to.Replace, ThreadTimestamp: to.Thread}
		if len(m.Blocks) > 0 {
			w.Blocks = &slack.Blocks{BlockSet: m.Blocks}
		}
		return c.call(ctx, methodRespond, func(ctx context.Context) error {
			return slack.PostWebhookCustomHTTPContext(ctx, to.URL, c.http, w)
		})
	})
}

// isSlack reports whether a response URL is Slack's own, or lies where the Web API is: nothing else that a payload
// names is ever called.
func (c *Client) isSlack(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == c.base.Scheme && u.Host == c.base.Host {
		return true
	}
	return u.Scheme == "https" && (u.Hostname() == "slack.com" || strings.HasSuffix(u.Hostname(), ".slack.com"))
}

// softly sends a message. Where Slack refused what it looks like, it sends less of it: what people should know does not
// depend on how it looks.
func (c *Client) softly(m Message, send func(Message) error) error {
	done, blamed, err := c.withNative(m, send)
	if done {
		return err
	}
	for m.Native = nil; ; {
		err := send(m)
		less, ok := lessOf(m, err)
		if !ok {
			if err == nil && len(m.Blocks) > 0 {
				c.natives.refuse(blamed, time.Now())
			}
			return err
		}
		c.log.Error("slack refused the form of a message; less of it is sent", "error", err)
		m = less
	}
}

// textMost is what is left of a text that Slack calls too long.
const textMost = 1000

// lessOf returns the next shorter form of a message that was refused; ok is false where that would not help, or nothing
// is left to leave out.
func lessOf(m Message, err error) (less Message, ok bool) {
	if !formIsAtFault(err) {
		return m, false
	}
	switch text := []rune(m.Text); {
	case RemedyFor(CodeOf(err)) == LessText && len(text) > textMost:
		m.Text = string(text[:textMost-1]) + "…"
		return m, true
	case slices.ContainsFunc(m.Blocks, isPicture): // Slack is not done with it, or has it no more: the words are there all the same
		m.Blocks = slices.DeleteFunc(slices.Clone(m.Blocks), isPicture)
		return m, true
	case len(m.Blocks) > 0:
		m.Blocks = nil
		return m, true
	}
	return m, false
}

func isPicture(b slack.Block) bool { return b.BlockType() == slack.MBTImage }

// content is a message's text and blocks. Blocks are always sent, also when there are none: an update without them
// would keep the old ones.
func content(m Message) []slack.MsgOption {
	blocks := m.Blocks
	if blocks == nil {
		blocks = []slack.Block{}
	}
	return []slack.MsgOption{slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(blocks...)}
}

// Find returns the timestamp of the bot's own message whose mark matches, in a channel or a thread, posted since then;
// empty when there is none.
func (c *Client) Find(ctx context.Context, in Place, since time.Time, matches func(Mark) bool) (ts string, err error) {
	return c.search(ctx, in, since, func(m slack.Message) bool {
		return m.Metadata.EventType == eventType && matches(m.Metadata.EventPayload)
	})
}

// search returns the timestamp of the first message of the bot's own that is it; empty when there is none.
func (c *Client) search(ctx context.Context, in Place, since time.Time, is func(slack.Message) bool) (ts string, err error) {
	me, err := c.identify(ctx)
	if err != nil {
		return "", err
	}
	oldest := fmt.Sprintf("%d.000000", since.Add(-clockSkew).Unix())
	for cursor := ""; ; {
		var page []slack.Message
		page, cursor, err = c.messages(ctx, in, oldest, cursor)
		if err != nil {
			return "", err
		}
		i := slices.IndexFunc(page, func(m slack.Message) bool {
			return m.User == me.User && is(m)
		})
		if i >= 0 {
			return page[i].Timestamp, nil
		}
		if cursor == "" {
			return "", nil
		}
	}
}

// messages reads one page of a channel or a thread, and returns the cursor of the next.
func (c *Client) messages(ctx context.Context, in Place, oldest, cursor string) (page []slack.Message, next string, err error) {
	if in.Thread == "" {
		err = c.call(ctx, MethodHistory, func(ctx context.Context) error {
			h, err := c.api().GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: in.Channel, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
			})
			if err == nil {
				page, next = h.Messages, h.ResponseMetaData.NextCursor
			}
			return err
		})
		return page, next, err
	}
	err = c.call(ctx, MethodReplies, func(ctx context.Context) (err error) {
		page, _, next, err = c.api().GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: in.Channel, Timestamp: in.Thread, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
		return err
	})
	return page, next, err
}
