package command

import (
	"net/url"
	"strings"
	"unicode"
)

// space reports whether r separates words: any Unicode space, as phones insert them.
func space(r rune) bool { return unicode.IsSpace(r) }

// unseen reports whether r is invisible and without meaning: zero width, direction marks, control characters.
func unseen(r rune) bool {
	return !space(r) && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) || r == unicode.ReplacementChar)
}

// hyphen returns the hyphens that a phone's dash stands for.
func hyphen(r rune) rune {
	switch r {
	case '‐', '‑', '‒', '–', '—', '―', '−', '﹘', '﹣', '－':
		return '-'
	}
	return r
}

// wrapping has the characters that people and phones put around a word.
const wrapping = "`'\"‘’‚‛“”„‟«»‹›´*"

// clean undoes what phones do to a word of the command: dashes, quotes, backticks, invisible characters, and a full
// stop at the end. It is idempotent.
func clean(word string) string {
	word = strings.Map(func(r rune) rune {
		if unseen(r) || space(r) {
			return -1
		}
		return hyphen(r)
	}, word)
	word = strings.TrimLeft(word, wrapping)
	word = strings.TrimRight(word, wrapping+".,;:!?")
	name := strings.TrimLeft(word, "-")
	switch {
	case len(name) == len(word):
		return word
	default: // one dash or five: phones merge and split them
		return "--" + name
	}
}

// unslack undoes Slack's markup: links and mentions in angle brackets become the words that a person sees, and the
// three entities become characters.
func unslack(text string) string {
	var out strings.Builder
	for {
		open := strings.IndexByte(text, '<')
		if open < 0 {
			break
		}
		end := strings.IndexAny(text[open+1:], "<>")
		if end < 0 {
			break
		}
		end += open + 1
		out.WriteString(text[:open])
		seen, ok := "", false
		if text[end] == '>' {
			seen, ok = construct(text[open+1 : end])
		}
		switch {
		case ok:
			out.WriteString(seen)
			text = text[end+1:]
		default:
			out.WriteByte('<')
			text = text[open+1:]
		}
	}
	out.WriteString(text)
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(out.String())
}

// construct returns the visible text of a construct in angle brackets; ok is false if it is not one of Slack's.
func construct(inner string) (seen string, ok bool) {
	head, label, _ := strings.Cut(inner, "|")
	if head == "" {
		return "", false
	}
	switch head[0] {
	case '@', '#', '!':
		if label == "" {
			label = head[1:]
		}
		if head[0] == '#' {
			return "#" + strings.TrimPrefix(label, "#"), true
		}
		return "@" + strings.TrimPrefix(label, "@"), true
	}
	u, err := url.Parse(head)
	if err != nil || u.Scheme == "" {
		return "", false
	}
	if label != "" && strings.HasSuffix(strings.TrimSuffix(head, "/"), label) {
		return label, true
	}
	return head, true
}

// line is the unread rest of a line. Words are returned clean, the rest as typed.
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

// cut returns the first word that is not empty when clean, and the text after it.
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

// reason reads the rest as typed, without a leading dash.
func (l *line) reason() string {
	if l.peek() == "--" {
		l.next()
	}
	reason := strings.TrimFunc(l.rest, func(r rune) bool { return space(r) || unseen(r) })
	l.rest = ""
	return reason
}

// Blank reports whether a reason says nothing: there is no letter, digit or picture in it, only quotes, dashes or what nobody
// sees.
func Blank(reason string) bool {
	return !strings.ContainsFunc(reason, func(r rune) bool {
		return !empty(r) && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.So, r))
	})
}

// empty reports whether r is a letter or a picture of which nothing is seen.
func empty(r rune) bool {
	switch r {
	case '\u115F', '\u1160', '\u2800', '\u3164', '\uFFA0':
		return true
	}
	return false
}
