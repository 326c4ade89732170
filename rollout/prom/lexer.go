package prom

import "errors"

// lexer reads PromQL byte by byte and tracks whether it is in a string, in a comment or in a selector's braces.
// Templates need no more than that. Prometheus's own parser would link its storage, cannot read templates, and would
// refuse what a newer or other server accepts.
type lexer struct {
	quote   byte // of the current string; 0: none
	escaped bool // the byte before was a backslash, in a string with escapes
	comment bool
	braces  bool
	only    bool // the text goes between the braces and has none itself
	err     error
}

// feed takes the next byte.
func (l *lexer) feed(c byte) {
	switch {
	case l.comment:
		l.comment = c != '\n' && c != '\r'
	case l.quote != 0:
		switch {
		case l.escaped:
			l.escaped = false
		case c == '\\' && l.quote != '`':
			l.escaped = true
		case c == l.quote:
			l.quote = 0
		}
	case c == '"' || c == '\'' || c == '`':
		l.quote = c
	case l.only && c == '#':
		l.fail("a comment is not allowed here")
	case c == '#':
		l.comment = true
	case l.only && (c == '{' || c == '}'):
		l.fail("a " + string(c) + " is outside of quotes")
	case c == '{' && l.braces:
		l.fail("a { is inside another")
	case c == '}' && !l.braces:
		l.fail("a } has no {")
	case c == '{' || c == '}':
		l.braces = c == '{'
	}
}

func (l *lexer) fail(sentence string) {
	if l.err == nil {
		l.err = errors.New(sentence)
	}
}

// done returns what is wrong after the last byte.
func (l *lexer) done() error {
	switch {
	case l.err != nil:
		return l.err
	case l.quote != 0:
		return errors.New("a quote is not closed")
	case l.braces && !l.only:
		return errors.New("a { is not closed")
	}
	return nil
}

// bare reports whether it is outside of strings and comments.
func (l *lexer) bare() bool { return l.quote == 0 && !l.comment }
