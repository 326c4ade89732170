package report

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"unicode"
)

// Inert returns the text as one line without anything that a terminal or a pipeline's runner obeys: no control
// characters, none that are invisible or turn the direction of writing, and no mark of a runner's command.
func Inert(text string) string { return strings.Join(strings.Fields(Lines(text)), " ") }

// Lines is Inert for text of several lines, whose line breaks and indents stay.
func Lines(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\u200d' || r == '\ufe0f': // they hold emoji together
			return r
		case r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cc, r):
			return ' '
		case unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	for range 2 { // of three in a row the first time leaves two
		text = strings.ReplaceAll(text, "##", "# #") // ##[error], ##vso[, ##teamcity[
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if rest := strings.TrimLeftFunc(line, odd); strings.HasPrefix(rest, "::") { // ::error::
			lines[i] = line[:len(line)-len(rest)] + ": :" + rest[2:]
		}
	}
	return strings.Join(lines, "\n")
}

// odd reports whether a runner may skip the character at the beginning of a line.
func odd(r rune) bool { return unicode.IsSpace(r) || r == '\u200d' || r == '\ufe0f' }

// Clip returns the text in at most so many characters.
func Clip(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:max(0, most-1)]) + "…"
}

// Code returns the text as code in Markdown, also in a cell of a table: every mark of Markdown and HTML is written as a
// number, and in code nothing becomes a mention, a reference or a link.
func Code(text string) string { return "<code>" + entities(Inert(text)) + "</code>" }

// plainMarks are what neither Markdown nor HTML gives a meaning to within a line, nor makes a link of.
const plainMarks = " ,-%()+/?;="

// entities writes every other mark as a number.
func entities(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 && !strings.ContainsRune(plainMarks, r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Link returns the address as one may show it to be clicked, or nothing: http and https only, without a user in it.
func Link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsFunc(address, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>\"'`\\{}|^", r)
	}) {
		return ""
	}
	return address
}

// anchor returns a link in Markdown, or its text as code where the address is not one to click.
func anchor(text, address string) string {
	if address = Link(address); address == "" {
		return Code(text)
	}
	return fmt.Sprintf("<a href=%q>%s</a>", html.EscapeString(address), entities(Inert(text)))
}

// property returns the text as GitHub's commands take one in their message.
func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}
