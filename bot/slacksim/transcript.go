package slacksim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// Transcript renders a channel as plain text, the way a person would read it
// aloud: messages in order, replies indented under their root, buttons as
// [ Label ], and what only one person sees marked "only you". Times are UTC.
func (s *Sim) Transcript(channel string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roomNamed(channel)
	if r == nil {
		return ""
	}
	t := &transcript{sim: s, room: r}
	t.line("", "#"+r.Name)
	t.entries("", "")
	return t.out.String()
}

// transcript is a rendering in progress.
type transcript struct {
	sim  *Sim
	room *room
	out  strings.Builder
}

func (t *transcript) line(indent, text string) {
	t.out.WriteString(strings.TrimRight(indent+text, " ") + "\n")
}

// entry is a message of either kind, with what both have in common.
type entry struct {
	ts     string
	at     time.Time
	author string
	notes  []string
	lines  []string
	root   bool
}

// entries writes a thread, or the channel itself when thread is empty.
func (t *transcript) entries(thread, indent string) {
	var list []entry
	for _, m := range t.room.messages {
		if m.ThreadTS == thread || thread == "" && m.Broadcast {
			list = append(list, t.messageEntry(m))
		}
	}
	for _, e := range t.sim.ephemerals {
		if e.Channel == t.room.ID && e.ThreadTS == thread && !e.Deleted {
			list = append(list, t.ephemeralEntry(e))
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.ts, b.ts) })
	for _, e := range list {
		t.entry(e, indent)
		if thread == "" && e.root {
			t.entries(e.ts, indent+"    ")
		}
	}
}

func (t *transcript) entry(e entry, indent string) {
	head := e.at.UTC().Format("15:04") + " " + e.author
	if len(e.notes) > 0 {
		head += " (" + strings.Join(e.notes, ", ") + ")"
	}
	t.line(indent, head)
	for _, l := range e.lines {
		t.line(indent+"  ", l)
	}
}

func (t *transcript) messageEntry(m *Message) entry {
	names := t.sim.names()
	e := entry{ts: m.TS, at: m.At, author: "@" + names.User(m.User), root: m.ThreadTS == ""}
	if n := m.Edits(); n > 0 {
		e.notes = append(e.notes, fmt.Sprintf("edited %d×", n))
	}
	if m.Broadcast {
		e.notes = append(e.notes, "also sent to the channel")
	}
	for _, user := range m.WarnedFor {
		e.notes = append(e.notes, "⚠ for @"+names.User(user))
	}
	e.lines = append(plain(m.Text, m.Blocks, names), t.files(m)...)
	return e
}

// files says what pictures show, in the words that stand in their place.
func (t *transcript) files(m *Message) (lines []string) {
	for _, f := range t.sim.shownFiles(m) {
		for i, line := range strings.Split(cmp.Or(f.Alt, f.Title), "\n") {
			if i == 0 {
				line = "(file) " + line
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func (t *transcript) ephemeralEntry(p *Ephemeral) entry {
	names := t.sim.names()
	author := "Slackbot"
	if p.FromBot {
		author = "@" + t.sim.opts.Bot.Name
	}
	return entry{
		ts: p.TS, at: p.At, author: author,
		notes: []string{"only you, @" + names.User(p.User)},
		lines: plain(p.Text, p.Blocks, names),
	}
}

// plain renders what is shown: the blocks if there are any, else the text.
func plain(text string, blocks []byte, names blockkit.Names) []string {
	if len(blocks) > 0 {
		return blockkit.Plain(blocks, names)
	}
	return strings.Split(blockkit.PlainMrkdwn(text, names), "\n")
}

// Plain renders one message's content as the transcript would.
func (s *Sim) Plain(m Message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(plain(m.Text, m.Blocks, s.names()), "\n")
}
