package view

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most characters shown of text from outside.
const (
	maxWord  = 128 // a name, a version, an id: every tag and every id is whole, as it has to be typed
	maxWords = 300 // a person's text, a machine's answer
	maxShort = 400 // a problem's sentence where others follow
	maxCode  = 1000
)

// word and words are two lengths of escape.
func word(s string) string  { return escape(s, maxWord) }
func words(s string) string { return escape(s, maxWords) }

// escape makes text from outside safe to show: one line of at most so many characters, without mentions, links, dates,
// formatting, direction marks or hidden characters. What is shown loses its emoji codes at last, in withoutEmojiCodes.
func escape(s string, most int) string {
	return entities.Replace(escapeMarks(clip(s, most)))
}

// code puts text from outside into a code span. Formatting characters have no effect there, so a command stays as it
// must be typed.
func code(s string) string {
	s = clip(s, maxCode)
	if s == "" {
		return ""
	}
	return "`" + entities.Replace(strings.ReplaceAll(s, "`", "ˋ")) + "`"
}

var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// oneLine drops invisible characters, makes every space a plain one, and keeps accents from being piled up over the
// lines above.
func oneLine(s string) string {
	accents := 0
	s = strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			accents = 0
			return r
		}
		if !unicode.Is(unicode.M, r) {
			accents = 0
		} else if accents++; accents > maxAccents {
			return -1
		}
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cc, r), unicode.Is(unicode.Z, r):
			return ' '
		case unicode.Is(unicode.Cf, r), filler(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// maxAccents is how many combining characters a letter may have: more than any script needs.
const maxAccents = 4

// filler reports whether r is an invisible letter.
func filler(r rune) bool {
	switch r {
	case '\u034F', '\u115F', '\u1160', '\u17B4', '\u17B5', '\u2800', '\u3164', '\uFFA0':
		return true
	}
	return false
}

// escapeMarks replaces formatting characters by lookalikes without effect. An underscore inside a word has no effect
// and stays, so that versions can be copied.
func escapeMarks(s string) string {
	runes := []rune(s)
	inWord := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	var out strings.Builder
	for i, r := range runes {
		switch {
		case r == '*':
			r = '∗'
		case r == '~':
			r = '∼'
		case r == '`':
			r = 'ˋ'
		case r == '_' && !(inWord(i-1) && inWord(i+1)):
			r = 'ˍ'
		case r == '>' && i == 0: // a quotation, at the start of a line
			r = '›'
		}
		out.WriteRune(r)
	}
	return out.String()
}

// withoutEmojiCodes takes the effect from what Slack may show as a picture: the bot writes its own as they are. It looks at
// finished text, as what comes from outside may make one with the colon that follows it.
func withoutEmojiCodes(s string) string {
	if strings.Count(s, ":") < 2 {
		return s
	}
	runes := []rune(s)
	for i, r := range runes {
		if r == ':' && beginsEmoji(runes, i) {
			runes[i] = '∶'
		}
	}
	return string(runes)
}

// beginsEmoji reports whether the colon at i begins what Slack may show as a picture, one of its own or one that a
// workspace has made. The minutes of a time of day do not, nor does a port.
func beginsEmoji(runes []rune, i int) bool {
	end := i + 1
	for end < len(runes) && (unicode.In(runes[end], unicode.L, unicode.M, unicode.N) || strings.ContainsRune("_-+'", runes[end])) {
		end++
	}
	if end == i+1 || end == len(runes) || runes[end] != ':' {
		return false
	}
	name := string(runes[i+1 : end])
	number := strings.Trim(name, "0123456789") == "" && name != "100" && name != "1234"
	follows := i > 0 && (unicode.In(runes[i-1], unicode.L, unicode.N) || runes[i-1] == ']')
	return !number || !follows
}

// clip makes text one line of at most so many characters. What is too long loses its middle: names of one kind begin
// alike and differ at the end, and a machine's answer says last why it failed, after every layer in between.
func clip(s string, most int) string {
	if enough := 16 * most; len(s) > 2*enough { // bounds the work on text of any length
		s = strings.ToValidUTF8(s[:enough], "") + "…" + strings.ToValidUTF8(s[len(s)-enough:], "")
	}
	runes := []rune(oneLine(s))
	if len(runes) <= most {
		return string(runes)
	}
	end := most / 3
	return string(runes[:most-end-1]) + "…" + string(runes[len(runes)-end:])
}

// truncateMrkdwn cuts finished mrkdwn to so many characters, never within an entity or one of Slack's constructs.
func truncateMrkdwn(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	s = string([]rune(s)[:most-1])
	if open := strings.LastIndexByte(s, '<'); open > strings.LastIndexByte(s, '>') {
		s = s[:open]
	}
	if amp := strings.LastIndexByte(s, '&'); amp > strings.LastIndexByte(s, ';') {
		s = s[:amp]
	}
	if strings.Count(s, "`")%2 == 1 { // an open code span would swallow what follows
		s = s[:strings.LastIndexByte(s, '`')]
	}
	return s + "…"
}

var (
	dateToken = regexp.MustCompile(`<!date\^[^|>]*\|([^>]*)>`)
	linkToken = regexp.MustCompile(`<https?:[^|>]*\|([^>]*)>`)
)

// notificationText turns finished mrkdwn into the text for a lock screen: times in words, links by their label, no
// marks, one line. Mentions stay: Slack speaks them as names.
func notificationText(s string) string {
	s = dateToken.ReplaceAllString(truncateMrkdwn(s, maxSection), "$1")
	s = linkToken.ReplaceAllString(s, "$1")
	s = strings.NewReplacer("*", "", "`", "", "\n", " ").Replace(s)
	return withoutEmojiCodes(truncateMrkdwn(escapeMarks(s), maxText))
}

// slackID is what Slack's user ids look like.
var slackID = regexp.MustCompile(`^[UW][A-Z0-9]{2,24}$`)

// mention returns the live mention of a Slack id; anything else is returned as a word.
func mention(id string) string {
	if slackID.MatchString(id) {
		return "<@" + id + ">"
	}
	return word(id)
}

// slackGroup is what the ids of Slack's user groups look like.
var slackGroup = regexp.MustCompile(`^S[A-Z0-9]{2,24}$`)

// mentionGroup returns the live mention of a user group or a person whom the configuration names.
func mentionGroup(id string) string {
	if slackGroup.MatchString(id) {
		return "<!subteam^" + id + ">"
	}
	return mention(id)
}

// anchor returns a link to one of the bot's own messages, or only the label if the link is not valid.
func anchor(link, label string) string {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(link) > 500 ||
		strings.ContainsAny(link, "<>|\"`*_~ \t\r\n") || oneLine(link) != link {
		return ""
	}
	return "<" + strings.ReplaceAll(link, "&", "&amp;") + "|" + label + ">"
}
