package view

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Message is one message to Slack. Text is for lock screens and screen readers: a sentence that makes sense by itself.
// Blocks are never empty.
type Message struct {
	Text   string
	Blocks []slack.Block
	// Broadcast also shows a thread reply in the channel.
	Broadcast bool
}

// The view's own limits, below Slack's: 50 blocks, 3000 characters a section, 4000 a text that is edited, about 13,000
// a message.
const (
	maxText    = 1000
	maxSection = 2900
	maxContext = 1200
	maxMessage = 9000
	maxValue   = 2000
	maxLabel   = 75
	maxTitle   = 100
	maxConfirm = 300
)

// message makes a message from paragraphs; the first one is also its text.
func message(paragraphs ...string) Message {
	m := Message{Text: notificationText(paragraphs[0])}
	for _, p := range paragraphs {
		if p != "" {
			m.Blocks = append(m.Blocks, section(p))
		}
	}
	return m
}

// withText replaces the text.
func (m Message) withText(format string, args ...any) Message {
	m.Text = notificationText(fmt.Sprintf(format, args...))
	return m
}

// withBlocks appends blocks.
func (m Message) withBlocks(blocks ...slack.Block) Message {
	m.Blocks = append(m.Blocks, blocks...)
	return m
}

// section is a paragraph. Slack adds no links of its own to it.
func section(text string) *slack.SectionBlock {
	return slack.NewSectionBlock(mrkdwn(text), nil, nil, slack.SectionBlockOptionExpand(true))
}

// context is a line in small print.
func context(text string) *slack.ContextBlock {
	return slack.NewContextBlock("", mrkdwn(truncateMrkdwn(text, maxContext)))
}

func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, unbroken(truncateMrkdwn(text, maxSection)), false, true)
}

func plain(text string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, truncateMrkdwn(text, most), false, false)
}

// list makes sections from lines, as many as a message holds. The last line counts the rest.
func list(lines []string) []slack.Block {
	var blocks []slack.Block
	var part strings.Builder
	total, shown := 0, 0
	flush := func() {
		if part.Len() > 0 {
			blocks = append(blocks, section(part.String()))
			part.Reset()
		}
	}
	for _, line := range lines {
		line = truncateMrkdwn(line, maxSection/2)
		size := utf8.RuneCountInString(line) + 1
		if total += size; total > maxMessage-maxSection {
			break
		}
		if utf8.RuneCountInString(part.String())+size > maxSection {
			flush()
		}
		if part.Len() > 0 {
			part.WriteByte('\n')
		}
		part.WriteString(line)
		shown++
	}
	flush()
	if left := len(lines) - shown; left > 0 {
		blocks = append(blocks, section(fmt.Sprintf("… and %d more.", left)))
	}
	return blocks
}

// paragraph joins the non-empty texts, one line each.
func paragraph(lines ...string) string { return joined("\n", lines...) }

// dotted joins the non-empty texts with a middle dot.
func dotted(parts ...string) string { return joined(" · ", parts...) }

func joined(between string, parts ...string) string {
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, between)
}
