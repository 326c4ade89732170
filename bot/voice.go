package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"canarybot.io/bot/view"
)

// byURL answers under the address that came with a command or a press, in the thread where that was.
func (b *Bot) byURL(address, thread string) voice {
	return func(ctx context.Context, m view.Message, replace bool) error {
		if !b.api.mayPost(address) {
			return errors.New("answer: the response URL is not Slack's")
		}
		err := b.api.respond(ctx, address, thread, m, replace)
		if outcomeOf(err) == refused && err != nil && len(m.Blocks) > 0 {
			b.Log.Error("slack refused the blocks of a private answer; sent as text", "error", err)
			err = b.api.respond(ctx, address, thread, view.Message{Text: m.Text}, replace)
		}
		return err
	}
}

// toPerson answers one person in a channel or a thread.
func (b *Bot) toPerson(to place, user string) voice {
	return func(ctx context.Context, m view.Message, _ bool) error {
		err := b.api.whisper(ctx, to, user, m)
		if badBlocks(err) && len(m.Blocks) > 0 {
			b.Log.Error("slack refused the blocks of a private answer; sent as text", "error", err)
			err = b.api.whisper(ctx, to, user, view.Message{Text: m.Text})
		}
		return err
	}
}

// badBlocks reports whether Slack refused a message for its blocks.
func badBlocks(err error) bool {
	switch codeOf(err) {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch":
		return true
	}
	return false
}

// mayPost reports whether a response URL is Slack's own, or lies where the Web API is: nothing else that a payload
// names is ever called.
func (a *api) mayPost(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == a.host.Scheme && u.Host == a.host.Host {
		return true
	}
	return u.Scheme == "https" && (u.Hostname() == "slack.com" || strings.HasSuffix(u.Hostname(), ".slack.com"))
}

// respond posts to a response URL. The answer is private.
func (a *api) respond(ctx context.Context, address, thread string, m view.Message, replace bool) error {
	w := &slack.WebhookMessage{Text: m.Text, ResponseType: "ephemeral", ReplaceOriginal: replace, ThreadTimestamp: thread}
	if len(m.Blocks) > 0 {
		w.Blocks = &slack.Blocks{BlockSet: m.Blocks}
	}
	return a.call(ctx, "response_url", func(ctx context.Context) error {
		err := slack.PostWebhookCustomHTTPContext(ctx, address, a.http, w)
		var status slack.StatusCodeError
		if errors.As(err, &status) && status.Code == http.StatusNotFound {
			return fmt.Errorf("response URL: %w", err)
		}
		return err
	})
}
