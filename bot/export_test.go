package bot

import (
	"context"
	"encoding/json"
)

// Handle has one frame handled as if a connection had brought it: what comes from outside can be anything, which the
// simulated Slack never sends.
func (b *Bot) Handle(ctx context.Context, raw []byte, send func([]byte) error) {
	b.handle(ctx, readFrame(raw), send)
	b.answers.wait()
}

// Forget makes the next duplicate look like the first: what a restart does.
func (b *Bot) Forget() { b.once = newOnce() }

// SaveCursor stores where a rollout's card is.
func (b *Bot) SaveCursor(ctx context.Context, channel, card string, turn int) error {
	raw, err := json.Marshal(map[string]any{"channel": channel, "card": card, "turn": turn})
	if err != nil {
		return err
	}
	return b.Notes.PutNote(ctx, noteKind, "checkout-1", raw)
}

// AckFrame is the frame of an ack.
var AckFrame = ackFrame
