package command

import "strings"

const (
	wordAt  = "at"
	wordAgo = "ago"
)

// incident reads incident SERVICE [at TIME] WHAT HAPPENED... Where no time follows, at begins what happened.
func (p *parser) incident() *Error {
	if p.known.Message {
		p.skipPolite()
	}
	if err := p.service(); err != nil {
		return err
	}
	if err := p.began(); err != nil {
		return err
	}
	if err := p.words(); err != nil {
		return err
	}
	if Blank(p.cmd.Reason) {
		return p.wrong(MissingReason, "", "")
	}
	return nil
}

// began reads when an incident began.
func (p *parser) began() *Error {
	ahead := p.line
	if strings.ToLower(ahead.next()) != wordAt {
		return nil
	}
	if ahead.peek() == "" {
		return p.wrong(MissingValue, wordAt, "")
	}
	when, n := ahead.time()
	if n == 0 {
		return nil
	}
	for range n {
		ahead.next()
	}
	if _, span := when.Span(); span && strings.ToLower(ahead.peek()) == wordAgo {
		ahead.next()
	}
	p.cmd.At, p.rest = when, ahead.rest
	return nil
}
