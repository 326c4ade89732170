package blockkit

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Names resolves the ids in mentions. A nil function, or one that answers "",
// leaves the id as it is.
type Names struct {
	User    func(id string) string
	Channel func(id string) string
	Group   func(id string) string // the handle, without the @
	// Now is when it is read: days beside it are yesterday, today and tomorrow. Zero: unknown, and every day is a date.
	Now time.Time
}

func (n Names) user(id string) string    { return lookup(n.User, id) }
func (n Names) channel(id string) string { return lookup(n.Channel, id) }
func (n Names) group(id string) string   { return lookup(n.Group, id) }

func lookup(f func(string) string, id string) string {
	if f != nil {
		if name := f(id); name != "" {
			return name
		}
	}
	return id
}

// PlainMrkdwn renders mrkdwn as the words a person reads: mentions by name,
// links by their label, dates as HH:MM UTC, entities resolved, and the markers of
// bold, italic and strike gone. Code keeps its backticks. A space that does not break a line is a space.
func PlainMrkdwn(text string, names Names) string {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			out.WriteString("`" + Unescape(resolve(part, names)) + "`")
			continue
		}
		out.WriteString(Unescape(unmark(resolve(part, names))))
	}
	// An odd number of backticks leaves the last one unpaired: nothing closes it.
	plain := out.String()
	if strings.Count(text, "`")%2 == 1 {
		plain = strings.TrimSuffix(plain, "`")
	}
	return strings.ReplaceAll(plain, "\u00a0", " ")
}

// Unescape resolves the three entities Slack knows.
func Unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// Escape is the inverse of Unescape: the text can no longer carry mentions or
// links.
func Escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// resolve replaces the constructs in angle brackets.
func resolve(text string, names Names) string {
	var out strings.Builder
	for {
		open := strings.IndexByte(text, '<')
		if open < 0 {
			break
		}
		end := strings.IndexByte(text[open:], '>')
		if end < 0 {
			break
		}
		out.WriteString(text[:open])
		out.WriteString(construct(text[open+1:open+end], names))
		text = text[open+end+1:]
	}
	out.WriteString(text)
	return out.String()
}

func construct(inner string, names Names) string {
	head, label, labelled := strings.Cut(inner, "|")
	switch {
	case strings.HasPrefix(head, "@"):
		return "@" + names.user(head[1:])
	case strings.HasPrefix(head, "#"):
		if labelled && label != "" {
			return "#" + label
		}
		return "#" + names.channel(head[1:])
	case strings.HasPrefix(head, "!date^"):
		return date(head, label, names.Now)
	case strings.HasPrefix(head, "!"):
		if labelled {
			return label
		}
		if id, isGroup := strings.CutPrefix(head, "!subteam^"); isGroup {
			return "@" + names.group(id)
		}
		return "@" + head[1:]
	case labelled:
		return label
	default:
		return head
	}
}

// date renders <!date^UNIX^FORMAT^LINK|FALLBACK> as it reads now. Slack shows the reader's own
// time zone; plain text has no reader, so it is UTC.
func date(head, fallback string, now time.Time) string {
	parts := strings.Split(head, "^")
	if len(parts) < 3 {
		return fallback
	}
	unix, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return fallback
	}
	t := time.Unix(unix, 0).UTC()
	return strings.NewReplacer(
		"{time}", t.Format("15:04 UTC"),
		"{time_secs}", t.Format("15:04:05 UTC"),
		"{date_num}", t.Format("2006-01-02"),
		"{date}", t.Format("January 2, 2006"),
		"{date_short}", t.Format("Jan 2, 2006"),
		"{date_long}", t.Format("Monday, January 2, 2006"),
		"{date_pretty}", pretty(t, now, "January 2, 2006"),
		"{date_short_pretty}", pretty(t, now, "Jan 2, 2006"),
		"{date_long_pretty}", pretty(t, now, "Monday, January 2, 2006"),
	).Replace(parts[2])
}

// pretty returns the day of t: in a word where it is next to now, else in the format.
func pretty(t, now time.Time, format string) string {
	day := func(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
	for word, from := range map[string]int{"yesterday": -1, "today": 0, "tomorrow": 1} {
		if !now.IsZero() && day(t).Equal(day(now).AddDate(0, 0, from)) {
			return word
		}
	}
	return t.Format(format)
}

// unmark drops the pairs of *, _ and ~ that Slack would show as style.
func unmark(s string) string {
	for _, marker := range []byte{'*', '_', '~'} {
		s = unmarkPair(s, marker)
	}
	return s
}

func unmarkPair(s string, marker byte) string {
	var out strings.Builder
	for {
		open := strings.IndexByte(s, marker)
		if open < 0 {
			break
		}
		length := pairLength(s, open, marker)
		if length == 0 {
			out.WriteString(s[:open+1])
			s = s[open+1:]
			continue
		}
		out.WriteString(s[:open])
		out.WriteString(s[open+1 : open+length-1])
		s = s[open+length:]
	}
	out.WriteString(s)
	return out.String()
}

// pairLength returns how long the marked text at open is, markers included, or 0
// if the marker there opens nothing: style starts and ends at word borders and
// stays within its line.
func pairLength(s string, open int, marker byte) int {
	before, _ := utf8.DecodeLastRuneInString(s[:open])
	if open > 0 && wordRune(before) {
		return 0
	}
	for end := open + 1; end < len(s) && s[end] != '\n'; end++ {
		if s[end] != marker {
			continue
		}
		first, _ := utf8.DecodeRuneInString(s[open+1:])
		last, _ := utf8.DecodeLastRuneInString(s[:end])
		after, _ := utf8.DecodeRuneInString(s[end+1:])
		tight := end > open+1 && !unicode.IsSpace(first) && !unicode.IsSpace(last)
		if tight && (end+1 == len(s) || !wordRune(after)) {
			return end - open + 1
		}
	}
	return 0
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
