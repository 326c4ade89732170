package main

import (
	"fmt"
	"os"
	"strings"
)

// part is a part of a page that the program prints, between two lines that name it.
type part string

// The parts.
const (
	measuredTables part = "make bench-analysis DOCS=docs/judge.md"
	measuredRules  part = "make bench-analysis RULES=1 DOCS=docs/judge.md"
)

func (p part) first() string { return "<!-- measured: " + string(p) + " -->\n" }

func (p part) last() string { return "<!-- end of: " + string(p) + " -->\n" }

// cut splits a page at the part.
func (p part) cut(page string) (before, measured, after string, err error) {
	before, rest, ok := strings.Cut(page, p.first())
	measured, after, too := strings.Cut(rest, p.last())
	if !ok || !too {
		return "", "", "", fmt.Errorf("the page lacks the line %q, or after it %q", strings.TrimSpace(p.first()), strings.TrimSpace(p.last()))
	}
	return before, measured, after, nil
}

// write replaces the part of a page.
func (p part) write(path, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, _, after, err := p.cut(string(page))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(before+p.first()+"\n"+text+"\n"+p.last()+after), 0o644)
}
