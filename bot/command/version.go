package command

import (
	"regexp"
	"strings"
)

// bareSum is an abbreviated commit that happens to have no digit.
var bareSum = regexp.MustCompile(`^[a-f]{7,40}$`)

// isVersion reports whether a word can be told from the words around a version, such as "to": it has a digit, or is a
// full reference. Whether there is such a version is for others to say.
func isVersion(word string) bool {
	if word == "" || !alphanumeric(rune(word[0])) && word[0] != '_' {
		return false
	}
	return strings.ContainsAny(word, "0123456789/:") || bareSum.MatchString(word)
}

// VersionIn returns the version that somebody typed where nothing else was asked for; ok is false where it is none.
func VersionIn(typed string) (version string, ok bool) {
	l := line{rest: typed}
	version = l.next()
	return version, isVersion(version) && l.next() == ""
}

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// meantDeploy returns the command that a deploy in other words ("deploy checkout to v1.2.4", "deploy v1.2.4 to checkout",
// "deploy checkout=v1.2.4") most likely meant: to be shown, never to be done. It is empty unless the line names both.
func (p *parser) meantDeploy() string {
	meant := Command{Verb: Deploy}
	rest := line{rest: p.text}
	rest.next() // the verb
	for word := rest.next(); word != ""; word = rest.next() {
		if strings.HasPrefix(word, "--") && isOption(word) {
			return "" // left out it would mean something else
		}
		for _, part := range p.split(word) {
			part = strings.TrimLeft(part, ":=@")
			service, _, known := p.target(part)
			switch {
			case meant.Service == "" && known:
				meant.Service = service
			case !known && isVersion(part) && meant.Version != "":
				return "" // one of two
			case !known && isVersion(part):
				meant.Version = part
			}
		}
	}
	if meant.Service == "" {
		meant.Service = p.cmd.Service // that of the thread
	}
	if meant.Service == "" || meant.Version == "" {
		return ""
	}
	return meant.String()
}

// split splits a service from what is stuck to it.
func (p *parser) split(word string) []string {
	i := strings.IndexAny(word, ":=@/")
	if i < 0 {
		return []string{word}
	}
	if _, _, known := p.target(word[:i]); !known {
		return []string{word}
	}
	return []string{word[:i], word[i+1:]}
}

// isOption reports whether a word is an option of deploy.
func isOption(word string) bool { return lateOption(word) != "" }
