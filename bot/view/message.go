package view

import "github.com/slack-go/slack"

// Message is one message to Slack. Text is what a lock screen and a screen reader say: a whole sentence that makes
// sense alone. Blocks are never empty.
type Message struct {
	Text   string
	Blocks []slack.Block
	// Broadcast asks for a thread reply to be shown in the channel too.
	Broadcast bool
}
