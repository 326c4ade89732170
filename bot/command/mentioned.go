package command

import (
	"regexp"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// Deployable is a service that a message may name, by itself or by where its images are.
type Deployable struct {
	Name       rollout.ServiceName
	Repository string
}

const (
	// mostMentioned bounds the versions that are taken from a message, and mostWordsRead how much of it is read.
	mostMentioned = 10
	mostWordsRead = 4000
	longestFound  = 128
)

// What looks like a version by itself, the surest first: a digest, numbers with dots, and a commit, perhaps behind a
// branch's name.
var versionForms = []*regexp.Regexp{
	regexp.MustCompile(`^([\w.-]+@)?sha256:[0-9a-f]{64}$`),
	regexp.MustCompile(`^v?\d+(\.\d+){1,3}([-+.][0-9A-Za-z][0-9A-Za-z.+-]*)?$|^v\d+$`),
	regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_.]*-)?([0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]{5,38}$`),
}

// plainVersion has nothing in it that a registry would not take.
var plainVersion = regexp.MustCompile(`^\w[\w.:@+-]*$`)

// Mentioned returns which service and version a message is about, such as a build system's or a release note: each where
// it is the only one, else empty. All are the versions that it names, the surest first. Nothing is done by that: it is to
// be shown.
func Mentioned(text string, known []Deployable) (service rollout.ServiceName, version string, all []string) {
	m := mentioned{known: known}
	words := strings.FieldsFunc(unslack(text), func(r rune) bool { return space(r) || strings.ContainsRune("\"'`()[]{}<>|,;*!?", r) })
	for _, w := range words[:min(len(words), mostWordsRead)] {
		m.word(strings.TrimLeft(strings.TrimRight(w, ".:_"), "#_"))
	}
	sure := m.pairs
	if len(sure) == 1 {
		return sure[0].service, sure[0].version, m.versions()
	}
	if len(m.services) == 1 {
		service = m.services[0]
	}
	for _, found := range m.found {
		if len(found) > 0 {
			if len(found) == 1 && len(sure) == 0 {
				version = found[0]
			}
			break
		}
	}
	return service, version, m.versions()
}

// mentioned is what is found in a message.
type mentioned struct {
	known    []Deployable
	services []rollout.ServiceName
	pairs    []pair      // a service and a version in one word
	found    [3][]string // versions by form
}

type pair struct {
	service rollout.ServiceName
	version string
}

// word looks at one word.
func (m *mentioned) word(w string) {
	if w == "" || len(w) > 512 || strings.Contains(w, "://") {
		return
	}
	for _, k := range m.known {
		version, ok := m.after(w, k)
		switch {
		case !ok:
			continue
		case version == "":
			m.services = added(m.services, k.Name)
			return
		}
		m.services = added(m.services, k.Name)
		if len(version) <= longestFound && isVersion(version) && plainVersion.MatchString(version) {
			m.pairs = added(m.pairs, pair{k.Name, version})
		}
		return
	}
	for i, form := range versionForms {
		if form.MatchString(w) && len(w) <= longestFound && strings.ContainsAny(w, "0123456789") {
			m.found[i] = added(m.found[i], w)
			return
		}
	}
}

// after returns what follows the service's name or its repository in a word; ok is false where it is about something else.
func (m *mentioned) after(w string, k Deployable) (version string, ok bool) {
	for _, name := range []string{k.Repository, string(k.Name)} {
		rest, is := strings.CutPrefix(w, name)
		switch {
		case name == "" || !is:
		case rest == "":
			return "", true
		case strings.ContainsRune(":@=", rune(rest[0])):
			return rest[1:], true
		}
	}
	return "", false
}

// versions are all that were found, the surest first.
func (m *mentioned) versions() []string {
	var all []string
	for _, p := range m.pairs {
		all = added(all, p.version)
	}
	for _, found := range m.found {
		for _, v := range found {
			all = added(all, v)
		}
	}
	return all[:min(len(all), mostMentioned)]
}

func added[T comparable](all []T, one T) []T {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}
