package command

import "strings"

// line is what has not been read yet. Words come out clean, the rest comes out as typed.
type line struct{ rest string }

// peek returns the next word without reading it; empty at the end.
func (l *line) peek() string {
	word, _ := l.cut()
	return word
}

// next reads the next word; empty at the end.
func (l *line) next() string {
	word, rest := l.cut()
	l.rest = rest
	return word
}

// cut returns the first word of which something is left once it is clean, and what follows it.
func (l *line) cut() (word, rest string) {
	rest = l.rest
	for rest != "" {
		rest = strings.TrimLeftFunc(rest, space)
		end := strings.IndexFunc(rest, space)
		if end < 0 {
			end = len(rest)
		}
		word, rest = clean(rest[:end]), rest[end:]
		if word != "" {
			return word, rest
		}
	}
	return "", ""
}

// reason reads the rest as typed, without a dash that sets it off.
func (l *line) reason() string {
	if l.peek() == "--" {
		l.next()
	}
	reason := strings.TrimFunc(l.rest, func(r rune) bool { return space(r) || unseen(r) })
	l.rest = ""
	return reason
}
