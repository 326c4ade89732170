package bot

import (
	"context"

	"canarybot.io/bot/slack"
)

// Handle has one frame handled as if a connection had brought it: what comes from outside can be anything, which the
// simulated Slack never sends.
func (b *Bot) Handle(ctx context.Context, raw []byte, send func([]byte) error) {
	b.handle(ctx, slack.NewEnvelope(raw, send))
	_ = b.replies.Wait()
}

// Forget makes the next duplicate look like the first: what a restart does.
func (b *Bot) Forget() { b.dedup = newDedup() }
