package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Held tells together what quiet hours held back, each thing in a line, and puts the question that is still open, with all that
// belongs to it; nil: none is. Say is Reply, for the thread. It is not shown in the channel. Ok is false where there is nothing to say.
func Held(r rollout.Rollout, entries []rollout.Entry, question *rollout.Entry, say func(rollout.Entry) (Message, bool)) (m Message, ok bool) {
	var lines []string
	last, end := "", []slack.Block(nil)
	for _, e := range entries {
		one, told := say(e)
		if !told || e.Kind == rollout.EntryReminded { // the question, or what came of it, says as much
			continue
		}
		lines = append(lines, at(e.At)+": "+firstLine(one))
		last = one.Text
		if e.Kind == rollout.EntryEnded {
			end = incidentButton(r)
		}
	}
	var asked Message
	if question != nil {
		if asked, ok = say(*question); ok && len(lines) == 0 {
			asked.Broadcast = false
			return asked, true
		}
		last = asked.Text
	}
	if len(lines) == 0 {
		return Message{}, false
	}
	m = message(fmt.Sprintf("%s *%s* in the quiet hours:", iconQuiet, fullName(r))).withText("%s", last).withBlocks(list(lines)...).withBlocks(end...)
	if asked.Native != nil {
		return m.withEither(asked.Native, asked.Blocks), true
	}
	return m.withBlocks(asked.Blocks...), true
}

// firstLine returns the first line of a message's first paragraph.
func firstLine(m Message) string {
	line, _, _ := strings.Cut(m.firstParagraph(), "\n")
	return line
}

// firstParagraph returns the message's first paragraph, as it is marked up.
func (m Message) firstParagraph() string {
	for _, b := range m.Blocks {
		if s, ok := b.(*slack.SectionBlock); ok && s.Text != nil {
			return s.Text.Text
		}
	}
	return m.Text
}
