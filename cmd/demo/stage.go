package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"canarybot.io/bot/slacksim"
)

// stage prints what people see in the channel, as it happens: each message once, and each change of a card.
type stage struct {
	slack *slacksim.Sim
	names map[string]string

	mu    sync.Mutex // guards what follows
	out   io.Writer
	shown map[string]string // by ts: what was last printed
}

func newStage(s *slacksim.Sim, out io.Writer) *stage {
	names := map[string]string{}
	for _, u := range people() {
		names[u.ID] = u.Name
	}
	return &stage{slack: s, names: names, out: out, shown: map[string]string{}}
}

func (s *stage) name(user string) string { return s.names[user] }

// say prints a line of the play itself, after everything that came before it.
func (s *stage) say(format string, args ...any) {
	s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format, args...)
}

// run prints until the context ends.
func (s *stage) run(ctx context.Context) error {
	for {
		changed := s.slack.Changed()
		s.flush()
		select {
		case <-changed:
		case <-ctx.Done():
			s.flush()
			return nil
		}
	}
}

// flush prints what is new.
func (s *stage) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.slack.Messages(channel) {
		if !m.FromBot {
			continue
		}
		s.message(m)
		for _, reply := range s.slack.Thread(channel, m.TS) {
			s.once(reply.TS, "      ↳ ", s.slack.Plain(reply))
		}
	}
	for _, u := range people() {
		for _, e := range s.slack.Ephemerals(u.ID) {
			s.once(e.TS, "  only @"+u.Name+" sees: ", s.slack.Plain(slacksim.Message{Text: e.Text, Blocks: e.Blocks}))
		}
	}
}

// once prints a message the first time it appears.
func (s *stage) once(ts, head, text string) {
	if _, seen := s.shown[ts]; seen {
		return
	}
	s.shown[ts] = text
	indent := strings.Repeat(" ", 8)
	fmt.Fprintln(s.out, head+strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+indent))
}

// message prints a card: whole at first, then its line of state whenever that changed.
func (s *stage) message(m slacksim.Message) {
	if m.ThreadTS != "" {
		return // its thread prints it
	}
	lines := strings.Split(s.slack.Plain(m), "\n")
	if m.Metadata == nil || len(lines) < 2 {
		return
	}
	before, seen := s.shown[m.TS]
	if before == lines[1] {
		return
	}
	s.shown[m.TS] = lines[1]
	if !seen {
		fmt.Fprintln(s.out, "  "+lines[0])
	}
	fmt.Fprintln(s.out, "    "+lines[1])
}
