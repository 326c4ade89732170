package prom

import (
	"slices"
	"strings"
)

// What a token is.
const (
	nameToken   = 'a' // of a metric, a label, a function or an operator
	stringToken = '"' // with its quotes
	numberToken = '0' // durations too
)

// token is a piece of PromQL. A token that is none of the above is a single character, and that is its kind.
type token struct {
	kind     byte
	from, to int // in the query
}

// tokens splits PromQL. Spaces and comments are between them. It knows no grammar: what it makes of a query that is none
// is refused by whoever evaluates it.
func tokens(query string) []token {
	var all []token
	for at := 0; at < len(query); {
		to, kind := at+1, query[at]
		switch c := query[at]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			at = to
			continue
		case c == '#':
			if to = at + strings.IndexAny(query[at:], "\r\n"); to < at {
				to = len(query)
			}
			at = to
			continue
		case c == '"' || c == '\'' || c == '`':
			to, kind = closing(query, at), stringToken
		case c >= '0' && c <= '9':
			to, kind = at+len(leading(query[at:], func(c byte) bool { return wordByte(c) || c == '.' })), numberToken
		case wordByte(c):
			to, kind = at+len(leading(query[at:], wordByte)), nameToken
		}
		all = append(all, token{kind, at, to})
		at = to
	}
	return all
}

// closing returns where the string ends that begins at a quote.
func closing(query string, at int) int {
	for to := at + 1; to < len(query); to++ {
		switch {
		case query[to] == '\\' && query[at] != '`':
			to++
		case query[to] == query[at]:
			return to + 1
		}
	}
	return len(query)
}

func leading(s string, in func(byte) bool) string {
	for i := range len(s) {
		if !in(s[i]) {
			return s[:i]
		}
	}
	return s
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == ':'
}

// selector is a selector with braces in a query.
type selector struct {
	text string
	// named reports that it selects one metric, by the name before its braces, by a quoted name between them, or by
	// __name__="...".
	named bool
	// plain reports that a list of matchers is between the braces. What else other servers take there (MetricsQL's "or")
	// cannot be narrowed by one more matcher.
	plain bool
	open  bool // a further matcher needs no comma
	utf8  bool // it has quoted names, which not all servers know
}

// selectorsIn returns the selectors with braces in a query, in their order.
func selectorsIn(query string) []selector {
	var found []selector
	all := tokens(query)
	for i := 0; i < len(all); i++ {
		if all[i].kind != '{' {
			continue
		}
		length := slices.IndexFunc(all[i:], func(t token) bool { return t.kind == '}' })
		if length < 0 {
			return found
		}
		s := insideOf(query, all[i+1:i+length])
		from := all[i].from
		if i > 0 && namesMetric(query, all[:i]) {
			from = all[i-1].from
			s.plain = s.plain && !s.named // it would have two names
			s.named = true
		}
		i += length
		s.text = query[from:all[i].to]
		found = append(found, s)
	}
	return found
}

// namesMetric reports whether the last token is a metric's name: an operator is one only where no operand is before it.
func namesMetric(query string, before []token) bool {
	last := before[len(before)-1]
	if last.kind != nameToken {
		return false
	}
	switch strings.ToLower(query[last.from:last.to]) {
	case "bool", "group_left", "group_right":
		return false
	case "and", "or", "unless", "atan2":
		return len(before) == 1 || !operand(query, before[:len(before)-1])
	}
	return true
}

// operand reports whether the last token ends an operand.
func operand(query string, before []token) bool {
	switch last := before[len(before)-1]; last.kind {
	case ')', '}', ']', stringToken, numberToken:
		return true
	case nameToken:
		return namesMetric(query, before)
	}
	return false
}

// insideOf reads what is between a selector's braces.
func insideOf(query string, inside []token) selector {
	s := selector{plain: true, open: true}
	text := func(t token) string { return query[t.from:t.to] }
	names := 0
	for len(inside) > 0 && s.plain {
		length := slices.IndexFunc(inside, func(t token) bool { return t.kind == ',' })
		if s.open = length >= 0; !s.open {
			length = len(inside)
		}
		one := inside[:length]
		inside = inside[min(len(inside), length+1):]
		switch {
		case len(one) == 1 && one[0].kind == stringToken: // a metric's name
			names++
			s.utf8 = true
		case matches(query, one):
			s.utf8 = s.utf8 || one[0].kind == stringToken
			if strings.Trim(text(one[0]), "\"'`") == "__name__" && len(one) == 3 && one[1].kind == '=' {
				names++
			}
		default:
			s.plain = false
		}
	}
	s.named, s.plain = names > 0, s.plain && names <= 1
	return s
}

// matches reports whether the tokens are one matcher: a label, quoted or not, an operator and a string.
func matches(query string, one []token) bool {
	if len(one) < 3 || one[0].kind != nameToken && one[0].kind != stringToken || one[len(one)-1].kind != stringToken {
		return false
	}
	operator := query[one[1].from:one[len(one)-2].to]
	return slices.Contains([]string{"=", "!=", "=~", "!~"}, operator)
}

// narrowed returns the selector with one more matcher.
func (s selector) narrowed(matcher string) string {
	inside := strings.TrimSuffix(s.text, "}")
	if s.open {
		return inside + matcher + "}"
	}
	return inside + "," + matcher + "}"
}
