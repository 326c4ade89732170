package main

import (
	"fmt"
	"io"
	"time"

	"canarybot.io/api"
	"canarybot.io/api/report"
)

// show prints what happens while a command waits: one line that changes on a terminal, a line for each change elsewhere.
type show struct {
	out    io.Writer
	errors io.Writer  // for what went wrong
	width  func() int // of the terminal; 0: none
	github bool
	gitlab bool

	last    report.Change
	said    string // the line of it
	began   bool   // something was shown
	linked  bool   // where the card is was said
	trouble string // what was said last of a lost connection
	live    bool   // the cursor stands in the line that changes
}

func (c *caller) show(out, errors io.Writer) *show {
	s := &show{out: out, errors: errors, width: c.width, github: c.env("GITHUB_ACTIONS") == "true", gitlab: c.env("GITLAB_CI") == "true"}
	if c.output == "json" {
		s.out = errors
	}
	if c.env("CI") != "" || c.env("TERM") == "dumb" || c.output == "json" {
		s.width = func() int { return 0 }
	}
	return s
}

// change shows the rollout, if that is news.
func (s *show) change(r api.Rollout) {
	s.trouble = ""
	if card := report.Link(r.Card); card != "" && !s.linked {
		s.linked = true
		s.line("Its card: " + card)
	}
	if width := s.width(); width > 0 {
		fmt.Fprintf(s.out, "\r\x1b[K%s", report.Clip(report.Line(r), width-2)) // an emoji may be two wide
		s.live = true
		return
	}
	now, text := report.ChangeOf(r), report.Line(r)
	if !s.began || now != s.last && text != s.said { // two phases may look alike
		s.line(text)
	}
	s.last, s.said, s.began = now, text, true
}

// lost says once that there is no connection, and what for.
func (s *show) lost(err error) {
	if text := saying(err); text != s.trouble {
		s.trouble = text
		s.line("No answer from Canarybot, trying again: " + report.Inert(text))
	}
}

// line prints a line that stays.
func (s *show) line(text string) {
	if s.width() > 0 {
		s.settle()
		fmt.Fprintln(s.out, text)
		return
	}
	fmt.Fprintln(s.out, report.Plain(time.Now(), text))
}

// settle removes the line that changes.
func (s *show) settle() {
	if s.live {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.live = false
	}
}

// group begins a group of lines, where the pipeline's log folds them, and returns what ends it.
func (s *show) group(title string) (end func()) {
	switch {
	case s.github:
		fmt.Fprintln(s.out, report.Group(title))
		return func() { fmt.Fprintln(s.out, report.EndGroup) }
	case s.gitlab:
		fmt.Fprintln(s.out, report.Section(time.Now(), title))
		return func() { fmt.Fprintln(s.out, report.EndSection(time.Now())) }
	}
	return s.settle
}

// end says the last sentence: beside the run where the pipeline shows such, else as a line of its own.
func (s *show) end(code exitCode, title, text string) {
	s.settle()
	if s.github {
		fmt.Fprintln(s.out, report.Annotation(code != exitSucceeded, title, text))
		return
	}
	out := s.out
	if code != exitSucceeded {
		out = s.errors
	}
	fmt.Fprintln(out, report.Lines(text))
}
