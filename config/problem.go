package config

import (
	"fmt"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Key  string // for example services.checkout.plan; empty: the file as a whole
	Line int    // 0: unknown
	Text string
}

// String returns the problem as one line.
func (p Problem) String() string {
	s := p.Text
	if p.Key != "" {
		s = p.Key + ": " + s
	}
	if p.Line > 0 {
		s += fmt.Sprintf(" (line %d)", p.Line)
	}
	return s
}

// Error is everything that is wrong with a configuration.
type Error struct {
	File     string // empty: not from a file
	Problems []Problem
}

// shown is how many problems are listed: the rest is mostly of the same kind.
const shown = 50

// Error returns one line for each problem, under the file's name.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		fmt.Fprintf(&b, "%s is not a valid configuration:\n", e.File)
	}
	for i, p := range e.Problems {
		if i == shown {
			fmt.Fprintf(&b, "and %d more\n", len(e.Problems)-shown)
			break
		}
		b.WriteString(p.String() + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Unwrap gives the error its code, and its text to people.
func (e *Error) Unwrap() error { return rollout.Refuse(rollout.Invalid, rollout.Text(e.Error())) }

// meant returns what ends the sentence about an unknown word: the known one that is probably meant, or all of them.
func meant(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return near
	}
	return "; known: " + list(known)
}

// nearest returns ", did you mean X?" when one of the known words is so near that it is probably meant.
func nearest(word string, known []string) string {
	best, distance := "", 3
	if len(word) < 5 {
		distance = 2
	}
	for _, k := range known {
		if d := edits(word, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}

// edits counts the letters to add, drop or change between two words (Levenshtein's distance).
func edits(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// list joins words for a sentence, not all of them when they are many.
func list(words []string) string {
	const most = 60
	if len(words) > most {
		return strings.Join(words[:most], ", ") + "…"
	}
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// sorted returns the problems in the order of their lines, each once. A key without a value is told of where nothing else
// is wrong with it.
func (r *reader) sorted() []Problem {
	for _, p := range r.nulls {
		if !r.keys[p.Key] {
			r.add(p)
		}
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
	return r.problems
}
