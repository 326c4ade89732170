package command

import (
	"slices"
	"strings"
)

// AfterMention returns what follows the mention of one of the ids at the very beginning of a message. A message that
// begins with anything else (a quote, a list, a word, somebody else's name) talks about the bot, or shows what could be
// said to it: ok is false.
func AfterMention(text string, ids ...string) (line string, ok bool) {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return space(r) || unseen(r) })
	inner, found := strings.CutPrefix(text, "<@")
	if !found {
		return "", false
	}
	inner, line, found = strings.Cut(inner, ">")
	id, _, _ := strings.Cut(inner, "|")
	return line, found && id != "" && slices.Contains(ids, id)
}

const (
	// questionMarks end a question, in the scripts that phones offer.
	questionMarks = "?？؟⁇⁈⁉‽﹖"
	// closing has what may stand between a question mark and the end of its word.
	closing = ".,;:!)]}_~"
	// quotes show a word instead of saying it.
	quotes = `'"‘’‚‛“”„‟«»‹›´~`
	// because begins a reason in a message.
	because = "because"
)

// polite words change nothing about a command.
var polite = []string{"please", "pls", "plz", "now", "thanks", "thx"}

// asks reports whether a word ends or begins a question. An address with a question mark inside does neither.
func asks(word string) bool {
	end := word[len(strings.TrimRight(word, wrapping+closing+questionMarks)):]
	return strings.ContainsAny(end, questionMarks) || strings.HasPrefix(strings.TrimLeft(word, wrapping), "¿")
}

// leavesOpen reports whether a word is shown, not said, or something is to come after it: bold or code is a way to say a
// word, quotation marks show it, and dots wait for more.
func leavesOpen(word string) bool {
	return strings.ContainsAny(word, quotes) || strings.HasSuffix(word, "..") || strings.HasSuffix(word, "…")
}

// talk returns the problem of a line that decides something in words that could as well be talk; nil where it is plain.
// What a line's own words ask is never decided; in a message among people nothing is that anything in it asks or quotes.
func (p *parser) talk() *Error {
	if p.form.Verb != Deploy && !p.form.Verb.Decides() && !p.form.Verb.Closes() && p.cmd.Move == "" {
		return nil
	}
	own := strings.FieldsFunc(p.text[:len(p.text)-len(p.tail)], space)
	all := strings.FieldsFunc(p.text, space)
	asked := slices.ContainsFunc(own, asks) || p.cmd.Reason != "" && clean(p.cmd.Reason) == "" && asks(p.cmd.Reason)
	if p.form.Verb.goesOn() && len(all) > 0 {
		asked = asked || asks(all[len(all)-1])
	}
	switch {
	case asked, p.known.Message && slices.ContainsFunc(all, asks):
		return p.unclear(Question, "")
	case p.known.Message && (strings.Contains(p.text, "```") || slices.ContainsFunc(own, leavesOpen)):
		return p.unclear(Talk, "")
	}
	return nil
}

// goesOn reports whether the verb lets a rollout go on that waits, or lets go of it.
func (v Verb) goesOn() bool { return v.Decides() && v != Rollback && v != Pause }

// unclear is the problem of a line that may not have been meant. It names the line to write if it was.
func (p *parser) unclear(problem Problem, word string) *Error {
	err := p.wrong(problem, word, "")
	switch {
	case p.form.Verb == Deploy:
		err.Meant = p.meantDeploy()
	case p.form.Verb.Closes() || p.cmd.Move != "":
		meant := p.cmd
		meant.Reason = ""
		err.Meant = meant.String()
	case p.named:
		err.Meant = Command{Verb: p.form.Verb, Service: p.cmd.Service, Rollout: p.cmd.Rollout, Gently: p.cmd.Gently, Now: p.cmd.Now}.String()
	default:
		err.Meant = string(p.form.Verb)
	}
	return err
}

// because reads the reason of a message: what follows the word because. Other words after a command could be talk
// (promote later; promote, no wait), so they are no reason.
func (p *parser) because() *Error {
	p.skipPolite()
	switch word := p.peek(); {
	case word == "":
		return nil
	case strings.ToLower(word) != because:
		return p.unclear(Talk, word)
	}
	p.next()
	if strings.ToLower(p.peek()) == "of" {
		p.next()
	}
	p.tail, p.cmd.Reason = p.rest, p.reason()
	if clean(p.cmd.Reason) == "" {
		return p.unclear(Talk, because)
	}
	return nil
}

// skipPolite skips polite words.
func (p *parser) skipPolite() {
	for slices.Contains(polite, strings.ToLower(p.peek())) {
		p.next()
	}
}
