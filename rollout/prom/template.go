package prom

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Word is a word of a query template, written {{.Word}}.
type Word string

// The words.
const (
	Namespace  Word = "Namespace"
	Service    Word = "Service"
	Stable     Word = "Stable"     // the Deployment's name
	Canary     Word = "Canary"     // the Deployment's name
	Arm        Word = "Arm"        // canary or stable
	Deployment Word = "Deployment" // the arm's
	Backend    Word = "Backend"    // the arm's Service
	Select     Word = "Select"     // label matchers of one arm's series
	Pods       Word = "Pods"       // label matchers of one arm's pods: namespace and pod
	Window     Word = "Window"     // for example 300s
)

// Template is a parsed query or select. It expands for any words without failing.
type Template struct {
	parts []part
}

// part is literal text or, where word is not empty, a word.
type part struct {
	text string
	word Word
}

// ParseQuery parses the template of a query. The error is a sentence that names what is wrong: a word that does not
// exist, stray braces, or a word where its value could change the query's meaning: names belong in quotes, the window
// outside of quotes, and the select between a selector's braces.
func ParseQuery(text string) (Template, error) {
	return parse(text, &lexer{}, []Word{Namespace, Service, Stable, Canary, Arm, Deployment, Backend, Select, Pods, Window})
}

// ParseSelect parses the template of a select: label matchers, as written between a selector's braces.
func ParseSelect(text string) (Template, error) {
	t, err := parse(text, &lexer{braces: true, only: true}, []Word{Namespace, Service, Stable, Canary, Arm, Deployment, Backend, Pods})
	if err != nil {
		return Template{}, err
	}
	switch all := selectorsIn("{" + t.Expand(sample) + "}"); {
	case len(all) != 1 || !all[0].plain:
		return Template{}, errors.New(`it is not a list of matchers with commas between them, for example version="{{.Arm}}",app="{{.Service}}"`)
	case all[0].named:
		return Template{}, errors.New("it names a metric; a select narrows whatever metric it is put into")
	}
	return t, nil
}

// armWords are the words that differ between the arms.
var armWords = []Word{Arm, Deployment, Backend, Select, Pods}

// Twin reports whether the query depends on the arm, and so is evaluated for both.
func (t Template) Twin() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return slices.Contains(armWords, p.word) })
}

// Expand returns the text with the words' values.
func (t Template) Expand(words map[Word]string) string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.text)
		b.WriteString(words[p.word])
	}
	return b.String()
}

// wordForm matches a word at the start of the text, or anything that looks like an attempt at one.
var wordForm = regexp.MustCompile(`^\{\{([^{}]*)\}\}`)

func parse(text string, l *lexer, known []Word) (Template, error) {
	if strings.TrimSpace(text) == "" {
		return Template{}, errors.New("it is empty")
	}
	var t Template
	from := 0
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, "{{{"): // name{{{.Select}}}: the first brace is the selector's own
			l.feed(text[i])
			i++
		case strings.HasPrefix(rest, "{{"):
			found := wordForm.FindStringSubmatch(rest)
			if found == nil {
				return Template{}, fmt.Errorf("%q is not part of a word; a word is written like {{.Select}}", cut(rest, 12))
			}
			word, err := wordOf(found, known)
			if err == nil {
				err = place(word, found[0], l)
			}
			if err != nil {
				return Template{}, err
			}
			t.parts = append(t.parts, part{text: text[from:i]}, part{word: word})
			i += len(found[0])
			from = i
		case strings.HasPrefix(rest, "}}") && l.bare():
			return Template{}, fmt.Errorf("}} is not part of a word; a word is written like {{.Select}}")
		default:
			l.feed(text[i])
			i++
		}
	}
	t.parts = append(t.parts, part{text: text[from:]})
	return t, l.done()
}

// wordOf returns the known word in the match.
func wordOf(found []string, known []Word) (Word, error) {
	name, dot := strings.CutPrefix(found[1], ".")
	if dot && slices.Contains(known, Word(name)) {
		return Word(name), nil
	}
	forms := make([]string, len(known))
	for i, w := range known {
		forms[i] = "{{." + string(w) + "}}"
	}
	return "", fmt.Errorf("%s is not a known word here; known are %s", cut(found[0], 40), strings.Join(forms, " "))
}

// place returns what is wrong with the position of the word. Values are DNS labels, matchers and durations: a label
// cannot leave a string, and matchers and durations have no meaning in one.
func place(w Word, form string, l *lexer) error {
	switch {
	case l.comment:
		return nil
	case l.escaped:
		return fmt.Errorf("%s follows a backslash", form)
	}
	switch w {
	case Namespace, Service, Stable, Canary, Deployment, Backend:
		if l.bare() {
			return fmt.Errorf(`%s must be inside quotes, for example "%s"`, form, form)
		}
	case Select, Pods:
		if !l.bare() || !l.braces {
			return fmt.Errorf("%s must be between a selector's braces, for example up{%s}", form, form)
		}
	case Window:
		if !l.bare() {
			return fmt.Errorf("%s must be outside of quotes", form)
		}
	case Arm: // canary or stable: harmless anywhere
	}
	return nil
}

// cut shortens quoted text.
func cut(s string, longest int) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
