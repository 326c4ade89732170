package view

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Blocks are the parts of what is shown.
type Blocks []slack.Block

// Message is one message to Slack. Text is for lock screens and screen readers: a sentence that makes sense by itself.
// Blocks are never empty.
type Message struct {
	Text   string
	Blocks []slack.Block
	// Native has the same with plans, charts and tables, for workspaces that take those blocks; nil: Blocks are all there is.
	Native []slack.Block
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
	// roomForList is what a list takes of a message.
	roomForList = maxMessage - maxSection
	maxValue    = 2000
	maxLabel    = 75
	maxTitle    = 100
	maxConfirm  = 300
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
func (m Message) withBlocks(blocks ...slack.Block) Message { return m.withEither(blocks, blocks) }

// withEither appends native blocks where the workspace takes them, and classic ones elsewhere. Both say the same. Where
// there are no native ones the classic ones stand everywhere.
func (m Message) withEither(native, classic []slack.Block) Message {
	if len(native) == 0 {
		native = classic
	}
	if m.Native == nil && hasNative(native) {
		m.Native = slices.Clone(m.Blocks)
	}
	if m.Native != nil {
		m.Native = append(m.Native, native...)
	}
	m.Blocks = append(m.Blocks, classic...)
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
	return slack.NewTextBlockObject(slack.MarkdownType, finish(truncateMrkdwn(text, maxSection)), false, true)
}

func plain(text string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, withoutEmojiCodes(truncateMrkdwn(text, most)), false, false)
}

// list makes sections from lines, as many as a message holds. The last line counts the rest; see says where they are to
// be seen.
func list(lines []string, see ...string) []slack.Block {
	total, shown := 0, 0
	for ; shown < len(lines); shown++ {
		if total += min(utf8.RuneCountInString(lines[shown]), maxSection/2) + 1; total > roomForList {
			break
		}
	}
	var blocks []slack.Block
	for _, part := range parts(lines[:shown], maxSection) {
		blocks = append(blocks, section(part))
	}
	if left := len(lines) - shown; left > 0 {
		blocks = append(blocks, section(joined(": ", fmt.Sprintf("… and %d more", left), strings.Join(see, ", "))+"."))
	}
	return blocks
}

// parts joins lines to as few texts of at most so many characters as hold them; no line has more than half of that.
func parts(lines []string, most int) []string {
	var all []string
	room := 0
	for _, line := range lines {
		line = truncateMrkdwn(line, most/2)
		size := utf8.RuneCountInString(line) + 1
		if len(all) == 0 || size > room {
			all, room = append(all, line), most-size
			continue
		}
		all[len(all)-1] += "\n" + line
		room -= size
	}
	return all
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
